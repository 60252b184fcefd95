//! What a client with few rights, or none, may try.

use cloud_core::testing::find_leak;
use serde_json::json;

use crate::client;
use crate::world::{ROOT, SECRET, World, root, token};

/// May read one secret and encrypt with one key.
const SMALL: &str = "small-token-of-the-test";

fn policies() -> String {
    root()
        + &token(
            "small",
            SMALL,
            &[
                ("secret/data/team/db", r#""read""#),
                ("transit/encrypt/orders", r#""update""#),
                ("secret/data/own/+", r#""read""#),
            ],
        )
}

/// Paths that the token may not use, and the methods that would.
const TARGETS: [(&str, &str); 8] = [
    ("GET", "secret/data/my-secret-name"),
    ("GET", "secret/metadata/team/db"),
    ("LIST", "secret/metadata"),
    ("DELETE", "secret/metadata/team/db"),
    ("POST", "secret/data/team/db"),
    ("POST", "transit/decrypt/orders"),
    ("POST", "transit/encrypt/kmsname"),
    ("GET", "sys/mounts"),
];

/// Ways to write a path so that a careless reader takes it for another.
fn disguises(target: &str) -> Vec<String> {
    let (first, rest) = target.split_once('/').unwrap();
    let (head, last) = target.rsplit_once('/').unwrap();
    let upper: String = target.to_uppercase();
    vec![
        format!("/v1/{target}"),
        format!("/v1/{upper}"),
        format!("/V1/{target}"),
        format!("//v1/{target}"),
        format!("/v1//{target}"),
        format!("/v1/{first}//{rest}"),
        format!("/v1/{target}//"),
        format!("/v1/./{target}"),
        format!("/v1/{first}/./{rest}"),
        format!("/v1/secret/data/team/db/../../../{target}"),
        format!("/v1/secret/data/team/db/%2e%2e/%2e%2e/%2e%2e/{target}"),
        format!("/v1/secret/data/team/db/..%2f..%2f..%2f{target}"),
        format!("/v1/secret/data/team/db%2f..%2f..%2f{target}"),
        format!("/v1/secret/data/team/db/..;/..;/..;/{target}"),
        format!("/v1/secret/data/own/..%2f..%2f..%2f{}", target.replace('/', "%2f")),
        format!("/v1/secret/data/own/{}", target.replace('/', "%2F")),
        format!("/v1/secret/data/own/{}", target.replace('/', "%252F")),
        format!("/v1/secret/data/own/%2e%2e%2f{target}"),
        format!("/v1/secret/data/own/{}", target.replace('/', "%5C")),
        format!("/v1/secret/data/team/db\\..\\..\\..\\{}", target.replace('/', "\\")),
        format!("/v1/{head}/%00{last}"),
        format!("/v1/{target}%00"),
        format!("/v1/{target}%20"),
        format!("/v1/{target}%0d%0aX-Vault-Token:%20{ROOT}"),
        format!("/v1/{head}%2f{last}"),
        format!("/v1/{}", target.replace('/', "%2f")),
        format!("/v1/{}", target.replace('e', "%65")),
        format!("/v1/{}", target.replace('e', "%2565")),
        format!("/v1/{}", target.replace('e', "%u0065")),
        format!("/v1/{}", target.replace('a', "%EF%BD%81")),
        format!("/v1/{target}?path=secret/data/team/db"),
        format!("/v1/{target}#/secret/data/team/db"),
        format!("/v1/{target};secret/data/team/db"),
        format!("/v1/{target}%3Fsecret/data/team/db"),
        format!("http://bridge/v1/{target}"),
        format!("/v1/secret/data/team/db/{target}"),
        format!("/v1/team/../{target}"),
        format!("/v1/{first}/+/{last}"),
        format!("/v1/{head}/*"),
        format!("/v1/{head}/+"),
        format!("/v1/{target}%E2%80%8B"),
    ]
}

#[tokio::test]
async fn no_disguise_of_a_path_widens_a_policy() {
    let world = World::with(|builder| builder.policies(policies())).await;
    world.prepared().await;
    let calls = world.sandbox.calls().len();
    let mut tried = 0;
    for (method, target) in TARGETS {
        for path in disguises(target) {
            let body = r#"{"data":{"a":"b"},"plaintext":"","ciphertext":"vault:v1:AAAA"}"#;
            let headers = format!("X-Vault-Token: {SMALL}\r\n");
            let reply = client::send(world.address, method, &path, &headers, body.as_bytes()).await;
            assert!((400..500).contains(&reply.status), "{method} {path}: {} {}", reply.status, reply.text);
            assert!(!reply.text.contains("value1") && !reply.text.contains("ciphertext\":"), "{path}: {}", reply.text);
            tried += 1;
        }
    }
    assert!(tried >= 300, "{tried} tricks");
    assert_eq!(world.sandbox.calls().len(), calls, "nothing reached a cloud");
    assert_eq!(find_leak(SMALL, &world.log.text()), None);
    // What the token may do still works.
    let headers = format!("X-Vault-Token: {SMALL}\r\n");
    world.send("GET", "/v1/secret/data/team/db", &headers, "").await.expect(200);
    world.send("POST", "/v1/transit/encrypt/orders", &headers, r#"{"plaintext":""}"#).await.expect(200);
}

#[tokio::test]
async fn rule_for_what_is_below_a_path_does_not_reach_the_path() {
    let below = [
        ("secret/data/team/*", r#""read", "create", "update""#),
        ("secret/data/+/*", r#""read", "create", "update""#),
        ("secret/data/team/", r#""read", "create", "update""#),
        ("secret/subkeys/team/*", r#""read""#),
        ("secret/metadata/team/*", r#""read", "list", "create", "update", "delete""#),
    ];
    let world = World::with(|builder| builder.policies(root() + &token("below", "below-token", &below))).await;
    world.post("/v1/secret/data/team", json!({ "data": { "a": "another secret" } })).await.expect(200);
    world.prepared().await;
    let calls = world.sandbox.calls().len();
    let headers = "X-Vault-Token: below-token\r\nContent-Type: application/merge-patch+json\r\n";
    for (method, path) in [
        ("GET", "data/team"),
        ("POST", "data/team"),
        ("PUT", "data/team"),
        ("PATCH", "data/team"),
        ("GET", "subkeys/team"),
        ("GET", "metadata/team"),
        ("POST", "metadata/team"),
        ("DELETE", "metadata/team"),
    ] {
        let reply = world.send(method, &format!("/v1/secret/{path}"), headers, r#"{"data":{"a":"b"}}"#).await;
        assert_eq!(reply.expect(403).json(), json!({ "errors": ["permission denied"] }), "{method} {path}");
    }
    assert_eq!(world.sandbox.calls().len(), calls, "nothing reached a cloud");
    // What is below may be read, and so may the list of it.
    world.send("GET", "/v1/secret/data/team/db", headers, "").await.expect(200);
    for (method, path) in [("LIST", "team"), ("LIST", "team/"), ("GET", "team?list=true")] {
        world.send(method, &format!("/v1/secret/metadata/{path}"), headers, "").await.expect(200);
    }
}

#[tokio::test]
async fn no_header_widens_a_policy() {
    let world = World::with(|builder| builder.policies(policies())).await;
    world.prepared().await;
    let calls = world.sandbox.calls().len();
    let mut headers: Vec<String> = [
        "X-HTTP-Method-Override: GET",
        "X-Method-Override: GET",
        "X-Original-URL: /v1/secret/data/team/db",
        "X-Rewrite-URL: /v1/secret/data/team/db",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Prefix: /v1/secret/data/team/db",
        "X-Vault-Policy-Override: true",
        "X-Vault-Hashed: true",
        "X-Vault-MFA: a",
        "Cookie: token=root",
        "Forwarded: for=127.0.0.1",
        "Connection: X-Vault-Token",
    ]
    .map(|header| format!("X-Vault-Token: {SMALL}\r\n{header}\r\n"))
    .to_vec();
    headers.extend([
        String::new(),
        "X-Vault-Token:\r\n".to_owned(),
        "X-Vault-Token: root\r\n".to_owned(),
        format!("X-Vault-Token: {SMALL}x\r\n"),
        format!("X-Vault-Token: {}\r\n", &ROOT[1..]),
        format!("X-Vault-Token: {}\r\n", ROOT.to_uppercase()),
        format!("X-Vault-Token: \"{ROOT}\"\r\n"),
        format!("X-Vault-Token: {SMALL}, {ROOT}\r\n"),
        format!("X-Vault-Token: {SMALL}\r\nX-Vault-Token: {ROOT}\r\n"),
        format!("X-Vault-Token: {ROOT}\r\nX-Vault-Token: {SMALL}\r\n"),
        format!("X-Vault-Token: {SMALL}\r\nAuthorization: Bearer {ROOT}\r\n"),
        format!("Authorization: Bearer {ROOT}\r\nAuthorization: Bearer {SMALL}\r\n"),
        format!("Authorization: Basic {ROOT}\r\n"),
        format!("Authorization: {ROOT}\r\n"),
        format!("X-Vault-Token-: {ROOT}\r\n"),
        format!("X_Vault_Token: {ROOT}\r\n"),
        format!("X-Vault-Token: {}\r\n", "a".repeat(10_000)),
    ]);
    for headers in &headers {
        for (method, target) in TARGETS {
            let reply = world.send(method, &format!("/v1/{target}"), headers, r#"{"data":{"a":"b"}}"#).await;
            assert!((400..500).contains(&reply.status), "{method} {target} {headers}: {}", reply.status);
        }
    }
    assert!(headers.len() * TARGETS.len() >= 200);
    assert_eq!(world.sandbox.calls().len(), calls, "nothing reached a cloud");
    for secret in [ROOT, SMALL] {
        assert_eq!(find_leak(secret, &world.log.text()), None);
    }
}

#[tokio::test]
async fn bodies_that_do_not_fit_end_in_one_line_without_a_value() {
    let world = World::start().await;
    let canary = "canary-of-a-body";
    let deep = "[".repeat(100_000);
    let bodies = [
        format!("{{\"plaintext\":\"{canary}\""),
        format!("{{\"plaintext\":[\"{canary}\"]}}"),
        format!("{{\"plaintext\":\"{canary}\",\"plaintext\":\"{canary}\"}}"),
        format!("{{\"{canary}\":1}}"),
        format!("\"{canary}\""),
        format!("{{\"context\":\"{canary}\"}}"),
        format!("{{\"batch_input\":\"{canary}\"}}"),
        format!("{{\"batch_input\":[{{\"plaintext\":{{\"{canary}\":1}}}}]}}"),
        format!("{{\"type\":{deep}"),
        format!("{{\"key_version\":\"{canary}\"}}"),
        format!("{{\"plaintext\":\"{canary}\"}}"),
        "\u{0}\u{ff}".to_owned(),
    ];
    for body in &bodies {
        for path in
            ["transit/encrypt/orders", "transit/decrypt/orders", "transit/sign/samplekey", "secret/data/team/db"]
        {
            let reply = world.call("POST", &format!("/v1/{path}"), body).await;
            assert_eq!(reply.status, 400, "{path} {}", reply.text);
            assert_eq!(find_leak(canary, &reply.text), None, "{path}: {}", reply.text);
        }
    }
    assert_eq!(find_leak(canary, &world.log.text()), None);
}

#[tokio::test]
async fn body_above_the_limit_is_rejected_however_it_is_announced() {
    let world = World::start().await;
    let path = "/v1/transit/encrypt/orders";
    let long = format!("{{\"plaintext\":\"{}\"}}", "A".repeat(1024 * 1024));
    world.call("POST", path, &long).await.expect(413);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: b\r\nX-Vault-Token: {ROOT}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    let mut bytes = head.into_bytes();
    for _ in 0..20 {
        bytes.extend(format!("{:x}\r\n{}\r\n", 65_536, "A".repeat(65_536)).into_bytes());
    }
    bytes.extend(b"0\r\n\r\n");
    client::raw(world.address, &bytes).await.expect(413);
    let lie =
        format!("POST {path} HTTP/1.1\r\nHost: b\r\nX-Vault-Token: {ROOT}\r\nContent-Length: 99999999999\r\n\r\n");
    client::raw(world.address, lie.as_bytes()).await.expect(413);
    assert_eq!(world.count("scp/kms/encrypt"), 0);
}

#[tokio::test]
async fn half_of_a_second_request_is_no_part_of_the_first() {
    // Both lengths, a length twice, and a bare line feed: what one reader takes for a body, another takes for a request.
    for framing in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nContent-Length: 60\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Content-Length: +4\r\n",
    ] {
        let world = World::with(|builder| builder.policies(policies())).await;
        // The token may send the second request, so it succeeds if the bridge reads one.
        let smuggled = format!(
            "GET /v1/secret/data/team/db HTTP/1.1\r\nHost: b\r\nX-Vault-Token: {SMALL}\r\nConnection: close\r\n\r\n"
        );
        let bytes = format!(
            "POST /v1/transit/encrypt/orders HTTP/1.1\r\nHost: b\r\nX-Vault-Token: {SMALL}\r\n{framing}\r\n0\r\n\r\n{smuggled}"
        );
        // The server ends the connection: it cannot know where a second request would begin.
        let received = client::bytes_of(world.address, bytes.as_bytes()).await;
        let statuses = received.matches("HTTP/1.1 ").count();
        assert!(statuses == 1 && received.starts_with("HTTP/1.1 4"), "{framing}: {received}");
        assert!(!received.contains("value1"), "{framing}: {received}");
        assert!(world.log.lines().len() <= 1, "{framing}: {}", world.log.text());
        assert_eq!(world.count("show_secret_value"), 0, "{framing}");
    }
    // A client that sends two requests in a row gets two responses.
    let world = World::with(|builder| builder.policies(policies())).await;
    let read =
        |end: &str| format!("GET /v1/secret/data/team/db HTTP/1.1\r\nHost: b\r\nX-Vault-Token: {SMALL}\r\n{end}\r\n");
    let received = client::bytes_of(world.address, (read("") + &read("Connection: close\r\n")).as_bytes()).await;
    assert_eq!((received.matches("HTTP/1.1 200").count(), world.log.lines().len()), (2, 2), "{received}");
}

#[tokio::test]
async fn failing_clouds_leak_nothing_and_repeat_nothing() {
    use cloud_sandbox::Fault;
    let world = World::start().await;
    let canary = "canary-of-a-secret";
    let faults: [fn() -> Fault; 9] = [
        || Fault::status(503),
        || Fault::status(429),
        || Fault::status(401),
        || Fault::status(403),
        Fault::reset_before,
        Fault::reset_after,
        Fault::not_json,
        Fault::proxy_html,
        Fault::failed_envelope,
    ];
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, canary);
    for make in faults {
        for (operation, method, path, body) in [
            ("scp/kms/encrypt", "POST", "transit/encrypt/by-id", json!({ "plaintext": encoded }).to_string()),
            (
                "scp/*/update_secret_value",
                "POST",
                "secret/data/team/id",
                json!({ "data": { "a": canary } }).to_string(),
            ),
            (
                "nhn/secure-key-manager/encrypt",
                "POST",
                "nhn-transit/encrypt/8e4fcb30af5d4fa2cd64a3f71b9c5e4a",
                json!({ "plaintext": encoded }).to_string(),
            ),
        ] {
            world.sandbox.fault(make().on(operation).unwrap()).unwrap();
            let name = operation.rsplit('/').next().unwrap();
            let before = world.count(name);
            let reply = world.call(method, &format!("/v1/{path}"), &body).await;
            // A token that NHN Cloud refuses is renewed, and the call made again.
            let renewed = operation.starts_with("nhn") && reply.status == 200;
            assert!(renewed || (400..=502).contains(&reply.status), "{operation}: {} {}", reply.status, reply.text);
            assert_eq!(find_leak(canary, &reply.text), None, "{operation}: {}", reply.text);
            if name == "update_secret_value" {
                assert!(world.count(name) - before <= 1, "{operation} is sent once");
            }
            world.sandbox.clear_faults();
        }
    }
    assert_eq!(find_leak(canary, &world.log.text()), None);
    let metrics = world.get("/v1/sys/metrics?format=prometheus").await.expect(200).text;
    assert_eq!(find_leak(canary, &metrics), None);
    assert_eq!(find_leak(SECRET.1, &metrics), None);
}

#[tokio::test]
async fn throttled_client_is_told_when_to_come_back() {
    use cloud_sandbox::Fault;
    let world = World::start().await;
    let fault = Fault::status(429).retry_after(std::time::Duration::from_secs(7)).on("scp/kms/encrypt").unwrap();
    world.sandbox.fault(fault).unwrap();
    let reply = world.post("/v1/transit/encrypt/by-id", json!({ "plaintext": "" })).await.expect(429);
    assert_eq!(reply.header("retry-after"), Some("7"));
}

#[tokio::test]
async fn key_of_another_store_is_not_reached_by_its_id() {
    let world = World::start().await;
    let body = json!({ "plaintext": "", "input": "", "ciphertext": "vault:v1:AAAA" });
    // A key and a key pair of another store of the same app key, a secret of this store, and no key.
    for id in [
        "5b1c9f0e7d2a4c7f9a31d0c4e86f2b17",
        "6c2dae1f8e3b4d80ab42e1d5f97a3c28",
        "a060ed52c1804c42b4ef86c513dbe70c",
        "00000000000000000000000000000000",
    ] {
        for operation in ["encrypt", "decrypt", "rewrap", "sign", "datakey/plaintext"] {
            let path = format!("/v1/nhn-transit/{operation}/{id}");
            let reply = world.call("POST", &path, &minimal(operation, &body)).await.expect(400);
            assert!(reply.error().contains("key not found"), "{operation} {id}: {}", reply.text);
        }
        world.get(&format!("/v1/nhn-transit/keys/{id}")).await.expect(404);
    }
    let calls = world.sandbox.calls();
    let only = ["oauth/create_token", "list_key_store_details", "list_key_details"];
    for call in &calls {
        assert!(only.iter().any(|name| call.operation.contains(name)), "{}", call.operation);
    }
    // Unknown IDs do not make the bridge list the keys again and again.
    assert!(world.count("list_key_details") <= 3, "{:?}", world.sandbox.calls());
    // Keys of the store are looked up once.
    let own = "/v1/nhn-transit/encrypt/8e4fcb30af5d4fa2cd64a3f71b9c5e4a";
    world.post(own, json!({ "plaintext": "" })).await.expect(200);
    let before = world.sandbox.calls().len();
    world.post(own, json!({ "plaintext": "" })).await.expect(200);
    assert_eq!(world.sandbox.calls().len(), before + 1);
}

/// The parameter that an operation needs.
fn minimal(operation: &str, all: &serde_json::Value) -> String {
    let name = match operation {
        "encrypt" => "plaintext",
        "sign" => "input",
        "decrypt" | "rewrap" => "ciphertext",
        _ => return "{}".to_owned(),
    };
    json!({ name: all[name] }).to_string()
}
