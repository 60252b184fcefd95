//! What each call must carry, and the texts of its refusals.

use super::request::{Request, Upsert};
use crate::risken::checks::{Checked, Findings, at_most, blank, cannot_be_blank};

/// Items of a page, unless fewer are asked for.
pub(super) const LIMIT: i32 = 200;

const SORTS: [&str; 6] = ["finding_id", "description", "data_source", "resource_name", "score", "updated_at"];
const TAG_SORTS: [&str; 3] = ["finding_tag_id", "tag", "updated_at"];

pub(super) fn list_findings(request: &Request) -> Checked {
    let mut found = Findings::default();
    found.number("project_id", request.project_id);
    found.first("data_source", [each_at_most(&request.data_sources, 64)]);
    found.first("resource_name", [each_at_most(&request.resource_names, 512)]);
    found.first("tag", [each_at_most(&request.tags, 64)]);
    found.first("from_score", [at_least_zero(request.from_score), no_greater(request.from_score, 1.0)]);
    found.first("to_score", [at_least_zero(request.to_score), no_greater(request.to_score, 1.0)]);
    list(&mut found, request, &SORTS);
    found.result()
}

pub(super) fn list_finding_tags(request: &Request) -> Checked {
    let mut found = Findings::default();
    found.number("project_id", request.project_id);
    found.long_number("finding_id", request.finding_id);
    list(&mut found, request, &TAG_SORTS);
    found.result()
}

/// The rules of lists in pages; what is empty or zero takes the service's own value.
fn list(found: &mut Findings, request: &Request, sorts: &[&str]) {
    let known = |text: &str, all: &[&str]| (!text.is_empty() && !all.contains(&text)).then(not_valid);
    found.first("sort", [known(&request.sort, sorts)]);
    found.first("direction", [known(&request.direction, &["asc", "desc"])]);
    let negative = |number: i32| (number < 0).then(|| "must be no less than 0".to_owned());
    found.first("offset", [negative(request.offset)]);
    let many = (request.limit > LIMIT).then(|| format!("must be no greater than {LIMIT}"));
    found.first("limit", [negative(request.limit), many]);
}

/// The rules of all calls that name one finding.
pub(super) fn one_finding(request: &Request) -> Checked {
    let mut found = Findings::default();
    found.number("project_id", request.project_id);
    found.long_number("finding_id", request.finding_id);
    found.result()
}

pub(super) fn untag_finding(request: &Request) -> Checked {
    let mut found = Findings::default();
    found.number("project_id", request.project_id);
    found.long_number("finding_tag_id", request.finding_tag_id);
    found.result()
}

pub(super) fn put_finding(request: &Request) -> Checked {
    let Some(finding) = &request.finding else {
        return Err("Required finding parameter".to_owned());
    };
    same_project(request.project_id, finding.project_id, false)?;
    upsert(finding)
}

fn upsert(finding: &Upsert) -> Checked {
    let mut found = Findings::default();
    let (score, most) = (finding.original_score, finding.original_max_score);
    found.first("description", [at_most(&finding.description, 200)]);
    found.first("data_source", [blank(&finding.data_source), at_most(&finding.data_source, 64)]);
    found.first("data_source_id", [blank(&finding.data_source_id), at_most(&finding.data_source_id, 255)]);
    found.first("resource_name", [blank(&finding.resource_name), at_most(&finding.resource_name, 512)]);
    // No rule looks at a zero.
    let above = (score != 0.0).then(|| no_greater(score, most)).flatten();
    found.first("original_score", [at_least_zero(score), above]);
    let none = (most == 0.0).then(cannot_be_blank);
    found.first("original_max_score", [none, at_least_zero(most), no_greater(most, 999.99)]);
    let json = serde_json::from_str::<serde::de::IgnoredAny>(&finding.data).is_ok();
    let broken = (!finding.data.is_empty() && !json).then(|| "must be in valid JSON format".to_owned());
    found.first("data", [broken]);
    found.result()
}

pub(super) fn tag_finding(request: &Request) -> Checked {
    let Some(tag) = &request.tag else {
        return Err("Required tag parameter".to_owned());
    };
    same_project(request.project_id, tag.project_id, true)?;
    let mut found = Findings::default();
    found.long_number("finding_id", tag.finding_id);
    found.first("tag", [blank(&tag.tag), at_most(&tag.tag, 64)]);
    found.result()
}

pub(super) fn put_pend_finding(request: &Request) -> Checked {
    let Some(pend) = &request.pend_finding else {
        return Err("Required pend_finding parameter".to_owned());
    };
    same_project(request.project_id, pend.project_id, false)?;
    let mut found = Findings::default();
    found.long_number("finding_id", pend.finding_id);
    found.number("project_id", pend.project_id);
    found.result()
}

