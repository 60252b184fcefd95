//! What a call asks for, as much of it as could be read; a field that was not read is zero.

use crate::risken::go_json::{Node, query, query_id};

/// The fields of all calls; each call looks at its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::risken) struct Request {
    pub(in crate::risken) project_id: u32,
    pub(super) aws_id: u32,
    pub(super) aws_account_id: String,
    pub(super) aws_data_source_id: u32,
    pub(super) data_source: String,
    pub(super) scan_only: bool,
    pub(super) full_scan: bool,
    pub(super) aws: Option<Aws>,
    pub(super) attach_data_source: Option<Attach>,
}

/// An account to register or to rename.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Aws {
    pub(super) name: String,
    pub(super) project_id: u32,
    pub(super) aws_account_id: String,
}

/// An attachment to store.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Attach {
    pub(super) aws_id: u32,
    pub(super) aws_data_source_id: u32,
    pub(super) project_id: u32,
    pub(super) assume_role_arn: String,
    pub(super) external_id: String,
    pub(super) status: i32,
    pub(super) status_detail: String,
    pub(super) scan_at: i64,
    pub(super) specific_version: String,
}

impl Request {
    /// Reads a query; of repeated names the last one counts.
    pub(in crate::risken) fn from_query(raw: &str) -> Self {
        let mut read = Self::default();
        for (name, value) in query(raw) {
            match &*name {
                "project_id" => read.project_id = query_id(&value),
                "aws_id" => read.aws_id = query_id(&value),
                "aws_account_id" => read.aws_account_id = value,
                "data_source" => read.data_source = value,
                _ => {}
            }
        }
        read
    }

    /// Reads a JSON body.
    pub(in crate::risken) fn from_body(body: &[u8]) -> Self {
        let mut read = Self::default();
        let Some(root) = Node::read(body) else {
            return read;
        };
        for (name, node) in root.members() {
            match &*name {
                "project_id" => node.id(&mut read.project_id),
                "aws_id" => node.id(&mut read.aws_id),
                "aws_data_source_id" => node.id(&mut read.aws_data_source_id),
                "scan_only" => node.flag(&mut read.scan_only),
                "full_scan" => node.flag(&mut read.full_scan),
                "aws" => node.object(&mut read.aws).into_iter().for_each(|aws| aws.fill(&node)),
                "attach_data_source" => {
                    node.object(&mut read.attach_data_source).into_iter().for_each(|attach| attach.fill(&node));
                }
                _ => {}
            }
        }
        read
    }
}

impl Aws {
    fn fill(&mut self, node: &Node) {
        for (name, node) in node.members() {
            match &*name {
                "name" => node.text(&mut self.name),
                "project_id" => node.id(&mut self.project_id),
                "aws_account_id" => node.text(&mut self.aws_account_id),
                _ => {}
            }
        }
    }
}

impl Attach {
    fn fill(&mut self, node: &Node) {
        for (name, node) in node.members() {
            match &*name {
                "aws_id" => node.id(&mut self.aws_id),
                "aws_data_source_id" => node.id(&mut self.aws_data_source_id),
                "project_id" => node.id(&mut self.project_id),
                "assume_role_arn" => node.text(&mut self.assume_role_arn),
                "external_id" => node.text(&mut self.external_id),
                "status" => node.number(&mut self.status),
                "status_detail" => node.text(&mut self.status_detail),
                "scan_at" => node.long(&mut self.scan_at),
                "specific_version" => node.text(&mut self.specific_version),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Request {
        Request::from_body(text.as_bytes())
    }

    #[test]
    fn field_of_the_wrong_type_is_zero_and_others_are_kept() {
        let read = body(r#"{"project_id":"1001","aws_id":7,"scan_only":"true","full_scan":true,"unknown":[1]}"#);
        assert_eq!(read, Request { aws_id: 7, full_scan: true, ..Request::default() });
        let read = body(r#"{"attach_data_source":{"status":"OK","scan_at":5.5,"external_id":9,"aws_id":3}}"#);
        assert_eq!(read.attach_data_source, Some(Attach { aws_id: 3, ..Attach::default() }));
    }

    #[test]
    fn names_ignore_case_and_the_last_match_wins() {
        let read = body(r#"{"Project_Id":1,"PROJECT_ID":2,"project_id":"x","projectId":9}"#);
        assert_eq!(read.project_id, 2);
        assert_eq!(Request::from_query("PROJECT_ID=5&project_id=7&projectId=9").project_id, 7);
    }

    #[test]
    fn repeated_objects_are_merged_and_null_clears_them() {
        let read = body(r#"{"aws":{"name":"a"},"aws":{"project_id":4}}"#);
        assert_eq!(read.aws, Some(Aws { name: "a".to_owned(), project_id: 4, aws_account_id: String::new() }));
        assert_eq!(body(r#"{"aws":{"name":"a"},"aws":null}"#).aws, None);
        assert_eq!(body(r#"{"aws":5}"#).aws, Some(Aws::default()));
    }

    #[test]
    fn body_that_is_not_a_json_object_has_no_fields() {
        for text in ["", "[{\"aws_id\":1}]", "{\"aws_id\":1} trailing", "{\"aws_id\":1,}", "null", "5"] {
            assert_eq!(body(text), Request::default(), "{text}");
        }
    }

    #[test]
    fn invalid_filter_is_ignored() {
        let read = Request::from_query("project_id=01001&aws_id=x&aws_account_id=&other=1");
        assert_eq!(read, Request { project_id: 1001, ..Request::default() });
    }
}
