//! A system without certificate authorities: clients are built, `http` to the loopback works, and `https` says what helps.

#![cfg(test)]
#![cfg(feature = "ring")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;

use bytes::Bytes;
use cloud_core::Transport as _;
use cloud_core::transport::Stage;
use cloud_core::transport::reqwest::ReqwestTransport;

/// Set in the process that has no authorities.
const CHILD: &str = "CLOUD_CORE_TEST_CHILD";

#[test]
fn missing_authorities_are_named_at_the_first_use() {
    let folder = std::env::temp_dir().join(format!("authorities-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (empty, garbage) = (folder.join("empty.pem"), folder.join("garbage.pem"));
    std::fs::write(&empty, "").unwrap();
    std::fs::write(&garbage, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").unwrap();
    let (no_certificate, no_folder) = (folder.join("certs"), folder.join("missing"));
    std::fs::create_dir_all(&no_certificate).unwrap();
    let cases = [
        ("SSL_CERT_FILE", folder.join("missing.pem")),
        ("SSL_CERT_FILE", empty),
        ("SSL_CERT_FILE", garbage),
        ("SSL_CERT_DIR", no_folder),
        ("SSL_CERT_DIR", no_certificate),
    ];
    for (variable, path) in cases {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env_remove("SSL_CERT_FILE")
            .env_remove("SSL_CERT_DIR")
            .env(variable, &path)
            .env(CHILD, "1")
            .output()
            .unwrap();
        let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{}: {shown}", path.display());
        assert!(shown.contains(&format!("{variable} is set to `{}`", path.display())), "{shown}");
        assert!(shown.contains("correct it, or unset it"), "{shown}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[allow(clippy::print_stdout, clippy::disallowed_methods, reason = "reports to the test that started it")]
#[tokio::test]
async fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let transport = ReqwestTransport::new().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", socket.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = socket.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    });
    let request = |url: &str| http::Request::get(url).body(Bytes::new()).unwrap();
    assert_eq!(transport.send(request(&url)).await.unwrap().status(), 200);
    let error = transport.send(request("https://127.0.0.1:1/keys")).await.unwrap_err();
    assert_eq!(error.stage, Stage::Config);
    println!("{error}");
}
