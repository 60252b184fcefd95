//! What to do about RISKEN's refusals, the most likely remedy first.

use cloud_core::{Advice, CallContext};
use http::StatusCode;

const GRANT_ACTION: Advice = Advice::new(
    "grant_permission",
    "give the access token a role whose policy allows this action; a viewer can only read",
);
const MATCH_PROJECT: Advice =
    Advice::new("match_project", "pass the ID of the project that the access token belongs to");
const ADD_MEMBER: Advice =
    Advice::new("add_member", "give an active user a role in the project of the token, which is refused without one");
const RENEW_TOKEN: Advice = Advice::new("check_credentials", "check that the access token exists and has not expired");
const TRY_IN_A_MINUTE: Advice = Advice::new(
    "try_again_in_a_minute",
    "try again in a minute: the site may not have been able to check the token, or not know everywhere what was stored",
);
const ATTACH: Advice = Advice::new("attach_data_source", "attach the data source to the account in this project first");
const CHECK_ID: Advice = Advice::new("check_id", "check the ID and the project");
const CHECK_ENDPOINT: Advice = Advice::new("check_endpoint", "check the URL of the site");
const SEND_LESS: Advice = Advice::new("send_less", "send less at a time: the site limits the size of a request");

pub(super) fn of(
    context: CallContext,
    status: StatusCode,
    missing: bool,
    own: bool,
    message: Option<&str>,
) -> &'static [Advice] {
    match status {
        _ if missing && context.version.service == "finding" => &[CHECK_ID, TRY_IN_A_MINUTE],
        _ if missing => &[ATTACH, TRY_IN_A_MINUTE],
        StatusCode::UNAUTHORIZED => &[RENEW_TOKEN, TRY_IN_A_MINUTE],
        StatusCode::FORBIDDEN if message == Some("Invalid token") => &[RENEW_TOKEN],
        StatusCode::FORBIDDEN if !own => &[CHECK_ENDPOINT],
        StatusCode::FORBIDDEN => &[GRANT_ACTION, MATCH_PROJECT, ADD_MEMBER],
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => &[CHECK_ENDPOINT],
        StatusCode::PAYLOAD_TOO_LARGE => &[SEND_LESS],
        _ => &[],
    }
}
