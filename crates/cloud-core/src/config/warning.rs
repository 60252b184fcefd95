//! What looks like a mistake in settings that are accepted.

use std::fmt;

use super::Origin;

/// The text of [`Warning::Cleartext`].
const CLEARTEXT: &str = "keys and secrets will travel to this host in the clear";

/// A warning about a setting. It holds no value but the host of a base URL.
#[derive(Clone, Debug)]
pub(crate) enum Warning {
    Value { setting: &'static str, origin: Origin, text: &'static str },
    Cleartext { host: String },
}

impl Warning {
    pub(crate) fn log(&self) {
        match self {
            Self::Value { setting, origin, text } => {
                tracing::warn!(setting, source = tracing::field::display(origin), "{text}");
            }
            Self::Cleartext { host } => tracing::warn!("server.address" = host, "{CLEARTEXT}"),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { setting, origin, text } => write!(f, "setting {setting} ({origin}): {text}"),
            Self::Cleartext { host } => write!(f, "{host}: {CLEARTEXT}"),
        }
    }
}
