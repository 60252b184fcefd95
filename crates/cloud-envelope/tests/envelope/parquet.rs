//! Keys of Parquet files, wrapped by a source of keys: on every kind of runtime, and when the source fails.

use std::io::Cursor;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use cloud_core::testing::assert_no_leak;
use cloud_core::{BoxFuture, ErrorCategory, ErrorKind as ServiceErrorKind, Result};
use cloud_envelope::parquet::{ParquetKeyError, ParquetKms, is_encrypted, parquet_key_management};
use cloud_envelope::{DataKeySource, ErrorKind, SecretBytes, WrappedKey};
use parquet_key_management::crypto_factory::{CryptoFactory, DecryptionConfiguration, EncryptionConfiguration};
use parquet_key_management::encryption_keys::FileEncryptionKeys;
use parquet_key_management::errors::Error as KmsError;
use parquet_key_management::kms::{KmsClient as _, KmsConnectionConfig};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::LocalSet;

use crate::source::{Mood, Source};

/// A key that is text is found by a search for leaks.
const KEY: &[u8] = b"canary-16-bytes!";

fn source(id: &'static str) -> Source {
    Source::new("test-kms", id, false)
}

fn client(source: &Source) -> ParquetKms {
    ParquetKms::builder(source.clone()).build().unwrap()
}

fn round_trip(client: &ParquetKms) {
    let wrapped = client.wrap_key(KEY, "key-1").unwrap();
    assert_eq!(client.unwrap_key(&wrapped, "key-1").unwrap(), KEY);
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn every_kind_of_runtime_and_none() {
    let source = source("key-1");
    let client = client(&source);
    round_trip(&client);
    for runtime in [current_thread, multi_thread] {
        let (runtime, client) = (runtime(), client.clone());
        runtime.block_on(async { round_trip(&client) });
        let clone = client.clone();
        runtime.block_on(runtime.spawn(async move { round_trip(&clone) })).unwrap();
        let clone = client.clone();
        runtime.block_on(runtime.spawn_blocking(move || round_trip(&clone))).unwrap();
        LocalSet::new().block_on(&runtime, async { round_trip(&client) });
    }
    assert_eq!(source.counts(), [0, 9, 9]);
}

#[test]
fn threads_share_one_client() {
    let source = source("key-1");
    let client = client(&source);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| round_trip(&client));
        }
    });
    assert_eq!(source.counts(), [0, 8, 8]);
}

fn connection() -> Arc<KmsConnectionConfig> {
    Arc::new(KmsConnectionConfig::default())
}

fn file(factory: &CryptoFactory, columns: &[(&str, &str)], double: bool) -> Result<FileEncryptionKeys, KmsError> {
    let mut builder = EncryptionConfiguration::builder("key-1".to_owned()).set_double_wrapping(double);
    for (key, column) in columns {
        builder = builder.add_column_key((*key).to_owned(), vec![(*column).to_owned()]);
    }
    factory.file_encryption_keys(connection(), &builder.build()?)
}

/// Unwraps what a reader finds in the file, and compares it with what the writer used.
fn read(factory: &CryptoFactory, keys: &FileEncryptionKeys) -> Result<(), KmsError> {
    let unwrapper = factory.key_unwrapper(connection(), DecryptionConfiguration::default())?;
    for key in [keys.footer_key()].into_iter().chain(keys.column_keys().map(|(_, key)| key)) {
        assert_eq!(unwrapper.unwrap_key(key.metadata())?, key.key());
    }
    Ok(())
}

#[test]
fn many_files_cost_one_request_for_each_key_with_double_wrapping() {
    let (one, other) = (source("key-1"), source("key-2"));
    let client = ParquetKms::builder(one.clone()).also(other.clone()).build().unwrap();
    let (writer, reader) = (CryptoFactory::new(client.clone()), CryptoFactory::new(client));
    for _ in 0..50 {
        let keys = file(&writer, &[("key-1", "a"), ("key-2", "b")], true).unwrap();
        read(&reader, &keys).unwrap();
    }
    assert_eq!([one.counts(), other.counts()], [[0, 1, 1]; 2]);
    let keys = file(&writer, &[("key-1", "a"), ("key-2", "b")], false).unwrap();
    read(&reader, &keys).unwrap();
    assert_eq!([one.counts(), other.counts()], [[0, 3, 3], [0, 2, 2]], "single wrapping: one for each key of a file");
}

/// The typed error within that of the library.
fn inner(error: &KmsError) -> &ParquetKeyError {
    let KmsError::External(inner) = error else { panic!("{error:?}") };
    inner.downcast_ref().unwrap()
}

