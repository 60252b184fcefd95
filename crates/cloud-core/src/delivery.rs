//! How far a request got: not sent, possibly sent, or answered by a response.

/// How far a request got, to the client's knowledge.
///
/// The order is that of progress, so the larger of two values is the one that got further.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// The service has received nothing, so any operation may be repeated.
    #[default]
    NotSent,
    /// Some or all of the request was sent and no complete response arrived: the service may have executed it.
    PossiblySent,
    /// The service, or a proxy in front of it, responded.
    ResponseReceived,
}
