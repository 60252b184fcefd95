//! What every vendor's builder takes, and what the clients of one handle share.

use std::sync::Arc;

use http::HeaderValue;

use super::{Client, ClientBuilder, Settings, default_transport};
use crate::auth::Signer;
use crate::config::{ConfigSource, Lookup, Origin, Resolver, Shown};
use crate::dialect::Dialect;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::runtime::{Runtime, TokioRuntime};
use crate::transport::{DEFAULT_NAME, Transport};

/// The part of a vendor's builder that is the same for all vendors. [`client_setters`](crate::client_setters) writes
/// the methods that fill it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClientConfig {
    /// Sends the requests; the [default transport](crate::transport) unless set.
    pub transport: Option<Arc<dyn Transport>>,
    /// Provides time and timers; those of the system and of tokio unless set.
    pub runtime: Option<Arc<dyn Runtime>>,
    /// Limits and rules of every call.
    pub settings: Settings,
    /// Whether `http` is accepted for hosts beyond the loopback.
    pub insecure: bool,
    /// A product that comes first in `User-Agent`.
    pub app_name: Option<String>,
    /// Provides settings that are not given in code; none unless set.
    pub source: Option<Arc<dyn ConfigSource>>,
    /// The names of settings, and the methods of the builder that set them.
    given: Vec<(&'static str, &'static str)>,
}

impl ClientConfig {
    /// Returns what the clients of one handle share. `product` is the crate's name and version,
    /// such as `example-crate/1.0`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if TLS cannot be set up, `app_name` is not an HTTP product, or a
    /// time limit leaves no time.
    pub fn shared(&self, product: &'static str) -> Result<Shared> {
        let user_agent = user_agent(self.app_name.as_deref(), product)?;
        check_limits(&self.settings)?;
        let transport = match &self.transport {
            Some(transport) => Arc::clone(transport),
            None => default_transport()?,
        };
        let runtime = self.runtime.clone().unwrap_or_else(|| Arc::new(TokioRuntime::default()));
        Ok(Shared { transport, runtime, settings: self.settings.clone(), user_agent })
    }

    /// Records that this method of the builder sets these settings.
    #[doc(hidden)]
    pub fn given(&mut self, settings: &[&'static str], method: &'static str) {
        self.given.retain(|(name, _)| !settings.contains(name));
        self.given.extend(settings.iter().map(|name| (*name, method)));
    }

    /// Records limits, rules, transport and clock with their sources, for explanations.
    pub fn record(&self, resolver: &mut Resolver<'_>) {
        let Settings { retry, attempt_timeout, call_timeout, deny_sunset_versions } = &self.settings;
        // Anything may be in a name that is not one.
        let app_name = self.app_name.clone().filter(|name| user_agent(Some(name), "").is_ok());
        let runtime = self.runtime.as_ref().map(|_| "custom".to_owned());
        for (name, text, default) in [
            ("call_timeout", Some(format!("{call_timeout:?}")), Some("30s")),
            ("attempt_timeout", Some(format!("{attempt_timeout:?}")), Some("15s")),
            ("retry", Some(retry.summary()), Some("3 attempts, backoff 50ms to 20s, from 1s if throttled")),
            ("deny_sunset_versions", Some(deny_sunset_versions.to_string()), Some("false")),
            ("allow_insecure_http", Some(self.insecure.to_string()), Some("false")),
            ("app_name", app_name, None),
            ("transport", self.transport.as_ref().map(|own| own.name().to_owned()), DEFAULT_NAME),
            ("runtime", runtime, Some("tokio")),
        ] {
            let given = self.given.iter().find(|(given, _)| *given == name).map(|(_, method)| *method);
            let changed = (text.is_some() && text.as_deref() != default).then_some("ClientConfig");
            let origin = given.or(changed).map(Origin::Code);
            let found = origin.zip(text.map(Shown::Text));
            let invalid = origin.filter(|_| found.is_none());
            resolver.push(Lookup { found, invalid, default, ..Lookup::new(name) });
        }
    }
}

fn check_limits(settings: &Settings) -> Result<()> {
    let Settings { call_timeout, attempt_timeout, .. } = settings;
    for (name, limit) in [("call_timeout", call_timeout), ("attempt_timeout", attempt_timeout)] {
        if limit.is_zero() {
            return Err(Error::config(format!("setting {name} is 0, which leaves no time for a call")));
        }
    }
    // A default that is longer than the call's limit was not meant.
    if attempt_timeout > call_timeout && *attempt_timeout != Settings::default().attempt_timeout {
        return Err(Error::config(format!(
            "setting attempt_timeout ({attempt_timeout:?}) is longer than call_timeout ({call_timeout:?}), which ends \
             the call first"
        )));
    }
    Ok(())
}

fn user_agent(app_name: Option<&str>, product: &'static str) -> Result<HeaderValue> {
    let Some(name) = app_name else { return Ok(HeaderValue::from_static(product)) };
    let problem = || {
        Error::config(
            "setting app_name is not an HTTP product: use a name, or a name and a version, such as `my-app/1.2`",
        )
    };
    let parts: Vec<_> = name.split('/').collect();
    if parts.len() > 2 || !parts.iter().all(|part| is_token(part)) {
        return Err(problem());
    }
    HeaderValue::try_from(format!("{name} {product}")).map_err(|_| problem())
}

/// A token of RFC 9110.
fn is_token(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(plain)
}

/// Transport, runtime, limits and `User-Agent`: what the clients of one handle share.
#[derive(Clone, Debug)]
pub struct Shared {
    transport: Arc<dyn Transport>,
    runtime: Arc<dyn Runtime>,
    settings: Settings,
    user_agent: HeaderValue,
}

impl Shared {
    /// Creates a client for this base URL.
    #[must_use]
    pub fn client(&self, endpoint: Endpoint, dialect: impl Dialect + 'static, signer: impl Signer + 'static) -> Client {
        ClientBuilder::new(endpoint, dialect)
            .signer(signer)
            .settings(self.settings.clone())
            .user_agent(self.user_agent.clone())
            .finish(Arc::clone(&self.transport), Arc::clone(&self.runtime))
    }