#[test]
fn file_of_a_key_that_the_client_lacks_names_it() {
    let (one, other) = (source("key-1"), source("key-2"));
    let both = ParquetKms::builder(one.clone()).also(other.clone()).build().unwrap();
    let keys = file(&CryptoFactory::new(both), &[("key-2", "b")], true).unwrap();
    let error = read(&CryptoFactory::new(client(&one)), &keys).unwrap_err();
    assert_eq!(inner(&error).kind(), ErrorKind::NoKey);
    assert!(error.to_string().contains(r#"master key "key-2": the client has no key"#), "{error}");
    let error = client(&one).unwrap_key("x", &format!("evil\n{}", "x".repeat(10_000))).unwrap_err();
    assert!(error.to_string().len() < 300 && !error.to_string().contains('\n'), "{error}");
}

#[test]
fn failures_of_the_service_are_errors_with_their_cause() {
    let source = source("key-1");
    let client = client(&source);
    let wrapped = client.wrap_key(KEY, "key-1").unwrap();
    let cases = [
        (Mood::Refuses(ErrorCategory::Denied), ServiceErrorKind::Service, Some(ErrorCategory::Denied), "refused"),
        (Mood::IsDown, ServiceErrorKind::Connect, None, "no connection"),
        (Mood::Panics, ServiceErrorKind::FailureState, None, "the source of the data keys panicked"),
    ];
    for (mood, kind, category, text) in cases {
        source.set(mood);
        for error in [client.wrap_key(KEY, "key-1").unwrap_err(), client.unwrap_key(&wrapped, "key-1").unwrap_err()] {
            let inner = inner(&error);
            assert_eq!(inner.kind(), ErrorKind::KeyService, "{mood:?}");
            let cause = inner.service_error().unwrap();
            assert_eq!((cause.kind(), cause.category()), (kind, category), "{mood:?}");
            assert!(error.to_string().contains(text), "{error}");
        }
    }
    source.set(Mood::Works);
    assert_eq!(client.unwrap_key(&wrapped, "key-1").unwrap(), KEY);
    assert!(client.unwrap_key("base64:not base64", "key-1").unwrap_err().to_string().contains("not valid Base64"));
    assert!(client.unwrap_key("never wrapped", "key-1").unwrap_err().to_string().contains("not a ciphertext"));
}

/// A source with ciphertexts of its own choice, which runs something before each response.
#[derive(Clone)]
struct Scripted {
    ciphertext: &'static [u8],
    before: Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl DataKeySource for Scripted {
    fn provider(&self) -> &str {
        "scripted"
    }

    fn key_id(&self) -> &str {
        "key-1"
    }

    fn wrap_key<'a>(&'a self, _: &'a SecretBytes) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async {
            (self.before)().await;
            Ok(self.ciphertext.to_vec())
        })
    }

    fn unwrap_key<'a>(&'a self, key: &'a WrappedKey, _: &'a [u8]) -> BoxFuture<'a, Result<SecretBytes>> {
        Box::pin(async {
            assert_eq!(key.provider, "scripted");
            assert_eq!(key.info, b"key-1");
            Ok(SecretBytes::from(key.ciphertext.clone()))
        })
    }
}

fn scripted(
    ciphertext: &'static [u8],
    before: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static,
) -> ParquetKms {
    let source = Scripted { ciphertext, before: Arc::new(before) };
    ParquetKms::builder(source).time_limit(Duration::from_millis(1)).build().unwrap()
}

#[test]
fn text_of_the_service_is_the_wrapped_key_and_other_bytes_are_encoded() {
    let cases: [(&[u8], &str); 5] = [
        (b"vault:v1:c2VjcmV0", "vault:v1:c2VjcmV0"),
        ("암호".as_bytes(), "암호"),
        (b"", ""),
        (b"\xff\x00", "base64:/wA="),
        (b"base64:/wA=", "base64:YmFzZTY0Oi93QT0="),
    ];
    for (ciphertext, wrapped) in cases {
        let source = Scripted { ciphertext, before: Arc::new(|| Box::pin(async {})) };
        let client = ParquetKms::builder(source).build().unwrap();
        assert_eq!(client.wrap_key(KEY, "key-1").unwrap(), wrapped);
        assert_eq!(client.unwrap_key(wrapped, "key-1").unwrap(), ciphertext);
    }
}

#[test]
fn request_that_does_not_end_is_cancelled_at_the_limit() {
    let (guard, dropped) = mpsc::channel::<()>();
    let client = scripted(b"wrapped", move || {
        let guard = guard.clone();
        Box::pin(async move {
            std::future::pending::<()>().await;
            drop(guard);
        })
    });
    let error = client.wrap_key(KEY, "key-1").unwrap_err();
    assert_eq!(inner(&error).service_error().unwrap().kind(), ServiceErrorKind::Timeout);
    assert!(error.to_string().contains("use a runtime with several threads"), "{error}");
    // Returns once the request and the client, which have the senders, are dropped.
    drop(client);
    assert!(dropped.recv().is_err());
}

