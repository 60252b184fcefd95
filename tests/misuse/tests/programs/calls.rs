//! 10, 11 and 13: calls that are dropped or given up, and time that is not the service's.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cloud_sandbox::{Fault, Sandbox};
use scp_security::secrets_manager::types::UpdateSecretValueRequest;
use scp_security::testing::{FakeRuntime, FakeTransport};
use scp_security::{ErrorKind, Scp, SecretJson};
use time::macros::datetime;

use crate::common::scp_with;

/// The expectations fail where clippy no longer warns.
#[test]
fn dropped_call_is_a_lint_and_sends_nothing() {
    let transport = Arc::new(FakeTransport::new());
    let kms = scp_with(&transport).kms();
    #[expect(clippy::let_underscore_future, reason = "the program of 10")]
    let _ = kms.rotate_key("id");
    #[expect(clippy::let_underscore_future, reason = "a call with options is a future too")]
    let _ = kms.delete_key("id").immediately(true);
    #[expect(clippy::let_underscore_future, reason = "so is the call of one page")]
    let _ = kms.list_keys().first_page();
    #[expect(unused_must_use, reason = "a statement")]
    {
        kms.rotate_key("id");
        kms.delete_key("id");
        kms.list_keys();
        kms.list_keys().items();
    }
    assert_eq!(transport.sent().len(), 0);
}

/// What an operation returns has a name, with options or without: it can be held, and gets options later.
#[test]
fn each_call_has_a_name_of_its_own() {
    struct Pending {
        show: scp_security::kms::v1_4::ShowKey,
        delete: scp_security::kms::v1_4::DeleteKey,
        list: scp_security::kms::v1_4::ListKeys,
    }
    let transport = Arc::new(FakeTransport::new());
    let kms = scp_with(&transport).kms();
    let pending = Pending { show: kms.show_key("id"), delete: kms.delete_key("id"), list: kms.list_keys() };
    let shown = format!("{:?} {:?} {:?}", pending.show, pending.delete, pending.list);
    assert!(["show_key", "delete_key", "list_keys"].iter().all(|name| shown.contains(name)), "{shown}");
}

/// The program of 13: slow work between two pages.
#[tokio::test]
async fn work_of_the_caller_does_not_count_as_time_of_a_list() {
    let page = |id: u32| {
        let key = |id: u32| {
            format!(
                r#"{{"account_id":"a","auto_rotate":"N","created_at":"t","created_by":"u","current_version":1,
                "description":"","id":"{id}","modified_at":"t","modified_by":"u","name":"n{id}","purpose":"p",
                "region":"r","rotate_cycle":0,"use_count":0}}"#
            )
        };
        format!(r#"{{"count":3,"keys":[{}],"page":0,"size":1,"sort":["x"]}}"#, key(id))
    };
    let transport = (1..=3).fold(FakeTransport::new(), |transport, id| transport.answer(200, &page(id)));
    let runtime = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
    let scp = Scp::builder()
        .endpoint("http://127.0.0.1:1")
        .credentials("a-key", "its-secret")
        .transport(transport)
        .runtime(Arc::clone(&runtime))
        .build()
        .unwrap();
    let list = scp.kms().list_keys().size(1).call_timeout(Duration::from_secs(1));
    let mut items = list.items().list_timeout(Duration::from_secs(1));
    let mut seen = 0;
    while let Some(key) = items.next().await {
        key.unwrap();
        seen += 1;
        runtime.advance(Duration::from_secs(3600));
    }
    assert_eq!(seen, 3);
}

/// The program of 11: three tries, each of which is given up while the service works on it or has done so.
#[tokio::test]
async fn call_that_is_given_up_is_executed_and_its_own_timeout_says_so() {
    let now = datetime!(2026-01-01 0:00 UTC);
    let sandbox = Sandbox::builder().seed(7).clock(move || SystemTime::from(now)).start().await.unwrap();
    let runtime = Arc::new(FakeRuntime::new(now));
    let set: std::collections::HashMap<_, _> = sandbox.env_vars().into_iter().collect();
    let scp = Scp::builder()
        .endpoint(sandbox.endpoint())
        .credentials(&*set["SCP_ACCESS_KEY"], &*set["SCP_SECRET_KEY"])
        .runtime(Arc::clone(&runtime))
        .build()
        .unwrap();
    let secrets = scp.secrets_manager();
    let id = secrets.list_secrets().first_page().await.unwrap().secret.remove(0).id;
    let body = UpdateSecretValueRequest::new(SecretJson::from_pairs([("password", "x")]).unwrap());
    let executed = || sandbox.calls().iter().filter(|call| call.operation.contains("update_secret_value")).count();
    let after = async |calls: usize| {
        while executed() < calls {
            tokio::task::yield_now().await;
        }
    };
    sandbox.fault(Fault::late(Duration::from_secs(3600)).always().on("scp/*/update_secret_value").unwrap()).unwrap();
    for tries in 1..=3 {
        tokio::select! {
            _ = secrets.update_secret_value(&id, &body) => unreachable!("the response is an hour late"),
            () = after(tries) => {}
        }
    }

    let pass_time = async {
        after(4).await;
        runtime.advance(Duration::from_secs(1));
    };
    let call = secrets.update_secret_value(&id, &body).call_timeout(Duration::from_secs(1));
    let (outcome, ()) = tokio::join!(call, pass_time);
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(!error.is_unsent() && !error.may_resend() && error.may_have_been_executed(), "{error}");
    let versions = secrets.list_secret_versions(&id).first_page().await.unwrap().version_list;
    assert_eq!(versions.len(), 2 + 4, "each try has added a version");
}
