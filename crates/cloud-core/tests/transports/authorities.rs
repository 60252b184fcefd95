//! A system without certificate authorities: clients are built, `http` to the loopback works, and `https` says what helps.

use std::process::Command;

use cloud_core::transport::{BuiltInTransport, Stage};

use super::{GOOD, answering, builder, request};

each_transport!(missing_authorities_are_named_at_the_first_use, child);

/// Set in the process that has no authorities.
const CHILD: &str = "CLOUD_CORE_TEST_CHILD";

async fn missing_authorities_are_named_at_the_first_use<T: BuiltInTransport>() {
    // The child of this test has its name but for the last part.
    let (test, _) = std::any::type_name::<T>().rsplit_once("::").unwrap();
    let test = format!("authorities::{}::child", test.rsplit("::").next().unwrap());
    let folder = std::env::temp_dir().join(format!("{}-{}", test.replace("::", "-"), std::process::id()));
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
            .args(["--exact", &test, "--nocapture"])
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
async fn child<T: BuiltInTransport>() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let transport = builder::<T>().build().unwrap();
    let (address, _seen) = answering(GOOD);
    let url = format!("http://{address}/keys");
    assert_eq!(transport.send(request("GET", &url, "")).await.unwrap().status(), 200);
    let error = transport.send(request("GET", "https://127.0.0.1:1/keys", "")).await.unwrap_err();
    assert_eq!(error.stage, Stage::Config);
    println!("{error}");
}
