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
const SEND_AGAIN_LATER: Advice = Advice::new(
    "send_again_later",
    "try again in a minute: the site may not have been able to check the token, or not know everywhere what was stored",
);
const ATTACH: Advice = Advice::new("attach_data_source", "attach the data source to the account in this project first");
const CHECK_ID: Advice = Advice::new("check_id", "check the ID and the project");
const CHECK_ENDPOINT: Advice = Advice::new("check_endpoint", "check the URL of the site");
const SEND_LESS: Advice = Advice::new("send_less", "send less at a time: the site limits the size of a request");

pub(super) fn of(context: CallContext, status: StatusCode, missing: bool, message: Option<&str>) -> &'static [Advice] {
    match status {
        _ if missing && context.version.service == "finding" => &[CHECK_ID, SEND_AGAIN_LATER],
        _ if missing => &[ATTACH, SEND_AGAIN_LATER],
        StatusCode::UNAUTHORIZED => &[RENEW_TOKEN, SEND_AGAIN_LATER],
        StatusCode::FORBIDDEN if message == Some("Invalid token") => &[RENEW_TOKEN],
        // Not the service's own text.
        StatusCode::FORBIDDEN if message.is_none() => &[CHECK_ENDPOINT],
        StatusCode::FORBIDDEN => &[GRANT_ACTION, MATCH_PROJECT, ADD_MEMBER],
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => &[CHECK_ENDPOINT],
        StatusCode::PAYLOAD_TOO_LARGE => &[SEND_LESS],
        _ => &[],
    }
}
