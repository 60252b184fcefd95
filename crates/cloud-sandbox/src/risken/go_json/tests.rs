//! Reads what a Go server reads, and loses what it loses.

use super::*;

#[track_caller]
fn text(body: &[u8]) -> String {
    let mut text = String::new();
    Node::read(body).unwrap().text(&mut text);
    text
}

#[test]
fn syntax_error_discards_the_whole_body() {
    for body in ["", "{", "{} x", "\u{feff}{}", "{'a':1}", "{\"a\":01}", "nul", "\"\\ud83\""] {
        assert_eq!(Node::read(body.as_bytes()), None, "{body:?}");
    }
    assert_eq!(Node::read(b" [1, {}] \n"), Some(Node::List));
}

#[test]
fn unread_fields_need_valid_syntax_only() {
    let deep = |levels: usize| format!("{{\"a\":7,\"b\":{}1e999{}}}", "[".repeat(levels), "]".repeat(levels));
    let first = |body: &str| Node::read(body.as_bytes()).unwrap().members().next();
    for levels in [0, 1, 200, DEEPEST - 1] {
        assert_eq!(first(&deep(levels)), Some(("a".to_owned(), Node::Unsigned(7))), "{levels}");
    }
    assert_eq!(Node::read(deep(DEEPEST).as_bytes()), None);
    let brackets = format!("{{\"a\":7,\"b\":\"\\\"{}\"}}", "[".repeat(DEEPEST));
    assert_eq!(first(&brackets), Some(("a".to_owned(), Node::Unsigned(7))));
}

#[test]
fn integer_field_accepts_plain_integers_in_range() {
    for (json, wanted) in [
        ("7", 7),
        ("4294967295", u32::MAX),
        ("4294967296", 1),
        ("7.0", 1),
        ("7e0", 1),
        ("1e999", 1),
        ("-7", 1),
        ("\"7\"", 1),
    ] {
        let mut id = 1;
        Node::read(json.as_bytes()).unwrap().id(&mut id);
        assert_eq!(id, wanted, "{json}");
    }
    let (mut status, mut time) = (0, 0);
    Node::Negative(-1).number(&mut status);
    Node::Unsigned(1 << 40).number(&mut status);
    Node::Unsigned(1 << 40).long(&mut time);
    assert_eq!((status, time), (-1, 1 << 40));
}

#[test]
fn invalid_unicode_is_replaced() {
    assert_eq!(text(b"\"a\xff\xfeb\""), "a\u{fffd}\u{fffd}b");
    assert_eq!(text(br#""a\ud800b""#), "a\u{fffd}b");
    assert_eq!(text(br#""\udc00\ud83d\ude00\ud83d""#), "\u{fffd}\u{1f600}\u{fffd}");
    assert_eq!(text(br#""\\ud800 \n""#), "\\ud800 \n");
}

#[test]
fn repeated_members_are_kept_and_names_ignore_case() {
    let node = Node::read(r#"{"AWS_ID":1,"aws_id":2,"aw\u017f_id":3,"awsId":4}"#.as_bytes()).unwrap();
    let names: Vec<_> = node.members().map(|(name, _)| name).collect();
    assert_eq!(names, ["aws_id", "aws_id", "aws_id", "awsid"]);
}

#[test]
fn null_clears_an_object_and_any_other_value_makes_one() {
    let mut field: Option<u32> = None;
    assert!(Node::Unsigned(5).object(&mut field).is_some());
    assert!(Node::Null.object(&mut field).is_none());
    assert_eq!(field, None);
}

#[test]
fn query_drops_invalid_pairs() {
    let pairs = query("Project_ID=1001&aws_id=%zz&x;y=1&data_source=aws%3Aportscan&&name=a+b%ff");
    let read: Vec<_> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(read, [("project_id", "1001"), ("data_source", "aws:portscan"), ("name", "a b\u{fffd}")]);
    for (raw, id) in [("0012", 12), ("+12", 0), ("0x12", 0), ("", 0), ("4294967296", 0), ("-1", 0), ("1.0", 0)] {
        assert_eq!(query_id::<u32>(raw), id, "{raw}");
    }
}
