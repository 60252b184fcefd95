//! Unusual ids in paths: each arrives as one unchanged segment, or is rejected before sending.

#![cfg(test)]

use cloud_sandbox::spec::Place;
use conformance::fixture;
use conformance::harness::{Recorder, Secrets};
use conformance::{Context, Plant};

const SECRETS: Secrets = Secrets { mark: "test-" };

/// The same id for every textual path parameter.
struct Odd(&'static str, Vec<String>);

impl Plant for Odd {
    fn text(&self, _: &str, name: &str, value: String) -> String {
        if self.1.iter().any(|path| path == name) { self.0.to_owned() } else { value }
    }
}

#[tokio::test]
async fn ids_arrive_unchanged_or_are_rejected() {
    let cases: [(&str, Option<&str>); 11] = [
        ("..", None),
        (".", None),
        ("", None),
        ("a\nb", None),
        ("a\u{0}b", None),
        ("a/b", Some("a%2Fb")),
        ("%2e%2e", Some("%252e%252e")),
        ("../../x", Some("..%2F..%2Fx")),
        ("a?b=c#d", Some("a%3Fb%3Dc%23d")),
        ("{key_id}", Some("%7Bkey_id%7D")),
        ("한글 +", Some("%ED%95%9C%EA%B8%80%20%2B")),
    ];
    let mut tried = 0;
    for entry in conformance::entries() {
        let documented = fixture::find(entry).unwrap();
        let textual = documented
            .parameters(Place::Path)
            .filter(|parameter| parameter.schema["type"] == "string" && !parameter.from_settings);
        let names: Vec<_> = textual.map(|parameter| parameter.name.clone()).collect();
        if names.is_empty() {
            continue;
        }
        let (status, answer) = documented.response();
        for (id, wanted) in cases {
            tried += 1;
            let transport = Recorder::new(SECRETS, status, answer.as_ref());
            let context = Context::new(SECRETS.clients(&transport)).with_plant(Odd(id, names.clone()));
            let result = (entry.call)(&context).await;
            let sent = transport.sent();
            match wanted {
                None => {
                    let why = result.expect_err("an id that cannot be sent");
                    assert!(sent.is_empty(), "{entry}: {id:?} was sent");
                    assert!(why.contains("must not"), "{entry}: {why}");
                    assert!(names.iter().any(|name| why.contains(&format!("`{name}`"))), "{entry}: {why}");
                }
                Some(wanted) => {
                    result.unwrap_or_else(|why| panic!("{entry}: {id:?}: {why}"));
                    let path = sent[0].uri().path().to_owned();
                    assert!(path.split('/').any(|segment| segment == wanted), "{entry}: {id:?} became {path}");
                    assert_eq!(
                        path.split('/').count(),
                        documented.operation.path.split('/').count(),
                        "{entry}: {path}"
                    );
                }
            }
        }
    }
    assert!(tried > 600, "only {tried} ids were tried");
}
