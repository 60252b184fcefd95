//! The list of API versions at the root of each service's host.

use serde_json::{Value, json};

use super::every_operation::documents;
use super::raw::{Call, RawResponse, stateless};
use super::scp_signer::Signer;

/// The documented versions of one service, oldest first, as the root lists them.
fn documented(service: &str, origin: &str) -> Vec<Value> {
    let of_service = |document: &Value| document["x-sdk"]["vendor"] == "scp" && document["x-sdk"]["service"] == service;
    let all = documents().into_iter().map(|(_, document)| document);
    let mut listed: Vec<_> = all
        .filter(of_service)
        .map(|document| {
            json!({
                "id": format!("v{}", document["info"]["version"].as_str().unwrap()),
                "links": [{"href": format!("{origin}/v1"), "rel": "self"}],
                "not_before": document["x-sdk"]["sunset"].as_str().unwrap_or_default(),
                "status": document["x-sdk"]["status"],
            })
        })
        .collect();
    listed.sort_by_key(|version| version["id"].as_str().unwrap().to_owned());
    // The older documents still call themselves current.
    let older = listed.iter_mut().rev().skip(1).filter(|version| version["status"] == "CURRENT");
    older.for_each(|version| version["status"] = "SUPPORTED".into());
    listed
}

fn rows(response: &RawResponse, names: [&str; 3]) -> Vec<[String; 3]> {
    let versions = response.expect(200).json()["versions"].as_array().unwrap().clone();
    versions.iter().map(|version| names.map(|name| version[name].as_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn root_of_each_host_lists_the_versions_of_its_service() {
    let sandbox = stateless().await;
    let root = |host: String| Call::new("GET", "/").header("Host", host);
    let services = ["certificatemanager", "configinspection", "kms", "secretsmanager", "secretvault"];
    for (service, count) in services.into_iter().zip([3, 4, 5, 3, 1]) {
        for host in [format!("{service}.kr-west1.e.samsungsdscloud.com"), format!("{service}.localhost:8080")] {
            let listed = root(host.clone()).send(sandbox.endpoint()).await.expect(200).json();
            let wanted = documented(service, &format!("http://{host}"));
            assert_eq!((listed["versions"].as_array(), wanted.len()), (Some(&wanted), count), "{host}");
        }
    }
    let kms = root("KMS.example".to_owned()).send(sandbox.endpoint()).await;
    assert_eq!(
        rows(&kms, ["id", "status", "not_before"]),
        [
            ["v1.0", "DEPRECATED", "2025-12-31"],
            ["v1.1", "SUPPORTED", "2026-08-31"],
            ["v1.2", "SUPPORTED", ""],
            ["v1.3", "SUPPORTED", ""],
            ["v1.4", "CURRENT", ""]
        ]
    );
}

#[tokio::test]
async fn shared_host_lists_each_version_of_any_service_once() {
    let sandbox = stateless().await;
    let root = Call::new("GET", "/");
    let unsigned = root.send(sandbox.endpoint()).await;
    assert_eq!(
        rows(&unsigned, ["id", "status", "not_before"]),
        [
            ["v1.0", "CURRENT", ""],
            ["v1.1", "SUPPORTED", ""],
            ["v1.2", "CURRENT", ""],
            ["v1.3", "CURRENT", ""],
            ["v1.4", "CURRENT", ""]
        ]
    );
    assert_eq!(Signer::of(&sandbox).send(&sandbox, root).await.body, unsigned.body);
    assert_eq!(Call::new("POST", "/").send(sandbox.endpoint()).await.expect(404).json()["path"], "/");
    assert_eq!(sandbox.calls()[0].operation, "scp/gateway/list_versions/-");
}
