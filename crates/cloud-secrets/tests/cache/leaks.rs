//! No value shows in logs, errors or `Debug`, on any path.

use std::future::IntoFuture as _;

use cloud_core::testing::{assert_no_leak, find_leak};
use cloud_core::{Error, SecretRef};
use cloud_secrets::SecretString;

use crate::script::{Answer, Script, builder, denied, now, outage, poll, secs};

const CANARY: &str = "correct-horse-battery";

#[derive(Debug, serde::Deserialize)]
#[allow(dead_code, reason = "is decoded")]
struct Typed {
    password: u32,
    other: SecretString,
}

#[test]
fn values_and_names_show_nowhere() {
    for canary in [CANARY, "name-of-the-secret", "id-of-the-secret"] {
        let shown = assert_no_leak(canary, || {
            let script = Script::new(&format!("{{\"password\":\"{CANARY}\"}}"));
            script.name("name-of-the-secret", &["id-of-the-secret"]);
            script.answer("id-of-the-secret", Answer::Value(format!("{{\"password\":\"{CANARY}\"}}")));
            let secret = SecretRef::name("name-of-the-secret");
            let (builder, runtime) = builder(&script);
            let mut shown = vec![format!("{builder:?} {secret:?}")];
            let cache = builder.build();
            let value = now(cache.get(secret)).unwrap();
            shown.push(format!("{value:?} {cache:?} {:?}", cache.metrics()));
            let mut errors: Vec<Error> = vec![now(cache.get_as::<Typed>(secret)).unwrap_err()];
            let mut watch = cache.watch(secret);
            shown.push(format!("{watch:?}"));
            script.answer("id-of-the-secret", Answer::Value(format!("{CANARY}2")));
            now(cache.refresh(secret)).unwrap();
            shown.push(format!("{:?}", now(watch.changed())));
            let login = cache.login(secret, |_| async { Err::<(), _>(std::io::Error::other("wrong password")) });
            shown.push(format!("{login:?}"));
            let failed = now(login.retry_if(|_| true).within(secs(3)).into_future()).unwrap_err();
            shown.push(format!("{failed} {failed:?}"));
            runtime.advance(secs(300));
            for fail in [outage as fn() -> Error, denied] {
                script.answer("id-of-the-secret", Answer::Fail(fail));
                runtime.advance(secs(60));
                for secret in [secret, SecretRef::id("id-of-the-secret")] {
                    errors.extend(now(cache.get(secret)).err());
                    errors.extend(now(cache.refresh(secret)).err());
                }
            }
            script.name("name-of-the-secret", &["id-of-the-secret", "id-2"]);
            runtime.advance(secs(60));
            errors.push(now(cache.get(secret)).unwrap_err());
            script.close();
            let waiting = &mut Box::pin(cache.get(SecretRef::id("id-of-the-secret")));
            assert!(poll(waiting.as_mut()).is_pending());
            shown.push(format!("{cache:?}"));
            (shown, errors)
        });
        assert!(shown.0.len() > 5 && shown.1.len() > 3);
    }
    assert!(find_leak(CANARY, CANARY).is_some());
}

#[test]
fn events_tell_what_happened() {
    let (_, lines) = cloud_core::testing::capture(|| {
        let script = Script::new("a");
        let (cache, _) = crate::script::cache(&script);
        now(cache.get("db")).unwrap();
        script.value("b");
        now(cache.refresh("db")).unwrap();
        script.fail(outage);
        now(cache.refresh("db")).unwrap_err();
        script.fail(denied);
        now(cache.refresh("db")).unwrap_err();
    });
    for wanted in ["secret fetched", "secret rotated", "secret not fetched", "secret refused and evicted"] {
        assert!(lines.iter().any(|line| line.contains(wanted)), "{wanted}: {lines:#?}");
    }
}
