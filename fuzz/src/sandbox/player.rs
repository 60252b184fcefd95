//! Sends calls to a sandbox without a socket, and looks at what comes back.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arbitrary::{Result, Unstructured};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cloud_sandbox::{InProcess, Sandbox, SandboxBuilder};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderName, HeaderValue, Request, Response};
use serde_json::Value;
use sha2::Sha256;
use tokio::runtime::Runtime;

use super::change::{Changed, changed};
use super::documented::{Caller, Content, Documented, Vendor, of};
use super::raw;
use super::text::Memory;

const ENDPOINT: &str = "http://127.0.0.1:9";

/// When it is; signatures carry this time.
const NOW: Duration = Duration::from_secs(20_500 * 24 * 60 * 60);

/// More calls than this are not made of one input.
const CALLS: usize = 12;

/// A sandbox, and what a caller knows.
#[derive(Debug)]
pub struct Player {
    runtime: Runtime,
    sandbox: InProcess,
    all: Vec<Documented>,
    memory: Memory,
    nhn_token: Option<String>,
    /// The number of the latest call that was looked at in the log.
    seen: u64,
    /// Whether the state may be another one than at the start.
    touched: bool,
    /// Whether nothing but the call itself decides on the answer.
    strict: bool,
}

impl Player {
    /// Settings under which a run can be repeated.
    #[must_use]
    pub fn settings() -> SandboxBuilder {
        Sandbox::builder().seed(1).clock(|| -> SystemTime { UNIX_EPOCH + NOW })
    }

    /// A sandbox whose vendors are called; nothing where the settings do not fit.
    ///
    /// # Panics
    /// If the machine gives no runtime.
    #[must_use]
    pub fn new(settings: SandboxBuilder, vendors: &[Vendor]) -> Option<Self> {
        // Where time stands still, the delays of faults take none.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let sandbox = InProcess::new(settings, ENDPOINT).ok()?;
        let all = vendors.iter().flat_map(|vendor| of(*vendor, &|name| setting(&sandbox, name))).collect();
        let (runtime, memory) = (runtime.expect("a runtime"), Memory::default());
        Some(Self { runtime, sandbox, all, memory, nhn_token: None, seen: 0, touched: false, strict: true })
    }

    /// Makes the calls of an input.
    ///
    /// # Panics
    /// If the sandbox does, or answers what it must not.
    pub fn play(&mut self, data: &[u8]) {
        self.memory = Memory::default();
        self.nhn_token = None;
        if let [u8::MAX, rest @ ..] = data {
            if let Some(request) = raw::request(rest) {
                self.send(request);
            }
            return;
        }
        let mut input = Unstructured::new(data);
        for _ in 0..CALLS {
            if input.is_empty() || self.step(&mut input).is_err() {
                break;
            }
        }
        self.check_log();
    }

    fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let ahead = input.arbitrary::<u8>()?;
        let dear = ahead == 239;
        if ahead >= 240 {
            let seconds = [1, 11, 3600, 86_400, 31 * 86_400, 400 * 86_400][usize::from(ahead % 6)];
            self.sandbox.advance(Duration::from_secs(seconds));
            self.nhn_token = None;
            self.touched = true;
        }
        let changed = Changed { dear, ..changed(input, &self.all, &self.memory)? };
        if let Some(request) = self.request(changed) {
            self.send(request);
        }
        Ok(())
    }

    /// The call as a request; nothing where HTTP has no way to say it.
    fn request(&mut self, changed: Changed) -> Option<Request<Bytes>> {
        let Changed { call, headers, kind, bytes, bare, dear } = changed;
        let escape = |text: &str| if bare { text.to_owned() } else { escape(text) };
        let pieces = call.path.iter().map(|(name, text)| if name.is_some() { escape(text) } else { text.clone() });
        let mut target = format!("/{}", pieces.collect::<Vec<_>>().join("/"));
        for (index, (name, value, _)) in call.query.iter().enumerate() {
            let sign = if index == 0 { '?' } else { '&' };
            target += &format!("{sign}{}={}", escape(name), escape(value));
        }
        let (usual, text) = match &call.body {
            Content::Nothing => (None, String::new()),
            Content::Json(body) => (Some("application/json"), body.to_string()),
            Content::Form(pairs) => {
                let pairs = pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
                (Some("application/x-www-form-urlencoded"), pairs.collect::<Vec<_>>().join("&"))
            }
        };
        let body = bytes.unwrap_or(text.into_bytes());
        if !dear && makes_rsa_key(&call, &body) {
            return None;
        }
        let mut request = Request::builder().method(&*call.method).uri(&target).header("host", &ENDPOINT[7..]);
        if let Some(kind) = kind.as_deref().or(usual) {
            request = request.header("content-type", kind);
        }
        if let Some(version) = &call.version {
            request = request.header("scp-api-version", version);
        }
        for (name, value) in self.credentials(&call, &target) {
            request = request.header(name, value);
        }
        let mut request = request.body(Bytes::from(body)).ok()?;
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            request.headers_mut().insert(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
        }
        Some(request)
    }

    fn credentials(&mut self, call: &Documented, target: &str) -> Vec<(String, String)> {
        let setting = |name: &str| setting(&self.sandbox, name);
        match call.caller {
            Caller::Nobody => vec![("x-toast-client-mac-addr".to_owned(), setting("NHN_CLOUD_SKM_MAC_ADDRESS"))],
            Caller::AccessKey => {
                signed("scp-", &call.method, target, &setting("SCP_ACCESS_KEY"), &setting("SCP_SECRET_KEY"))
            }
            Caller::VaultToken => {
                signed("sv", &call.method, target, &setting("SCP_VAULT_TOKEN_ID"), &setting("SCP_VAULT_TOKEN_SECRET"))
            }
            Caller::UserAccessKey => vec![("authorization".to_owned(), self.user_access_key())],
            Caller::AccessKeyPair => vec![
                ("x-tc-authentication-id".to_owned(), setting("NHN_CLOUD_USER_ACCESS_KEY_ID")),
                ("x-tc-authentication-secret".to_owned(), setting("NHN_CLOUD_USER_SECRET_ACCESS_KEY")),
                ("x-toast-client-mac-addr".to_owned(), setting("NHN_CLOUD_SKM_MAC_ADDRESS")),
            ],
            Caller::NhnToken => {
                let mac_address = setting("NHN_CLOUD_SKM_MAC_ADDRESS");
                if self.nhn_token.is_none() {
                    self.nhn_token = self.ask_for_token();
                }
                let token = self.nhn_token.as_deref().unwrap_or_default();
                vec![
                    ("x-nhn-authorization".to_owned(), format!("Bearer {token}")),
                    ("x-toast-client-mac-addr".to_owned(), mac_address),
                ]
            }
            Caller::RiskenToken => {
                vec![("authorization".to_owned(), format!("Bearer {}", setting("RISKEN_ACCESS_TOKEN")))]
            }
        }
    }

    fn user_access_key(&self) -> String {
        let pair = ["NHN_CLOUD_USER_ACCESS_KEY_ID", "NHN_CLOUD_USER_SECRET_ACCESS_KEY"];
        format!("Basic {}", STANDARD.encode(pair.map(|name| setting(&self.sandbox, name)).join(":")))
    }

    fn ask_for_token(&mut self) -> Option<String> {
        let request = Request::post("/oauth2/token/create").header("authorization", self.user_access_key());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(Bytes::from_static(b"grant_type=client_credentials")).ok()?;
        let answer = self.runtime.block_on(self.sandbox.respond(request));
        let body: Value = serde_json::from_slice(answer.body().as_ref()?).ok()?;
        Some(body["access_token"].as_str()?.to_owned())
    }

    fn send(&mut self, request: Request<Bytes>) {
        let what = format!("{} {}", request.method(), request.uri());
        let reads = request.method() == http::Method::GET;
        let answer = self.runtime.block_on(self.sandbox.respond(request));
        self.touched |= !reads && answer.status().is_success();
        if self.strict {
            self.memory.learn("", &check(&what, &answer));
        }
    }

    /// Makes a call below the admin path, whose faults may spoil every answer from then on.
    ///
    /// # Panics
    /// If the sandbox does.
    pub fn control(&mut self, method: &str, path: &str, body: &[u8]) {
        self.strict = false;
        self.touched = true;
        let request = Request::builder().method(method).uri(format!("/_sandbox/{path}")).header("host", &ENDPOINT[7..]);
        let request = request.header("content-type", "application/json").body(Bytes::copy_from_slice(body));
        let Ok(request) = request else { return };
        let what = format!("{method} {path}");
        let answer = self.runtime.block_on(self.sandbox.respond(request));
        check(&what, &answer);
    }

    /// Makes every documented call that only reads.
    ///
    /// # Panics
    /// If the sandbox does, or answers what it must not.
    pub fn read_all(&mut self) {
        for call in self.all.clone().into_iter().filter(|call| call.method == "GET") {
            let plain = Changed { call, headers: Vec::new(), kind: None, bytes: None, bare: false, dear: false };
            if let Some(request) = self.request(plain) {
                self.send(request);
            }
        }
    }

    /// The state as a file would hold it.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn state(&self) -> String {
        self.sandbox.saved().expect("a state that can be written")
    }

    /// Goes back to what an earlier [`state`](Self::state) was, so that an input does the same in every run.
    ///
    /// # Panics
    /// If that cannot be read.
    pub fn restore(&mut self, state: &str) {
        if self.touched {
            self.sandbox.restore(state).expect("a state that can be restored");
            (self.touched, self.strict) = (false, true);
        }
    }

    /// Whatever was done to it, the state can be written and read again.
    ///
    /// # Panics
    /// If it cannot.
    pub fn check_state(&self) {
        let state = self.state();
        self.sandbox.restore(&state).expect("a state that can be restored");
        assert_eq!(self.state(), state, "the state is another one after it was restored");
    }

    /// What nobody sent on purpose stands nowhere in the log.
    fn check_log(&mut self) {
        let secrets = ["SCP_SECRET_KEY", "SCP_VAULT_TOKEN_SECRET", "NHN_CLOUD_USER_SECRET_ACCESS_KEY"];
        let mut secrets: Vec<_> = secrets.iter().map(|name| setting(&self.sandbox, name)).collect();
        secrets.push(setting(&self.sandbox, "RISKEN_ACCESS_TOKEN"));
        for call in self.sandbox.calls_after(self.seen) {
            self.seen = call.number;
            let shown = serde_json::to_string(&call).expect("a call is JSON");
            assert!(!secrets.iter().any(|secret| shown.contains(secret)), "a secret in the log: {shown}");
        }
    }
}

