//! Starting, addressing and stopping.

use std::collections::HashSet;
use std::io;
use std::sync::LazyLock;
use std::time::Duration;

use cloud_sandbox::{Answers, Fault, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::{Call, exchange};

#[tokio::test]
async fn server_exports_the_documented_variables() {
    let sandbox = Sandbox::start().await.unwrap();
    let pairs = sandbox.env_vars();
    let names: Vec<_> = pairs.iter().map(|(name, _)| *name).collect();
    let expected = [
        "SCP_ACCESS_KEY",
        "SCP_SECRET_KEY",
        "SCP_REGION",
        "SCP_ENVIRONMENT",
        "SCP_ENDPOINT",
        "SCP_VAULT_TOKEN_ID",
        "SCP_VAULT_TOKEN_SECRET",
        "SCP_SECRET_VAULT_ID",
        "NHN_CLOUD_USER_ACCESS_KEY_ID",
        "NHN_CLOUD_USER_SECRET_ACCESS_KEY",
        "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY",
        "NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY",
        "NHN_CLOUD_SKM_APP_KEY",
        "NHN_CLOUD_SKM_MAC_ADDRESS",
        "NHN_CLOUD_ENDPOINT",
        "RISKEN_URL",
        "RISKEN_ACCESS_TOKEN",
    ];
    assert_eq!(names, expected);
    for (name, value) in pairs {
        // The command prints the values bare, so a shell must read them as one word.
        let plain = |c: char| c.is_ascii_alphanumeric() || ":/._-".contains(c);
        assert!(!value.is_empty() && value.chars().all(plain), "{name}={value}");
    }
}

#[tokio::test]
async fn servers_take_separate_ports_and_a_used_port_is_an_error() {
    let first = Sandbox::start().await.unwrap();
    let second = Sandbox::start().await.unwrap();
    assert_ne!(first.endpoint(), second.endpoint());
    let port = first.endpoint().rsplit_once(':').unwrap().1.parse().unwrap();
    let taken = Sandbox::builder().port(port).start().await;
    assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn shut_down_or_dropped_server_stops_listening() {
    let sandbox = Sandbox::start().await.unwrap();
    let host = sandbox.endpoint().strip_prefix("http://").unwrap().to_owned();
    let idle = TcpStream::connect(&host).await.unwrap();
    sandbox.shutdown().await.unwrap();
    assert!(TcpStream::connect(&host).await.is_err());
    drop(idle);

    let sandbox = Sandbox::start().await.unwrap();
    let host = sandbox.endpoint().strip_prefix("http://").unwrap().to_owned();
    drop(sandbox);
    while TcpStream::connect(&host).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn unknown_path_is_not_found() {
    let sandbox = Sandbox::start().await.unwrap();
    for target in ["/else", "/v2/kms", "//api/v1/aws/list-aws", "/API/v1/signin"] {
        Call::new("GET", target).send(sandbox.endpoint()).await.expect(404);
    }
}

#[tokio::test]
async fn watch_page_needs_no_trailing_slash() {
    let sandbox = Sandbox::builder().admin(true).start().await.unwrap();
    let page = async |path| Call::new("GET", path).send(sandbox.endpoint()).await;
    assert_eq!(page("/_sandbox").await.expect(200).body, page("/_sandbox/").await.expect(200).body);
    page("/_sandboxes").await.expect(404);
}

#[tokio::test]
async fn oversized_body_is_refused_in_the_shape_of_the_vendor() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut seen = HashSet::new();
    for target in ["/v1/kms/transit", "/keymanager/v1.0/x", "/api/v1/aws/put-aws/"] {
        let call = Call::new("POST", target).header("Content-Type", "application/json");
        // The length alone is enough: the server responds before it reads.
        let call = call.header("Content-Length", "1048577");
        let response = call.send(sandbox.endpoint()).await;
        response.expect(413);
        assert!(seen.insert(response.body), "{target}");
    }
}

#[tokio::test]
async fn truncated_body_is_not_reported_as_too_long() {
    let sandbox = Sandbox::builder().admin(true).start().await.unwrap();
    for target in ["/v1/kms/transit", "/keymanager/v1.0/x", "/api/v1/aws/put-aws/", "/_sandbox/faults", "/nowhere"] {
        let mut call = Call::new("POST", target).header("Content-Type", "application/json");
        call = call.header("Transfer-Encoding", "chunked");
        // A chunk begins with its length.
        let host = sandbox.endpoint().strip_prefix("http://").unwrap();
        let request = call.text(host) + "no length\r\n";
        exchange(TcpStream::connect(host).await.unwrap(), &request).await.expect(400);
    }
    let long = Call::new("POST", "/_sandbox/faults").header("Content-Type", "application/json");
    long.header("Content-Length", "1048577").send(sandbox.endpoint()).await.expect(413);
}

#[tokio::test]
async fn connection_without_a_whole_request_head_is_closed_after_the_timeout() {
    let sandbox = Sandbox::builder().header_timeout(Duration::from_millis(200)).start().await.unwrap();
    let host = sandbox.endpoint().strip_prefix("http://").unwrap();
    let idle = format!("GET /nowhere HTTP/1.1\r\nHost: {host}\r\n\r\n");
    for (sent, responses) in [("", 0), ("GET /nowhere HTTP/1.1\r\nHos", 0), (&*idle, 1)] {
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut received = String::new();
        stream.read_to_string(&mut received).await.unwrap();
        assert_eq!(received.matches("HTTP/1.1 404").count(), responses, "{sent:?}: {received}");
    }
}

#[tokio::test]
async fn request_in_progress_outlives_the_header_timeout() {
    let sandbox = Sandbox::builder().header_timeout(Duration::from_millis(200)).start().await.unwrap();
    sandbox.fault(Fault::delay(Duration::from_millis(400))).unwrap();
    Call::new("GET", "/api/v1/signin").send(sandbox.endpoint()).await.expect(401);
}

#[test]
fn example_variants_are_parsed_by_name() {
    assert_eq!("examples".parse(), Ok(Answers::Examples));
    assert_eq!("required".parse(), Ok(Answers::RequiredOnly));
    assert_eq!("unknown".parse(), Ok(Answers::ExamplesPlusUnknown));
    assert!("Examples".parse::<Answers>().is_err());
}

#[test]
fn sandbox_in_a_thread_serves_the_runtimes_of_several_tests() {
    static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::builder().start_in_thread().unwrap());
    for test in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let response = runtime.block_on(async { Call::new("GET", "/").send(SANDBOX.endpoint()).await });
        assert_eq!(response.status, 200, "test {test}");
    }
    assert_eq!(SANDBOX.calls().len(), 2);
}

#[tokio::test]
async fn sandbox_in_a_thread_stops_and_reports_a_port_that_is_taken() {
    let sandbox = Sandbox::builder().start_in_thread().unwrap();
    let host = sandbox.endpoint().strip_prefix("http://").unwrap().to_owned();
    let port = host.rsplit_once(':').unwrap().1.parse().unwrap();
    assert_eq!(Sandbox::builder().port(port).start_in_thread().unwrap_err().kind(), io::ErrorKind::AddrInUse);
    sandbox.shutdown().await.unwrap();
    assert!(TcpStream::connect(&host).await.is_err());
}
