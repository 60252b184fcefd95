//! One read-only call to each service that is configured, and the clock of the service.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cloud_core::bytes::Bytes;
use cloud_core::config::ProcessEnv;
use cloud_core::runtime::{BoxFuture, TokioRuntime};
use cloud_core::time::{Duration, OffsetDateTime};
use cloud_core::transport::{DefaultTransport, TransportError};
use cloud_core::{Result, Runtime, Transport, http};
use nhn_security::{Language, Nhn, Period, Region};
use serde::Serialize;

use crate::vendors::{self, PROJECT, Vendor};

/// A call and its result.
#[derive(Debug, Serialize)]
pub(crate) struct Probe {
    call: &'static str,
    /// Milliseconds from the first attempt to the result.
    took_ms: u128,
    /// How many seconds the clock of the service is ahead of this machine's, from the date of its response.
    clock_offset_s: Option<i64>,
    pub(super) error: Option<String>,
    #[serde(skip)]
    pub(super) advice: Vec<String>,
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.call)?;
        match &self.error {
            None => write!(f, "ok in {} ms", self.took_ms)?,
            Some(error) => f.write_str(error)?,
        }
        match self.clock_offset_s {
            Some(seconds) => write!(f, ", clock of the service {seconds:+} s"),
            None => Ok(()),
        }
    }
}

/// How far the clocks may differ until it is worth a word, in seconds. The date of a response has whole seconds.
const CLOCK_TOLERANCE: i64 = 30;

/// Calls each service of a vendor that is configured. Changes nothing there.
pub(super) async fn calls(vendor: Vendor) -> Vec<Probe> {
    let watch = match Watch::new() {
        Ok(watch) => watch,
        Err(error) => return vec![failed("transport", &error)],
    };
    match vendor {
        Vendor::Scp => scp(watch).await,
        Vendor::Nhn => nhn(watch).await,
        Vendor::Risken => risken(watch).await,
    }
}

async fn scp(watch: Watch) -> Vec<Probe> {
    let scp = vendors::scp(ProcessEnv).transport(watch.clone()).build();
    match scp {
        Ok(scp) => {
            vec![watch.call("kms list_keys", async move { scp.kms().list_keys().first_page().await.map(drop) }).await]
        }
        Err(error) => vec![failed("settings", &error)],
    }
}

async fn nhn(watch: Watch) -> Vec<Probe> {
    let nhn = match vendors::nhn(ProcessEnv).transport(watch.clone()).build() {
        Ok(nhn) => nhn,
        Err(error) => return vec![failed("settings", &error)],
    };
    let mut probes = Vec::new();
    if let Ok(client) = nhn.secure_key_manager() {
        let call = async move { client.list_key_stores().await.map(drop) };
        probes.push(watch.call("secure_key_manager list_key_stores", call).await);
    }
    if let Ok(client) = nhn.security_advisor() {
        let call = async move { client.list_inspection_results(Region::Kr1, Language::En).await.map(drop) };
        probes.push(watch.call("security_advisor list_inspection_results", call).await);
    }
    if let Ok(client) = nhn.server_security_check() {
        let call = async move {
            let now = vendors::now();
            let period = Period::new(now - Duration::days(1), now)?;
            client.list_inspection_summaries(Region::Kr1, period).limit(1).first_page().await.map(drop)
        };
        probes.push(watch.call("server_security_check list_inspection_summaries", call).await);
    }
    if probes.is_empty() {
        probes.extend(missing(&nhn));
    }
    probes
}

/// Why no service of NHN Cloud can be called.
fn missing(nhn: &Nhn) -> Option<Probe> {
    nhn.secure_key_manager().err().map(|error| failed("settings", &error))
}

async fn risken(watch: Watch) -> Vec<Probe> {
    let risken = match vendors::risken(ProcessEnv).transport(watch.clone()).build() {
        Ok(risken) => risken,
        Err(error) => return vec![failed("settings", &error)],
    };
    match vendors::project(&ProcessEnv) {
        Ok(project) => {
            vec![watch.call("aws list_aws", async move { risken.aws().list_aws(project).await.map(drop) }).await]
        }
        Err(reason) => {
            let advice = format!("set {PROJECT}: the call needs a project");
            let error = Some(reason.text().to_owned());
            vec![Probe { call: "aws list_aws", took_ms: 0, clock_offset_s: None, error, advice: vec![advice] }]
        }
    }
}

fn failed(call: &'static str, error: &cloud_core::Error) -> Probe {
    let advice = error.advice().iter().map(ToString::to_string).collect();
    Probe { call, took_ms: 0, clock_offset_s: None, error: Some(error.to_string()), advice }
}

/// A transport that notes the date of the last response.
#[derive(Clone, Debug)]
struct Watch {
    transport: Arc<DefaultTransport>,
    date: Arc<Mutex<Option<i64>>>,
    runtime: Arc<TokioRuntime>,
}

impl Watch {
    fn new() -> Result<Self> {
        let transport = Arc::new(DefaultTransport::new()?);
        Ok(Self { transport, date: Arc::default(), runtime: Arc::default() })
    }

    /// Runs a call and records its result.
    async fn call(&self, name: &'static str, call: impl Future<Output = Result<()>>) -> Probe {
        self.note(None);
        let start = self.runtime.elapsed();
        let result = call.await;
        let took_ms = self.runtime.elapsed().saturating_sub(start).as_millis();
        let clock_offset_s = *self.date.lock().unwrap_or_else(PoisonError::into_inner);
        let mut probe = match result {
            Ok(()) => Probe { call: name, took_ms, clock_offset_s, error: None, advice: Vec::new() },
            Err(error) => Probe { took_ms, clock_offset_s, ..failed(name, &error) },
        };
        if let Some(offset) = clock_offset_s.filter(|offset| offset.abs() > CLOCK_TOLERANCE) {
            probe.advice.push(format!("set the clock of this machine: the service's differs by {offset:+} s"));
        }
        probe
    }

    fn note(&self, offset: Option<i64>) {
        *self.date.lock().unwrap_or_else(PoisonError::into_inner) = offset;
    }
}

impl Transport for Watch {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let response = self.transport.send(request).await?;
            let date = response.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
            if let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) {
                let offset = OffsetDateTime::from(date) - self.runtime.now();
                // The date has been cut to a whole second.
                self.note(Some((offset + Duration::milliseconds(500)).whole_seconds()));
            }
            Ok(response)
        })
    }
}
