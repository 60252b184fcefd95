//! The deadline and the retries that the targets of an account share.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The limits of each account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) deadline: Option<Duration>,
    pub(super) retries: u32,
}

/// An account with targets in work.
#[derive(Debug)]
pub(super) struct Account {
    /// When its time is over, by [`Runtime::elapsed`](cloud_core::Runtime::elapsed).
    end: Option<Duration>,
    retries: AtomicU32,
}

impl Account {
    /// Returns the time that is left, or `None` without a deadline.
    pub(super) fn left(&self, now: Duration) -> Option<Duration> {
        self.end.map(|end| end.saturating_sub(now))
    }

    /// Takes one of the retries, if there is one.
    pub(super) fn take_retry(&self) -> bool {
        let one_less = |left: u32| left.checked_sub(1);
        self.retries.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }
}

/// The accounts with targets in work, and the one of the latest target.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    known: HashMap<String, (Arc<Account>, usize)>,
    latest: Option<String>,
}

impl Accounts {
    /// Counts a target that begins.
    pub(super) fn enter(&mut self, name: &str, limits: Limits, now: Duration) -> Arc<Account> {
        if self.latest.as_deref() != Some(name)
            && let Some(before) = self.latest.replace(name.to_owned())
        {
            self.forget(&before);
        }
        let (account, in_work) = self.known.entry(name.to_owned()).or_insert_with(|| {
            let end = limits.deadline.map(|limit| now.saturating_add(limit));
            (Arc::new(Account { end, retries: AtomicU32::new(limits.retries) }), 0)
        });
        *in_work += 1;
        Arc::clone(account)
    }

    /// Counts a target that has ended.
    pub(super) fn leave(&mut self, name: &str) {
        if let Some((_, in_work)) = self.known.get_mut(name) {
            *in_work = in_work.saturating_sub(1);
        }
        if self.latest.as_deref() != Some(name) {
            self.forget(name);
        }
    }

    /// Forgets an account without targets in work, so that memory does not grow with the accounts that are done.
    fn forget(&mut self, name: &str) {
        if self.known.get(name).is_some_and(|(_, in_work)| *in_work == 0) {
            self.known.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { deadline: Some(Duration::from_secs(10)), retries: 1 };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn targets_of_an_account_share_its_deadline_and_retries() {
        let mut accounts = Accounts::default();
        let first = accounts.enter("a", LIMITS, at(0));
        accounts.leave("a");
        let second = accounts.enter("a", LIMITS, at(4));
        assert_eq!(second.left(at(4)), Some(at(6)));
        assert_eq!(second.left(at(11)), Some(Duration::ZERO));
        assert_eq!([first.take_retry(), second.take_retry()], [true, false]);
    }

    #[test]
    fn accounts_that_are_done_are_forgotten() {
        let mut accounts = Accounts::default();
        for number in 0..100 {
            let name = number.to_string();
            accounts.enter(&name, LIMITS, at(0));
            if number != 7 {
                accounts.leave(&name);
            }
            assert!(accounts.known.len() <= 3, "{number}");
        }
        accounts.leave("7");
        assert_eq!(accounts.known.len(), 1);
    }
}
