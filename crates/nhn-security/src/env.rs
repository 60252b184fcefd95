//! The settings and their sources: the builder and environment variables.

use std::fmt;

use cloud_core::config::{Resolver, Setting, Value};
use cloud_core::{Endpoint, Error, Result, SecretString, secret};
use http::HeaderValue;

use crate::hosts::Realm;
use crate::token::{AccessKey, KEY_VARIABLES};

/// The variables of the app keys and of the MAC address.
pub(crate) const ADVISOR_APP_KEY: &str = "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY";
pub(crate) const CHECK_APP_KEY: &str = "NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY";
pub(crate) const SKM_APP_KEY: &str = "NHN_CLOUD_SKM_APP_KEY";
pub(crate) const SKM_MAC_ADDRESS: &str = "NHN_CLOUD_SKM_MAC_ADDRESS";
/// The variables of the files of a client certificate and its key, for a shell. The SDK does not read them.
pub(crate) const SKM_CERTIFICATE: [&str; 2] = ["NHN_CLOUD_SKM_CERTIFICATE_FILE", "NHN_CLOUD_SKM_PRIVATE_KEY_FILE"];

static ACCESS_KEY_ID: Setting =
    Setting::new("user_access_key_id", "NhnBuilder::user_access_key").secret().variables(&[KEY_VARIABLES[0]]);
static ACCESS_KEY_SECRET: Setting =
    Setting::new("user_access_key_secret", "NhnBuilder::user_access_key").secret().variables(&[KEY_VARIABLES[1]]);
static REALM: Setting = Setting::new("realm", "NhnBuilder::realm").variables(&["NHN_CLOUD_REALM"]);
static ENDPOINT: Setting =
    Setting::new("endpoint", "NhnBuilder::endpoint").endpoint().variables(&["NHN_CLOUD_ENDPOINT"]);
static SECURITY_ADVISOR: Setting = Setting::new("security_advisor_app_key", "NhnBuilder::security_advisor_app_key")
    .secret()
    .variables(&[ADVISOR_APP_KEY]);
static SERVER_SECURITY_CHECK: Setting =
    Setting::new("server_security_check_app_key", "NhnBuilder::server_security_check_app_key")
        .secret()
        .variables(&[CHECK_APP_KEY]);
static SECURE_KEY_MANAGER: Setting =
    Setting::new("secure_key_manager_app_key", "NhnBuilder::secure_key_manager_app_key")
        .secret()
        .variables(&[SKM_APP_KEY]);
static MAC_ADDRESS: Setting =
    Setting::new("mac_address", "NhnBuilder::mac_address").secret().variables(&[SKM_MAC_ADDRESS]);

/// Only the builder sets it.
pub(crate) static CERTIFICATE_PEM: Setting =
    Setting::new("client_certificate", "NhnBuilder::client_certificate_pem").secret();
#[cfg(feature = "pkcs12")]
pub(crate) static CERTIFICATE_PKCS12: Setting =
    Setting::new("client_certificate", "NhnBuilder::client_certificate_pkcs12").secret();

/// A setting, or why it is missing: a lowercase fragment for the service that needs it.
pub(crate) type Found<T> = Result<T, String>;

/// Settings given in code.
#[derive(Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) access_key: Option<(String, SecretString)>,
    pub(crate) realm: Option<Realm>,
    pub(crate) endpoint: Option<String>,
    pub(crate) security_advisor: Option<SecretString>,
    pub(crate) server_security_check: Option<SecretString>,
    pub(crate) secure_key_manager: Option<SecretString>,
    pub(crate) mac_address: Option<SecretString>,
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overrides")
            .field("realm", &self.realm)
            .field("endpoint", &self.endpoint.is_some())
            .field("user_access_key", &self.access_key.is_some())
            .field("security_advisor_app_key", &self.security_advisor.is_some())
            .field("server_security_check_app_key", &self.server_security_check.is_some())
            .field("secure_key_manager_app_key", &self.secure_key_manager.is_some())
            .field("mac_address", &self.mac_address.is_some())
            .finish()
    }
}

