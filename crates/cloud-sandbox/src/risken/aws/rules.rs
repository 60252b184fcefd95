//! What each call must carry, and the texts of its refusals.

use super::request::{Attach, Aws, Request};
use crate::risken::access::LAST_SECOND;
use crate::risken::checks::{Checked, Findings, at_most, blank, cannot_be_blank};

pub(super) fn list_aws(request: &Request) -> Checked {
    let mut found = Findings::default();
    found.number("project_id", request.project_id);
    let account = &request.aws_account_id;
    if !account.is_empty() {
        found.first("aws_account_id", [length_is_12(account), digits(account)]);
    }
    found.result()
}

pub(super) fn list_data_sources(request: &Request) -> Checked {
    let mut found = Findings::default();
    found.number("project_id", request.project_id);
    found.number("aws_id", request.aws_id);
    found.first("data_source", [at_most(&request.data_source, 64)]);
    found.result()
}

pub(super) fn put_aws(request: &Request) -> Checked {
    let Some(aws) = &request.aws else {
        return Err("required Aws".to_owned());
    };
    same_project(request.project_id, aws.project_id)?;
    account(aws)
}

fn account(aws: &Aws) -> Checked {
    let mut found = Findings::default();
    let number = &aws.aws_account_id;
    found.first("name", [at_most(&aws.name, 200)]);
    found.number("project_id", aws.project_id);
    found.first("aws_account_id", [blank(number), digits(number), length_is_12(number)]);
    found.result()
}

pub(super) fn delete_aws(request: &Request) -> Checked {
    let mut found = Findings::default();
    found.number("project_id", request.project_id);
    found.number("aws_id", request.aws_id);
    found.result()
}

pub(super) fn attach_data_source(request: &Request) -> Checked {
    let Some(attach) = &request.attach_data_source else {
        return Err("required AttachDataSource".to_owned());
    };
    same_project(request.project_id, attach.project_id)?;
    attachment(attach)
}

fn attachment(attach: &Attach) -> Checked {
    let mut found = Findings::default();
    found.number("aws_id", attach.aws_id);
    found.number("aws_data_source_id", attach.aws_data_source_id);
    found.number("project_id", attach.project_id);
    let (arn, external) = (&attach.assume_role_arn, &attach.external_id);
    found.first("assume_role_arn", [blank(arn), at_most(arn, 255)]);
    let short_or_long = !(8..=255).contains(&external.len());
    let between = short_or_long.then(|| "the length must be between 8 and 255".to_owned());
    found.first("external_id", [blank(external), between]);
    let early = (attach.scan_at < 0).then(|| "must be no less than 0".to_owned());
    let late = (attach.scan_at > LAST_SECOND).then(|| format!("must be no greater than {LAST_SECOND}"));
    found.first("scan_at", [early, late]);
    found.first("specific_version", [at_most(&attach.specific_version, 64)]);
    found.result()
}

/// The rules of detaching and of scanning alike.
pub(super) fn one_attachment(request: &Request) -> Checked {
    let mut found = Findings::default();
    found.number("project_id", request.project_id);
    found.number("aws_id", request.aws_id);
    found.number("aws_data_source_id", request.aws_data_source_id);
    found.result()
}

/// The stage before all others: what it finds hides what is wrong inside the object.
fn same_project(outer: u32, inner: u32) -> Checked {
    let mut found = Findings::default();
    let differs = (outer != inner).then(|| "must be a valid value".to_owned());
    let blank = (outer == 0).then(cannot_be_blank);
    found.first("project_id", [blank, differs]);
    found.result()
}

fn length_is_12(text: &str) -> Option<String> {
    (text.len() != 12).then(|| "the length must be exactly 12".to_owned())
}

