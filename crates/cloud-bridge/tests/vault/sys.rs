//! Health, mounts, tokens, metrics and the audit log.

use cloud_core::testing::find_leak;
use serde_json::{Value, json};

use crate::world::{ROOT, World, root, token};

#[tokio::test]
async fn health_needs_no_token_and_has_vaults_status_codes() {
    let world = World::start().await;
    for (path, status) in [
        ("/v1/sys/health", 200),
        ("/v1/sys/health?standbyok=true", 200),
        ("/v1/sys/health?activecode=299", 299),
        ("/v1/sys/health?activecode=x", 400),
        ("/v1/sys/health?activecode=99", 400),
    ] {
        let reply = world.send("GET", path, "", "").await;
        assert_eq!(reply.status, status, "{path}");
    }
    let health = world.send("GET", "/v1/sys/health", "", "").await.json();
    assert_eq!(
        (&health["initialized"], &health["sealed"], &health["standby"]),
        (&json!(true), &json!(false), &json!(false))
    );
    assert!(health["version"].as_str().unwrap().starts_with("1."), "{health}");
    let head = world.send("HEAD", "/v1/sys/health", "", "").await.expect(200);
    assert!(head.text.is_empty());
    let init = world.send("GET", "/v1/sys/init", "", "").await.expect(200).json();
    assert_eq!(init, json!({ "initialized": true }));
    let status = world.send("GET", "/v1/sys/seal-status", "", "").await.expect(200).json();
    assert_eq!((&status["sealed"], &status["t"]), (&json!(false), &json!(1)));
}

