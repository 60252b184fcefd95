//! What a call is, as data: services, versions, operations and their paths.

/// Where a version stands in its vendor's lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lifecycle {
    /// The newest version.
    Current,
    /// Still served and fixed, but no longer the newest.
    Supported,
    /// On its way out; see [`ApiVersion::sunset`].
    Deprecated,
    /// The vendor publishes no lifecycle for this service.
    Unversioned,
}

/// One version of one service's API.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct ApiVersion {
    /// The vendor's short name, such as `scp`.
    pub vendor: &'static str,
    /// The service as the vendor spells it in requests, such as `kms`.
    pub service: &'static str,
    /// The version number as the vendor spells it, such as `1.2`.
    pub number: &'static str,
    /// Where this version stands in its lifecycle.
    pub status: Lifecycle,
    /// The day from which the vendor no longer guarantees this version, as `YYYY-MM-DD`.
    pub sunset: Option<&'static str>,
}

/// What happens when the same request reaches the service twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// Nothing changes on the server, however often it is sent.
    Safe,
    /// Sending it twice leaves the same state as sending it once.
    Idempotent,
    /// Sending it twice may do it twice: create a second key, start a second scan.
    Unsafe,
}

/// The HTTP methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// The method as it stands on the request line.
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

/// A piece of a path. There is no template to replace into, so a value can never be taken for a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Fixed text, slashes included.
    Literal(&'static str),
    /// A value that the caller passes; always encoded as one segment.
    Param(&'static str),
    /// A value from the client's configuration, such as an app key; always encoded as one segment.
    Config(&'static str),
}

/// One operation of one API version.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    /// The version that it belongs to.
    pub version: &'static ApiVersion,
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
    /// What a second delivery would do.
    pub idempotency: Idempotency,
    /// How it is authenticated: empty for the vendor's default, `none`, or the name of a security scheme.
    pub auth: &'static str,
    /// Where the payload stands in the answer, in the fixture's terms; empty for no envelope.
    pub envelope: &'static str,
    /// Whether a good answer carries a payload.
    pub returns: bool,
}

impl Operation {
    /// The path with placeholders, for documents and logs: `/v1/kms/transit/{key_id}`.
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

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ApiVersion { service, number, .. } = self.version;
        write!(f, "{service} {number} {}", self.name)
    }
}
