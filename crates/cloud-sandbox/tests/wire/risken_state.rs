//! RISKEN over the wire with state: lenient reading, roles, rows and scans.

use std::time::Duration;

use cloud_sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::{Call, RawResponse};

/// The seed's account has this number at AWS.
const ROLE: &str = "arn:aws:iam::123456789012:role/RISKEN";

fn token(sandbox: &Sandbox, name: &str) -> String {
    sandbox.risken_tokens().into_iter().find(|(known, _)| *known == name).unwrap().1
}

async fn call(sandbox: &Sandbox, who: &str, method: &'static str, target: &str, body: Option<&str>) -> RawResponse {
    let mut call = Call::new(method, format!("/api/v1/{target}"));
    call = call.header("Authorization", format!("Bearer {}", token(sandbox, who)));
    if let Some(body) = body {
        call = call.body("application/json", body);
    }
    call.send(sandbox.endpoint()).await
}

async fn get(sandbox: &Sandbox, target: &str) -> Value {
    call(sandbox, "project-admin", "GET", &format!("aws/{target}"), None).await.expect(200).json()
}

async fn post(sandbox: &Sandbox, name: &str, body: &str) -> RawResponse {
    call(sandbox, "project-admin", "POST", &format!("aws/{name}/"), Some(body)).await
}

async fn good(sandbox: &Sandbox, name: &str, body: &Value) -> Value {
    post(sandbox, name, &body.to_string()).await.expect(200).json()
}

fn attachment(source: u32) -> Value {
    json!({"project_id": 1001, "attach_data_source": {
        "aws_id": 2001, "aws_data_source_id": source, "project_id": 1001,
        "assume_role_arn": ROLE, "external_id": "12345678"
    }})
}

