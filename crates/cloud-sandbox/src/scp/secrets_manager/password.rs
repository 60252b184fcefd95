//! Random passwords that honour every option of the request.

use rand::seq::{IndexedRandom, SliceRandom};
use serde_json::{Value, json};

use crate::call::Call;
use crate::rng::Rng;
use crate::scp::error::ErrorResponse;
use crate::scp::state::State;

const LOWERCASE: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPERCASE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMBERS: &str = "0123456789";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const SPACE: &str = " ";

/// What a password may be made of.
#[derive(Debug)]
struct Options {
    length: usize,
    /// The characters of each wanted type, those to exclude taken out.
    types: Vec<Vec<char>>,
    each_type: bool,
}

/// Generates a password.
pub(super) fn generate(_: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let options = Options::read(call.body).map_err(ErrorResponse::invalid_input)?;
    Ok(json!({ "random_password": options.password(call.rng) }))
}

impl Options {
    fn read(body: &Value) -> Result<Self, String> {
        let flag = |name: &str, otherwise: bool| body[name].as_bool().unwrap_or(otherwise);
        let excluded = body["exclude_characters"].as_str().unwrap_or_default();
        let types: Vec<Vec<char>> = [
            (LOWERCASE, !flag("exclude_lowercase", false)),
            (UPPERCASE, !flag("exclude_uppercase", false)),
            (NUMBERS, !flag("exclude_numbers", false)),
            (PUNCTUATION, !flag("exclude_punctuation", false)),
            (SPACE, flag("include_space", false)),
        ]
        .into_iter()
        .filter(|(_, wanted)| *wanted)
        .map(|(all, _)| all.chars().filter(|&one| !excluded.contains(one)).collect())
        .collect();
        let each_type = flag("require_each_included_type", true);
        if each_type && types.iter().any(Vec::is_empty) {
            return Err("exclude_characters leaves nothing of a type of which one is required".to_owned());
        }
        if types.iter().all(Vec::is_empty) {
            return Err("the options exclude every character".to_owned());
        }
        let length = body["password_length"].as_u64().and_then(|length| usize::try_from(length).ok()).unwrap_or(32);
        Ok(Self { length, types, each_type })
    }

    fn password(&self, rng: &mut Rng) -> String {
        let all = self.types.concat();
        let source = rng.source();
        let required = self.types.iter().filter(|_| self.each_type);
        let mut password: Vec<char> = required.filter_map(|kind| kind.choose(source).copied()).collect();
        while password.len() < self.length
            && let Some(&next) = all.choose(source)
        {
            password.push(next);
        }
        // The required ones stand in front until now.
        password.shuffle(source);
        password.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(body: Value) -> Vec<String> {
        let options = Options::read(&body).unwrap();
        let mut rng = Rng::new(Some(3)).unwrap();
        (0..200).map(|_| options.password(&mut rng)).collect()
    }

    fn has(password: &str, kind: &str) -> bool {
        password.contains(|one| kind.contains(one))
    }

    #[test]
    fn password_has_every_type_but_the_space_by_default() {
        let passwords = some(json!({}));
        for password in &passwords {
            assert_eq!(password.len(), 32);
            assert!([LOWERCASE, UPPERCASE, NUMBERS, PUNCTUATION].iter().all(|kind| has(password, kind)), "{password}");
            assert!(!has(password, SPACE));
        }
        let firsts: String = passwords.iter().filter_map(|password| password.chars().next()).collect();
        assert!([LOWERCASE, UPPERCASE, NUMBERS, PUNCTUATION].iter().all(|kind| has(&firsts, kind)), "{firsts}");
    }

    #[test]
    fn shortest_password_has_every_type() {
        for password in some(json!({"password_length": 5, "include_space": true})) {
            assert_eq!(password.len(), 5);
            let all = [LOWERCASE, UPPERCASE, NUMBERS, PUNCTUATION, SPACE];
            assert!(all.iter().all(|kind| has(&password, kind)), "{password}");
        }
    }

    #[test]
    fn password_leaves_out_excluded_characters() {
        let flags = json!({
            "exclude_lowercase": true, "exclude_punctuation": true, "exclude_characters": "ABC019", "password_length": 1024
        });
        for password in some(flags) {
            assert_eq!(password.len(), 1024);
            assert!(!has(&password, LOWERCASE) && !has(&password, PUNCTUATION) && !has(&password, "ABC019"));
            assert!(has(&password, UPPERCASE) && has(&password, NUMBERS));
        }
    }

    #[test]
    fn password_types_can_be_optional() {
        let flags = json!({"exclude_characters": NUMBERS, "require_each_included_type": false, "password_length": 5});
        let passwords = some(flags);
        assert!(passwords.iter().all(|password| !has(password, NUMBERS)));
        assert!(passwords.iter().any(|password| !has(password, PUNCTUATION)));
    }

    #[test]
    fn options_that_exclude_everything_are_refused() {
        let none = json!({
            "exclude_lowercase": true, "exclude_uppercase": true, "exclude_numbers": true, "exclude_punctuation": true
        });
        for body in
            [none, json!({"exclude_characters": NUMBERS}), json!({"exclude_characters": " ", "include_space": true})]
        {
            assert!(Options::read(&body).is_err(), "{body}");
        }
    }
}
