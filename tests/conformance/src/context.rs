//! The shared state of a run's calls: the clients, and the responses so far.

use std::any::Any;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::hash::BuildHasher;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use cloud_core::{CallContext, Plan, Transport};
use nhn_security::Nhn;
use risken_aws::Risken;
use scp_security::Scp;
use scp_security::certificate_manager::types::{CreateCertificateResponse, ShowCertificateResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::choice;

/// A call that is being made.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// One operation of one version, and the call of it.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The vendor's short name.
    pub vendor: &'static str,
    /// The service as the vendor spells it.
    pub service: &'static str,
    /// The version as the vendor spells it.
    pub version: &'static str,
    /// The operation's name in the SDK.
    pub operation: &'static str,
    /// Makes the call.
    pub call: fn(&Context) -> Running<'_>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.vendor, self.service, self.version, self.operation)
    }
}

/// How a call ended.
#[derive(Debug)]
pub struct Outcome {
    /// What was called.
    pub entry: &'static Entry,
    /// What went wrong, if anything did.
    pub result: Result<(), String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.result {
            Ok(()) => write!(f, "ok {}", self.entry),
            Err(why) => write!(f, "error {}: {why}", self.entry),
        }
    }
}

/// The SDKs to call, or why one cannot be.
#[derive(Debug)]
pub struct Clients {
    /// Samsung Cloud Platform.
    pub scp: Result<Scp, String>,
    /// NHN Cloud.
    pub nhn: Result<Nhn, String>,
    /// RISKEN.
    pub risken: Result<Risken, String>,
}

impl Clients {
    /// The SDKs with their settings from the environment; `endpoint` stands for every host. They use the default
    /// transport unless they are given one.
    #[must_use]
    pub fn from_env(endpoint: Option<&str>, transport: Option<&Arc<dyn Transport>>) -> Self {
        let (mut scp, mut nhn, mut risken) = (Scp::builder().env(), Nhn::builder().env(), Risken::builder().env());
        if let Some(url) = endpoint {
            scp = scp.endpoint(url);
            nhn = nhn.endpoint(url);
            risken = risken.endpoint(url);
        }
        if let Some(transport) = transport {
            scp = scp.transport(Arc::clone(transport));
            nhn = nhn.transport(Arc::clone(transport));
            risken = risken.transport(Arc::clone(transport));
        }
        Self {
            scp: scp.build().map_err(|error| error.to_string()),
            nhn: nhn.build().map_err(|error| error.to_string()),
            risken: risken.build().map_err(|error| error.to_string()),
        }
    }
}

/// Changes the values that calls would use, so that tests can plant what they look for.
pub trait Plant: Send + Sync {
    /// The value to use for a textual path or query parameter.
    fn text(&self, operation: &str, name: &str, value: String) -> String {
        let _ = (operation, name);
        value
    }

    /// Changes the body that is about to be sent.
    fn body(&self, operation: &str, body: &mut Value) {
        let _ = (operation, body);
    }
}

/// The clients, and the answers so far by operation (`kms.1.2.encrypt`).
pub struct Context {
    clients: Clients,
    answers: Mutex<HashMap<&'static str, Value>>,
    /// What later calls need of answers that do not serialize; never shown.
    secrets: Mutex<HashMap<&'static str, Value>>,
    plant: Option<Box<dyn Plant>>,
    blocking: bool,
    plans: Option<Mutex<Vec<Plan>>>,
    /// What names end with that no later run may use again.
    mark: String,
    shown: Mutex<String>,
}

impl Context {
    /// A run that has called nothing yet.
    #[must_use]
    pub fn new(clients: Clients) -> Self {
        Self {
            clients,
            answers: Mutex::default(),
            secrets: Mutex::default(),
            plant: None,
            blocking: false,
            plans: None,
            mark: String::new(),
            shown: Mutex::default(),
        }
    }

