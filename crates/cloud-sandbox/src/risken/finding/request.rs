//! What a call asks for, as much of it as could be read; a field that was not read is zero.

use crate::risken::go_json::{Node, query, query_id};

/// The fields of all calls; each call looks at its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Request {
    pub(super) project_id: u32,
    pub(super) finding_id: u64,
    pub(super) finding_tag_id: u64,
    pub(super) data_sources: Vec<String>,
    pub(super) resource_names: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) from_score: f32,
    pub(super) to_score: f32,
    pub(super) sort: String,
    pub(super) direction: String,
    pub(super) offset: i32,
    pub(super) limit: i32,
    pub(super) status: i32,
    pub(super) finding: Option<Upsert>,
    pub(super) tag: Option<TagUpsert>,
    pub(super) pend_finding: Option<PendUpsert>,
}

/// A finding to store.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Upsert {
    pub(super) description: String,
    pub(super) data_source: String,
    pub(super) data_source_id: String,
    pub(super) resource_name: String,
    pub(super) project_id: u32,
    pub(super) original_score: f32,
    pub(super) original_max_score: f32,
    pub(super) data: String,
}

/// A tag to store.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TagUpsert {
    pub(super) finding_id: u64,
    pub(super) project_id: u32,
    pub(super) tag: String,
}

/// A suspension to store.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PendUpsert {
    pub(super) finding_id: u64,
    pub(super) project_id: u32,
    pub(super) note: String,
}

impl Request {
    /// Reads a query; of repeated names the last one counts, of lists as well.
    pub(super) fn from_query(raw: &str) -> Self {
        let mut read = Self::default();
        for (name, value) in query(raw) {
            match &*name {
                "project_id" => read.project_id = query_id(&value),
                "finding_id" => read.finding_id = query_id(&value),
                "data_source" => read.data_sources = parts(&value),
                "resource_name" => read.resource_names = parts(&value),
                "tag" => read.tags = parts(&value),
                "from_score" => read.from_score = number(&value),
                "to_score" => read.to_score = number(&value),
                "sort" => read.sort = value,
                "direction" => read.direction = value,
                "offset" => read.offset = value.parse().unwrap_or_default(),
                "limit" => read.limit = value.parse().unwrap_or_default(),
                "status" => read.status = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        read
    }

    /// Reads a JSON body.
    pub(super) fn from_body(body: &[u8]) -> Self {
        let mut read = Self::default();
        let Some(root) = Node::read(body) else {
            return read;
        };
        for (name, node) in root.members() {
            match &*name {
                "project_id" => node.id(&mut read.project_id),
                "finding_id" => node.long_id(&mut read.finding_id),
                "finding_tag_id" => node.long_id(&mut read.finding_tag_id),
                "finding" => node.object(&mut read.finding).into_iter().for_each(|own| own.fill(&node)),
                "tag" => node.object(&mut read.tag).into_iter().for_each(|own| own.fill(&node)),
                "pend_finding" => node.object(&mut read.pend_finding).into_iter().for_each(|own| own.fill(&node)),
                _ => {}
            }
        }
        read
    }
}

impl Upsert {
    fn fill(&mut self, node: &Node) {
        for (name, node) in node.members() {
            match &*name {
                "description" => node.text(&mut self.description),
                "data_source" => node.text(&mut self.data_source),
                "data_source_id" => node.text(&mut self.data_source_id),
                "resource_name" => node.text(&mut self.resource_name),
                "project_id" => node.id(&mut self.project_id),
                "original_score" => node.score(&mut self.original_score),
                "original_max_score" => node.score(&mut self.original_max_score),
                "data" => node.text(&mut self.data),
                _ => {}
            }
        }
    }
}

impl TagUpsert {
    fn fill(&mut self, node: &Node) {
        for (name, node) in node.members() {
            match &*name {
                "finding_id" => node.long_id(&mut self.finding_id),
                "project_id" => node.id(&mut self.project_id),
                "tag" => node.text(&mut self.tag),
                _ => {}
            }
        }
    }
}

impl PendUpsert {
    fn fill(&mut self, node: &Node) {
        for (name, node) in node.members() {
            match &*name {
                "finding_id" => node.long_id(&mut self.finding_id),
                "project_id" => node.id(&mut self.project_id),
                "note" => node.text(&mut self.note),
                _ => {}
            }
        }
    }
}

/// A list is one value with commas.
fn parts(text: &str) -> Vec<String> {
    text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn number(text: &str) -> f32 {
    text.parse().ok().filter(|number: &f32| number.is_finite()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_split_at_commas_and_the_last_one_counts() {
        let read = Request::from_query(
            "project_id=1001&data_source=a&data_source=aws:x,,aws:y&tag=k&from_score=0.5&to_score=x&offset=-1&status=2",
        );
        let wanted = Request {
            project_id: 1001,
            data_sources: vec!["aws:x".to_owned(), "aws:y".to_owned()],
            tags: vec!["k".to_owned()],
            from_score: 0.5,
            offset: -1,
            status: 2,
            ..Request::default()
        };
        assert_eq!(read, wanted);
    }

    #[test]
    fn field_of_the_wrong_type_is_zero_and_others_are_kept() {
        let body =
            br#"{"project_id":1,"finding":{"original_score":0.5,"original_max_score":10,"data":{},"project_id":"1",
            "description":"d"}}"#;
        let wanted =
            Upsert { description: "d".to_owned(), original_score: 0.5, original_max_score: 10.0, ..Upsert::default() };
        assert_eq!(Request::from_body(body).finding, Some(wanted));
        let body =
            br#"{"finding_tag_id":"7","tag":{"finding_id":18446744073709551615,"tag":"a"},"pend_finding":{"note":1}}"#;
        let read = Request::from_body(body);
        assert_eq!(read.finding_tag_id, 0);
        let tag = TagUpsert { finding_id: u64::MAX, project_id: 0, tag: "a".to_owned() };
        assert_eq!((read.tag, read.pend_finding), (Some(tag), Some(PendUpsert::default())));
    }
}
