//! The clients, built from the settings of the environment, and the names of the vendors.

use std::fmt;
use std::str::FromStr;

use cloud_core::config::{Explanation, Origin, Shown};
use cloud_core::runtime::TokioRuntime;
use cloud_core::time::OffsetDateTime;
use cloud_core::{ConfigSource, Runtime};
use nhn_security::{Nhn, NhnBuilder};
use risken_aws::{Risken, RiskenBuilder};
use scp_security::{Scp, ScpBuilder};

use crate::exit::{Failure, Result};

/// A vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Vendor {
    Scp,
    Nhn,
    Risken,
}

impl Vendor {
    pub(crate) const ALL: [Self; 3] = [Self::Scp, Self::Nhn, Self::Risken];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Scp => "scp",
            Self::Nhn => "nhn",
            Self::Risken => "risken",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Scp => "Samsung Cloud Platform",
            Self::Nhn => "NHN Cloud",
            Self::Risken => "RISKEN",
        }
    }

    /// Returns where the settings of the vendor's SDK come from.
    pub(crate) fn explain(self, settings: impl ConfigSource + 'static) -> Explanation {
        match self {
            Self::Scp => Scp::builder().config_source(settings).explain(),
            Self::Nhn => Nhn::builder().config_source(settings).explain(),
            Self::Risken => Risken::builder().config_source(settings).explain(),
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Vendor {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|vendor| vendor.name() == text);
        found.ok_or_else(|| "the vendor is scp, nhn or risken".to_owned())
    }
}

/// Returns whether any setting of the vendor is set.
pub(crate) fn is_configured(explanation: &Explanation) -> bool {
    explanation.lookups().iter().any(|lookup| lookup.found.is_some() || lookup.invalid.is_some())
}

/// Returns the variables of this process that hold credentials for the SDKs.
pub(crate) fn credential_variables(settings: impl ConfigSource + Clone + 'static) -> Vec<&'static str> {
    let mut names = Vec::new();
    for vendor in Vendor::ALL {
        for lookup in vendor.explain(settings.clone()).lookups() {
            let (from, is_public) = match &lookup.found {
                Some((from, shown)) => (Some(*from), matches!(shown, Shown::Text(_))),
                None => (lookup.invalid, false),
            };
            if is_public {
                continue;
            }
            let origins = from.into_iter().chain(lookup.hidden.iter().copied()).chain(lookup.unread.iter().copied());
            names.extend(origins.filter_map(|origin| match origin {
                Origin::Variable(name) => Some(name),
                _ => None,
            }));
        }
    }
    names
}

/// Settings that call the service as this command.
macro_rules! builders {
    ($($name:ident: $vendor:ident => $builder:ident,)+) => {$(
        pub(crate) fn $name(settings: impl ConfigSource + 'static) -> $builder {
            $vendor::builder().config_source(settings).app_name(concat!("cloudsec/", env!("CARGO_PKG_VERSION")))
        }
    )+};
}

builders! {
    scp: Scp => ScpBuilder,
    nhn: Nhn => NhnBuilder,
    risken: Risken => RiskenBuilder,
}

/// Adds where to look to an error about the settings.
pub(crate) fn settings_failure(vendor: Vendor) -> impl Fn(cloud_core::Error) -> Failure {
    move |error| {
        let is_setting = error.kind() == cloud_core::ErrorKind::Config;
        let failure = Failure::from(error).context(vendor.title());
        if is_setting {
            failure.advise("run `cloudsec doctor`, which lists every setting and its sources")
        } else {
            failure
        }
    }
}

/// The variable with the project of RISKEN whose data is read. RISKEN's API does not say to which project a token
/// belongs.
pub(crate) const PROJECT: &str = "RISKEN_PROJECT_ID";

/// Returns the project of RISKEN that a setting names.
pub(crate) fn project(settings: &impl ConfigSource) -> Result<risken_aws::ProjectId> {
    let found = settings.variable(PROJECT);
    let text = found.ok_or_else(|| Failure::new(format!("RISKEN: set {PROJECT} to the number of the project")))?;
    text.parse().map_err(|_| Failure::new(format!("RISKEN: {PROJECT} is not the number of a project")))
}

/// The time now.
pub(crate) fn now() -> OffsetDateTime {
    TokioRuntime::default().now()
}
