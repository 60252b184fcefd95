//! A request as it would be sent, without sending it.

use std::fmt;

use bytes::Bytes;
use http::HeaderName;
use http::header::CONTENT_TYPE;

use crate::auth::SignaturePlan;
use crate::error::Result;
use crate::operation::{ApiVersion, CallContext, Method, Operation};
use crate::request::Request;

mod shell;

/// The request of a call as it would be sent now, from [`Call::plan`](crate::Call::plan).
///
/// It holds no credential and no signature: of a header with a credential, only the name and the length of the value are
/// kept. `Display` and `Debug` also leave out path values, query values and the body.
///
/// ```no_run
/// # use cloud_core::{Call, Result};
/// # async fn example(call: Call<()>) -> Result<()> {
/// let plan = call.plan()?;
/// println!("{plan}");
/// println!("{}", plan.as_curl());
/// call.await
/// # }
/// ```
#[derive(Clone)]
pub struct Plan {
    context: CallContext,
    /// With the names of configured values in braces.
    url: String,
    /// Without values.
    target: String,
    headers: Vec<PlannedHeader>,
    body: Option<Bytes>,
    signature: SignaturePlan,
    /// The shell variables of configured values: name in the URL, variable.
    config: Vec<(&'static str, String)>,
    /// The shell variables of the files of a client certificate and its key.
    certificate: Option<[&'static str; 2]>,
}

/// A header of a [`Plan`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedHeader {
    /// The name.
    pub name: HeaderName,
    /// The value; `None` if it holds a credential.
    pub value: Option<String>,
    /// The length of the value in bytes.
    pub length: usize,
    /// The shell variable with the value of a header that no signature adds.
    variable: Option<String>,
}

impl Plan {
    /// Takes what a request tells without its credentials. `variable` names the shell variable of a configured value.
    pub(crate) fn new(
        context: CallContext,
        base: &str,
        request: &Request,
        http: &http::Request<Bytes>,
        signature: SignaturePlan,
        variable: impl Fn(&str) -> Option<&'static str>,
    ) -> Result<Self> {
        let named = |name: &str| variable(name).map_or_else(|| shell::variable_of(name), str::to_owned);
        let headers = http.headers().iter().map(|(name, value)| PlannedHeader {
            name: name.clone(),
            value: (!value.is_sensitive()).then(|| String::from_utf8_lossy(value.as_bytes()).into_owned()),
            length: value.len(),
            variable: (value.is_sensitive() && !signature.adds(name)).then(|| named(name.as_str())),
        });
        let mut target = format!("{base}{}", context.operation.template());
        for (number, name) in request.query_names().enumerate() {
            target.push_str(if number == 0 { "?" } else { "&" });
            target.push_str(name);
            target.push_str("=…");
        }
        Ok(Self {
            context,
            url: request.url_with_names(base)?,
            target,
            headers: headers.collect(),
            body: request.body_bytes().cloned(),
            config: request.config_names().map(|name| (name, named(name))).collect(),
            signature,
            certificate: None,
        })
    }

    pub(crate) fn with_certificate(self, certificate: Option<[&'static str; 2]>) -> Self {
        Self { certificate, ..self }
    }

    /// Returns the operation, with what it does: [`mutates`](Operation::mutates) and
    /// [`reveals_secrets`](Operation::reveals_secrets).
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.context.operation
    }

    /// Returns the version of the service.
    #[must_use]
    pub fn api_version(&self) -> &'static ApiVersion {
        self.context.version
    }

    /// Returns the HTTP method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.context.operation.method
    }

    /// Returns the URL with its path and query values. A value from the client's settings that identifies the caller,
    /// such as an app key, is replaced by its name: `/appkey/{appkey}/secrets`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the headers, in no certain order. Those that HTTP itself needs, such as `Host`, are not among them.
    #[must_use]
    pub fn headers(&self) -> &[PlannedHeader] {
        &self.headers
    }

    /// Returns the body as it would be sent. It may hold secrets of the caller.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// Returns whether the call would request credentials first, such as a token or a temporary key. The length of
    /// their headers is then that of a placeholder.
    #[must_use]
    pub fn requests_credentials(&self) -> bool {
        self.signature.pending
    }

    /// Returns the shell variables that the line of [`as_curl`](Self::as_curl) needs, in the order of their use.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.signature.variables.to_vec();
        let own = self.config.iter().map(|(_, variable)| variable.as_str());
        let headers = self.headers.iter().filter_map(|header| header.variable.as_deref());
        let body = self.body.is_some().then_some(shell::BODY);
        let certificate = self.certificate.iter().flatten().copied();
        for name in own.chain(headers).chain(certificate).chain(body) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Returns a line for a POSIX shell that sends the request with `curl`. It holds no credential: the variables that
    /// [`variables`](Self::variables) names must be set, and the line says which one is not.
    ///
    /// The line holds path and query values. It holds no body: `BODY_FILE` is the name of a file with the bytes of
    /// [`body`](Self::body). If the client was given a client certificate, two variables name the PEM files of the
    /// certificate and of its private key. Signatures and tokens are made by the line itself, with `openssl` and `curl`, so it does not
    /// age. While it runs, other users of the machine can see its arguments, and with them the credentials.
    #[must_use]
    pub fn as_curl(&self) -> String {
        self.curl()
    }

    fn content_type(&self) -> &str {
        let header = self.headers.iter().find(|header| header.name == CONTENT_TYPE);
        header.and_then(|header| header.value.as_deref()).unwrap_or_default()
    }
}

impl fmt::Display for Plan {
    /// Writes the operation, the request line and the headers on a line each, then the length of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.context)?;
        write!(f, "{} {}", self.method().as_str(), self.target)?;
        for PlannedHeader { name, value, .. } in &self.headers {
            match value {
                Some(value) => write!(f, "\n{name}: {value}")?,
                None if self.signature.pending && self.signature.adds(name) => {
                    write!(f, "\n{name}: [requested by the call]")?;
                }
                None => write!(f, "\n{name}: [redacted]")?,
            }
        }
        match &self.body {
            Some(body) => write!(f, "\nbody: {} bytes of {}", body.len(), self.content_type()),
            None => f.write_str("\nno body"),
        }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = self.headers.iter().map(|header| header.name.as_str());
        f.debug_struct("Plan")
            .field("operation", &self.context.to_string())
            .field("target", &self.target)
            .field("headers", &headers.collect::<Vec<_>>())
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
