//! Any text as key material or as a client certificate: bytes or an error that shows nothing of it.
#![no_main]

use cloud_core::SecretString;
use cloud_core::secret::{from_base64, to_base64};
use cloud_core::transport::reqwest::ReqwestTransport;
use fuzz::is_one_line;
use nhn_security::KeyMaterial;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let sealed = to_base64(data);
    assert_eq!(from_base64(&sealed).expect("what was just written").expose_secret(), data);
    // Both ways in which services write keys.
    let list: String = data.iter().map(|byte| format!("0x{byte:02x}, ")).collect();
    for text in [list.as_str(), sealed.expose_secret()] {
        match KeyMaterial::from(text).to_bytes() {
            // Three bytes can look like a list of one, as `0x1f` does; no key is that short.
            Ok(bytes) => assert!(bytes.expose_secret() == data || data.len() == 3, "{text} is something else"),
            Err(_) => assert!(data.is_empty(), "{text} was refused"),
        }
    }
    if let Err(error) = ReqwestTransport::builder().identity_pem(data) {
        is_one_line(&error.to_string());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let key = KeyMaterial::from(text);
        assert_eq!(key.expose_secret(), text);
        if let Err(error) = key.to_bytes() {
            is_one_line(&error.to_string());
        }
        let _ = from_base64(&SecretString::from(text));
    }
});
