//! What to do about the services' refusals, the most likely remedy first.

use cloud_core::{Advice, Operation};
use http::StatusCode;

use super::{TOKEN_CODES, is_wrong_app_key};
use crate::sign::takes_access_key;

const LIST_ADDRESS: Advice = Advice::new(
    "allow_address",
    "add the address that `confirm_client` shows to the key store; inside the vendor's network it is a private one",
);
/// A key store that asks for several proofs refuses a caller that lacks any of them.
const CHECK_AUTH_MODE: Advice = Advice::new(
    "check_auth_mode",
    "check which client authentications the key store asks for, and whether it asks for all of them",
);
const SET_MAC_ADDRESS: Advice = Advice::new(
    "set_mac_address",
    "set NHN_CLOUD_SKM_MAC_ADDRESS to an address that the key store lists, spelled the same way",
);
const GIVE_CERTIFICATE: Advice =
    Advice::new("give_client_certificate", "give the client certificate that the key store lists");
const RENEW_CERTIFICATE: Advice = Advice::new(
    "renew_client_certificate",
    "check that the client certificate has not expired and was issued by the service for this key store",
);
const CHECK_APP_KEY: Advice = Advice::new("check_app_key", "check the app key, and that it belongs to this service");
const CHECK_REALM: Advice = Advice::new("check_realm", "check the realm: public and government keys differ");
const CHECK_ID: Advice = Advice::new("check_id", "check the ID");
const CHECK_KIND: Advice = Advice::new("check_kind", "check that the key is of the kind that this call takes");
const CHECK_VERSION: Advice = Advice::new("check_key_version", "check the number of the key's version");
const READ_STATE: Advice = Advice::new("read_state", "read the state of the key or version, and activate it");
const CHECK_ACCESS_KEY: Advice =
    Advice::new("check_credentials", "check the ID and the secret of the user access key, and that it is active");
const GRANT_ROLE: Advice =
    Advice::new("grant_permission", "give the account behind the user access key a role for this");
const ADMIT_ADDRESS: Advice =
    Advice::new("admit_address", "let the organization's IP access control admit this machine's address");

pub(super) const ADDRESS: &[Advice] = &[LIST_ADDRESS, CHECK_AUTH_MODE];
pub(super) const MAC_ADDRESS: &[Advice] = &[SET_MAC_ADDRESS, CHECK_AUTH_MODE];
pub(super) const CERTIFICATE: &[Advice] = &[GIVE_CERTIFICATE, RENEW_CERTIFICATE, CHECK_AUTH_MODE];
pub(super) const APP_KEY: &[Advice] = &[CHECK_APP_KEY, CHECK_REALM];
pub(super) const KEY_ID: &[Advice] = &[CHECK_ID, CHECK_KIND];
pub(super) const KEY_STORE: &[Advice] = &[CHECK_ID];
pub(super) const KEY_VERSION: &[Advice] = &[CHECK_VERSION];
pub(super) const STATE: &[Advice] = &[READ_STATE];

/// What to do about a refusal of the account.
pub(super) fn of_account(
    operation: &Operation,
    status: StatusCode,
    code: Option<&str>,
    message: Option<&str>,
) -> &'static [Advice] {
    // A token is renewed once by the client, so that the key behind it is in doubt next.
    const TOKEN: &[Advice] = &[CHECK_ACCESS_KEY, CHECK_REALM, ADMIT_ADDRESS];
    const ACCESS_KEY: &[Advice] = &[CHECK_ACCESS_KEY, CHECK_REALM];
    match (status, code) {
        _ if message.is_some_and(is_wrong_app_key) => APP_KEY,
        (_, Some("-6")) => &[GRANT_ROLE],
        (_, Some("-8")) => &[ADMIT_ADDRESS],
        (_, code) if status == StatusCode::UNAUTHORIZED || code.is_some_and(|code| TOKEN_CODES.contains(&code)) => {
            if takes_access_key(operation) {
                ACCESS_KEY
            } else {
                TOKEN
            }
        }
        // Without the vendor's header it may be a proxy that forbids something.
        (StatusCode::FORBIDDEN, Some(_)) => &[GRANT_ROLE, ADMIT_ADDRESS],
        (StatusCode::NOT_FOUND, _) => APP_KEY,
        _ => &[],
    }
}
