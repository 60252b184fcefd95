//! The two error shapes of the platform: the gateway's and the services'.

use serde_json::{Value, json};

use crate::check::Violation;
use crate::wire::{Received, Reply};
use crate::world::World;

/// What a service found wrong.
#[derive(Debug)]
pub(super) enum Problem {
    Validation(Vec<Violation>),
}

impl Problem {
    pub(super) fn reply(self, world: &World) -> Reply {
        match self {
            Self::Validation(wrong) => {
                let field =
                    |one: &Violation| if one.field.is_empty() { "the body".to_owned() } else { one.field.clone() };
                let details: Vec<_> = wrong.iter().map(|one| format!("{} {}", field(one), one.rule)).collect();
                service(world, 400, "ValidationError", &details)
            }
        }
    }
}

/// The body of the gateway in front of the services.
pub(super) fn gateway(world: &World, received: &Received, status: u16, error: &str) -> Reply {
    let body = json!({
        "timestamp": world.settings.clock.rfc3339(),
        "path": received.path(),
        "status": status,
        "error": error,
        "requestId": world.ids.request(),
    });
    Reply::json(status, body)
}

/// The list of errors that a service answers, one for each detail.
pub(crate) fn service(world: &World, status: u16, code: &str, details: &[String]) -> Reply {
    let request_id = world.ids.request();
    let errors: Vec<Value> = details
        .iter()
        .map(|detail| {
            json!({
                "code": code,
                "title": code,
                "detail": detail,
                "status": status,
                "request_id": request_id,
                "global_request_id": format!("req-{request_id}"),
                "links": [],
                "related_resources": [],
                "response": null,
            })
        })
        .collect();
    Reply::json(status, json!({ "errors": errors }))
}