#[tokio::test]
async fn mounts_are_shown_to_those_who_may_use_them() {
    let policies = root() + &token("reader", "reader-token", &[("secret/data/*", r#""read""#)]);
    let world = World::with(|builder| builder.policies(policies)).await;
    let mounts = world.get("/v1/sys/mounts").await.expect(200).data();
    assert_eq!(mounts["secret/"]["options"], json!({ "version": "2" }));
    assert_eq!(mounts["transit/"]["type"], "transit");
    // vaultrs reads it as text.
    assert_eq!(mounts["transit/"]["uuid"].as_str().unwrap().len(), 36);
    let reader = "X-Vault-Token: reader-token\r\n";
    world.send("GET", "/v1/sys/mounts", reader, "").await.expect(403);
    // The question of `vault kv` before each command.
    let mount = world.send("GET", "/v1/sys/internal/ui/mounts/secret/team/db", reader, "").await.expect(200).data();
    assert_eq!((&mount["path"], &mount["options"]["version"]), (&json!("secret/"), &json!("2")));
    for path in ["transit/encrypt/a", "no-such-mount", "sys"] {
        world.send("GET", &format!("/v1/sys/internal/ui/mounts/{path}"), reader, "").await.expect(403);
    }
    let visible = world.send("GET", "/v1/sys/internal/ui/mounts", reader, "").await.expect(200).data();
    assert_eq!(visible["secret"].as_object().unwrap().keys().collect::<Vec<_>>(), ["secret/"]);
}

#[tokio::test]
async fn token_is_looked_up_and_renewed_without_end() {
    let world = World::start().await;
    let about = world.get("/v1/auth/token/lookup-self").await.expect(200).data();
    for (member, value) in [
        ("ttl", json!(0)),
        ("expire_time", json!(null)),
        ("renewable", json!(false)),
        ("type", json!("service")),
        ("display_name", json!("root")),
        ("policies", json!(["root"])),
        ("id", json!(ROOT)),
    ] {
        assert_eq!(about[member], value, "{member}");
    }
    for method in ["POST", "PUT"] {
        let renewed = world.call(method, "/v1/auth/token/renew-self", r#"{"increment":0}"#).await.expect(200).json();
        assert_eq!((&renewed["auth"]["renewable"], &renewed["data"]), (&json!(false), &json!(null)));
    }
    let own = world.post("/v1/sys/capabilities-self", json!({ "paths": ["secret/data/x"] })).await.expect(200).data();
    assert_eq!(own["secret/data/x"], json!(["read", "list", "update", "create", "delete"]));
    for (method, path) in [
        ("POST", "auth/token/create"),
        ("POST", "auth/token/revoke-self"),
        ("POST", "auth/approle/login"),
        ("PUT", "sys/seal"),
        ("POST", "sys/mounts/x"),
        ("GET", "sys/policies/acl"),
    ] {
        let reply = world.call(method, &format!("/v1/{path}"), "{}").await.expect(405);
        assert!(reply.error().contains("not supported"), "{path}: {}", reply.text);
    }
}

#[tokio::test]
async fn capabilities_are_needed_one_by_one() {
    let all = [
        ("read", "GET", "secret/data/team/db", "", 200),
        ("read", "GET", "secret/metadata/team/db", "", 200),
        ("list", "LIST", "secret/metadata", "", 200),
        ("list", "GET", "secret/metadata?list=true", "", 200),
        ("update", "POST", "secret/data/team/db", r#"{"data":{"a":"b"}}"#, 200),
        ("create", "POST", "secret/data/a-new-one", r#"{"data":{"a":"b"}}"#, 200),
        ("delete", "DELETE", "secret/metadata/team/db", "", 204),
        ("update", "POST", "transit/encrypt/orders", r#"{"plaintext":""}"#, 200),
        ("read", "GET", "transit/keys/orders", "", 200),
        ("list", "LIST", "transit/keys", "", 200),
        ("read", "GET", "sys/mounts", "", 200),
        ("read", "GET", "sys/metrics?format=prometheus", "", 200),
    ];
    let mut policies = root();
    for capability in ["read", "list", "update", "create", "delete"] {
        policies += &token(capability, &format!("{capability}-token"), &[("*", &format!("\"{capability}\""))]);
    }
    for (needed, method, path, body, status) in all {
        let world = World::with(|builder| builder.policies(policies.clone())).await;
        for capability in ["read", "list", "update", "create", "delete"].into_iter().filter(|own| *own != needed) {
            let headers = format!("X-Vault-Token: {capability}-token\r\n");
            let reply = world.send(method, &format!("/v1/{path}"), &headers, body).await.expect(403);
            assert_eq!(reply.json(), json!({ "errors": ["permission denied"] }), "{path} with {capability}");
        }
        let headers = format!("Authorization: Bearer {needed}-token\r\n");
        world.send(method, &format!("/v1/{path}"), &headers, body).await.expect(status);
    }
}

#[tokio::test]
async fn namespace_and_wrapping_are_checked() {
    let world = World::with(|builder| builder.policies(root()).namespace("team/")).await;
    for (header, status) in [
        ("", 200),
        ("X-Vault-Namespace: team\r\n", 200),
        ("X-Vault-Namespace: team/\r\n", 200),
        ("X-Vault-Namespace: other\r\n", 400),
        ("X-Vault-Request: true\r\n", 200),
        ("X-Vault-Wrap-TTL: 60\r\n", 400),
    ] {
        let headers = format!("X-Vault-Token: {ROOT}\r\n{header}");
        world.send("GET", "/v1/secret/data/team/db", &headers, "").await.expect(status);
    }
}

#[tokio::test]
async fn metrics_count_requests_and_show_no_path() {
    let world = World::start().await;
    world.get("/v1/secret/data/team/db").await.expect(200);
    world.get("/v1/secret/data/no-such-secret").await.expect(404);
    world.send("GET", "/v1/secret/data/team/db", "", "").await.expect(403);
    let reply = world.get("/v1/sys/metrics?format=prometheus").await.expect(200);
    assert!(reply.header("content-type").unwrap().starts_with("text/plain"), "{}", reply.head);
    for line in [
        r#"cloud_bridge_request_duration_seconds_count{mount="secret",operation="read",status="200"} 1"#,
        r#"cloud_bridge_request_duration_seconds_count{mount="secret",operation="read",status="404"} 1"#,
        r#"cloud_bridge_request_duration_seconds_count{mount="none",operation="none",status="403"} 1"#,
        r#"cloud_bridge_cache_misses_total{mount="secret"} 2"#,
        "cloud_bridge_policy_file_broken 0",
    ] {
        assert!(reply.text.lines().any(|own| own == line), "{line}: {}", reply.text);
    }
    assert!(!reply.text.contains("no-such-secret") && !reply.text.contains("team"), "{}", reply.text);
    world.get("/v1/sys/metrics").await.expect(400);
}

#[tokio::test]
async fn audit_log_has_a_line_for_each_request_and_no_value() {
    let world = World::start().await;
    let canary = "canary-of-a-plaintext";
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, canary);
    world.post("/v1/transit/encrypt/orders", json!({ "plaintext": encoded })).await.expect(200);
    world.post("/v1/secret/data/audited", json!({ "data": { "a": canary } })).await.expect(200);
    world.get("/v1/secret/data/audited").await.expect(200);
    world.send("GET", "/v1/secret/data/audited?x=canary-of-a-query", "X-Vault-Token: canary-of-a-token\r\n", "").await;
    world.get(&format!("/v1/secret/data/{ROOT}")).await;
    world.send("GET", "/v1/secret//data", "", "").await.expect(400);
    world.send("GET", "/v1/sys/health", "", "").await.expect(200);
    world.send("GET", "/v1/secret/data/audited", "", "").await.expect(403);
    // Who has no token does not choose what the log hides.
    for unknown in ["secret/data/audited", "audited", ""] {
        world.send("GET", "/v1/secret/data/audited", &format!("X-Vault-Token: {unknown}\r\n"), "").await.expect(403);
    }
    let lines = world.log.lines();
    let shown: Vec<Value> =
        lines.iter().map(|line| json!([line["token"], line["operation"], line["path"], line["status"]])).collect();
    let wanted = [
        json!(["root", "POST", "transit/encrypt/orders", 200]),
        json!(["root", "POST", "secret/data/audited", 200]),
        json!(["root", "GET", "secret/data/audited", 200]),
        json!([null, "GET", "secret/data/audited", 403]),
        json!(["root", "GET", "secret/data/[redacted]", 404]),
        json!([null, "-", null, 400]),
        json!([null, "GET", "secret/data/audited", 403]),
        json!([null, "GET", "secret/data/audited", 403]),
        json!([null, "GET", "secret/data/audited", 403]),
        json!([null, "GET", "secret/data/audited", 403]),
    ];
    assert_eq!(shown, wanted);
    for line in &lines {
        assert!(line["time"].as_str().unwrap().ends_with('Z') && line["duration_ms"].is_number(), "{line}");
        assert_eq!(line["request_id"].as_str().unwrap().len(), 36);
    }
    for secret in [canary, "canary-of-a-query", "canary-of-a-token", ROOT] {
        assert_eq!(find_leak(secret, &world.log.text()), None, "{secret}");
    }
}

#[tokio::test]
async fn audit_log_has_the_clouds_id_of_a_request_that_failed() {
    let world = World::start().await;
    world.post("/v1/transit/decrypt/by-id", json!({ "ciphertext": "vault:v1:AAAA" })).await.expect(400);
    let line = world.log.lines().pop().unwrap();
    let ids = line["cloud_request_ids"].as_array().unwrap();
    assert!(ids.len() == 1 && ids[0].as_str().unwrap().len() > 8, "{line}");
}

#[tokio::test]
async fn audit_log_has_the_clouds_ids_of_requests_that_succeeded() {
    let world = World::start().await;
    let headers = format!("X-Vault-Token: {ROOT}\r\nContent-Type: application/merge-patch+json\r\n");
    let body = r#"{"data":{"a":"b"}}"#;
    for (method, path, body) in [
        ("GET", "secret/data/my-secret-name", ""),
        ("GET", "secret/metadata/my-secret-name", ""),
        ("LIST", "secret/metadata", ""),
        ("POST", "secret/data/my-secret-name", body),
        ("PATCH", "secret/data/my-secret-name", body),
        ("DELETE", "secret/metadata/my-secret-name", ""),
        ("GET", "nhn-secret/data/mail", ""),
        ("LIST", "nhn-secret/metadata", ""),
        ("POST", "nhn-secret/data/mail", body),
        ("PATCH", "nhn-secret/data/mail", body),
        ("LIST", "transit/keys", ""),
        ("GET", "transit/keys/kmsname", ""),
        ("POST", "transit/encrypt/kmsname", r#"{"plaintext":""}"#),
        ("LIST", "nhn-transit/keys", ""),
        ("GET", "nhn-transit/keys/sessions", ""),
        ("POST", "nhn-transit/encrypt/sessions", r#"{"plaintext":""}"#),
        ("POST", "transit/encrypt/kmsname", r#"{"batch_input":[{"plaintext":""},{"plaintext":""}]}"#),
    ] {
        world.prepared().await;
        let before = world.sandbox.calls().len();
        let reply = world.send(method, &format!("/v1/{path}"), &headers, body).await;
        assert!((200..300).contains(&reply.status), "{method} {path}: {}", reply.text);
        let line = world.log.lines().pop().unwrap();
        let calls = world.sandbox.calls().split_off(before);
        let calls = calls.iter().filter(|call| !call.operation.contains("create_token")).count();
        let ids = line["cloud_request_ids"].as_array().unwrap();
        assert!(calls > 0 && ids.len() == calls, "{method} {path}: {calls} calls, {line}");
    }
}

/// A log that cannot be written.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_is_returned_if_the_audit_log_cannot_be_written() {
    let world = World::with(|builder| builder.policies(root()).audit(Full)).await;
    let reply = world.get("/v1/secret/data/team/db").await.expect(500);
    assert!(reply.error().contains("audit log cannot be written") && !reply.text.contains("value1"), "{}", reply.text);
    world.send("GET", "/v1/sys/health", "", "").await.expect(200);
}

#[tokio::test]
async fn write_that_cannot_be_recorded_is_not_to_be_repeated() {
    let world = World::with(|builder| builder.policies(root()).audit(Full)).await;
    let body = json!({ "data": { "a": "b" } });
    let reply = world.post("/v1/secret/data/team/db", body).await.expect(400);
    assert!(reply.error().contains("audit log") && reply.error().contains("may have been executed"), "{}", reply.text);
    assert_eq!(world.count("update_secret_value"), 1);
}

/// A log on a disk that may be full, and takes half of a line before it says so.
#[derive(Clone, Default)]
struct Disk {
    log: crate::world::Log,
    full: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Disk {
    fn set_full(&self, full: bool) {
        self.full.store(full, std::sync::atomic::Ordering::SeqCst);
    }
}

impl std::io::Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if !self.full.load(std::sync::atomic::Ordering::SeqCst) {
            return self.log.write(bytes);
        }
        // The last bytes that fit are those at the beginning of a line.
        if bytes.starts_with(b"{") { self.log.write(&bytes[..10]) } else { Err(std::io::ErrorKind::StorageFull.into()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_is_changed_until_the_audit_log_can_be_written_again() {
    let disk = Disk::default();
    let log = disk.clone();
    let world = World::with(|builder| builder.policies(root()).audit(log)).await;
    world.get("/v1/secret/data/team/db").await.expect(200);
    disk.set_full(true);
    world.get("/v1/secret/data/team/db").await.expect(500);
    let headers = format!("X-Vault-Token: {ROOT}\r\nContent-Type: application/merge-patch+json\r\n");
    let body = r#"{"data":{"a":"b"},"custom_metadata":{"a":"b"}}"#;
    let changes = |body: &'static str| {
        [
            ("POST", "secret/data/team/db", r#"{"data":{"a":"b"}}"#),
            ("POST", "secret/data/a-new-one", r#"{"data":{"a":"b"}}"#),
            ("PATCH", "secret/data/team/db", r#"{"data":{"a":"c"}}"#),
            ("POST", "secret/metadata/team/db", r#"{"custom_metadata":{"a":"b"}}"#),
            ("DELETE", "secret/metadata/a-new-one", ""),
            ("POST", "nhn-secret/data/mail", r#"{"data":{"a":"b"}}"#),
            ("DELETE", "nhn-secret/metadata/mail", body),
        ]
    };
    let before = world.sandbox.calls().len();
    for (method, path, body) in changes(body) {
        // Nothing was done, so that clients may repeat it.
        let reply = world.send(method, &format!("/v1/{path}"), &headers, body).await.expect(500);
        assert!(reply.error().contains("nothing is changed"), "{method} {path}: {}", reply.text);
    }
    assert_eq!(world.sandbox.calls().len(), before, "nothing reached a cloud");
    disk.set_full(false);
    for (method, path, body) in changes(body) {
        let reply = world.send(method, &format!("/v1/{path}"), &headers, body).await;
        assert!((200..300).contains(&reply.status), "{method} {path}: {}", reply.text);
    }
    // The change that finds out that the log can be written again is there twice: before it is executed, without a status.
    let text = disk.log.text();
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let shown: Vec<_> = lines.iter().map(|line| json!([line["operation"], line["path"], line["status"]])).collect();
    assert_eq!(
        shown[..3],
        [
            json!(["GET", "secret/data/team/db", 200]),
            json!(["POST", "secret/data/team/db", null]),
            json!(["POST", "secret/data/team/db", 200]),
        ]
    );
    assert_eq!(shown.len(), 1 + 1 + changes(body).len(), "{text}");
}

/// A log that waits until the other end is dropped.
struct Blocked(std::sync::mpsc::Receiver<()>);

impl std::io::Write for Blocked {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn request_ends_though_the_audit_log_blocks() {
    let (_held, blocked) = std::sync::mpsc::channel();
    let limit = std::time::Duration::from_millis(500);
    let world = World::with(|builder| builder.policies(root()).request_limit(limit).audit(Blocked(blocked))).await;
    let reply = world.get("/v1/sys/mounts").await.expect(500);
    assert!(reply.error().contains("audit log cannot be written"), "{}", reply.text);
    // The log is late since then, so nothing is changed.
    let reply = world.post("/v1/secret/data/team/db", json!({ "data": { "a": "b" } })).await.expect(500);
    assert!(reply.error().contains("nothing is changed"), "{}", reply.text);
    assert_eq!(world.count("update_secret_value"), 0);
}

#[tokio::test]
async fn line_that_does_not_fit_into_the_queue_is_reported_if_the_client_goes_away() {
    use std::task::{Context, Waker};
    use tower_service::Service as _;

    let (held, blocked) = std::sync::mpsc::channel();
    let log = crate::world::Log::default();
    let runtime = cloud_core::testing::FakeRuntime::new(time::macros::datetime!(2026-01-01 0:00 UTC));
    let builder = cloud_bridge::Bridge::builder().policies(root()).runtime(std::sync::Arc::new(runtime));
    let bridge = builder.audit(Gated(blocked, log.clone())).build().unwrap();
    const REQUESTS: usize = 1_200;
    let ((), reports) = cloud_core::testing::capture_async(|| async {
        let mut router = bridge.router();
        let mut waiting = Vec::new();
        for _ in 0..REQUESTS {
            let request = http::Request::get("/v1/auth/token/lookup-self").header("x-vault-token", ROOT);
            let request = request.body(axum::body::Body::empty()).unwrap();
            let mut response = Box::pin(tokio::task::unconstrained(router.call(request)));
            // The thread of the log may not have taken the first line yet; nothing else is awaited.
            for _ in 0..3 {
                assert!(response.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
            waiting.push(response);
        }
        // All clients go away.
        drop(waiting);
    })
    .await;
    let lost = reports.iter().filter(|line| line.contains("a line of the audit log is lost")).count();
    drop(held);
    while log.lines().len() + lost < REQUESTS {
        tokio::task::yield_now().await;
    }
    assert!(lost > 0 && lost < REQUESTS, "{lost}");
    assert!(log.lines().iter().all(|line| line["path"] == "auth/token/lookup-self" && line["status"] == 200));
}

/// A log that is written once the other end is dropped.
struct Gated(std::sync::mpsc::Receiver<()>, crate::world::Log);

impl std::io::Write for Gated {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = self.0.recv();
        self.1.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn status_that_a_client_chooses_is_not_counted() {
    let world = World::start().await;
    world.send("GET", "/v1/sys/health?activecode=503", "", "").await.expect(503);
    let metrics = world.get("/v1/sys/metrics?format=prometheus").await.expect(200).text;
    let counted = r#"cloud_bridge_request_duration_seconds_count{mount="sys",operation="health",status="200"} 1"#;
    assert!(metrics.contains(counted) && !metrics.contains("503"), "{metrics}");
}

#[tokio::test]
async fn paths_of_one_request_are_limited() {
    let world = World::start().await;
    let paths = |count: usize| json!({ "paths": (0..count).map(|index| format!("p{index}")).collect::<Vec<_>>() });
    world.post("/v1/sys/capabilities-self", paths(256)).await.expect(200);
    world.post("/v1/sys/capabilities-self", paths(257)).await.expect(400);
}