    /// Returns the same with another transport.
    #[must_use]
    pub fn with_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = transport;
        self
    }

    /// Returns the runtime.
    #[must_use]
    pub fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.runtime
    }

    /// Returns the limits and rules.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// Gives a vendor's builder, which has a field `config: ClientConfig`, the methods that all builders share.
#[doc(hidden)]
#[macro_export]
macro_rules! client_setters {
    ($builder:ident) => {
        impl $builder {
            /// Reads what this builder does not set from environment variables, and from the vendor's files where it
            /// has some. Without this call, nothing but the builder counts.
            pub fn env(self) -> Self {
                self.config_source($crate::config::ProcessEnv)
            }

            /// Reads what this builder does not set from `source`, as [`env`](Self::env) does from the process.
            pub fn config_source(mut self, source: impl $crate::config::ConfigSource + 'static) -> Self {
                self.config.source = Some(::std::sync::Arc::new(source));
                self
            }

            /// Returns where each setting comes from, and the error that [`build`](Self::build) ends with, if it does.
            ///
            /// The code that builds the handle records it. It logs nothing: the warnings that `build` logs are part of it.
            /// Secrets are not; see [`Explanation`]($crate::config::Explanation).
            #[must_use]
            pub fn explain(&self) -> $crate::config::Explanation {
                let source = self.config.source.clone();
                let mut resolver = $crate::config::Resolver::new(source.as_deref()).without_logging();
                let error = self.clone().assemble(&mut resolver).err();
                resolver.explain(error)
            }

            /// Sets the transport. Unless set, it is one with its defaults: on reqwest if that is compiled in, otherwise on
            /// hyper.
            pub fn transport(mut self, transport: impl $crate::Transport + 'static) -> Self {
                self.config.transport = Some(::std::sync::Arc::new(transport));
                self.config.given(&["transport"], concat!(stringify!($builder), "::transport"));
                self
            }

            /// Sets the source of time and timers; the system's clock and tokio's timer unless set.
            pub fn runtime(mut self, runtime: impl $crate::Runtime + 'static) -> Self {
                self.config.runtime = Some(::std::sync::Arc::new(runtime));
                self.config.given(&["runtime"], concat!(stringify!($builder), "::runtime"));
                self
            }

            /// Sets all limits and rules at once. The methods for one of them change what was set here.
            pub fn settings(mut self, settings: $crate::Settings) -> Self {
                self.config.settings = settings;
                let all = ["retry", "call_timeout", "attempt_timeout", "deny_sunset_versions"];
                self.config.given(&all, concat!(stringify!($builder), "::settings"));
                self
            }

            /// Sets when calls are retried.
            pub fn retry(mut self, policy: $crate::RetryPolicy) -> Self {
                self.config.settings = self.config.settings.with_retry(policy);
                self.config.given(&["retry"], concat!(stringify!($builder), "::retry"));
                self
            }

            /// Sets the limit of a call with its retries and waits; 30 seconds unless set.
            pub fn call_timeout(mut self, limit: ::std::time::Duration) -> Self {
                self.config.settings = self.config.settings.with_call_timeout(limit);
                self.config.given(&["call_timeout"], concat!(stringify!($builder), "::call_timeout"));
                self
            }

            /// Sets the limit of one attempt; 15 seconds unless set.
            pub fn attempt_timeout(mut self, limit: ::std::time::Duration) -> Self {
                self.config.settings = self.config.settings.with_attempt_timeout(limit);
                self.config.given(&["attempt_timeout"], concat!(stringify!($builder), "::attempt_timeout"));
                self
            }

            /// Refuses API versions past their sunset date instead of logging a warning.
            pub fn deny_sunset_versions(mut self) -> Self {
                self.config.settings = self.config.settings.with_deny_sunset_versions(true);
                self.config.given(&["deny_sunset_versions"], concat!(stringify!($builder), "::deny_sunset_versions"));
                self
            }

            /// Accepts `http` endpoints beyond the loopback. Keys and secrets then travel unencrypted.
            pub fn allow_insecure_http(mut self) -> Self {
                self.config.insecure = true;
                self.config.given(&["allow_insecure_http"], concat!(stringify!($builder), "::allow_insecure_http"));
                self
            }

            /// Puts a product of the caller's in front of this crate's in `User-Agent`, such as `my-app/1.2`.
            pub fn app_name(mut self, product: impl Into<String>) -> Self {
                self.config.app_name = Some(product.into());
                self.config.given(&["app_name"], concat!(stringify!($builder), "::app_name"));
                self
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn limits_that_leave_no_time_are_refused() {
        let check = |call: u64, attempt: Option<u64>| {
            let mut settings = Settings { call_timeout: Duration::from_secs(call), ..Settings::default() };
            settings.attempt_timeout = attempt.map_or(settings.attempt_timeout, Duration::from_secs);
            check_limits(&settings).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(check(5, None), "", "the default for an attempt is no contradiction");
        assert_eq!(check(60, Some(60)), "");
        assert!(check(5, Some(60)).starts_with("setting attempt_timeout (60s) is longer than call_timeout (5s)"));
        assert!(check(5, Some(0)).starts_with("setting attempt_timeout is 0"));
        assert!(check(0, None).starts_with("setting call_timeout is 0"));
    }

    #[test]
    fn defaults_of_explanations_are_those_of_the_settings() {
        let mut resolver = Resolver::new(None);
        ClientConfig::default().record(&mut resolver);
        for lookup in resolver.into_lookups() {
            assert_eq!(
                (lookup.found.is_none(), lookup.default.is_some()),
                (true, lookup.setting != "app_name"),
                "{lookup}"
            );
        }
        // One that no method of a builder set.
        let mut resolver = Resolver::new(None);
        let settings = Settings::default().with_call_timeout(Duration::from_secs(1));
        ClientConfig { settings, ..ClientConfig::default() }.record(&mut resolver);
        assert_eq!(resolver.into_lookups()[0].to_string(), "call_timeout: `1s` from ClientConfig");
    }

    #[test]
    fn app_name_is_one_http_product() {
        let product = "example/1.0";
        assert_eq!(user_agent(None, product).unwrap(), "example/1.0");
        for name in ["my-app", "my-app/1.2", "a/1.2+beta"] {
            assert_eq!(user_agent(Some(name), product).unwrap(), format!("{name} {product}"));
        }
        for name in ["", "/", "a/", "/1", "a/1/2", "a b", "a\nb", "a(b)", "\u{e9}/1", "a:b"] {
            let error = user_agent(Some(name), product).unwrap_err().to_string();
            assert!(error.starts_with("setting app_name is not an HTTP product"), "{name:?}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
