//! The account and the user to whom everything in the sandbox belongs, as the page's examples name them.

use crate::settings::Settings;

pub(crate) const ACCOUNT_ID: &str = "0e3dffc50eb247a1adf4f2e5c82c4f99";
pub(super) const USER_ID: &str = "90dddfc2b1e04edba54ba2b41539a9ac";
pub(super) const USER_NAME: &str = "username";

/// The region in which the sandbox is.
pub(super) fn region(settings: &Settings) -> &'static str {
    if settings.sovereign { "kr-south1" } else { "kr-west1" }
}
