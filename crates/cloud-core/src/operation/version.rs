//! The version of a service's API.

/// The state of a version in its vendor's lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lifecycle {
    /// The newest version.
    Current,
    /// Still served and fixed, but no longer the newest.
    Supported,
    /// On its way out; see [`ApiVersion::sunset`].
    Deprecated,
    /// The vendor no longer lists it, and may refuse calls.
    Unlisted,
    /// The vendor publishes no lifecycle for this service.
    Unversioned,
}

/// One version of one service's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ApiVersion {
    /// The vendor's short name, such as `acme`.
    pub vendor: &'static str,
    /// The service as the vendor spells it in requests, such as `kms`.
    pub service: &'static str,
    /// The version number as the vendor spells it, such as `1.2`.
    pub number: &'static str,
    /// The state of this version in its lifecycle.
    pub status: Lifecycle,
    /// The day from which the vendor no longer guarantees this version, as `YYYY-MM-DD`.
    pub sunset: Option<&'static str>,
    /// The URL of the vendor's documentation of the service.
    pub documentation: Option<&'static str>,
}

impl ApiVersion {
    /// What a client has that was given no version.
    pub(crate) const UNNAMED: &'static Self = &Self::new("", "", "");

    /// Creates a version without a published lifecycle.
    #[must_use]
    pub const fn new(vendor: &'static str, service: &'static str, number: &'static str) -> Self {
        Self { vendor, service, number, status: Lifecycle::Unversioned, sunset: None, documentation: None }
    }

    /// Sets the state of the version in its lifecycle.
    #[must_use]
    pub const fn status(mut self, status: Lifecycle) -> Self {
        self.status = status;
        self
    }

    /// Sets the day from which the vendor no longer guarantees the version, as `YYYY-MM-DD`.
    #[must_use]
    pub const fn sunset(mut self, day: &'static str) -> Self {
        self.sunset = Some(day);
        self
    }

    /// Sets the URL of the vendor's documentation of the service.
    #[must_use]
    pub const fn documentation(mut self, url: &'static str) -> Self {
        self.documentation = Some(url);
        self
    }
}

impl std::fmt::Display for ApiVersion {
    /// Writes `scp kms 1.2`. Services of two vendors can have one name, so the vendor belongs to it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { vendor, service, number, .. } = self;
        write!(f, "{vendor} {service} {number}")
    }
}
