//! What to do about an error, as data.

use std::fmt;

use super::{Error, ErrorCategory, ErrorKind};

/// A step to take against an error: a code for programs, and a text for people.
///
/// Codes are stable: a release may add some, and only a major release renames or removes one. Texts may change.
///
/// ```
/// # fn show(error: cloud_core::Error) {
/// for advice in error.advice() {
///     match advice.code() {
///         "send_again_later" => eprintln!("queued for later"),
///         code => eprintln!("{code}: {advice}"),
///     }
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Advice {
    code: &'static str,
    text: &'static str,
}

impl Advice {
    /// Creates a step. `code` is in snake case; `text` is a lowercase fragment that begins with a verb.
    #[must_use]
    pub const fn new(code: &'static str, text: &'static str) -> Self {
        Self { code, text }
    }

    /// Returns the code, such as `send_again_later`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// Returns the text: a lowercase fragment such as `send the same request again later`.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.text
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// Advice that no vendor's rules are needed for.
mod general {
    use super::Advice;

    pub(super) const CORRECT_SETTING: Advice =
        Advice::new("correct_setting", "correct the setting that the message names");
    pub(super) const CORRECT_REQUEST: Advice =
        Advice::new("correct_request", "correct the argument that the message names");
    pub(super) const CHECK_ID: Advice = Advice::new("check_id", "check the ID, the region and the account");
    pub(super) const CHOOSE_BY_ID: Advice =
        Advice::new("choose_by_id", "list the resources, and choose one by its ID instead of its name");
    pub(super) const GRANT_PERMISSION: Advice =
        Advice::new("grant_permission", "let the policy or role of the credentials allow this operation");
    pub(super) const CHECK_CREDENTIALS: Advice =
        Advice::new("check_credentials", "check the keys or the token, and the service that issues them");
    pub(super) const SLOW_DOWN: Advice =
        Advice::new("slow_down", "send fewer requests, and this one again after the time that the service asked for");
    pub(super) const USE_OTHER_VERSION: Advice =
        Advice::new("use_other_version", "use the client of an API version that the service still serves");
    pub(super) const READ_STATE: Advice =
        Advice::new("read_state", "read the state of the resource before anything is sent again");
    pub(super) const SEND_AGAIN_LATER: Advice =
        Advice::new("send_again_later", "send the same request again later; repeating it is safe");
    pub(super) const CHECK_NETWORK: Advice =
        Advice::new("check_network", "check the endpoint, name resolution, the proxy and the TLS settings");
    pub(super) const LOOK_FOR_A_PROXY: Advice = Advice::new(
        "look_for_a_proxy",
        "look for a proxy or portal that sent the response, and for a newer release of this crate",
    );
    pub(super) const USE_FULL_HANDLE: Advice =
        Advice::new("use_full_handle", "make this call with a handle that the program has not restricted");
    pub(super) const RESUME_LIST: Advice =
        Advice::new("resume_list", "list again, or continue from where the list ended");
    pub(super) const READ_FAILURE: Advice =
        Advice::new("read_failure", "correct the cause that the state names, and start it again");
    pub(super) const ASK_SUPPORT: Advice =
        Advice::new("ask_support", "give the request ID and the time to the vendor's support if it persists");
}

impl Error {
    /// Returns what to do next, the most likely remedy first. The first steps are those of the vendor's own rules;
    /// where it has none for this error, they follow from the kind and the category.
    ///
    /// Contains `read_state` wherever [`may_have_been_executed`](Self::may_have_been_executed) holds, except with
    /// `send_again_later`, since repeating is safe then. Empty if nothing more is known than the
    /// [message](Self::message).
    #[must_use]
    pub fn advice(&self) -> Vec<Advice> {
        let mut steps = match self.0.advice {
            [] => self.general_advice().into_iter().collect(),
            own => own.to_vec(),
        };
        let codes = [general::READ_STATE.code, general::SEND_AGAIN_LATER.code];
        let says_so = steps.iter().any(|step| codes.contains(&step.code));
        if self.may_have_been_executed() && !says_so {
            steps.push(general::READ_STATE);
        }
        steps
    }

