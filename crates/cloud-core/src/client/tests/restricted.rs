//! Clients that refuse some operations.

use super::*;
use crate::operation::Effect;
use crate::page::Pages;
use crate::page::tests::List;
use crate::waiter::{Observed, Waiter};

static READ: Operation = SHOW.effect(Effect::Read);
static REVEAL: Operation = SHOW.effect(Effect::Read).revealing_secrets();
static DESTROY: Operation = SHOW.effect(Effect::Destroy);

fn client(transport: &Arc<FakeTransport>) -> Client {
    Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(Arc::clone(transport))
        .runtime(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)))
        .build()
        .unwrap()
        .with_version(&V1)
}

/// How a call ends through each of four clients: `None` if it is sent.
async fn refusals(operation: &'static Operation) -> [Option<String>; 4] {
    let changes: [fn(Client) -> Client; 4] = [
        |client| client,
        Client::read_only,
        Client::hiding_secrets,
        // The order does not matter, and a version keeps the restrictions.
        |client| client.hiding_secrets().read_only().with_version(&V1).clone(),
    ];
    let mut refused = [const { None }; 4];
    for (change, refused) in changes.into_iter().zip(&mut refused) {
        let transport = Arc::new(FakeTransport::new().answer(200, "1"));
        let outcome = Call::<u32>::new(&change(client(&transport)), Request::new(operation)).await;
        assert_eq!(transport.sent().len(), usize::from(outcome.is_ok()), "{}", operation.name);
        *refused = outcome.err().map(|error| {
            assert_eq!((error.kind(), error.delivery()), (ErrorKind::Restricted, Delivery::NotSent));
            assert_eq!((error.attempts(), error.is_transient(), error.may_resend()), (0, false, false));
            error.to_string()
        });
    }
    refused
}

#[tokio::test]
async fn restricted_clients_refuse_by_effect_and_by_secrets() {
    let error = |what: &str, by: &str| {
        Some(format!("test keys 1 show rejected locally: the handle {what}: use a handle without {by}()"))
    };
    let destroys = || error("is read-only, and the operation deletes or removes something", "read_only");
    let reveals = || error("hides secrets, and the response holds one", "hiding_secrets");
    assert_eq!(refusals(&READ).await, [None, None, None, None]);
    assert_eq!(refusals(&REVEAL).await, [None, None, reveals(), reveals()]);
    assert_eq!(refusals(&DESTROY).await, [None, destroys(), None, destroys()]);
    let changes = error("is read-only, and the operation creates or changes something", "read_only")
        .map(|text| text.replace(" show ", " create "));
    assert_eq!(refusals(&CREATE).await, [None, changes.clone(), None, changes]);
}

#[tokio::test]
async fn waiter_and_list_of_a_restricted_client_refuse_too() {
    let transport = Arc::new(FakeTransport::new().answer(200, r#"{"keys":[]}"#));
    let client = client(&transport).read_only();
    let call = || Call::<List>::new(&client, Request::new(&DESTROY));
    let pages = Pages::offset(call(), "offset").next().await.unwrap();
    let items = Pages::offset(call(), "offset").items().try_collect().await;
    let waited = Waiter::new(call(), |_| Observed::Done(())).await;
    let errors = [call().send().await.err(), pages.err(), items.err(), waited.err()];
    for error in errors.map(Option::unwrap) {
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Restricted, Delivery::NotSent), "{error}");
    }
    assert!(transport.sent().is_empty());
}

#[cfg(feature = "testing")]
#[test]
fn refused_call_logs_how_it_ended() {
    let transport = Arc::new(FakeTransport::new());
    let client = client(&transport).read_only();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (outcome, lines) =
        crate::testing::capture(|| runtime.block_on(Call::<u32>::new(&client, Request::new(&CREATE))));
    assert!(outcome.is_err());
    assert!(lines.iter().any(|line| line.contains("error.type") && line.contains("Restricted")), "{lines:?}");
    assert!(format!("{client:?}").contains("read_only: true"));
}
