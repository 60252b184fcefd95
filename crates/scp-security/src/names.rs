//! The regions and languages of the vendor, for all its services.

use cloud_core::named_values;

named_values! {
    /// A region of Samsung Cloud Platform. [`Environment::regions`](crate::Environment::regions) lists the regions of an
    /// environment.
    ///
    /// ```
    /// use scp_security::Region;
    ///
    /// assert_eq!("kr-west1".parse::<Region>()?, Region::KrWest1);
    /// assert!("west1".parse::<Region>().is_err());
    /// assert_eq!(Region::other("kr-north1")?.as_str(), "kr-north1");
    /// # Ok::<(), scp_security::Error>(())
    /// ```
    Region { noun: "region", like: "kr-west1", form: is_region }
    KrWest1 = "kr-west1",
    KrEast1 = "kr-east1",
    KrSouth1 = "kr-south1",
    KrSouth2 = "kr-south2",
    KrSouth3 = "kr-south3",
}

/// It becomes a label of a host name.
fn is_region(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.split_once('-').is_some()
        && text.split('-').all(|part| !part.is_empty() && part.chars().all(plain))
}

named_values! {
    /// The language of the services' error texts.
    ///
    /// ```
    /// use scp_security::Language;
    ///
    /// assert_eq!("ko-KR".parse::<Language>()?, Language::KoKr);
    /// assert!("korean".parse::<Language>().is_err() && Language::other("korean").is_err());
    /// # Ok::<(), scp_security::Error>(())
    /// ```
    Language { noun: "language", like: "en-US", form: is_language }
    EnUs = "en-US",
    KoKr = "ko-KR",
}

/// A language of two or three letters and a country.
fn is_language(text: &str) -> bool {
    text.split_once('-').is_some_and(|(language, country)| {
        let small = |c: char| c.is_ascii_lowercase();
        (2..=3).contains(&language.len())
            && language.chars().all(small)
            && country.len() == 2
            && country.chars().all(|c| c.is_ascii_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_values_parse_and_others_have_their_form() {
        for text in ["kr-west1", "kr-south3"] {
            assert_eq!(text.parse::<Region>().unwrap(), Region::other(text).unwrap());
        }
        let known = "not a known region: use one of `kr-west1` `kr-east1` `kr-south1` `kr-south2` `kr-south3`, or in \
                     code Region::other()";
        for text in ["kr-north1", "moon", "KR-WEST1", "kr-west1 ", ""] {
            assert_eq!(text.parse::<Region>().unwrap_err().to_string(), known);
        }
        assert_eq!(Region::other("jp-east1").unwrap().to_string(), "jp-east1");
        for odd in ["moon", "kr-", "-kr", "kr--west1", "kr-west1.evil", "kr-West1", "kr-west1/", "", &"k-".repeat(40)] {
            let error = Region::other(odd).unwrap_err().to_string();
            assert_eq!(error, "a region must have the form `kr-west1`", "{odd}");
        }
        assert_eq!(Language::other("ja-JP").unwrap().as_str(), "ja-JP");
        for odd in ["korean", "ko", "ko_KR", "ko-kr", "KO-KR", "ko-KR\n", "en-US,ko-KR", ""] {
            assert!(odd.parse::<Language>().is_err() && Language::other(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn any_text_of_a_response_is_kept() {
        for text in ["kr-west1", "moon", "", "KR West"] {
            let region: Region = serde_json::from_value(text.into()).unwrap();
            assert_eq!(region.as_str(), text);
            assert_eq!(serde_json::to_value(&region).unwrap(), text);
        }
        assert_eq!(serde_json::from_str::<Region>(r#""kr-west1""#).unwrap(), Region::KrWest1);
    }
}