#[test]
fn thread_ends_with_the_client() {
    let (guard, dropped) = mpsc::channel::<()>();
    let guard = Mutex::new(Some(guard));
    let source = Scripted {
        ciphertext: b"wrapped",
        before: Arc::new(move || {
            let guard = guard.lock().unwrap().take();
            Box::pin(async move {
                // A task that only the end of its runtime ends.
                tokio::spawn(async move {
                    std::future::pending::<()>().await;
                    drop(guard);
                });
            })
        }),
    };
    let client = ParquetKms::builder(source).build().unwrap();
    client.wrap_key(KEY, "key-1").unwrap();
    drop(client);
    assert!(dropped.recv().is_err());
}

/// A source that needs a task of the runtime in which it was made.
fn needs_a_task(runtime: &Runtime) -> impl Fn() -> BoxFuture<'static, ()> + Send + Sync + use<> {
    let handle = runtime.handle().clone();
    move || {
        let (sender, receiver) = oneshot::channel();
        handle.spawn(async { sender.send(()) });
        Box::pin(async { receiver.await.unwrap() })
    }
}

#[test]
fn blocked_runtime_that_the_source_needs_is_an_error_and_not_a_deadlock() {
    let runtime = current_thread();
    let client = scripted(b"wrapped", needs_a_task(&runtime));
    let error = runtime.block_on(async { client.wrap_key(KEY, "key-1") }).unwrap_err();
    assert_eq!(inner(&error).service_error().unwrap().kind(), ServiceErrorKind::Timeout);
    // As the error advises.
    let runtime = multi_thread();
    let source = Scripted { ciphertext: b"wrapped", before: Arc::new(needs_a_task(&runtime)) };
    let client = ParquetKms::builder(source).build().unwrap();
    assert_eq!(runtime.block_on(async { client.wrap_key(KEY, "key-1") }).unwrap(), "wrapped");
}

#[test]
fn requests_of_several_threads_run_at_the_same_time() {
    let both = Arc::new(Semaphore::new(0));
    let source = Scripted {
        ciphertext: b"wrapped",
        before: Arc::new(move || {
            let both = Arc::clone(&both);
            Box::pin(async move {
                // Each gives the other a permit.
                both.add_permits(1);
                both.acquire_many(2).await.unwrap().forget();
                both.add_permits(2);
            })
        }),
    };
    let client = ParquetKms::builder(source).build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| client.wrap_key(KEY, "key-1").unwrap());
        }
    });
}

#[test]
fn keys_that_files_cannot_tell_apart_are_rejected() {
    let rejected = [
        ParquetKms::builder(source("")),
        ParquetKms::builder(source("key-1")).also(Source::new("other-kms", "key-1", false)),
        ParquetKms::builder(source("key-1")).time_limit(Duration::ZERO),
    ];
    for builder in rejected {
        assert_eq!(builder.build().unwrap_err().kind(), ErrorKind::Config);
    }
}

#[test]
fn nothing_shows_keys() {
    let canary = std::str::from_utf8(KEY).unwrap();
    assert_no_leak(canary, || {
        let source = source("key-1");
        let client = client(&source);
        let wrapped = client.wrap_key(KEY, "key-1").unwrap();
        let mut shown = vec![format!("{client:?} {:?} {wrapped}", ParquetKms::builder(source.clone()))];
        for mood in [Mood::Refuses(ErrorCategory::Denied), Mood::IsDown] {
            source.set(mood);
            for error in [client.wrap_key(KEY, "key-1").unwrap_err(), client.unwrap_key(canary, "key-1").unwrap_err()] {
                shown.push(format!("{error} {error:?} {:?}", inner(&error)));
            }
        }
        shown
    });
}

#[test]
fn only_files_with_the_mark_at_both_ends_are_encrypted() {
    let cases: [(&[u8], bool); 7] = [
        (b"PARE----PARE", true),
        (b"PARE....a longer file....PARE", true),
        (b"PAR1....a plaintext file..PAR1", false),
        (b"PARE....a mixture....PAR1", false),
        (b"PAR1....a mixture....PARE", false),
        (b"PAREPARE", false),
        (b"", false),
    ];
    for (file, encrypted) in cases {
        assert_eq!(is_encrypted(Cursor::new(file)).unwrap(), encrypted, "{}", String::from_utf8_lossy(file));
    }
}