fn digits(text: &str) -> Option<String> {
    let all = text.bytes().all(|byte| byte.is_ascii_digit());
    (!all).then(|| "must contain digits only".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(result: Checked, wanted: &str) {
        assert_eq!(result.err().as_deref(), Some(wanted));
    }

    fn full() -> Attach {
        Attach {
            aws_id: 1,
            aws_data_source_id: 2,
            project_id: 3,
            assume_role_arn: "any text".to_owned(),
            external_id: "12345678".to_owned(),
            ..Attach::default()
        }
    }

    fn attach(project_id: u32, attach: Attach) -> Checked {
        attach_data_source(&Request { project_id, attach_data_source: Some(attach), ..Request::default() })
    }

    fn put(project_id: u32, name: &str, inner: u32, account: &str) -> Checked {
        let aws = Aws { name: name.to_owned(), project_id: inner, aws_account_id: account.to_owned() };
        put_aws(&Request { project_id, aws: Some(aws), ..Request::default() })
    }

    #[test]
    fn list_requests_need_a_project_and_one_an_account() {
        let empty = Request::default();
        check(list_aws(&empty), "project_id: cannot be blank.");
        check(list_data_sources(&empty), "aws_id: cannot be blank; project_id: cannot be blank.");
        let mut list = Request { project_id: 1, aws_id: 1, ..Request::default() };
        assert_eq!((list_aws(&list), list_data_sources(&list)), (Ok(()), Ok(())));
        list.aws_account_id = "12345678901".to_owned();
        check(list_aws(&list), "aws_account_id: the length must be exactly 12.");
        list.aws_account_id = "12345678901x".to_owned();
        check(list_aws(&list), "aws_account_id: must contain digits only.");
        list.data_source = "x".repeat(65);
        check(list_data_sources(&list), "data_source: the length must be no more than 64.");
    }

    #[test]
    fn fields_are_reported_in_alphabetical_order() {
        let empty = Request::default();
        let wanted = "aws_data_source_id: cannot be blank; aws_id: cannot be blank; project_id: cannot be blank.";
        check(one_attachment(&empty), wanted);
        check(delete_aws(&empty), "aws_id: cannot be blank; project_id: cannot be blank.");
    }

    #[test]
    fn account_needs_a_number_but_no_name() {
        check(put_aws(&Request::default()), "required Aws");
        assert_eq!(put(1, "", 1, "123456789012"), Ok(()));
        check(put(0, "", 0, ""), "project_id: cannot be blank.");
        check(put(1, "", 2, ""), "project_id: must be a valid value.");
        check(put(1, "", 1, ""), "aws_account_id: cannot be blank.");
        check(put(1, "", 1, "1234567890x"), "aws_account_id: must contain digits only.");
        let two = "aws_account_id: the length must be exactly 12; name: the length must be no more than 200.";
        check(put(1, &"한".repeat(67), 1, "1"), two);
    }

    #[test]
    fn attachment_length_is_measured_in_bytes() {
        check(attach_data_source(&Request::default()), "required AttachDataSource");
        assert_eq!(attach(3, full()), Ok(()));
        check(attach(4, full()), "project_id: must be a valid value.");
        let inner = Attach { project_id: 3, ..Attach::default() };
        let wanted = "assume_role_arn: cannot be blank; aws_data_source_id: cannot be blank; aws_id: cannot be blank; \
                      external_id: cannot be blank.";
        check(attach(3, inner), wanted);
        let seven = Attach { external_id: "1234567".to_owned(), ..full() };
        check(attach(3, seven), "external_id: the length must be between 8 and 255.");
        assert_eq!(attach(3, Attach { external_id: "한글이".to_owned(), ..full() }), Ok(()));
        let long = Attach { assume_role_arn: "한".repeat(86), specific_version: "x".repeat(65), ..full() };
        let wanted = "assume_role_arn: the length must be no more than 255; \
                      specific_version: the length must be no more than 64.";
        check(attach(3, long), wanted);
    }

    #[test]
    fn scan_time_is_limited_to_the_year_9999() {
        let at = |scan_at| attach(3, Attach { scan_at, status: -9, ..full() });
        assert_eq!((at(0), at(LAST_SECOND)), (Ok(()), Ok(())));
        check(at(-1), "scan_at: must be no less than 0.");
        check(at(LAST_SECOND + 1), "scan_at: must be no greater than 253402268399.");
    }
}
