//! Config Inspection: diagnoses of an account's configuration and their results.
//!
//! A run takes minutes. [`wait_until_completed`](client::Client::wait_until_completed) polls until it has ended:
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

impl<V: client::Version> client::Client<V> {
    /// Waits until a run that was requested after `before` was read has completed, and returns the inspection.
    ///
    /// `request_diagnosis` returns no ID of the run, so the waiter tells the new run from earlier ones by its time, or
    /// because it saw the run in progress. If a run is in progress in `before`, it is the one that is waited for. Polls
    /// `show_diagnosis` every 10 seconds for up to 30 minutes; [`interval`](Waiter::interval) and
    /// [`deadline`](Waiter::deadline) change that.
    ///
    /// # Errors
    /// [`ErrorKind::FailureState`](crate::ErrorKind::FailureState) if the run failed, and
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if the deadline passed. Both name the last state. Otherwise
    /// the error of the poll that failed.
    pub fn wait_until_completed(&self, before: &types::SummaryResponse) -> Waiter<types::SummaryResponse> {
        let mut progress = Progress::new(before);
        Waiter::new(self.show_diagnosis(&before.diagnosis_id), move |detail: types::ShowDiagnosisResponse| {
            progress.observe(detail.summary_responses)
        })
    }
}

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

impl types::DiagnosisResultResponse {
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

/// What is known of the run while it is waited for.
struct Progress {
    before: types::SummaryResponse,
    /// The latest run is the one that is waited for.
    is_new: bool,
}

impl Progress {
    fn new(before: &types::SummaryResponse) -> Self {
        let over = before.recent_diagnosis_state.is_none() || before.is_completed() || before.is_failed();
        Self { before: before.clone(), is_new: !over }
    }

    fn observe(&mut self, run: types::SummaryResponse) -> Observed<types::SummaryResponse> {
        let before = &self.before;
        let failed = run.is_failed() || (run.error_state.is_some() && before.error_state.is_none());
        let over = failed || run.is_completed();
        let runs = run.recent_diagnosis_state.is_some() && !over;
        self.is_new |= run.recent_diagnosis_at != before.recent_diagnosis_at || runs;
        let mut state = run.recent_diagnosis_state.clone().unwrap_or_else(|| "none".to_owned());
        if let Some(error) = run.error_state.as_ref().filter(|_| over) {
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

impl types::SummaryResponse {
    /// Returns whether the latest run has completed, with or without findings.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.error_state.is_none() && self.state_contains("completed")
    }

    /// Returns whether the latest run has ended without a result, such as with `CONNECTION_FAIL`.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        // The vendor documents `Completed` alone, and states differ in case between its services.
        let failed = self.state_contains("error") || self.state_contains("fail");
        failed || (self.error_state.is_some() && self.state_contains("completed"))
    }

    fn state_contains(&self, word: &str) -> bool {
        self.recent_diagnosis_state.as_deref().unwrap_or_default().to_ascii_lowercase().contains(word)
    }
}

#[cfg(test)]
mod tests;
