//! Searches this process's memory for secrets after their owners are dropped.

#![cfg(test)]
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use cloud_core::transport::hyper::HyperTransport;
use cloud_core::transport::reqwest::ReqwestTransport;
use cloud_core::transport::{BuiltInTransport, TransportBuilder, TransportError};
use cloud_core::{BoxFuture, Transport};
use nhn_security::{KeyMaterial, Nhn};
use risken_aws::Risken;
use scp_security::kms::types::{DecryptRequest, EncryptRequest};
use scp_security::secrets_manager::types::ShowSecretValueRequest;
use scp_security::{Scp, SecretString};

/// A text that stands nowhere in the program: made of a number, and searched for without being held.
struct Canary(u64);

const LENGTH: usize = 96;

/// The longest run of bytes that is searched for.
const RUN: usize = 32;

/// What the search needs. Made once: new buffers would come to lie where something was just freed.
struct Buffers {
    maps: String,
    block: Vec<u8>,
}

static BUFFERS: LazyLock<Mutex<Buffers>> =
    LazyLock::new(|| Mutex::new(Buffers { maps: String::with_capacity(1 << 16), block: vec![0; 1 << 20] }));

impl Canary {
    fn byte(&self, index: usize) -> u8 {
        // A step of splitmix64: no two canaries share a run of bytes.
        let mut z = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(index as u64 + 1));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[(z >> 59) as usize]
    }

    fn write(&self, out: &mut [u8]) {
        out.iter_mut().enumerate().for_each(|(index, byte)| *byte = self.byte(index));
    }

    fn text(&self) -> String {
        let mut bytes = vec![0; LENGTH];
        self.write(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    /// A byte of what it says as Base64.
    fn decoded(&self, index: usize) -> u8 {
        let value = |index| match self.byte(index) {
            capital @ b'A'..=b'Z' => capital - b'A',
            small => small - b'a' + 26,
        };
        let first = index / 3 * 4;
        match index % 3 {
            0 => value(first) << 2 | value(first + 1) >> 4,
            1 => value(first + 1) << 4 | value(first + 2) >> 2,
            _ => value(first + 2) << 6 | value(first + 3),
        }
    }

    /// A character of its Base64.
    fn encoded(&self, index: usize) -> u8 {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let first = index / 4 * 3;
        let value = match index % 4 {
            0 => self.byte(first) >> 2,
            1 => (self.byte(first) & 3) << 4 | self.byte(first + 1) >> 4,
            2 => (self.byte(first + 1) & 15) << 2 | self.byte(first + 2) >> 6,
            _ => self.byte(first + 2) & 63,
        };
        ALPHABET[usize::from(value)]
    }

    /// Whether the bytes are from its middle, as it is, decoded or encoded. No copy of what is searched is made.
    fn is_in(&self, window: &[u8]) -> bool {
        let all = |run: usize, byte: &dyn Fn(usize) -> u8| (0..run).all(|index| window[index] == byte(index));
        all(24, &|index| self.byte(32 + index))
            || all(18, &|index| self.decoded(24 + index))
            || all(RUN, &|index| self.encoded(44 + index))
    }

    /// How often its middle stands in the heap. An allocator writes over the start of what is given back.
    fn found(&self) -> usize {
        let mut buffers = BUFFERS.lock().unwrap();
        let Buffers { maps, block } = &mut *buffers;
        maps.clear();
        File::open("/proc/self/maps").unwrap().read_to_string(maps).unwrap();
        let mut memory = File::open("/proc/self/mem").unwrap();
        let mut found = 0;
        for line in maps.lines() {
            let fields: Vec<_> = line.split_whitespace().collect();
            let anonymous = fields.len() == 5 || fields[5] == "[heap]";
            if !anonymous || !fields[1].starts_with("rw") {
                continue;
            }
            let (start, end) = fields[0].split_once('-').unwrap();
            let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
            let mut at = start;
            while at < end {
                let length = usize::try_from(end - at).unwrap().min(block.len());
                let whole = memory.seek(SeekFrom::Start(at)).and_then(|_| memory.read_exact(&mut block[..length]));
                if whole.is_ok() {
                    found += block[..length].windows(RUN).filter(|window| self.is_in(window)).count();
                }
                at += length as u64;
                if at < end {
                    at -= RUN as u64;
                }
            }
        }
        // The block itself is part of the heap, and would be found by the next search.
        block.fill(0);
        found
    }
}

/// A buffer of the test's own that is overwritten, so that only what the SDK keeps is found.
struct Wiped(Vec<u8>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.fill(0);
        std::hint::black_box(&self.0);
    }
}

