//! Further accounts of each vendor: the seed with other identities, made when an account is first used.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::HttpRequest;
use crate::scp::account::ACCOUNT_ID;
use crate::settings::{nhn, risken, scp};
use crate::state::State;

/// The most accounts beside the first.
pub(crate) const MOST: u32 = 10_000;

/// The project of RISKEN that belongs to the account 0, if there were one among the further ones.
const PROJECTS: u32 = 100_000;

/// The AWS account of the seed.
const AWS_ACCOUNT: &str = "123456789012";

/// An account: 0 is the one of every sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Account(pub(crate) u32);

impl Account {
    const FIRST: Self = Self(0);

    /// A text of the first account as this one has it: the last four characters are the number in hexadecimal digits.
    fn digits(self, text: &str) -> String {
        let kept = text.get(..text.len().saturating_sub(4)).unwrap_or_default();
        if self == Self::FIRST { text.to_owned() } else { format!("{kept}{:04x}", self.0) }
    }

    /// A name of the first account as this one has it: the number follows.
    fn numbered(self, text: &str) -> String {
        if self == Self::FIRST { text.to_owned() } else { format!("{text}-{}", self.0) }
    }

    fn of_digits(first: &str, text: &str) -> Option<Self> {
        if text == first {
            return Some(Self::FIRST);
        }
        let number = u32::from_str_radix(text.get(first.len().checked_sub(4)?..)?, 16).ok()?;
        let own = Self(number);
        (number > 0 && own.digits(first) == text).then_some(own)
    }

    fn of_numbered(first: &str, text: &str) -> Option<Self> {
        let number = text.strip_prefix(first)?;
        if number.is_empty() {
            return Some(Self::FIRST);
        }
        let own = Self(number.strip_prefix('-')?.parse().ok().filter(|number| *number > 0)?);
        (own.numbered(first) == text).then_some(own)
    }

    pub(crate) fn scp_keys(self) -> (String, String) {
        (self.digits(scp::ACCESS_KEY), self.digits(scp::SECRET_KEY))
    }

    pub(crate) fn nhn_keys(self) -> (String, String) {
        (self.numbered(nhn::USER_ACCESS_KEY_ID), self.numbered(nhn::SECRET_ACCESS_KEY))
    }

    pub(crate) fn nhn_app_key(self, first: &str) -> String {
        self.numbered(first)
    }

    pub(crate) fn risken_project(self) -> u32 {
        if self == Self::FIRST { risken::PROJECT_ID } else { PROJECTS + self.0 }
    }

    fn aws_account(self) -> String {
        if self == Self::FIRST { AWS_ACCOUNT.to_owned() } else { format!("2{:011}", self.0) }
    }

    /// The account that a request is for, by its credentials, whether they are right or not.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let found = if let Some(key) = request.header("scp-accesskey") {
            Self::of_digits(scp::ACCESS_KEY, key)
        } else if let Some(key) = request.header("x-tc-authentication-id") {
            Self::of_numbered(nhn::USER_ACCESS_KEY_ID, key)
        } else {
            Self::of_path(request.path()).or_else(|| Self::of_authorization(request))
        };
        found.unwrap_or(Self::FIRST)
    }

    /// By the app key of a path of NHN Cloud.
    fn of_path(path: &str) -> Option<Self> {
        let mut segments = path.split('/');
        segments.find(|segment| segment.eq_ignore_ascii_case("appkey"))?;
        let key = segments.next()?;
        let firsts = [nhn::SECURITY_ADVISOR_APP_KEY, nhn::SERVER_SECURITY_CHECK_APP_KEY, nhn::SKM_APP_KEY];
        firsts.iter().find_map(|first| Self::of_numbered(first, key))
    }

    /// By the User Access Key of NHN Cloud's token server, or by the token of RISKEN.
    fn of_authorization(request: &HttpRequest) -> Option<Self> {
        let header = request.header("authorization")?;
        if let Some(key) = crate::nhn::basic_user(header) {
            return Self::of_numbered(nhn::USER_ACCESS_KEY_ID, &key);
        }
        let number = crate::risken::project_of(header)?.checked_sub(PROJECTS)?;
        Some(Self(number))
    }

    /// Returns the state of the first account with the identities of this one.
    pub(crate) fn seeded(self, first: &Value) -> Result<State, String> {
        let mut seed = first.clone();
        self.rewrite(&mut seed);
        // Numbers are project IDs in this part alone.
        if let Some(risken) = seed.get_mut("risken") {
            self.rewrite_projects(risken);
        }
        serde_json::from_value(seed).map_err(|_| "the seed does not fit the state".to_owned())
    }

    /// Replaces texts that identify the first account. A test holds that each ID of the seed is of one kind.
    pub(crate) fn rewrite(self, value: &mut Value) {
        match value {
            Value::String(text) => self.rewrite_text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.rewrite(item)),
            Value::Object(members) => {
                let named = std::mem::take(members).into_iter().map(|(mut name, mut member)| {
                    self.rewrite_text(&mut name);
                    self.rewrite(&mut member);
                    (name, member)
                });
                *members = named.collect();
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn rewrite_text(self, text: &mut String) {
        for first in [ACCOUNT_ID, scp::ACCESS_KEY, scp::SECRET_KEY] {
            if text == first {
                *text = self.digits(first);
            }
        }
        if text.contains(AWS_ACCOUNT) {
            *text = text.replace(AWS_ACCOUNT, &self.aws_account());
        }
    }

    fn rewrite_projects(self, value: &mut Value) {
        match value {
            Value::Number(number) if number.as_u64() == Some(risken::PROJECT_ID.into()) => {
                *value = self.risken_project().into();
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.rewrite_projects(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.rewrite_projects(member)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_lead_back_to_their_account() {
        for number in [1, 15, 16, 500, MOST] {
            let own = Account(number);
            assert_eq!(Account::of_digits(scp::ACCESS_KEY, &own.scp_keys().0), Some(own));
            assert_eq!(Account::of_numbered(nhn::USER_ACCESS_KEY_ID, &own.nhn_keys().0), Some(own));
            let path = format!("/ssc/v1.0/appKey/{}/x", own.nhn_app_key(nhn::SERVER_SECURITY_CHECK_APP_KEY));
            assert_eq!(Account::of_path(&path), Some(own));
            assert_eq!(own.risken_project() - PROJECTS, number);
        }
        assert_eq!(Account::of_digits(scp::ACCESS_KEY, scp::ACCESS_KEY), Some(Account::FIRST));
        assert_eq!(Account::of_numbered(nhn::SKM_APP_KEY, nhn::SKM_APP_KEY), Some(Account::FIRST));
        for odd in ["", "x", "sandboxCheckKey-", "sandboxCheckKey-0", "sandboxCheckKey-01", "sandboxCheckKey-x"] {
            assert_eq!(Account::of_numbered(nhn::SERVER_SECURITY_CHECK_APP_KEY, odd), None, "{odd}");
        }
    }

    #[test]
    fn state_of_an_account_has_its_identities_and_no_other_ones() {
        let first = serde_json::to_value(State::default()).unwrap();
        let own = Account(7).seeded(&first).unwrap();
        let text = serde_json::to_string(&own).unwrap();
        for theirs in [ACCOUNT_ID, scp::ACCESS_KEY, scp::SECRET_KEY, AWS_ACCOUNT, "\"project_id\":1001"] {
            assert!(first.to_string().contains(theirs) && !text.contains(theirs), "{theirs}");
        }
        assert!(text.contains("\"project_id\":100007") && text.contains(&Account(7).digits(ACCOUNT_ID)), "{text}");
    }
}
