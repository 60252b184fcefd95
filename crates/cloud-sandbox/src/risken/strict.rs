//! The checks of the modes that keep no state: everything that the page does not allow is refused.

use serde_json::Value;

use super::text;
use crate::catalogue::Hit;
use crate::check::{self, BadBody, Rule, Violation};
use crate::wire::Received;
use crate::world::World;

/// Says what is wrong with a call, in the words of the service.
pub(super) fn check(world: &World, received: &Received, hit: &Hit<'_>) -> Result<(), String> {
    let sent: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    let mut wrong = check::parameters(&world.catalogue, hit, received);
    if hit.operation.body.is_some() {
        wrong.extend(mixed_projects(&sent));
        wrong.extend(check::value(&world.catalogue, hit.operation, &text::without_zeros(sent)));
    } else if let Err(BadBody::Unreadable(_)) = check::body(&world.catalogue, hit.operation, received) {
        wrong.push(Violation::new("body", Rule::Unknown));
    }
    if wrong.is_empty() { Ok(()) } else { Err(text::message(&wrong)) }
}

/// The project inside the object must be the one outside it.
fn mixed_projects(sent: &Value) -> Option<Violation> {
    let outer = sent.get("project_id")?;
    let inner = ["aws", "attach_data_source"].into_iter().find_map(|name| sent.get(name)?.get("project_id"))?;
    (outer != inner).then(|| Violation::new("project_id", Rule::Format(text::VALID.to_owned())))
}
