//! What to do about the platform's refusals, the most likely remedy first.

use cloud_core::Advice;
use cloud_core::dialect::Failure;

const ALLOW_ACTION: Advice =
    Advice::new("grant_permission", "let the policy of the access key's user allow the action that was refused");
const ALLOW_ADDRESS: Advice =
    Advice::new("allow_address", "add this machine's address to those from which the access key can be used");
const ALLOW_NETWORK: Advice =
    Advice::new("allow_network", "add this machine's address to the `acl_cidr` of the secret or key");
const CHECK_KEYS: Advice = Advice::new(
    "check_credentials",
    "check the access key and its secret, or the vault token's, and that the two are not swapped",
);
const CHECK_CLOCK: Advice = Advice::new("check_clock", "set this machine's clock");
const ENABLE_SERVICE: Advice =
    Advice::new("enable_service", "enable the service for the account in this region, or choose another region");
const CHECK_VAULT_TOKEN: Advice = Advice::new(
    "check_vault_token",
    "check SCP_VAULT_TOKEN_ID and SCP_SECRET_VAULT_ID, and that the token has not expired",
);
const CHECK_ENDPOINT: Advice =
    Advice::new("check_endpoint", "check the endpoint, the region, and whether a proxy is in between");

/// `vendors` says whether the body is the service's or the gateway's.
pub(super) fn of(status: u16, failure: &Failure, vendors: bool) -> &'static [Advice] {
    let message = failure.message.as_deref().unwrap_or_default();
    let code = failure.code.as_deref().unwrap_or_default();
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    match status {
        400 if says(&["Svaccesskey"]) => &[CHECK_VAULT_TOKEN],
        400 if code.ends_with("source-cidr-error") => &[ALLOW_NETWORK],
        // A gateway says so of a service that the account does not have.
        401 if says(&["rejected by gateway", "catalog has not target"]) => &[ENABLE_SERVICE],
        401 => &[CHECK_KEYS, CHECK_CLOCK, ENABLE_SERVICE],
        403 if says(&["Action definition is not found"]) => &[CHECK_ENDPOINT],
        403 if vendors => &[ALLOW_ACTION, ALLOW_ADDRESS],
        403 => &[CHECK_ENDPOINT],
        404 if !matches!(code, "NotFound" | "ResourceNotFound") => &[CHECK_ENDPOINT, CHECK_KEYS],
        _ => &[],
    }
}