/// Answers without keeping what was sent, with the canary where the pattern has a `@`.
#[derive(Debug)]
struct Answers(&'static str, u64);

impl Transport for Answers {
    fn send(&self, _: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let (before, after) = self.0.split_once('@').unwrap_or((self.0, ""));
        let mut body = vec![0; self.0.len() + LENGTH];
        body[..before.len()].copy_from_slice(before.as_bytes());
        let mut length = before.len();
        if before.len() < self.0.len() {
            Canary(self.1).write(&mut body[length..length + LENGTH]);
            length += LENGTH;
            body[length..length + after.len()].copy_from_slice(after.as_bytes());
            length += after.len();
        }
        let body = Bytes::from_owner(Wiped(body)).slice(..length);
        Box::pin(std::future::ready(Ok(http::Response::new(body))))
    }
}

/// What a program keeps in a secret.
#[derive(serde::Deserialize)]
struct Login {
    port: u16,
    password: SecretString,
}

/// Answers one request on the loopback, and wipes what it read.
fn serve_once(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = Wiped(vec![0; 1 << 16]);
        let mut length = 0;
        while !request.0[..length].ends_with(b"\"}") {
            length += socket.read(&mut request.0[length..]).unwrap();
        }
        drop(request);
        write!(socket, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len()).unwrap();
    });
    url
}

fn scp(answer: &'static str, canary: u64) -> Scp {
    let transport = Arc::new(Answers(answer, canary));
    Scp::builder().endpoint("http://127.0.0.1:9").credentials("key", "secret").transport(transport).build().unwrap()
}

async fn encrypt_through<T: BuiltInTransport + 'static>(canary: Canary) {
    let url = serve_once(r#"{"ciphertext":"vault:v1:AA==","key_version":1}"#);
    let transport = TransportBuilder::<T>::default().build().unwrap();
    let scp = Scp::builder().endpoint(url).credentials("key", "secret").transport(transport).build().unwrap();
    let mut bytes = vec![b'x'; 30_000];
    canary.write(&mut bytes[..LENGTH]);
    let body = EncryptRequest::new(String::from_utf8(bytes).unwrap());
    scp.kms().encrypt("key", &body).await.unwrap();
}

async fn clean(what: &str, canary: u64, work: impl AsyncFnOnce(Canary)) {
    work(Canary(canary)).await;
    assert_eq!(Canary(canary).found(), 0, "{what} is left in memory");
}

