//! Logins while a password is rotated.

use std::future::IntoFuture as _;
use std::sync::{Arc, Mutex};

use cloud_core::testing::FakeRuntime;
use cloud_secrets::{LoginError, SecretCache};

use crate::script::{Script, cache, denied, got, now, outage, poll, secs};

#[derive(Debug, PartialEq)]
enum DbError {
    Auth,
    Io,
}

impl std::fmt::Display for DbError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for DbError {}

/// A database whose password changes at a time.
struct Database {
    runtime: Arc<FakeRuntime>,
    passwords: Vec<(u64, &'static str)>,
    tried: Mutex<Vec<String>>,
}

impl Database {
    fn new(runtime: &Arc<FakeRuntime>, passwords: &[(u64, &'static str)]) -> Self {
        Self { runtime: Arc::clone(runtime), passwords: passwords.to_vec(), tried: Mutex::default() }
    }

    fn connect(&self, password: &str) -> Result<String, DbError> {
        use cloud_core::Runtime as _;
        self.tried.lock().unwrap().push(password.to_owned());
        let elapsed = self.runtime.elapsed();
        let current = self.passwords.iter().rev().find(|(from, _)| elapsed >= secs(*from)).map(|(_, text)| *text);
        if current == Some(password) { Ok(password.to_owned()) } else { Err(DbError::Auth) }
    }

    fn login(&self, cache: &SecretCache, limit: u64) -> Result<String, LoginError<DbError>> {
        let login = cache
            .login("db", |password| std::future::ready(self.connect(password.expose_secret())))
            .retry_if(|error| *error == DbError::Auth)
            .within(secs(limit));
        now(login.into_future())
    }

    fn tried(&self) -> Vec<String> {
        self.tried.lock().unwrap().clone()
    }
}

#[test]
fn current_value_is_tried_first() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    let database = Database::new(&runtime, &[(0, "a")]);
    assert_eq!(database.login(&cache, 90).unwrap(), "a");
    assert_eq!((database.tried().len(), script.fetches()), (1, 1));
}

#[test]
fn previous_value_is_tried_while_the_database_lags_behind() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    script.value("b");
    now(cache.refresh("db")).unwrap();
    let database = Database::new(&runtime, &[(0, "a"), (60, "b")]);
    assert_eq!(database.login(&cache, 90).unwrap(), "a");
    assert_eq!((database.tried(), script.fetches()), (vec!["b".to_owned(), "a".to_owned()], 2));
}

#[test]
fn cached_value_is_read_again_at_once_if_the_service_is_ahead() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    runtime.advance(secs(30));
    script.value("b");
    let database = Database::new(&runtime, &[(0, "b")]);
    assert_eq!(database.login(&cache, 90).unwrap(), "b");
    assert_eq!((database.tried(), script.fetches()), (vec!["a".to_owned(), "b".to_owned()], 2));
    assert!(runtime.waits().is_empty());
}

#[test]
fn secret_is_read_until_it_fits_or_the_limit_has_passed() {
    // When the database takes the value of the service, the limit, and the pauses; nothing is known of the value before.
    let cases: [(u64, u64, bool, &[u64]); 7] = [
        (60, 90, true, &[1, 2, 4, 8, 15, 15, 15]),
        (60, 30, false, &[1, 2, 4, 8, 14]),
        (25, 30, true, &[1, 2, 4, 8, 14]),
        (29, 30, true, &[1, 2, 4, 8, 14]),
        (1, 2, true, &[1]),
        (3, 4, true, &[1, 2]),
        (3, 1, false, &[]),
    ];
    for (changes, limit, fits, pauses) in cases {
        let script = Script::new("b");
        let (cache, runtime) = cache(&script);
        let database = Database::new(&runtime, &[(0, "a"), (changes, "b")]);
        let outcome = database.login(&cache, limit);
        assert_eq!(outcome.is_ok(), fits, "{changes} {limit} {outcome:?}");
        if !fits {
            assert!(matches!(outcome, Err(LoginError::Login(DbError::Auth))));
        }
        let waits: Vec<_> = runtime.waits().iter().map(std::time::Duration::as_secs).collect();
        assert_eq!(waits, pauses, "{changes} {limit}");
    }
}

#[test]
fn value_that_was_rejected_is_not_tried_again_as_the_previous_one() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    runtime.advance(secs(30));
    script.value("b");
    let database = Database::new(&runtime, &[(0, "c"), (33, "b")]);
    assert_eq!(database.login(&cache, 90).unwrap(), "b");
    assert_eq!(database.tried(), ["a", "b", "b", "b"]);
}

#[test]
fn other_error_ends_the_login_at_once() {
    let script = Script::new("a");
    let (cache, _) = cache(&script);
    let login = cache.login("db", |_| async { Err::<(), _>(DbError::Io) }).retry_if(|error| *error == DbError::Auth);
    let error = now(login.into_future()).unwrap_err();
    assert!(matches!(error, LoginError::Login(DbError::Io)));
    assert_eq!(error.to_string(), "login failed", "one value was tried");
    let login = cache.login("db", |_| async { Err::<(), _>(DbError::Auth) });
    assert!(
        matches!(now(login.into_future()), Err(LoginError::Login(DbError::Auth))),
        "without `retry_if` none is retried"
    );
}