    /// Gives names that stay taken, since deletion waits for days, an end that no other run has.
    #[must_use]
    pub fn with_names_of_its_own(mut self) -> Self {
        self.mark = format!("-{:08x}", RandomState::new().hash_one(()) & 0xffff_ffff);
        self
    }

    /// Changes values on their way out, and keeps the `Debug` of all that is sent and received.
    #[must_use]
    pub fn with_plant(mut self, plant: impl Plant + 'static) -> Self {
        self.plant = Some(Box::new(plant));
        self
    }

    /// Blocks the thread with each call instead of awaiting it.
    #[must_use]
    pub fn blocking(mut self) -> Self {
        self.blocking = true;
        self
    }

    /// Plans each call before it is made.
    #[must_use]
    pub fn planning(mut self) -> Self {
        self.plans = Some(Mutex::default());
        self
    }

    /// The plans so far, of a run that [plans](Self::planning).
    #[must_use]
    pub fn plans(&self) -> Vec<Plan> {
        self.plans.iter().flat_map(|plans| plans.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
    }

    fn plan(&self, plan: cloud_core::Result<Plan>) -> Result<(), String> {
        let plan = plan.map_err(|error| error.to_string())?;
        self.show(format_args!("{plan} {plan:?} {plan:#?} {} {:?}", plan.as_curl(), plan.headers()));
        if let Some(plans) = &self.plans {
            plans.lock().unwrap_or_else(PoisonError::into_inner).push(plan);
        }
        Ok(())
    }

    /// The answer of an operation (`kms.1.2.encrypt`), encoded again, where its type can be.
    #[must_use]
    pub fn answer(&self, operation: &str) -> Option<Value> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(operation).cloned()
    }

    /// The `Debug` and `Display` of every client, body, call, answer and error so far.
    #[must_use]
    pub fn shown(&self) -> String {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{:?}\n{shown}", self.clients)
    }

    fn show(&self, what: fmt::Arguments<'_>) {
        if self.plant.is_some() {
            let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            shown.push_str(&format!("{what}\n"));
        }
    }

    pub(crate) fn scp(&self) -> Result<&Scp, String> {
        self.clients.scp.as_ref().map_err(Clone::clone)
    }

    pub(crate) fn nhn(&self) -> Result<&Nhn, String> {
        self.clients.nhn.as_ref().map_err(Clone::clone)
    }

    pub(crate) fn risken(&self) -> Result<&Risken, String> {
        self.clients.risken.as_ref().map_err(Clone::clone)
    }

    /// The value of a path or query parameter.
    pub(crate) fn text(&self, operation: &str, name: &str, example: &str) -> Result<String, String> {
        let earlier = self.earlier(operation, name).and_then(|found| found.as_str().map(str::to_owned));
        let value = match earlier.or_else(|| self.fresh(operation, name, example)) {
            Some(found) if !found.is_empty() => found,
            _ if example.is_empty() => choice::fallback(name)
                .map(str::to_owned)
                .ok_or_else(|| format!("no earlier answer holds `{name}`, and the page shows no example"))?,
            _ => example.to_owned(),
        };
        Ok(match &self.plant {
            Some(plant) => plant.text(operation, name, value),
            None => value,
        })
    }

    /// The value of a numeric path or query parameter.
    pub(crate) fn integer(&self, operation: &str, name: &str, example: i64) -> Result<i64, String> {
        let repaired = choice::repair(operation, name).or_else(|| self.earlier(operation, name));
        Ok(repaired.and_then(|found| found.as_i64()).unwrap_or(example))
    }

    /// The value of a date and time parameter.
    pub(crate) fn instant(&self, _: &str, name: &str, example: &str) -> Result<OffsetDateTime, String> {
        OffsetDateTime::parse(example, &Rfc3339).map_err(|error| format!("the example of `{name}`: {error}"))
    }

