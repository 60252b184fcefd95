//! The policy that a token needs for given operations.

use std::collections::BTreeSet;
use std::fmt;

use cloud_core::{Error, Operation, Result, Segment};

/// The patterns of a policy, as RISKEN's `put-policy` and its console take them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Policy {
    /// The regular expression for actions: `action_ptn`.
    pub action_ptn: String,
    /// The regular expression for resources: `resource_ptn`.
    pub resource_ptn: String,
}

impl fmt::Display for Policy {
    /// Writes both patterns in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "action_ptn {} resource_ptn {}", self.action_ptn, self.resource_ptn)
    }
}

/// Returns the smallest policy that allows these operations: a role with only this policy allows exactly these calls.
///
/// RISKEN's patterns match anywhere in a name, so `list-aws` would also allow every action whose name contains it. These
/// are anchored. Operations come from `OPERATIONS` of a client, or from [`Error::operation`] of a refused call.
///
/// ```
/// use risken_aws::{AwsClient, policy_for};
///
/// let scans = AwsClient::OPERATIONS.iter().copied().filter(|it| ["list_data_sources", "invoke_scan"].contains(&it.name));
/// let policy = policy_for(&scans.collect::<Vec<_>>())?;
/// assert_eq!(policy.action_ptn, "^aws/(invoke-scan|list-datasource)$");
/// assert_eq!(policy.resource_ptn, "^aws/resource_any$");
/// # Ok::<(), risken_aws::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Request`](crate::ErrorKind::Request) without operations, since a pattern that allows nothing is not
/// meant, and for an operation of another vendor.
pub fn policy_for(operations: &[&Operation]) -> Result<Policy> {
    let foreign = || Error::request("operations: one is not an operation of RISKEN; take them from this crate");
    let actions = operations.iter().map(|operation| action(operation).ok_or_else(foreign));
    let actions = actions.collect::<Result<BTreeSet<_>>>()?;
    let services: BTreeSet<_> = actions.iter().filter_map(|action| Some(action.split_once('/')?.0)).collect();
    if services.is_empty() {
        return Err(Error::request("operations: there must be at least one"));
    }
    let services: Vec<_> = services.into_iter().collect();
    let of_service = |service: &&str| {
        let own = actions.iter().filter_map(|action| action.split_once('/').filter(|(name, _)| name == service));
        format!("{service}/{}", any(&own.map(|(_, endpoint)| endpoint).collect::<Vec<_>>()))
    };
    let by_service: Vec<_> = services.iter().map(of_service).collect();
    Ok(Policy {
        action_ptn: format!("^{}$", any(&by_service)),
        resource_ptn: format!("^{}/resource_any$", any(&services)),
    })
}

/// A pattern for any of these texts.
fn any<T: AsRef<str> + std::borrow::Borrow<str>>(texts: &[T]) -> String {
    match texts {
        [one] => one.as_ref().to_owned(),
        several => format!("({})", several.join("|")),
    }
}

/// The action that the gateway derives from the path: its first two segments, such as `aws/put-aws`.
pub(crate) fn action(operation: &Operation) -> Option<String> {
    let [Segment::Literal(path)] = operation.path else { return None };
    let (service, endpoint) = path.trim_matches('/').split_once('/')?;
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    (plain(service) && plain(endpoint)).then(|| format!("{service}/{endpoint}"))
}

#[cfg(all(test, feature = "aws", feature = "finding"))]
mod tests {
    use cloud_core::Method;

    use super::*;
    use crate::{AwsClient, ErrorKind, FindingClient};

    fn all() -> Vec<&'static Operation> {
        AwsClient::OPERATIONS.iter().chain(FindingClient::OPERATIONS).copied().collect()
    }

    #[test]
    fn action_is_the_end_of_the_path_of_every_operation() {
        for operation in all() {
            let action = action(operation).unwrap_or_else(|| panic!("{}", operation.name));
            assert_eq!(operation.template().trim_matches('/'), action);
        }
    }

    #[test]
    fn policy_of_several_services_has_a_group_for_each() {
        let chosen = ["put_aws", "list_aws", "show_finding"];
        let chosen: Vec<_> = all().into_iter().filter(|operation| chosen.contains(&operation.name)).collect();
        let policy = policy_for(&chosen).unwrap();
        assert_eq!(policy.action_ptn, "^(aws/(list-aws|put-aws)|finding/get-finding)$");
        assert_eq!(policy.resource_ptn, "^(aws|finding)/resource_any$");
        let twice: Vec<_> = chosen.iter().chain(&chosen).copied().collect();
        assert_eq!(policy_for(&twice).unwrap(), policy, "order and repetition do not matter");
    }

    #[test]
    fn nothing_and_operations_of_others_are_rejected() {
        static FOREIGN: Operation =
            Operation::new("x", Method::Get, &[Segment::Literal("/v1/kms/"), Segment::Param("id")]);
        for operations in [&[][..], &[&FOREIGN]] {
            assert_eq!(policy_for(operations).unwrap_err().kind(), ErrorKind::Request);
        }
    }
}
