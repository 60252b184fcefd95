//! Calls without a network: a transport that records requests and returns a prepared response.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use cloud_core::runtime::TokioRuntime;
use cloud_core::transport::{Stage, TransportError};
use cloud_core::{BoxFuture, Runtime, Transport};
use http::StatusCode;
use nhn_security::Nhn;
use risken_aws::Risken;
use scp_security::Scp;
use serde_json::Value;
use time::OffsetDateTime;

use crate::Clients;

/// The credentials of the SDKs under test. A test gives ones that it can recognise.
#[derive(Clone, Copy, Debug)]
pub struct Secrets {
    /// Put before each credential's name, to make it recognisable.
    pub mark: &'static str,
}

/// What a [`Recorder`] gives for every request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// This status and body.
    Answer(u16, String),
    /// This status, these headers and this body.
    Headed(u16, &'static [(&'static str, &'static str)], Vec<u8>),
    /// This status, and as the body what is made of the request.
    Echo(u16, fn(&http::Request<Bytes>) -> Value),
    /// No answer: it fails at this stage.
    Fail(Stage),
}

impl Reply {
    /// An answer of JSON, or an empty one.
    #[must_use]
    pub fn answer(status: u16, body: Option<&Value>) -> Self {
        Self::Answer(status, body.map(ToString::to_string).unwrap_or_default())
    }
}

/// Records requests; answers those for tokens with a token, and all others with the prepared reply.
#[derive(Debug)]
pub struct Recorder {
    token: Reply,
    reply: Reply,
    sent: Mutex<Vec<http::Request<Bytes>>>,
    count: AtomicUsize,
}

impl Recorder {
    /// A transport that gives this answer.
    #[must_use]
    pub fn new(secrets: Secrets, status: u16, body: Option<&Value>) -> Arc<Self> {
        Self::replying(secrets, Reply::answer(status, body))
    }

    /// A transport that gives this reply.
    #[must_use]
    pub fn replying(secrets: Secrets, reply: Reply) -> Arc<Self> {
        let token = serde_json::json!({"access_token": secrets.token(), "token_type": "Bearer", "expires_in": 86_400});
        Arc::new(Self {
            token: Reply::answer(200, Some(&token)),
            reply,
            sent: Mutex::default(),
            count: AtomicUsize::new(0),
        })
    }

    /// How many requests were sent, those for tokens too.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// The requests so far, those for tokens aside.
    #[must_use]
    pub fn sent(&self) -> Vec<http::Request<Bytes>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Transport for Recorder {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        self.count.fetch_add(1, Ordering::SeqCst);
        let is_token = request.uri().path() == "/oauth2/token/create";
        let reply = if is_token { &self.token } else { &self.reply };
        let mut headers: &[_] = &[];
        let outcome = match reply {
            Reply::Answer(status, body) => Ok((*status, body.clone().into_bytes())),
            Reply::Headed(status, given, body) => {
                headers = *given;
                Ok((*status, body.clone()))
            }
            Reply::Echo(status, make) => Ok((*status, make(&request).to_string().into_bytes())),
            Reply::Fail(stage) => Err(TransportError::new(*stage, "a failure of the test")),
        };
        if !is_token {
            self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        }
        let outcome = outcome.map(|(status, body)| {
            let mut answer = http::Response::new(Bytes::from(body));
            *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
            for (name, value) in headers {
                answer.headers_mut().append(*name, http::HeaderValue::from_static(value));
            }
            answer
        });
        Box::pin(std::future::ready(outcome))
    }
}

/// The system's clock, without the waits between attempts.
#[derive(Debug, Default)]
struct Hurried(TokioRuntime);

impl Runtime for Hurried {
    fn now(&self) -> OffsetDateTime {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        self.0.deadline(limit)
    }

    fn random(&self) -> u64 {
        self.0.random()
    }
}

impl Secrets {
    fn named(self, name: &str) -> String {
        format!("{}{name}", self.mark)
    }

    /// The NHN token that is issued.
    #[must_use]
    pub fn token(self) -> String {
        self.named("nhn-token")
    }

    /// The ID and the secret of the NHN User Access Key.
    #[must_use]
    pub fn user_access_key(self) -> (String, String) {
        (self.named("nhn-id"), self.named("nhn-secret"))
    }

    /// The SDKs with these credentials on this transport, by a clock whose waits are over at once.
    #[must_use]
    pub fn clients(self, transport: &Arc<Recorder>) -> Clients {
        self.clients_at(transport, &(Arc::new(Hurried::default()) as Arc<dyn Runtime>))
    }

    /// The SDKs with these credentials on this transport, by this clock.
    #[must_use]
    pub fn clients_at(self, transport: &Arc<Recorder>, runtime: &Arc<dyn Runtime>) -> Clients {
        let transport = || Arc::clone(transport) as Arc<dyn Transport>;
        let runtime = || Arc::clone(runtime);
        let scp = Scp::builder()
            .endpoint("http://127.0.0.1:9")
            .credentials(self.named("scp-key"), self.named("scp-secret"))
            .vault_token(self.named("vault-token"), self.named("vault-secret"))
            .secret_vault_id(self.named("vault-id"))
            .transport(transport())
            .runtime(runtime())
            .build();
        let nhn = Nhn::builder()
            .endpoint("http://127.0.0.1:9")
            .user_access_key(self.user_access_key().0, self.user_access_key().1)
            .security_advisor_app_key(self.named("sa-appkey"))
            .server_security_check_app_key(self.named("ssc-appkey"))
            .secure_key_manager_app_key(self.named("skm-appkey"))
            .mac_address("aa:bb:cc:dd:ee:ff")
            .transport(transport())
            .runtime(runtime())
            .build();
        let risken = Risken::builder()
            .endpoint("http://127.0.0.1:9")
            .access_token(self.named("risken-token"))
            .transport(transport())
            .runtime(runtime())
            .build();
        let text = |error: cloud_core::Error| error.to_string();
        Clients { scp: scp.map_err(text), nhn: nhn.map_err(text), risken: risken.map_err(text) }
    }
}
