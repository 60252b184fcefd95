//! Why a row of a vendor became no event: the keys of [`Report::dropped`](crate::Report::dropped).
//!
//! A row is a rule or an item. Where a vendor does not say how many rows an inspection would have, it counts as one.

/// The rule was never inspected, so there is no result.
pub const NEVER_INSPECTED: &str = "never_inspected";
/// The inspection was never run, so there are no results: one row.
pub const NEVER_RUN: &str = "never_run";
/// It belongs to an inspection that a newer one of the same resource replaces, or of a resource with the same name.
pub const SUPERSEDED: &str = "superseded";
/// An event with the same uid is in the report already.
pub const DUPLICATE: &str = "duplicate";
/// The row names nothing that a stable uid can be made of.
pub const NO_ID: &str = "no_id";
/// The data source is not attached to the account.
pub const NOT_ATTACHED: &str = "not_attached";
/// The row was deleted between its list and its details.
pub const DELETED: &str = "deleted";
