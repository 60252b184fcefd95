//! A handler's no, in each vendor's terms, and how it leaves.

use std::borrow::Cow;

use serde_json::Value;

use crate::catalogue::Vendor;
use crate::wire::Reply;
use crate::world::World;
use crate::{nhn, risken, scp};

/// Why a call is refused after its caller and its form were found good.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refusal {
    /// The services' list of errors with one entry.
    Scp { status: u16, code: Cow<'static, str>, detail: String },
    /// The header envelope.
    Nhn { status: u16, code: i32, message: String },
    /// Whatever RISKEN answers.
    Risken { status: u16, shape: Shape },
    /// The call is good so far and has changed nothing; it is to be performed again with one more key made ahead.
    NeedsKey,
}

/// The bodies in which RISKEN refuses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Empty,
    Text(Cow<'static, str>),
    Json(Value),
}

impl Refusal {
    pub(crate) fn scp(status: u16, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::Scp { status, code: code.into(), detail: detail.into() }
    }

    /// A request that breaks a rule which the documents do not state.
    pub(crate) fn scp_validation(detail: impl Into<String>) -> Self {
        Self::scp(400, "ValidationError", detail)
    }

    /// A good request for which the platform has no use.
    pub(crate) fn scp_input(detail: impl Into<String>) -> Self {
        Self::scp(400, "InvalidInputValue", detail)
    }

    /// No resource has this id.
    pub(crate) fn scp_unknown(kind: &str, id: &str) -> Self {
        Self::scp(404, "ResourceNotFound", format!("{kind} {id} does not exist"))
    }

    /// The platform's own trouble.
    pub(crate) fn scp_broken(detail: impl Into<String>) -> Self {
        Self::scp(500, "ContactAdminForAssistance", detail)
    }

    pub(crate) fn nhn(status: u16, code: i32, message: impl Into<String>) -> Self {
        Self::Nhn { status, code, message: message.into() }
    }

    pub(crate) fn risken(status: u16, shape: Shape) -> Self {
        Self::Risken { status, shape }
    }

    /// An operation that no handler performs; a test keeps it from happening.
    pub(crate) fn not_built(vendor: Vendor) -> Self {
        match vendor {
            Vendor::Scp => Self::scp(501, "NotImplemented", "the sandbox does not perform this operation"),
            Vendor::Nhn => Self::nhn(501, 501, "Not Implemented"),
            Vendor::Risken => Self::risken(501, Shape::Empty),
        }
    }

    pub(crate) fn reply(self, world: &World) -> Reply {
        match self {
            Self::Scp { status, code, detail } => scp::refuse(world, status, &code, &[detail]),
            Self::Nhn { status, code, message } => nhn::refuse(status, code, &message),
            Self::Risken { status, shape } => risken::refuse(status, shape),
            Self::NeedsKey => Self::scp_broken("no key was made").reply(world),
        }
    }
}
