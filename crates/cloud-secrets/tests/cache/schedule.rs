//! Random schedules, and a million gets while the service fails now and then.

use std::time::Duration;

use cloud_secrets::SecretRef;

use crate::script::{Answer, Script, cache, denied, not_found, now, outage, secs};

/// A generator whose numbers are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What the cache may do, computed from what the service was asked and answered.
#[derive(Default)]
struct Model {
    /// The last value that the service returned, and when; none after a refusal.
    held: Option<(String, Duration)>,
    failed: bool,
}

#[test]
fn random_schedules_keep_the_rules() {
    for seed in 0..300 {
        let mut numbers = Numbers(seed);
        let script = Script::new("v0");
        let (cache, runtime) = cache(&script);
        let (mut model, mut versions, mut elapsed) = (Model::default(), 0, Duration::ZERO);
        let mut answer = Answer::Value("v0".into());
        for step in 0..300 {
            let place = format!("seed {seed}, step {step}");
            match numbers.below(10) {
                0 => {
                    versions += 1;
                    answer = Answer::Value(format!("v{versions}"));
                }
                1 => answer = Answer::Fail(outage),
                2 if numbers.below(3) == 0 => answer = Answer::Fail(if step % 2 == 0 { denied } else { not_found }),
                3 => answer = Answer::Value(format!("v{versions}")),
                4 if numbers.below(10) == 0 => {
                    cache.invalidate("db");
                    model = Model::default();
                }
                _ => {
                    let by = Duration::from_millis([10, 1_000, 30_000, 200_000][numbers.below(4) as usize]);
                    runtime.advance(by);
                    elapsed += by;
                }
            }
            script.answer("id-db", answer.clone());
            runtime.set_random(numbers.below(1 << 31) << 33);
            let asked = script.fetches();
            let forced = numbers.below(20) == 0;
            let outcome = match forced {
                true => now(cache.refresh("db")),
                false => now(cache.get("db")),
            };
            assert!(script.fetches() - asked <= 1, "{place}");
            if script.fetches() > asked {
                match &answer {
                    Answer::Value(value) => model = Model { held: Some((value.clone(), elapsed)), failed: false },
                    Answer::Fail(fail) if fail().category().is_some() => model = Model { held: None, failed: true },
                    _ => model.failed = true,
                }
            }
            let usable = model.held.as_ref().filter(|(_, at)| {
                let age = elapsed - *at;
                age < secs(100) || (model.failed && age < secs(1_100))
            });
            match (outcome, usable) {
                (Ok(value), Some((held, _))) => assert_eq!(value.expose_secret(), held, "{place}"),
                (Ok(_), None) => panic!("{place}: a value that must not be used"),
                (Err(error), Some(_)) if !forced => panic!("{place}: {error} despite a usable value"),
                (Err(_), _) => {}
            }
        }
    }
}

#[test]
fn million_gets_with_failing_requests_return_a_value() {
    const SECRETS: u64 = 100;
    let script = Script::default();
    let ids: Vec<_> = (0..SECRETS).map(|number| format!("id-{number}")).collect();
    let (cache, runtime) = cache(&script);
    let mut numbers = Numbers(7);
    for id in &ids {
        script.answer(id, Answer::Value(id.clone()));
        now(cache.get(SecretRef::id(id))).unwrap();
    }
    for get in 0..1_000_000_u32 {
        let id = &ids[numbers.below(SECRETS) as usize];
        if get % 10 == 0 {
            runtime.advance(Duration::from_millis(100));
            // One request in twenty fails.
            let fails = numbers.below(20) == 0;
            script.answer(id, if fails { Answer::Fail(outage) } else { Answer::Value(id.clone()) });
        }
        assert_eq!(now(cache.get(SecretRef::id(id))).unwrap().expose_secret(), id);
    }
    let metrics = cache.metrics();
    assert!(metrics.errors * 50 > metrics.fetches, "{metrics:?}");
    assert_eq!(metrics.hits + metrics.misses + metrics.stale, 1_000_000 + SECRETS);
}