    fn general_advice(&self) -> Option<Advice> {
        use ErrorCategory as Category;
        use general::*;
        Some(match (self.category(), self.kind()) {
            (Some(Category::Throttled), _) => SLOW_DOWN,
            (_, ErrorKind::Lookup) => CHOOSE_BY_ID,
            (Some(Category::NotFound), _) => CHECK_ID,
            (Some(Category::Denied), _) => GRANT_PERMISSION,
            (Some(Category::InvalidCredentials), _) => CHECK_CREDENTIALS,
            (Some(Category::Conflict), _) => READ_STATE,
            (Some(Category::EndedVersion), _) => USE_OTHER_VERSION,
            (None, ErrorKind::Config) => CORRECT_SETTING,
            (None, ErrorKind::Request) => CORRECT_REQUEST,
            (None, ErrorKind::Restricted) => USE_FULL_HANDLE,
            (None, ErrorKind::Incomplete) => RESUME_LIST,
            (None, ErrorKind::FailureState) => READ_FAILURE,
            // Without a call there was no response: a value of the program, or one that it had received before.
            (None, ErrorKind::Decode) if self.0.context.is_none() => return None,
            (None, ErrorKind::Decode) => LOOK_FOR_A_PROXY,
            (None, ErrorKind::Connect) => CHECK_NETWORK,
            (None, _) if self.may_resend() => SEND_AGAIN_LATER,
            (None, ErrorKind::Credentials) => CHECK_CREDENTIALS,
            (None, ErrorKind::Timeout | ErrorKind::Transport) => READ_STATE,
            (None, ErrorKind::Service) if self.status().is_some_and(|status| status >= 500) => ASK_SUPPORT,
            (None, ErrorKind::Service) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{ApiVersion, CallContext, Idempotency, Method, Operation, Segment};

    static READS: Operation =
        Operation::new("show", Method::Get, &[Segment::Literal("/")]).idempotency(Idempotency::Safe);
    static CHANGES: Operation = Operation::new("create", Method::Post, &[Segment::Literal("/")]);
    static SETS: Operation =
        Operation::new("set", Method::Put, &[Segment::Literal("/")]).idempotency(Idempotency::Idempotent);
    static VERSION: ApiVersion = ApiVersion::new("vendor", "service", "1");

    fn codes(error: &Error) -> Vec<&'static str> {
        error.advice().iter().map(Advice::code).collect()
    }

    #[test]
    fn kind_and_category_decide_without_rules_of_a_vendor() {
        use ErrorCategory::{Conflict, Denied, EndedVersion, InvalidCredentials, NotFound, Throttled};
        use ErrorKind::*;
        type Case = (ErrorKind, Option<u16>, Option<ErrorCategory>, &'static Operation, &'static [&'static str]);
        let cases: &[Case] = &[
            (Config, None, None, &READS, &["correct_setting"]),
            (Request, None, None, &CHANGES, &["correct_request"]),
            (Restricted, None, None, &CHANGES, &["use_full_handle"]),
            (Credentials, None, None, &CHANGES, &["check_credentials"]),
            (Connect, None, None, &CHANGES, &["check_network"]),
            (Timeout, None, None, &READS, &["send_again_later"]),
            (Timeout, None, None, &CHANGES, &["read_state"]),
            (Timeout, None, None, &SETS, &["send_again_later"]),
            (Transport, None, None, &CHANGES, &["read_state"]),
            (Service, Some(400), None, &CHANGES, &[]),
            (Service, Some(500), None, &READS, &["ask_support"]),
            (Service, Some(500), None, &CHANGES, &["ask_support", "read_state"]),
            (Service, Some(503), None, &READS, &["send_again_later"]),
            (Service, Some(429), Some(Throttled), &CHANGES, &["slow_down"]),
            (Service, Some(404), Some(NotFound), &READS, &["check_id"]),
            (Service, Some(403), Some(Denied), &CHANGES, &["grant_permission"]),
            (Service, Some(401), Some(InvalidCredentials), &READS, &["check_credentials"]),
            (Service, Some(409), Some(Conflict), &CHANGES, &["read_state"]),
            (Service, Some(406), Some(EndedVersion), &READS, &["use_other_version"]),
            (Decode, Some(200), None, &READS, &["look_for_a_proxy"]),
            (Decode, Some(200), None, &CHANGES, &["look_for_a_proxy", "read_state"]),
            (Incomplete, None, None, &READS, &["resume_list"]),
            (Lookup, None, Some(NotFound), &READS, &["choose_by_id"]),
            (FailureState, None, None, &READS, &["read_failure"]),
        ];
        for (kind, status, category, operation, expected) in cases {
            let transient = matches!(kind, Timeout | Transport) || *status == Some(503);
            let error = Error::builder(*kind, "text")
                .context(CallContext::new(operation, &VERSION))
                .status(*status)
                .category(*category)
                .transient(transient)
                .build();
            assert_eq!(codes(&error), *expected, "{kind:?} {status:?} {category:?} {}", operation.name);
        }
    }

    #[test]
    fn decoding_without_a_call_blames_no_proxy() {
        assert!(codes(&Error::builder(ErrorKind::Decode, "no time zone").build()).is_empty());
    }

    #[test]
    fn rules_of_a_vendor_come_first_and_leave_the_line_as_it_was() {
        const OWN: &[Advice] = &[Advice::new("own", "ask for the role"), Advice::new("second", "wait")];
        let plain =
            || Error::builder(ErrorKind::Service, "no").status(500).context(CallContext::new(&CHANGES, &VERSION));
        let error = plain().advice(OWN).required_action("thing:Create".to_owned()).build();
        assert_eq!(codes(&error), ["own", "second", "read_state"]);
        assert_eq!(error.to_string(), plain().build().to_string());
        assert_eq!(error.required_action(), Some("thing:Create"));
        assert_eq!(error.duplicate().required_action(), Some("thing:Create"));
        const READ: &[Advice] = &[Advice::new("read_state", "read the state of the thing")];
        assert_eq!(codes(&plain().advice(READ).build()), ["read_state"]);
        assert_eq!(codes(&error.duplicate()), codes(&error));
    }
}
