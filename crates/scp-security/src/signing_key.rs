//! The HMAC state that signs requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud_core::SecretString;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What kind of client signs; part of the signature and a header of its own.
pub(crate) const CLIENT_TYPE: &str = "Openapi";

/// HMAC-SHA256 keyed by a secret key as it is displayed, kept so that the key is hashed once. Zeroized on drop.
#[derive(Clone)]
pub(crate) struct SigningKey(Option<Hmac<Sha256>>);

impl SigningKey {
    pub(crate) fn new(secret: &SecretString) -> Self {
        // A key of any length is accepted, so there is always one; an empty signature would be refused by the service.
        Self(Hmac::new_from_slice(secret.expose_secret().as_bytes()).ok())
    }

    /// The signature: Base64 of the code over these parts.
    pub(crate) fn sign(&self, method: &str, url: &str, timestamp: &str, key: &str) -> String {
        let Some(mut mac) = self.0.clone() else { return String::new() };
        for part in [method, url, timestamp, key, CLIENT_TYPE] {
            mac.update(part.as_bytes());
        }
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";
    const SECRET: &str = "11111111-2222-3333-4444-555555555555";
    const CM: &str = "https://certificatemanager.kr-west1.e.samsungsdscloud.com/v1/certificatemanager";

    fn check(method: &str, url: &str, key: &str, secret: &str, wanted: &str) {
        let signing_key = SigningKey::new(&SecretString::from(secret));
        assert_eq!(signing_key.sign(method, url, "1605290625682", key), wanted, "{url}");
    }

    #[test]
    fn vectors() {
        let kms = "https://kms.kr-west1.e.samsungsdscloud.com/v1/kms";
        check("GET", &format!("{kms}/transit"), KEY, SECRET, "10Ag+9aYC2SwsNN1LXBq+uzINcatb4dNUT9PzIlYi0I=");
        let encrypt = format!("{kms}/openapi/encrypt/0fdd87aab8cb46f59b7c1f81ed03fb3e");
        check("POST", &encrypt, KEY, SECRET, "2IiZnA9X5/rd0gnNOKXg88JAI/ZZ0Qu0qrHrl4Icm9c=");
        let sorted = format!("{CM}?page=0&size=20&sort=created_at:desc");
        check("GET", &sorted, KEY, SECRET, "BBOzd+KH5S7phoGfVW282R4I1OZiQCTCTFLX0PvuEIQ=");
        let named = format!("{CM}?name=%ED%95%9C%EA%B8%80%20a%2Bb%26c%3Dd%2Fe%3Ff%3Ag&page=0&size=20");
        check("GET", &named, KEY, SECRET, "fGscbHelKoqbYyfeigWjhFiODATl5V+JkPSvjjjkAX8=");
        let endpoints = "https://iam.e.samsungsdscloud.com/v1/endpoints";
        check("GET", endpoints, KEY, SECRET, "FIy2Spwh4l3KqiGp+6JV6dGNnnlsbhczEWncR8ETR7g=");
        let temporary =
            "https://secretvault.kr-west1.e.samsungsdscloud.com/v1/temporarykey/3265ab469f0d406d83073da3e11e7a6c";
        let (id, token) = ("5dbd99e4-aad4-e822-9ab3-89b10cf7c9ef", "6171392c-5fd9-43db-9e15-e14af0068f96");
        check("GET", temporary, id, token, "9vAeCsH0Sfg0Hev/lze1H340dM3SXuYeqjEf9o/D/NM=");
    }
}