/// One test, so that nothing runs beside it and reuses what was freed.
#[tokio::test]
async fn memory_has_no_secrets_after_drop() {
    let held = Canary(1).text();
    assert!(Canary(1).found() >= 1, "the search finds what is there");
    drop(held);
    assert!(Canary(1).found() >= 1, "and what was freed without being wiped");

    clean("a plaintext that was encrypted", 2, async |canary| {
        let mut bytes = Wiped(vec![0; LENGTH]);
        canary.write(&mut bytes.0);
        let text = String::from_utf8(std::mem::take(&mut bytes.0)).unwrap();
        let body = EncryptRequest::new(text);
        scp(r#"{"ciphertext":"vault:v1:AA==","key_version":1}"#, 0).kms().encrypt("key", &body).await.unwrap();
    })
    .await;

    clean("the start of a long plaintext", 3, async |canary| {
        let mut bytes = vec![b'x'; 30_000];
        canary.write(&mut bytes[..LENGTH]);
        // What is escaped ends a run: the buffer holds the start already when it has to grow.
        bytes[LENGTH] = b'"';
        let body = EncryptRequest::new(String::from_utf8(bytes).unwrap());
        scp(r#"{"ciphertext":"vault:v1:AA==","key_version":1}"#, 0).kms().encrypt("key", &body).await.unwrap();
    })
    .await;

    clean("a plaintext that went through reqwest", 9, encrypt_through::<ReqwestTransport>).await;
    clean("a plaintext that went through hyper", 11, encrypt_through::<HyperTransport>).await;

    clean("a plaintext that was decrypted", 4, async |_| {
        let kms = scp(r#"{"plaintext":"@","key_version":1}"#, 4).kms();
        let decrypted = kms.decrypt("key", &DecryptRequest::new("vault:v1:AA==")).await.unwrap();
        assert!(Canary(4).found() >= 1, "it is there while it is held");
        assert_eq!(decrypted.plaintext().unwrap().expose_secret().len(), LENGTH / 4 * 3);
    })
    .await;

    clean("an answer that does not decode", 5, async |_| {
        let kms = scp(r#"{"plaintext":"@","key_version":1"#, 5).kms();
        kms.decrypt("key", &DecryptRequest::new("vault:v1:AA==")).await.unwrap_err();
    })
    .await;

    clean("an answer in an undocumented format", 10, async |_| {
        let kms = scp(r#"{"plaintext":["@"],"key_version":1}"#, 10).kms();
        let decrypted = kms.decrypt("key", &DecryptRequest::new("vault:v1:AA==")).await.unwrap();
        assert!(decrypted.plaintext().is_err() && decrypted.plaintext.raw().unwrap().starts_with("[\""));
    })
    .await;

    clean("a secret value that was read as a type", 12, async |_| {
        // A value in a string, whose password has its own escape.
        let secrets = scp(r#"{"secret_value":"{\"port\":5432,\"password\":\"\\n@\"}"}"#, 12).secrets_manager();
        let shown = secrets.show_secret_value("id", &ShowSecretValueRequest::default()).await.unwrap();
        assert_eq!(shown.secret_value().unwrap().get("password").unwrap().expose_secret().len(), LENGTH + 1);
        let login: Login = shown.parse().unwrap();
        assert!(Canary(12).found() >= 1, "it is there while it is held");
        assert_eq!((login.port, login.password.expose_secret().len()), (5432, LENGTH + 1));
    })
    .await;

    clean("a secret of NHN Cloud that was read as a type", 13, async |_| {
        let answer = r#"{"header":{"isSuccessful":true},"body":{"secret":"{\"port\":1,\"password\":\"\\n@\"}"}}"#;
        let nhn = Nhn::builder()
            .endpoint("http://127.0.0.1:9")
            .secure_key_manager_app_key("app")
            .transport(Arc::new(Answers(answer, 13)))
            .build()
            .unwrap();
        let shown = nhn.secure_key_manager_v1_0().unwrap().show_secret("id").await.unwrap();
        assert_eq!(shown.parse::<Login>().unwrap().password.expose_secret().len(), LENGTH + 1);
    })
    .await;

    clean("a token that was issued", 6, async |_| {
        let token = r#"{"access_token":"@","token_type":"Bearer","expires_in":86400}"#;
        let nhn = Nhn::builder()
            .endpoint("http://127.0.0.1:9")
            .user_access_key("id", "secret")
            .security_advisor_app_key("app")
            .transport(Arc::new(Answers(token, 6)))
            .build()
            .unwrap();
        // The token service answers this, and so does the service itself, which has no answers of its own.
        nhn.security_advisor().unwrap().show_last_inspection_date().await.unwrap_err();
        assert!(Canary(6).found() >= 1, "it is kept for the next call");
    })
    .await;

    clean("an access token and a secret key in settings", 7, async |canary| {
        Risken::builder().endpoint("http://127.0.0.1:9").access_token(canary.text()).build().unwrap();
        Scp::builder().endpoint("http://127.0.0.1:9").credentials("key", canary.text()).build().unwrap();
    })
    .await;

    clean("key material", 8, async |canary| {
        let mut list = String::with_capacity(LENGTH * 6);
        (0..LENGTH).for_each(|index| list.push_str(&format!("0x{:02x}, ", canary.byte(index))));
        let key = KeyMaterial::from(list).to_bytes().unwrap();
        assert!(canary.found() >= 1, "it is there while it is held");
        assert_eq!(key.expose_secret().len(), LENGTH);
    })
    .await;
}