/// What must hold of every answer; gives the JSON that it holds.
fn check(what: &str, answer: &Response<Option<Bytes>>) -> Value {
    let status = answer.status().as_u16();
    let body = answer.body().as_ref().expect("a whole body");
    let json = answer.headers().get("content-type").is_some_and(|kind| kind == "application/json");
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) if json => panic!("{what}: {status} with broken JSON ({error}): {body:?}"),
        Err(_) => Value::Null,
    };
    // RISKEN's own words for rows that are not there.
    let known = status == 500 && what.contains(" /api/v1/") && value["error"]["message"].is_string();
    assert!((200..500).contains(&status) || known, "{what}: {status} {body:?}");
    value
}

/// Making one takes thousands of times as long as everything else.
fn makes_rsa_key(call: &Documented, body: &[u8]) -> bool {
    let ends = |text: &str| call.path.last().is_some_and(|(_, piece)| piece == text);
    let named = body.windows(3).any(|part| part.eq_ignore_ascii_case(b"rsa"));
    call.method == "POST" && ((ends("transit") && named) || ends("rotate") || ends("self-sign"))
}

fn signed(prefix: &str, method: &str, target: &str, key: &str, secret: &str) -> Vec<(String, String)> {
    let now = NOW.as_millis().to_string();
    let text = format!("{method}{ENDPOINT}{target}{now}{key}Openapi");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(text.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let pairs = [("accesskey", key), ("signature", &*signature), ("timestamp", &*now), ("clienttype", "Openapi")];
    pairs.map(|(name, value)| (format!("{prefix}{name}"), value.to_owned())).to_vec()
}

fn setting(sandbox: &InProcess, name: &str) -> String {
    let mut pairs = sandbox.env_vars().into_iter();
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value).unwrap_or_default()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
