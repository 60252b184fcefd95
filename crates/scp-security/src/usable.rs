//! States in which a key or secret may not be used.

/// The reason against what is scheduled for deletion.
pub(crate) const SCHEDULED: &str = "scheduled for deletion: restore it first";

/// Returns why what is in this state may not be used; none if it may be, or if the state is not known.
///
/// The service writes states in several ways, such as `To be terminated`.
pub(crate) fn reason_against(state: &str) -> Option<&'static str> {
    let plain: String = state.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    match &*plain {
        "tobeterminated" | "terminated" => Some(SCHEDULED),
        "stop" | "stopped" => Some("stopped"),
        _ => None,
    }
}
