//! The checks of the modes that keep no state: everything that the page does not allow is refused.

use serde_json::Value;

use super::messages;
use crate::http::HttpRequest;
use crate::spec::Hit;
use crate::spec::validate::{self, BadBody};
use crate::spec::violation::{Rule, Violation};

/// Says what is wrong with a call, in the words of the service.
pub(super) fn check(request: &HttpRequest, hit: &Hit<'_>) -> Result<(), String> {
    let sent: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let mut wrong = validate::parameters(hit, request);
    if hit.operation.body.is_some() {
        wrong.extend(mixed_projects(&sent));
        wrong.extend(validate::json(hit.operation, &messages::without_zeros(sent)));
    } else if let Err(BadBody::Unreadable(_)) = validate::body(hit.operation, request) {
        wrong.push(Violation::new("body", Rule::Unknown));
    }
    if wrong.is_empty() { Ok(()) } else { Err(messages::message(&wrong)) }
}

/// The project inside the object must be the one outside it.
fn mixed_projects(sent: &Value) -> Option<Violation> {
    let outer = sent.get("project_id")?;
    let inner = messages::OBJECTS.iter().find_map(|(name, _)| sent.get(name)?.get("project_id"))?;
    (outer != inner).then(|| Violation::new("project_id", Rule::Format(messages::VALID.to_owned())))
}
