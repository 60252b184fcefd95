//! What a refusal means.

/// What the service's refusal means, the same for all vendors.
///
/// Filled from the vendors' statuses, codes and texts where their meaning is known. New categories may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCategory {
    /// The resource does not exist.
    ///
    /// What to do: check the ID. After a delete, this is what the caller wanted.
    NotFound,
    /// The caller is known and may not do this, or not from this address.
    ///
    /// What to do: check the policy of the key, its allowed addresses, and the role of the account.
    Denied,
    /// The credentials are wrong, expired or unknown.
    ///
    /// What to do: check the keys or the token, and this machine's clock.
    InvalidCredentials,
    /// There were too many requests. The service has not executed this one.
    ///
    /// What to do: send it again later, after [`Error::retry_after`](crate::Error::retry_after) if that is set.
    Throttled,
    /// The request conflicts with the state of the resource, such as a name that is taken or a stopped key.
    ///
    /// What to do: read the state of the resource first.
    Conflict,
    /// The service does not know this API version, or no longer serves it.
    ///
    /// What to do: use the client of another version.
    EndedVersion,
}
