//! Config Inspection: diagnoses of an account's configuration and their results.
//!
//! A run takes minutes. [`wait_until_completed`](Client::wait_until_completed) polls until it has ended:
//!
//! ```no_run
//! use scp_security::config_inspection::types::RequestDiagnosisRequest;
//!
//! # async fn run(scp: scp_security::Scp, request: RequestDiagnosisRequest) -> scp_security::Result<()> {
//! let inspection = scp.config_inspection();
//! let before = inspection.show_diagnosis(&request.diagnosis_id).await?.summary_responses;
//! inspection.request_diagnosis(&request).await?.require_accepted()?;
//! let after = inspection.wait_until_completed(&before).await?;
//! println!("completed at {:?}", after.recent_diagnosis_at);
//! # Ok(())
//! # }
//! ```

use cloud_core::waiter::Observed;
use cloud_core::{Error, ErrorKind, Result, Waiter};

pub use crate::generated::config_inspection::*;

#[cfg(feature = "ocsf")]
pub mod ocsf;

macro_rules! waits {
    ($client:ty, $types:path) => {
        const _: () = {
            use $types as models;

            impl $client {
                /// Waits until a run that was requested after `before` was read has completed, and returns the
                /// inspection.
                ///
                /// `request_diagnosis` returns no ID of the run, so the waiter tells the new run from earlier ones by its
                /// time, or because it saw the run in progress. If a run is in progress in `before`, it is the one that
                /// is waited for. Polls `show_diagnosis` every 10 seconds for up to 30 minutes;
                /// [`interval`](Waiter::interval) and [`deadline`](Waiter::deadline) change that.
                ///
                /// # Errors
                /// [`ErrorKind::FailureState`](crate::ErrorKind::FailureState) if the run failed, and
                /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if the deadline passed. Both name the last state.
                /// Otherwise the error of the poll that failed.
                pub fn wait_until_completed(
                    &self,
                    before: &models::SummaryResponse,
                ) -> Waiter<models::SummaryResponse> {
                    let mut progress = Progress::new(before);
                    let poll = self.show_diagnosis(&before.diagnosis_id);
                    Waiter::new(poll, move |detail: models::ShowDiagnosisResponse| {
                        progress.observe(detail.summary_responses)
                    })
                }
            }
        };
    };
}

#[cfg(feature = "ended-versions")]
waits!(v1_0::Client, v1_2::types);
#[cfg(feature = "ended-versions")]
waits!(v1_1::Client, v1_2::types);
waits!(v1_2::Client, v1_2::types);
waits!(Client, types);

impl types::RequestDiagnosisResponse {
    /// Returns an error if the service did not start the run.
    ///
    /// # Errors
    /// [`ErrorKind::Service`] if the service refused.
    pub fn require_accepted(&self) -> Result<()> {
        crate::verdict::require(self.result, "the service did not execute the request")
    }
}

impl types::CreateDiagnosisResponse {
    /// Returns an error if the service did not create the inspection.
    ///
    /// # Errors
    /// [`ErrorKind::Service`] if the service refused.
    pub fn require_accepted(&self) -> Result<()> {
        crate::verdict::require(self.result, "the service did not create the inspection")
    }
}

impl types::DeleteDiagnosisResponse {
    /// Returns an error if the service did not delete the inspection.
    ///
    /// # Errors
    /// [`ErrorKind::Service`] if the service refused.
    pub fn require_deleted(&self) -> Result<()> {
        crate::verdict::require(self.delete_flag, "the service did not delete the inspection")
    }
}

macro_rules! counts {
    ($result:ty) => {
        impl $result {
            /// Returns the number of rules that failed. The counts of a run that could not inspect are not those of a compliant
            /// account, so such a run is an error.
            ///
            /// # Errors
            /// [`ErrorKind::FailureState`] if the run did not succeed, or left rules unchecked; [`ErrorKind::Decode`] if a count
            /// is missing.
            pub fn failed_rules(&self) -> Result<i64> {
                let result = self.diagnosis_result.as_deref().unwrap_or("missing");
                if !result.eq_ignore_ascii_case("SUCCESS") {
                    let text = format!("the run did not succeed: its result is `{}`", result.escape_debug());
                    return Err(Error::new(ErrorKind::FailureState, text));
                }
                let count = |count: Option<i64>, name: &str| {
                    count.ok_or_else(|| Error::new(ErrorKind::Decode, format!("the run has no `{name}`")))
                };
                match count(self.count_error, "count_error")? {
                    0 => count(self.count_fail, "count_fail"),
                    unchecked => {
                        let text = format!("{unchecked} rules of the run could not be checked");
                        Err(Error::new(ErrorKind::FailureState, text))
                    }
                }
            }
        }
    };
}

counts!(types::DiagnosisResultResponse);
counts!(v1_2::types::DiagnosisResultResponse);

/// What a summary says of the latest run, in every version.
trait Run: Clone {
    fn state(&self) -> Option<&str>;
    fn error(&self) -> Option<&str>;
    fn has_same_time(&self, other: &Self) -> bool;

    fn state_contains(&self, word: &str) -> bool {
        self.state().unwrap_or_default().to_ascii_lowercase().contains(word)
    }

    fn has_completed(&self) -> bool {
        self.error().is_none() && self.state_contains("completed")
    }

    fn has_failed(&self) -> bool {
        // The vendor documents `Completed` alone, and states differ in case between its services.
        let failed = self.state_contains("error") || self.state_contains("fail");
        failed || (self.error().is_some() && self.state_contains("completed"))
    }
}

macro_rules! run {
    ($summary:ty) => {
        impl Run for $summary {
            fn state(&self) -> Option<&str> {
                self.recent_diagnosis_state.as_deref()
            }
            fn error(&self) -> Option<&str> {
                self.error_state.as_deref()
            }
            fn has_same_time(&self, other: &Self) -> bool {
                self.recent_diagnosis_at == other.recent_diagnosis_at
            }
        }

        impl $summary {
            /// Returns whether the latest run has completed, with or without findings.
            #[must_use]
            pub fn is_completed(&self) -> bool {
                self.has_completed()
            }

            /// Returns whether the latest run has ended without a result, such as with `CONNECTION_FAIL`.
            #[must_use]
            pub fn is_failed(&self) -> bool {
                self.has_failed()
            }
        }
    };
}

run!(types::SummaryResponse);
run!(v1_2::types::SummaryResponse);

/// What is known of the run while it is waited for.
struct Progress<S> {
    before: S,
    /// The latest run is the one that is waited for.
    is_new: bool,
}

impl<S: Run> Progress<S> {
    fn new(before: &S) -> Self {
        let over = before.state().is_none() || before.has_completed() || before.has_failed();
        Self { before: before.clone(), is_new: !over }
    }

    fn observe(&mut self, run: S) -> Observed<S> {
        let before = &self.before;
        let failed = run.has_failed() || (run.error().is_some() && before.error().is_none());
        let over = failed || run.has_completed();
        let runs = run.state().is_some() && !over;
        self.is_new |= !run.has_same_time(before) || runs;
        let mut state = run.state().unwrap_or("none").to_owned();
        if let Some(error) = run.error().filter(|_| over) {
            state = format!("{state} ({error})");
        }
        match self.is_new && over {
            true if failed => Observed::Failed(state),
            true => Observed::Done(run),
            false if over => Observed::Pending(format!("{state} (the run before)")),
            false => Observed::Pending(state),
        }
    }
}

#[cfg(test)]
mod tests;
