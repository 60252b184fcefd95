//! What a signer says of a signature that it does not make.

use http::HeaderName;

/// How a shell makes the headers with credentials of a [`Plan`](crate::Plan), from [`Signer::plan`](super::Signer::plan).
///
/// ```
/// use cloud_core::auth::SignaturePlan;
/// use cloud_core::http::header::AUTHORIZATION;
///
/// let plan = SignaturePlan::new(&["EXAMPLE_TOKEN"]).header(AUTHORIZATION, "Bearer $EXAMPLE_TOKEN");
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct SignaturePlan {
    pub(crate) pending: bool,
    pub(crate) variables: Vec<&'static str>,
    pub(crate) steps: Vec<String>,
    pub(crate) headers: Vec<(HeaderName, String)>,
}

impl SignaturePlan {
    /// Creates a plan that needs these shell variables.
    pub fn new(variables: &[&'static str]) -> Self {
        Self { variables: variables.to_vec(), ..Self::default() }
    }

    /// States whether the call would request credentials first. The headers then hold placeholders.
    pub fn pending(mut self, pending: bool) -> Self {
        self.pending = pending;
        self
    }

    /// Adds a command that runs before `curl`, such as an assignment. The variable `url` holds the URL.
    pub fn step(mut self, command: impl Into<String>) -> Self {
        self.steps.push(command.into());
        self
    }

    /// Adds a header. `value` is put between double quotes, so that the shell replaces variables in it.
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Whether the signature adds this header.
    pub(crate) fn adds(&self, name: &HeaderName) -> bool {
        self.headers.iter().any(|(added, _)| added == name)
    }
}
