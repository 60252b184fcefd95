//! The regions and languages of the vendor, for all its services.

use cloud_core::named_values;

named_values! {
    /// A region.
    ///
    /// ```
    /// use nhn_security::Region;
    ///
    /// assert_eq!("KR1".parse::<Region>()?, Region::Kr1);
    /// assert!("kr1".parse::<Region>().is_err());
    /// assert_eq!(Region::other("KR3")?.as_str(), "KR3");
    /// # Ok::<(), nhn_security::Error>(())
    /// ```
    Region { noun: "region", like: "KR1", form: is_region }
    Kr1 = "KR1",
    Kr2 = "KR2",
    Jp1 = "JP1",
    Us1 = "US1",
}

fn is_region(text: &str) -> bool {
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
    (1..=2).contains(&(text.len() - letters.len())) && is_language(letters)
}

named_values! {
    /// The language of the texts in a response.
    ///
    /// ```
    /// use nhn_security::Language;
    ///
    /// assert_eq!("KO".parse::<Language>()?, Language::Ko);
    /// assert!("korean".parse::<Language>().is_err() && Language::other("korean").is_err());
    /// # Ok::<(), nhn_security::Error>(())
    /// ```
    Language { noun: "language", like: "KO", form: is_language }
    Ko = "KO",
    En = "EN",
    Ja = "JA",
}

/// Two letters, as for a country.
fn is_language(text: &str) -> bool {
    text.len() == 2 && text.chars().all(|c| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_values_parse_and_others_have_their_form() {
        let known = "not a known region: use one of `KR1` `KR2` `JP1` `US1`, or in code Region::other()";
        for odd in ["KR3", "kr1", "Pangyo", ""] {
            assert_eq!(odd.parse::<Region>().unwrap_err().to_string(), known);
        }
        assert_eq!((Region::other("KR1").unwrap(), Region::other("DE12").unwrap().as_str()), (Region::Kr1, "DE12"));
        for odd in ["kr1", "KR", "1", "KR123", "K1", "KR1 ", "moon", ""] {
            let error = Region::other(odd).unwrap_err().to_string();
            assert_eq!(error, "a region must have the form `KR1`", "{odd}");
        }
        assert_eq!(Language::other("ZH").unwrap().as_str(), "ZH");
        for odd in ["korean", "ko", "KO-KR", "K", "KOR", "한국", ""] {
            assert!(odd.parse::<Language>().is_err() && Language::other(odd).is_err(), "{odd:?}");
        }
        assert_eq!(serde_json::from_str::<Language>(r#""korean""#).unwrap().as_str(), "korean");
    }

    #[test]
    fn values_are_those_of_the_fixtures() {
        // The published package leaves the fixtures out; this file is only in there.
        if std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml.orig")).exists() {
            return;
        }
        let (mut regions, mut languages) = (0, 0);
        for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/nhn")).unwrap() {
            let document = std::fs::read(file.unwrap().path()).unwrap();
            let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
            let values = |name: &str| {
                let listed = document["components"]["schemas"][name]["enum"].as_array().cloned().unwrap_or_default();
                listed.iter().map(|value| value.as_str().unwrap().to_owned()).collect::<Vec<_>>()
            };
            for value in values("Region") {
                assert!(value.parse::<Region>().is_ok(), "{value}");
                regions += 1;
            }
            for value in values("Language") {
                assert!(value.parse::<Language>().is_ok(), "{value}");
                languages += 1;
            }
        }
        assert_eq!((regions, languages), (4, 6), "each list of a document, in full");
    }
}