#[test]
fn refusal_ends_the_login_and_an_outage_does_not() {
    for refused in [true, false] {
        let script = Script::new("a");
        let (cache, runtime) = cache(&script);
        assert_eq!(got(&cache).unwrap(), "a");
        runtime.advance(secs(10));
        script.fail(if refused { denied } else { outage });
        let database = Database::new(&runtime, &[(0, "b"), (40, "a")]);
        match database.login(&cache, 90) {
            Ok(_) => assert!(!refused),
            Err(LoginError::Secret(error)) => assert!(refused && error.is_denied()),
            Err(other) => panic!("{other:?}"),
        }
    }
    let script = Script::new("a");
    script.fail(outage);
    let (cache, runtime) = cache(&script);
    let database = Database::new(&runtime, &[(0, "a")]);
    assert!(matches!(database.login(&cache, 90), Err(LoginError::Secret(_))), "there is nothing to try");
}

#[test]
fn limit_covers_a_try_that_hangs() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    let login =
        cache.login("db", |_| std::future::pending::<Result<(), DbError>>()).retry_if(|_| true).within(secs(90));
    let mut login = login.into_future();
    assert!(poll(login.as_mut()).is_pending());
    runtime.advance(secs(90));
    let std::task::Poll::Ready(Err(error)) = poll(login.as_mut()) else { panic!("the limit did not end it") };
    assert!(matches!(&error, LoginError::Timeout(error) if error.kind() == cloud_core::ErrorKind::Timeout));
    assert_eq!(error.to_string(), "login timed out");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn many_logins_that_fail_share_the_reads() {
    let script = Script::new("b");
    let (cache, runtime) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "b");
    runtime.advance(secs(2));
    for _ in 0..100 {
        let login = cache.login("db", |_| async { Err::<(), _>(DbError::Auth) }).retry_if(|_| true).within(secs(0));
        assert!(now(login.into_future()).is_err());
    }
    assert_eq!(script.fetches(), 2);
}

#[test]
fn value_that_changes_with_each_read_is_not_tried_without_a_pause() {
    let script = Script::new("0");
    let (builder, runtime) = crate::script::builder(&script);
    let cache = builder.ttl(secs(0)).build();
    let tries = Mutex::new(std::collections::BTreeMap::<_, usize>::new());
    let login = cache.login("db", |_| {
        use cloud_core::Runtime as _;
        let mut tries = tries.lock().unwrap();
        *tries.entry(runtime.elapsed().as_secs()).or_default() += 1;
        script.value(&tries.values().sum::<usize>().to_string());
        // Without a pause the clock stands still, and the limit never passes.
        assert!(tries.values().sum::<usize>() < 100, "{tries:?}");
        async { Err::<(), _>(DbError::Auth) }
    });
    assert!(matches!(now(login.retry_if(|_| true).into_future()), Err(LoginError::Login(DbError::Auth))));
    // Before and after each pause: the value, the one that is read next, and the values before them.
    let tries = tries.lock().unwrap();
    let times: Vec<_> = tries.keys().copied().collect();
    assert_eq!(times, [0, 1, 3, 7, 15, 30, 45, 60, 75, 89]);
    assert!(tries.values().all(|tries| (2..=4).contains(tries)), "{tries:?}");
}

#[test]
fn value_is_read_as_a_type_for_each_try() {
    #[derive(serde::Deserialize)]
    struct Parsed {
        password: cloud_core::SecretString,
    }
    let (old, new) = (r#"{"password":"a"}"#, r#"{"password":"b"}"#);
    // The value before, the current one, what the database takes, and how the login ends. A value that does not fit ends
    // it, unless it is the one before.
    for (before, current, accepted, expected) in [
        (None, old, "a", Ok(&["a"][..])),
        (Some(old), new, "a", Ok(&["b", "a"])),
        (Some("S3CRET"), new, "a", Err(("login failed", &["b"; 2][..]))),
        (Some(old), "S3CRET", "a", Err(("login failed: the secret could not be read", &[]))),
        (None, r#"{"pass":"S3CRET"}"#, "a", Err(("login failed: the secret could not be read", &[]))),
    ] {
        let script = Script::new(before.unwrap_or(current));
        let (cache, runtime) = cache(&script);
        if before.is_some() {
            got(&cache).unwrap();
            script.value(current);
            now(cache.refresh("db")).unwrap();
        }
        let database = Database::new(&runtime, &[(0, accepted)]);
        let login = cache
            .login_as("db", |login: Parsed| std::future::ready(database.connect(login.password.expose_secret())))
            .retry_if(|error| *error == DbError::Auth)
            .within(secs(2));
        let outcome = now(login.into_future());
        let shown = format!("{outcome:?} {:?}", outcome.as_ref().err().map(|error| std::error::Error::source(error)));
        assert!(!shown.contains("S3CRET"), "{shown}");
        match expected {
            Ok(tried) => assert_eq!((outcome.unwrap(), database.tried()), (accepted.to_owned(), owned(tried))),
            Err((text, tried)) => {
                assert_eq!((outcome.unwrap_err().to_string(), database.tried()), (text.to_owned(), owned(tried)));
            }
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
