//! Services, versions, operations and their paths, as data.

mod version;
pub use version::{ApiVersion, Lifecycle};

/// What happens when the same request reaches the service twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Idempotency {
    /// Nothing changes on the server, however often it is sent.
    Safe,
    /// Sending it twice leaves the same state as sending it once.
    Idempotent,
    /// Sending it twice may execute it twice: create a second key, start a second scan.
    Unsafe,
}

/// What an operation does to what the service keeps.
///
/// This is not [`Idempotency`]: deleting by ID can be repeated, and destroys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// Returns or computes something, and keeps nothing.
    Read,
    /// Creates or changes something.
    Mutate,
    /// Deletes or removes something, or schedules either.
    Destroy,
}

/// The HTTP methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

impl Method {
    /// Returns the method as written on the request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

impl From<Method> for http::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
            Method::Delete => Self::DELETE,
        }
    }
}

/// A part of a path. Values are never substituted into a template, so they cannot be mistaken for placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Segment {
    /// Fixed text, slashes included.
    Literal(&'static str),
    /// A value that the caller passes; always encoded as one segment.
    Param(&'static str),
    /// A value from the client's configuration; always encoded as one segment.
    Config(&'static str),
}

/// How an operation is authenticated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Authentication {
    /// As the vendor authenticates most of its operations.
    #[default]
    Default,
    /// Without authentication.
    None,
    /// With a security scheme of its own, named as in the interface description.
    Scheme(&'static str),
}

/// Where the payload of a response is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Envelope {
    /// The body is the payload.
    #[default]
    None,
    /// In this field of the body.
    Field(&'static str),
    /// In the body, next to the fields of the envelope.
    Flattened,
}

/// One operation of a service. Versions of a service share the operations that are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Operation {
    /// The name in this SDK, such as `encrypt`.
    pub name: &'static str,
    /// The name on the vendor's page.
    pub title: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path below the base URL.
    pub path: &'static [Segment],
    /// The HTTP statuses that mean success.
    pub success: &'static [u16],
    /// What happens when the same request arrives twice.
    pub idempotency: Idempotency,
    /// What it does to what the service keeps.
    pub effect: Effect,
    pub(crate) reveals_secrets: bool,
    /// How it is authenticated.
    pub authentication: Authentication,
    /// Where the payload of a response is.
    pub envelope: Envelope,
    /// Whether a successful response has a payload.
    pub returns: bool,
    /// The members of a payload that requires none of them. Empty if the payload requires some.
    pub known_members: &'static [&'static str],
    /// The payload of a repeated deletion that finds nothing, for an operation that returns one.
    pub already_deleted: Option<&'static str>,
    /// What is lost for good if the response does not arrive.
    pub lost_response: Option<&'static str>,
}

impl Operation {
    /// Creates an operation that is unsafe to repeat, changes what the service keeps, succeeds with 200 and returns a
    /// payload without an envelope.
    #[must_use]
    pub const fn new(name: &'static str, method: Method, path: &'static [Segment]) -> Self {
        Self {
            name,
            title: "",
            method,
            path,
            success: &[200],
            idempotency: Idempotency::Unsafe,
            effect: Effect::Mutate,
            reveals_secrets: false,
            authentication: Authentication::Default,
            envelope: Envelope::None,
            returns: true,
            known_members: &[],
            already_deleted: None,
            lost_response: None,
        }
    }

    /// Sets the name on the vendor's page.
    #[must_use]
    pub const fn title(mut self, title: &'static str) -> Self {
        self.title = title;
        self
    }

    /// Sets the HTTP statuses that mean success.
    #[must_use]
    pub const fn success(mut self, statuses: &'static [u16]) -> Self {
        self.success = statuses;
        self
    }

    /// Sets what happens when the same request arrives twice.
    #[must_use]
    pub const fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = idempotency;
        self
    }

    /// Sets what it does to what the service keeps.
    #[must_use]
    pub const fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// States that a successful response holds a secret in plaintext.
    #[must_use]
    pub const fn revealing_secrets(mut self) -> Self {
        self.reveals_secrets = true;
        self
    }

    /// Returns whether a successful response holds a secret in plaintext: a key, a password, a token or decrypted data.
    /// Ciphertexts, signatures and public keys are not secrets.
    #[must_use]
    pub const fn reveals_secrets(&self) -> bool {
        self.reveals_secrets
    }

    /// Returns whether it creates, changes, deletes or removes something, or schedules that.
    ///
    /// ```
    /// use cloud_core::{Effect, Method, Operation, Segment};
    ///
    /// static SHOW: Operation = Operation::new("show_key", Method::Get, &[Segment::Literal("/keys")]).effect(Effect::Read);
    /// assert!(!SHOW.mutates() && !SHOW.reveals_secrets());
    /// ```
    #[must_use]
    pub const fn mutates(&self) -> bool {
        !matches!(self.effect, Effect::Read)
    }

    /// Sets how the operation is authenticated.
    #[must_use]
    pub const fn authentication(mut self, authentication: Authentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// Sets where the payload of a response is.
    #[must_use]
    pub const fn envelope(mut self, envelope: Envelope) -> Self {
        self.envelope = envelope;
        self
    }

    /// Sets whether a successful response has a payload.
    #[must_use]
    pub const fn returns(mut self, returns: bool) -> Self {
        self.returns = returns;
        self
    }

    /// Sets the members of a payload that requires none of them. A payload that has others only is not valid.
    #[must_use]
    pub const fn known_members(mut self, names: &'static [&'static str]) -> Self {
        self.known_members = names;
        self
    }

    /// Sets the payload, as JSON, of a repeated deletion that finds nothing.
    #[must_use]
    pub const fn already_deleted(mut self, payload: &'static str) -> Self {
        self.already_deleted = Some(payload);
        self
    }

    /// Sets what is lost for good if the response does not arrive, as a lowercase fragment.
    #[must_use]
    pub const fn lost_response(mut self, what: &'static str) -> Self {
        self.lost_response = Some(what);
        self
    }

    /// Returns the payload that stands for "not found" if an earlier attempt may have deleted the resource.
    pub(crate) fn deleted_before(&self) -> Option<&'static str> {
        let deletes = self.method == Method::Delete && self.idempotency == Idempotency::Idempotent;
        let payload = if self.returns { self.already_deleted } else { Some("null") };
        payload.filter(|_| deletes)
    }

    /// Returns the path with its placeholders, for documents and logs: `/v1/kms/transit/{key_id}`.
    #[must_use]
    pub fn template(&self) -> String {
        let mut path = String::new();
        for segment in self.path {
            match segment {
                Segment::Literal(text) => path.push_str(text),
                Segment::Param(name) | Segment::Config(name) => {
                    path.push('{');
                    path.push_str(name);
                    path.push('}');
                }
            }
        }
        path
    }
}

/// What is called: an operation, and the version of the service that it is called in.
///
/// Displays as `scp kms 1.2 encrypt`: vendor, service, version and operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CallContext {
    /// The operation.
    pub operation: &'static Operation,
    /// The version of the service.
    pub version: &'static ApiVersion,
}

impl CallContext {
    /// Creates the context of a call of this operation in this version.
    #[must_use]
    pub const fn new(operation: &'static Operation, version: &'static ApiVersion) -> Self {
        Self { operation, version }
    }
}

impl std::fmt::Display for CallContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.version.service.is_empty() {
            write!(f, "{} ", self.version)?;
        }
        f.write_str(self.operation.name)
    }
}
