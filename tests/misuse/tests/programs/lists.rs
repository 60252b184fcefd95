//! 3 and 7: parts of lists.

use cloud_sandbox::{Fault, Sandbox};
use scp_security::kms::Client;
use scp_security::kms::types::{CreateKeyRequest, KeyPurpose};
use scp_security::{Days, ErrorKind, IncompleteReason};

use crate::common::{sandbox, scp};

/// A sandbox with some keys, in pages of 20.
async fn keys() -> (Sandbox, Client, usize) {
    let sandbox = sandbox().await;
    let kms = scp(&sandbox).kms();
    for number in 0..25 {
        let body = CreateKeyRequest::builder()
            .name(format!("misuse{number}"))
            .purpose(KeyPurpose::Aes256Gcm96)
            .description("")
            .auto_rotate(false)
            .rotate_cycle(Days(0))
            .build();
        kms.create_key(&body).await.unwrap();
    }
    let all = kms.list_keys().items().try_collect().await.unwrap().len();
    assert!(all > 25);
    (sandbox, kms, all)
}

#[tokio::test]
async fn list_that_is_started_later_is_not_complete() {
    let (_sandbox, kms, all) = keys().await;
    for (size, page, left) in [(100, 1, 0), (20, 1, all - 20), (10, 1, all - 10), (10, 9, 0)] {
        let list = || kms.list_keys().size(size).start_at_page(page).items();
        let listing = list().into_listing().await.unwrap();
        assert_eq!((listing.items().len(), listing.is_complete()), (left, false), "{size} {page}");
        assert_eq!(list().try_collect().await.unwrap_err().kind(), ErrorKind::Incomplete);
        // The rest is complete where there is one.
        assert_eq!(listing.into_rest().is_ok(), left > 0, "{size} {page}");
    }
    assert_eq!(kms.list_keys().start_at_page(0).items().try_collect().await.unwrap().len(), all);
}

#[tokio::test]
async fn list_that_fails_later_does_not_end_as_if_it_were_whole() {
    let (sandbox, kms, all) = keys().await;
    let fail = || sandbox.fault(Fault::status(403).on("scp/kms/list_keys").unwrap().after(1).always()).unwrap();
    fail();
    let error = kms.list_keys().items().try_collect().await.unwrap_err();
    assert_eq!(error.status(), Some(403));
    sandbox.clear_faults();
    fail();
    let listing = kms.list_keys().items().into_listing().await.unwrap();
    assert_eq!((listing.items().len(), listing.is_complete()), (20, false));
    let incomplete = listing.incomplete().unwrap();
    assert!(matches!(incomplete.reason, IncompleteReason::Failed(_)));
    // What came can be completed later, and both parts say what they are.
    let resume: u32 = incomplete.resume.as_deref().unwrap().parse().unwrap();
    sandbox.clear_faults();
    let rest = kms.list_keys().start_at_page(resume).items().into_listing().await.unwrap();
    assert!(!rest.is_complete());
    assert_eq!(listing.into_partial().len() + rest.into_rest().unwrap().len(), all);
}
