//! The messages of the package `v2`, service `KeyManagementService`, written by hand: there are six, and no build needs
//! `protoc`. Numbers of fields are those of Kubernetes' `staging/src/k8s.io/kms/apis/v2/api.proto`.

use std::collections::HashMap;

/// The path of each method.
pub(super) const STATUS: &str = "/v2.KeyManagementService/Status";
pub(super) const ENCRYPT: &str = "/v2.KeyManagementService/Encrypt";
pub(super) const DECRYPT: &str = "/v2.KeyManagementService/Decrypt";

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct StatusRequest {}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct StatusResponse {
    /// `v2`.
    #[prost(string, tag = "1")]
    pub(super) version: String,
    /// `ok`, or why not.
    #[prost(string, tag = "2")]
    pub(super) healthz: String,
    #[prost(string, tag = "3")]
    pub(super) key_id: String,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
#[prost(skip_debug)]
pub(super) struct EncryptRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) plaintext: Vec<u8>,
    #[prost(string, tag = "2")]
    pub(super) uid: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct EncryptResponse {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) ciphertext: Vec<u8>,
    #[prost(string, tag = "2")]
    pub(super) key_id: String,
    #[prost(map = "string, bytes", tag = "3")]
    pub(super) annotations: HashMap<String, Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DecryptRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) ciphertext: Vec<u8>,
    #[prost(string, tag = "2")]
    pub(super) uid: String,
    #[prost(string, tag = "3")]
    pub(super) key_id: String,
    #[prost(map = "string, bytes", tag = "4")]
    pub(super) annotations: HashMap<String, Vec<u8>>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
#[prost(skip_debug)]
pub(super) struct DecryptResponse {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) plaintext: Vec<u8>,
}

/// Neither shows its plaintext.
macro_rules! redacted {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

redacted!(EncryptRequest, DecryptResponse);

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    #[test]
    fn messages_have_the_bytes_of_the_protocol() {
        let status = StatusResponse { version: "v2".into(), healthz: "ok".into(), key_id: "k".into() };
        assert_eq!(status.encode_to_vec(), b"\x0a\x02v2\x12\x02ok\x1a\x01k");
        let request = EncryptRequest { plaintext: b"p".to_vec(), uid: "u".into() };
        assert_eq!(request.encode_to_vec(), b"\x0a\x01p\x12\x01u");
        let annotations = HashMap::from([("a".to_owned(), b"b".to_vec())]);
        let response =
            EncryptResponse { ciphertext: b"c".to_vec(), key_id: "k".into(), annotations: annotations.clone() };
        assert_eq!(response.encode_to_vec(), b"\x0a\x01c\x12\x01k\x1a\x06\x0a\x01a\x12\x01b");
        let request = DecryptRequest { ciphertext: b"c".to_vec(), uid: "u".into(), key_id: "k".into(), annotations };
        assert_eq!(request.encode_to_vec(), b"\x0a\x01c\x12\x01u\x1a\x01k\x22\x06\x0a\x01a\x12\x01b");
        let response = DecryptResponse { plaintext: b"canary-value".to_vec() };
        assert!(response.encode_to_vec().starts_with(b"\x0a\x0c") && !format!("{response:?}").contains("canary"));
    }
}