    /// The page's example body, with values of earlier answers where those help.
    pub(crate) fn body<T: DeserializeOwned + fmt::Debug>(&self, operation: &str, example: &str) -> Result<T, String> {
        let mut body: Value = serde_json::from_str(example).map_err(|error| format!("the example body: {error}"))?;
        self.improve(operation, &mut body);
        if let Some(plant) = &self.plant {
            plant.body(operation, &mut body);
        }
        let body = serde_json::from_value(body).map_err(|error| format!("the example body: {error}"))?;
        self.show(format_args!("{body:?} {body:#?}"));
        Ok(body)
    }

    /// A value of the run's own where two things cannot share one.
    fn fresh(&self, operation: &str, name: &str, example: &str) -> Option<String> {
        let (version, operation) = operation.rsplit_once('.')?;
        let value = choice::fresh(version, operation, name, example)?;
        let stays = choice::stays(version, operation, name);
        Some(if stays { value + &self.mark } else { value })
    }

    fn improve(&self, operation: &str, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.improve(operation, member);
                    let repaired = choice::repair(operation, name).or_else(|| self.earlier(operation, name));
                    if let Some(found) =
                        repaired.or_else(|| self.fresh(operation, name, member.as_str()?).map(Value::from))
                    {
                        *member = found;
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.improve(operation, item)),
            _ => {}
        }
    }

    /// Waits for an answer, with `wait` if the run blocks; an error is put in words.
    pub(crate) async fn finish<T: fmt::Debug + 'static, C: IntoFuture<Output = cloud_core::Result<T>> + fmt::Debug>(
        &self,
        operation: &'static str,
        call: C,
        plan: impl FnOnce(&C) -> cloud_core::Result<Plan>,
        wait: impl FnOnce(C) -> cloud_core::Result<T>,
    ) -> Result<T, String> {
        self.show(format_args!("{call:?}"));
        if self.plans.is_some() {
            self.plan(plan(&call))?;
        }
        let answer = if self.blocking { wait(call) } else { call.await };
        self.show(format_args!("{answer:?} {answer:#?}"));
        if let Some(held) = answer.as_ref().ok().and_then(|answer| certificate(answer)) {
            self.secrets.lock().unwrap_or_else(PoisonError::into_inner).insert(operation, held);
        }
        answer.map_err(|error| {
            self.show(format_args!("{error} {:?}", std::error::Error::source(&error).map(ToString::to_string)));
            // The line of the report names the operation already.
            let text = error.to_string();
            let called = error.operation().zip(error.api_version());
            let called = called.map(|(operation, version)| format!("{}: ", CallContext::new(operation, version)));
            match called.and_then(|called| text.strip_prefix(&called)) {
                Some(rest) => rest.to_owned(),
                None => text,
            }
        })
    }

    /// Remembers an answer for later calls.
    pub(crate) fn keep(&self, operation: &'static str, answer: &impl Serialize) {
        if let Ok(value) = serde_json::to_value(answer) {
            self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(operation, value);
        }
    }

    /// The value of an earlier answer for a parameter or field of this operation.
    fn earlier(&self, operation: &str, name: &str) -> Option<Value> {
        let (version, operation) = operation.rsplit_once('.')?;
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        choice::sources(version, operation, name).find_map(|(source, pointer)| {
            let source = format!("{version}.{source}");
            let found = answers.get(&*source).or_else(|| secrets.get(&*source))?.pointer(pointer)?;
            Some(found.clone()).filter(|found| !found.is_null() && found != "")
        })
    }
}

/// The id and the texts of a certificate with its key.
fn certificate(answer: &dyn Any) -> Option<Value> {
    let (id, body, key) = if let Some(made) = answer.downcast_ref::<ShowCertificateResponse>() {
        let made = &made.certificate;
        (&made.id, &made.cert_body, &made.private_key)
    } else {
        let made = &answer.downcast_ref::<CreateCertificateResponse>()?.certificate;
        (&made.id, &made.cert_body, &made.private_key)
    };
    Some(json!({"certificate": {"id": id, "cert_body": body, "private_key": key.expose_secret()}}))
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("clients", &self.clients).finish_non_exhaustive()
    }
}