/// The stage before all others: what it finds hides what is wrong inside the object. Without `required`, an outer
/// project that is left out is not compared.
fn same_project(outer: u32, inner: u32, required: bool) -> Checked {
    let mut found = Findings::default();
    let none = (outer == 0 && required).then(cannot_be_blank);
    let differs = (outer != 0 && outer != inner).then(not_valid);
    found.first("project_id", [none, differs]);
    found.result()
}

fn not_valid() -> String {
    "must be a valid value".to_owned()
}

fn at_least_zero(number: f32) -> Option<String> {
    (number < 0.0).then(|| "must be no less than 0".to_owned())
}

fn no_greater(number: f32, most: f32) -> Option<String> {
    (number > most).then(|| format!("must be no greater than {most}"))
}

/// The first item that is too long, with its place in the list.
fn each_at_most(items: &[String], most: usize) -> Option<String> {
    let broken = items.iter().enumerate().filter_map(|(at, item)| Some(format!("{at}: {}", at_most(item, most)?)));
    let broken: Vec<String> = broken.collect();
    (!broken.is_empty()).then(|| format!("({}.)", broken.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::super::request::{PendUpsert, TagUpsert};
    use super::*;

    fn list(query: &str) -> Checked {
        list_findings(&Request::from_query(query))
    }

    fn put(change: impl FnOnce(&mut Upsert)) -> Checked {
        let mut finding = Upsert {
            data_source: "ds".to_owned(),
            data_source_id: "id".to_owned(),
            resource_name: "rn".to_owned(),
            project_id: 1,
            original_score: 5.0,
            original_max_score: 10.0,
            data: "{}".to_owned(),
            ..Upsert::default()
        };
        change(&mut finding);
        put_finding(&Request { project_id: 1, finding: Some(finding), ..Request::default() })
    }

    #[track_caller]
    fn check(result: Checked, wanted: &str) {
        assert_eq!(result.err().as_deref().unwrap_or_default(), wanted);
    }

    #[test]
    fn list_takes_documented_values_only() {
        let long = "x".repeat(65);
        for (query, wanted) in [
            ("project_id=1", ""),
            ("project_id=1&sort=score&direction=desc&limit=200&offset=0&from_score=0.5&to_score=1", ""),
            ("", "project_id: cannot be blank."),
            ("project_id=1&sort=x&direction=up", "direction: must be a valid value; sort: must be a valid value."),
            ("project_id=1&limit=201&offset=-1", "limit: must be no greater than 200; offset: must be no less than 0."),
            (
                "project_id=1&from_score=-0.1&to_score=1.5",
                "from_score: must be no less than 0; to_score: must be no greater than 1.",
            ),
            (&format!("project_id=1&tag=a,{long}"), "tag: (1: the length must be no more than 64.)."),
        ] {
            check(list(query), wanted);
        }
        check(
            list_finding_tags(&Request::from_query("project_id=1&sort=score")),
            "finding_id: cannot be blank; sort: must be a valid value.",
        );
    }

    #[test]
    fn finding_needs_its_keys_and_a_score_of_its_scale() {
        check(put_finding(&Request::default()), "Required finding parameter");
        check(put(|_| {}), "");
        check(put(|own| own.project_id = 2), "project_id: must be a valid value.");
        check(put(|own| own.original_score = 10.5), "original_score: must be no greater than 10.");
        check(put(|own| own.original_score = 0.0), "");
        check(
            put(|own| own.original_max_score = 0.0),
            "original_max_score: cannot be blank; original_score: must be no greater than 0.",
        );
        check(put(|own| own.original_max_score = 1000.0), "original_max_score: must be no greater than 999.99.");
        check(put(|own| own.data = "{".to_owned()), "data: must be in valid JSON format.");
        check(put(|own| own.description = "한".repeat(67)), "description: the length must be no more than 200.");
        check(put(|own| own.data_source.clear()), "data_source: cannot be blank.");
        check(put(|own| own.resource_name = "r".repeat(513)), "resource_name: the length must be no more than 512.");
    }

    #[test]
    fn tag_and_suspension_name_a_finding() {
        check(tag_finding(&Request::default()), "Required tag parameter");
        let tag = |project_id| {
            let tag = TagUpsert { finding_id: 0, project_id: 1, tag: String::new() };
            tag_finding(&Request { project_id, tag: Some(tag), ..Request::default() })
        };
        check(tag(1), "finding_id: cannot be blank; tag: cannot be blank.");
        check(tag(0), "project_id: cannot be blank.");
        check(put_pend_finding(&Request::default()), "Required pend_finding parameter");
        let pend = PendUpsert::default();
        let pend = Request { pend_finding: Some(pend), ..Request::default() };
        check(put_pend_finding(&pend), "finding_id: cannot be blank; project_id: cannot be blank.");
        check(one_finding(&Request::default()), "finding_id: cannot be blank; project_id: cannot be blank.");
        check(untag_finding(&Request::default()), "finding_tag_id: cannot be blank; project_id: cannot be blank.");
    }
}