/// Settings with their sources applied. What only one service needs may be missing.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) realm: Realm,
    /// The base URL that replaces every host, or where it was searched.
    pub(crate) endpoint: Found<Endpoint>,
    pub(crate) access_key: Found<AccessKey>,
    pub(crate) security_advisor: Found<SecretString>,
    pub(crate) server_security_check: Found<SecretString>,
    pub(crate) secure_key_manager: Found<SecretString>,
    pub(crate) mac_address: Option<HeaderValue>,
}

impl Resolved {
    /// Reads each setting from its first source that has a value.
    ///
    /// All are looked up before the first problem counts, so that [`NhnBuilder::explain`](crate::NhnBuilder::explain)
    /// shows every one.
    pub(crate) fn new(given: Overrides, resolver: &mut Resolver<'_>, insecure: bool) -> Result<Self> {
        let realm = resolver.find(&REALM, given.realm.map(|realm| realm.as_str().into()));
        resolver.defaults_to(&REALM, Realm::default().as_str());
        let endpoint = resolver.find(&ENDPOINT, given.endpoint.map(Into::into));
        let mac_address = resolver.find(&MAC_ADDRESS, given.mac_address);
        let access_key = access_key(resolver, given.access_key);
        let security_advisor = app_key(resolver, &SECURITY_ADVISOR, given.security_advisor);
        let server_security_check = app_key(resolver, &SERVER_SECURITY_CHECK, given.server_security_check);
        let secure_key_manager = app_key(resolver, &SECURE_KEY_MANAGER, given.secure_key_manager);
        let realm = realm?;
        let endpoint = endpoint?.map(|url| resolver.endpoint(&url, insecure)).transpose()?;
        let mac_address = mac_address?;
        let realm = realm.map_or(Ok(Realm::default()), |realm| {
            realm.as_str().parse().map_err(|error: Error| realm.error(error.message()))
        })?;
        match &endpoint {
            Some(endpoint) => resolver.sends_to_endpoint(endpoint, ", which takes the place of the realm's hosts"),
            None => resolver.sends_to(format!("the hosts of the realm `{realm}`")),
        }
        Ok(Self {
            realm,
            endpoint: endpoint.ok_or_else(|| resolver.describe_missing(&[&ENDPOINT])),
            access_key: access_key?,
            security_advisor: security_advisor?,
            server_security_check: server_security_check?,
            secure_key_manager: secure_key_manager?,
            mac_address: mac_address.map(|address| mac_header(&address)).transpose()?,
        })
    }
}

fn app_key(
    resolver: &mut Resolver<'_>,
    setting: &'static Setting,
    given: Option<SecretString>,
) -> Result<Found<SecretString>> {
    match resolver.find(setting, given)? {
        Some(key) => key.visible_ascii().map(|key| Ok(key.into_secret())),
        None => Ok(Err(resolver.describe_missing(&[setting]))),
    }
}

fn access_key(resolver: &mut Resolver<'_>, given: Option<(String, SecretString)>) -> Result<Found<AccessKey>> {
    let settings = (&ACCESS_KEY_ID, &ACCESS_KEY_SECRET);
    let given = given.map(|(id, secret)| (id.into(), secret));
    let Some((id, secret)) = resolver.find_pair(settings, given, true)? else {
        return Ok(Err(resolver.describe_missing(&[settings.0, settings.1])));
    };
    let (id, secret) = (id.visible_ascii()?, secret.visible_ascii()?);
    if id.as_str().contains(':') {
        return Err(id.error("the value contains a colon"));
    }
    Ok(Ok(AccessKey { id: id.as_str().to_owned(), secret: secret.into_secret() }))
}

fn mac_header(address: &Value) -> Result<HeaderValue> {
    let text = address.as_str();
    let pairs: Vec<_> = text.split([':', '-']).collect();
    let is_pair = |pair: &&str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    if pairs.len() != 6 || !pairs.iter().all(is_pair) {
        return Err(address.error("a MAC address has six pairs of hexadecimal digits, separated by colons"));
    }
    secret::header(text).map_err(|_| address.error("the value is not a valid header value"))
}
