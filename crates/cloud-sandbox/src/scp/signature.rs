//! The request signature, computed again from what arrived.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The parts that are signed, in their order.
#[derive(Debug)]
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) access_key: &'a str,
    /// Empty unless the client names an account.
    pub(crate) account: &'a str,
    pub(crate) client_type: &'a str,
}

impl Signed<'_> {
    /// The signature that this secret gives.
    pub(crate) fn with(&self, secret: &str) -> String {
        // A key of any length will do for HMAC; the empty signature matches no client's signature.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
            return String::new();
        };
        for part in [self.method, self.url, self.timestamp, self.access_key, self.account, self.client_type] {
            mac.update(part.as_bytes());
        }
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCESS: &str = "0123456789abcdef0123456789abcdef";
    const SECRET: &str = "11111111-2222-3333-4444-555555555555";

    #[track_caller]
    fn check(method: &str, url: &str, account: &str, (access_key, secret): (&str, &str), expected: &str) {
        let timestamp = "1605290625682";
        let signed = Signed { method, url, timestamp, access_key, account, client_type: "Openapi" };
        assert_eq!(signed.with(secret), expected, "{url}");
    }

    #[test]
    fn signature_matches_known_vectors() {
        let pair = (ACCESS, SECRET);
        let kms = "https://kms.kr-west1.e.samsungsdscloud.com/v1/kms";
        check("GET", &format!("{kms}/transit"), "", pair, "10Ag+9aYC2SwsNN1LXBq+uzINcatb4dNUT9PzIlYi0I=");
        let encrypt = format!("{kms}/openapi/encrypt/0fdd87aab8cb46f59b7c1f81ed03fb3e");
        check("POST", &encrypt, "", pair, "2IiZnA9X5/rd0gnNOKXg88JAI/ZZ0Qu0qrHrl4Icm9c=");
        let certificates = "https://certificatemanager.kr-west1.e.samsungsdscloud.com/v1/certificatemanager";
        let sorted = format!("{certificates}?page=0&size=20&sort=created_at:desc");
        check("GET", &sorted, "", pair, "BBOzd+KH5S7phoGfVW282R4I1OZiQCTCTFLX0PvuEIQ=");
        let named = format!("{certificates}?name=%ED%95%9C%EA%B8%80%20a%2Bb%26c%3Dd%2Fe%3Ff%3Ag&page=0&size=20");
        check("GET", &named, "", pair, "fGscbHelKoqbYyfeigWjhFiODATl5V+JkPSvjjjkAX8=");
    }

    #[test]
    fn doubly_escaped_url_has_another_signature() {
        let twice = "https://certificatemanager.kr-west1.e.samsungsdscloud.com/v1/certificatemanager\
                     ?name=%25ED%2595%259C%25EA%25B8%2580%2520a%252Bb%2526c%253Dd%252Fe%253Ff%253Ag&page=0&size=20";
        check("GET", twice, "", (ACCESS, SECRET), "kTOxB/tAwj5HH8XbZiZqklwx8rlL91jLdSpdvL3idQw=");
    }

    #[test]
    fn account_is_signed_before_the_client_type() {
        let url = "https://iam.e.samsungsdscloud.com/v1/endpoints";
        let pair = (ACCESS, SECRET);
        check("GET", url, "", pair, "FIy2Spwh4l3KqiGp+6JV6dGNnnlsbhczEWncR8ETR7g=");
        check("GET", url, "aaaabbbbccccddddeeeeffff00001111", pair, "7sxB05RCSbkN3/VgTVV2bCfwu8Tk/jIafNXGL16kB7U=");
    }

    #[test]
    fn vault_token_signs_the_same_way() {
        let url = "https://secretvault.kr-west1.e.samsungsdscloud.com/v1/temporarykey/3265ab469f0d406d83073da3e11e7a6c";
        let token = ("5dbd99e4-aad4-e822-9ab3-89b10cf7c9ef", "6171392c-5fd9-43db-9e15-e14af0068f96");
        check("GET", url, "", token, "9vAeCsH0Sfg0Hev/lze1H340dM3SXuYeqjEf9o/D/NM=");
    }
}