#[tokio::test]
async fn account_is_created_updated_and_deleted() {
    let sandbox = Sandbox::start().await.unwrap();
    let aws = json!({"name": "<R&D>\u{2028}", "project_id": 1001, "aws_account_id": "000000000001"});
    let put = post(&sandbox, "put-aws", &json!({"project_id": 1001, "aws": aws}).to_string()).await;
    let made = put.expect(200).json()["data"]["aws"].clone();
    assert!(put.body.contains(r#""name":"\u003cR\u0026D\u003e\u2028""#), "{put:?}");
    assert_eq!(made["aws_id"], 2002);
    assert_eq!(made["created_at"], made["updated_at"]);

    sandbox.advance(Duration::from_secs(3600));
    let renamed = json!({"project_id": 1001, "aws_account_id": "000000000001"});
    let renamed = good(&sandbox, "put-aws", &json!({"project_id": 1001, "aws": renamed})).await;
    let mut expected = made;
    expected.as_object_mut().unwrap().remove("name");
    assert_eq!(renamed, json!({"data": {"aws": expected}}), "a name that is left out is gone, all else stays");

    let both = get(&sandbox, "list-aws?project_id=1001").await;
    assert_eq!(both["data"]["aws"].as_array().unwrap().len(), 2);
    assert_eq!(get(&sandbox, "list-aws?project_id=1001&aws_id=x").await, both, "no number, no filter");
    assert_eq!(get(&sandbox, "list-aws?project_id=1001&aws_id=77").await, json!({"data": {}}));
    for _ in 0..2 {
        let gone = good(&sandbox, "delete-aws", &json!({"project_id": 1001, "aws_id": 2002})).await;
        assert_eq!(gone, json!({"data": {}}));
    }
    let left = get(&sandbox, "list-aws/?project_id=1001").await;
    assert_eq!(left["data"]["aws"][0]["aws_account_id"], "123456789012");
    assert_eq!(left["data"]["aws"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn data_source_list_always_has_five_entries() {
    let sandbox = Sandbox::start().await.unwrap();
    let bare = get(&sandbox, "list-datasource?project_id=1001&aws_id=77").await;
    let rows = bare["data"]["data_source"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[0], json!({"aws_data_source_id": 3001, "data_source": "aws:guard-duty", "max_score": 10}));

    let attached = good(&sandbox, "attach-datasource", &attachment(3003)).await;
    let row = &attached["data"]["data_source"];
    assert_eq!(row["created_at"], row["updated_at"]);
    let names: Vec<_> = row.as_object().unwrap().keys().map(String::as_str).collect();
    for absent in ["status", "status_detail", "scan_at", "specific_version"] {
        assert!(!names.contains(&absent), "{names:?}");
    }
    let list = get(&sandbox, "list-datasource?project_id=1001&aws_id=2001").await;
    let ids: Vec<_> =
        list["data"]["data_source"].as_array().unwrap().iter().map(|row| &row["aws_data_source_id"]).collect();
    assert_eq!(ids, [3002, 3004, 3005, 3001, 3003]);
    let none = get(&sandbox, "list-datasource?project_id=1001&aws_id=2001&data_source=aws:other").await;
    assert_eq!(none, json!({"data": {}}));
}

#[tokio::test]
async fn scan_ends_when_due() {
    let sandbox = Sandbox::start().await.unwrap();
    let scan = json!({"project_id": 1001, "aws_id": 2001, "aws_data_source_id": 3001, "scan_only": "true"});
    let row = async || {
        let list = get(&sandbox, "list-datasource?project_id=1001&aws_id=2001&data_source=aws:guard-duty").await;
        list["data"]["data_source"][0].clone()
    };
    let before = row().await;
    assert_eq!(good(&sandbox, "invoke-scan", &scan).await, json!({"data": {}}));
    let running = row().await;
    assert_eq!((&running["status"], &running["scan_at"]), (&json!(3), &before["scan_at"]));
    assert!(running["status_detail"].as_str().unwrap().starts_with("Start scan at 2"), "{running}");
    sandbox.advance(Duration::from_secs(60));
    let ended = row().await;
    assert_eq!((&ended["status"], ended.get("status_detail")), (&json!(1), None));
    assert!(ended["scan_at"].as_i64() > before["scan_at"].as_i64());

    let missing = json!({"project_id": 1001, "aws_id": 2001, "aws_data_source_id": 3002});
    let response = post(&sandbox, "invoke-scan", &missing.to_string()).await;
    let expected = json!({"error": {"code": "Unknown", "message": "record not found"}});
    assert_eq!(response.expect(500).json(), expected);
}

#[tokio::test]
async fn invalid_fields_are_dropped_and_not_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut odd = attachment(3001);
    odd["attach_data_source"]["status"] = json!("OK");
    odd["attach_data_source"]["unknown"] = json!([1]);
    odd["ATTACH_DATA_SOURCE"] = json!({"EXTERNAL_ID": "87654321"});
    let stored = good(&sandbox, "attach-datasource", &odd).await;
    assert_eq!(stored["data"]["data_source"]["external_id"], "87654321");
    assert_eq!(stored["data"]["data_source"].get("status"), None);

    for (name, body, text) in [
        ("put-aws", "[]", "required Aws"),
        ("put-aws", "\u{feff}{}", "required Aws"),
        (
            "put-aws",
            r#"{"project_id":1001,"aws":{"aws_account_id":"123456789012"}}"#,
            "project_id: must be a valid value.",
        ),
        ("delete-aws", r#"{"project_id":1001,"aws_id":"1001"}"#, "aws_id: cannot be blank."),
        (
            "delete-aws",
            r#"{"project_id":1001.0,"awsId":1001}"#,
            "aws_id: cannot be blank; project_id: cannot be blank.",
        ),
        (
            "delete-aws",
            r#"{"project_id":1001,"aws_id":1001} x"#,
            "aws_id: cannot be blank; project_id: cannot be blank.",
        ),
    ] {
        assert_eq!(post(&sandbox, name, body).await.expect(400).json(), json!({ "error": text }), "{body}");
    }
    let mut odd = attachment(3001);
    odd["attach_data_source"]["status"] = json!(6);
    let text = "Error 1265 (01000): Data truncated for column 'status' at row 1";
    assert_eq!(
        post(&sandbox, "attach-datasource", &odd.to_string()).await.expect(500).json(),
        json!({"error": {"code": "Unknown", "message": text}})
    );
}

#[tokio::test]
async fn token_permissions_follow_its_role() {
    let sandbox = Sandbox::start().await.unwrap();
    for (who, list, put) in [
        ("project-admin", 200, 400),
        ("project-viewer", 200, 403),
        ("finding-editor", 200, 403),
        ("no-role", 403, 403),
        ("expired", 401, 401),
        ("other-project", 403, 403),
        ("deserted-project", 403, 403),
        ("organization", 200, 400),
    ] {
        let listed = call(&sandbox, who, "GET", "aws/list-aws?project_id=1001", None).await;
        assert_eq!(listed.status, list, "{who} lists");
        let stored = call(&sandbox, who, "POST", "aws/put-aws", Some(r#"{"project_id":1001}"#)).await;
        assert_eq!(stored.status, put, "{who} puts");
    }
    call(&sandbox, "project-admin", "GET", "aws/list-aws", None).await.expect(400);
    call(&sandbox, "organization", "GET", "aws/list-aws", None).await.expect(403);
    // A project in the query of a POST is not looked at.
    call(&sandbox, "project-admin", "POST", "aws/put-aws?project_id=9", Some("{}")).await.expect(400);
}

#[tokio::test]
async fn token_signs_in_and_out() {
    let sandbox = Sandbox::start().await.unwrap();
    let signed_in = call(&sandbox, "organization", "GET", "signin/", None).await;
    assert_eq!(signed_in.expect(200).json(), json!({"org_access_token_id": 6, "organization_id": 5}));
    let out = call(&sandbox, "no-role", "GET", "signout", None).await;
    assert_eq!(out.expect(200).body, "");
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    call(&sandbox, "expired", "GET", "signin", None).await.expect(401);
    call(&sandbox, "expired", "GET", "signout", None).await.expect(401);
    call(&sandbox, "expired", "POST", "signout", None).await.expect(405);
}

/// Sends a body in chunks that is one byte longer than the gateway takes, and gives the status.
async fn stream(sandbox: &Sandbox, target: &str, header: &str) -> String {
    let host = sandbox.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!("POST {target} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n{header}\r\n");
    let whole = format!("{head}100001\r\n{}\r\n0\r\n\r\n", "x".repeat((1 << 20) + 1));
    // The server may respond and close before it has read all.
    let _ = stream.write_all(whole.as_bytes()).await;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    String::from_utf8_lossy(&status[9..]).into_owned()
}

#[tokio::test]
async fn streamed_body_is_limited_while_it_is_read() {
    let sandbox = Sandbox::start().await.unwrap();
    let bearer = |who| format!("Authorization: Bearer {}\r\n", token(&sandbox, who));
    assert_eq!(stream(&sandbox, "/api/v1/aws/nothing", "").await, "404");
    assert_eq!(stream(&sandbox, "/api/v1/aws/list-aws", "").await, "405");
    assert_eq!(stream(&sandbox, "/api/v1/aws/put-aws", "").await, "401");
    assert_eq!(stream(&sandbox, "/api/v1/aws/put-aws", &bearer("no-role")).await, "413");
    assert_eq!(stream(&sandbox, "/api/v1/aws/put-aws", &bearer("project-admin")).await, "413");
}

/// Swapped IDs and IDs of nothing: the service reports success, so the log is where they show.
#[tokio::test]
async fn log_says_where_nothing_was_there() {
    const ACCOUNT: &str = "nothing was there: the project has no account with this aws_id";
    const SOURCE: &str = "nothing was there: no data source has this aws_data_source_id";
    const ATTACHMENT: &str = "nothing was there: this data source is not attached to this account of the project";
    let attach = |aws: u32, source: u32| {
        let mut body = attachment(source);
        body["attach_data_source"]["aws_id"] = aws.into();
        body
    };
    let detach = |aws: u32, source: u32| json!({"project_id": 1001, "aws_id": aws, "aws_data_source_id": source});
    let delete = |aws: u32| json!({"project_id": 1001, "aws_id": aws});
    let sandbox = Sandbox::builder().admin(true).start().await.unwrap();
    let cases = [
        ("attach-datasource", attach(3001, 2001), Some(ACCOUNT)),
        ("attach-datasource", attach(2001, 2001), Some(SOURCE)),
        ("attach-datasource", attach(2001, 3001), None),
        ("detach-datasource", detach(3001, 2001), None),
        ("detach-datasource", detach(3001, 2001), Some(ATTACHMENT)),
        ("detach-datasource", detach(2001, 3001), None),
        ("detach-datasource", detach(2001, 3001), Some(ATTACHMENT)),
        ("delete-aws", delete(1001), Some(ACCOUNT)),
        ("delete-aws", delete(3001), Some(ACCOUNT)),
        ("delete-aws", delete(2001), None),
        ("delete-aws", delete(2001), Some(ACCOUNT)),
    ];
    for (name, body, _) in &cases {
        good(&sandbox, name, body).await;
    }
    get(&sandbox, "list-datasource?project_id=1001&aws_id=3001").await;
    let wanted: Vec<_> = cases.iter().map(|(.., note)| *note).chain([Some(ACCOUNT)]).collect();
    let calls = sandbox.calls();
    assert_eq!(calls.iter().map(|call| call.note.as_deref()).collect::<Vec<_>>(), wanted);
    assert!(calls.iter().all(|call| call.status == 200));

    let log = Call::new("GET", "/_sandbox/log").send(sandbox.endpoint()).await.expect(200).json();
    let shown: Vec<_> = log["calls"].as_array().unwrap().iter().map(|call| call["note"].as_str()).collect();
    assert_eq!(shown, wanted);
    let page = Call::new("GET", "/_sandbox/watch.js").send(sandbox.endpoint()).await;
    assert!(page.expect(200).body.contains("call.note"));
}
