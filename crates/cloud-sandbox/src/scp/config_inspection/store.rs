//! The diagnoses that the service holds, and how it shows them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::checklist::Version;
use super::run::Run;
use super::schedule::Schedule;
use crate::call::Call;
use crate::rng::Rng;
use crate::scp::account;
use crate::scp::error::ErrorResponse;
use crate::scp::timestamps::plain;

/// How many runs of one diagnosis are remembered.
const MOST_RUNS: usize = 100;

/// The state of the service.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    pub(super) diagnoses: BTreeMap<String, Diagnosis>,
}

/// What is inspected, with the runs so far.
#[derive(Serialize, Deserialize)]
pub(super) struct Diagnosis {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) account_id: String,
    pub(super) diagnosis_account_id: String,
    pub(super) csp_type: String,
    pub(super) check_type: String,
    /// The ID of the version of the checklist; none for the newest.
    #[serde(default)]
    pub(super) checklist_version: Option<String>,
    pub(super) diagnosis_type: String,
    pub(super) plan_type: String,
    pub(super) auth_key: AuthKey,
    pub(super) schedule: Schedule,
    pub(super) created_at: OffsetDateTime,
    pub(super) created_by: String,
    /// Up to when the schedule was followed; none before the diagnosis was first looked at.
    #[serde(default)]
    pub(super) followed_until: Option<OffsetDateTime>,
    /// Oldest first.
    #[serde(default)]
    pub(super) runs: Vec<Run>,
}

/// The access key with which the account is inspected.
#[derive(Serialize, Deserialize)]
pub(super) struct AuthKey {
    pub(super) id: String,
    pub(super) created_at: Option<OffsetDateTime>,
    pub(super) expired_at: Option<OffsetDateTime>,
}

impl Store {
    /// Starts what the schedules asked for until now.
    pub(super) fn follow_schedules(&mut self, now: OffsetDateTime, rng: &mut Rng) {
        for diagnosis in self.diagnoses.values_mut() {
            diagnosis.follow_schedule(now, rng);
        }
    }

    pub(super) fn find(&mut self, id: &str) -> Result<&mut Diagnosis, ErrorResponse> {
        self.diagnoses.get_mut(id).ok_or_else(|| ErrorResponse::not_found("diagnosis", id))
    }
}

/// The store as it is now, with all runs that were due.
pub(super) fn current<'a>(store: &'a mut Store, call: &mut Call<'_>) -> &'a mut Store {
    store.follow_schedules(call.now, call.rng);
    store
}

impl Diagnosis {
    pub(super) fn follow_schedule(&mut self, now: OffsetDateTime, rng: &mut Rng) {
        let after = self.followed_until.replace(now).unwrap_or(now);
        for at in self.schedule.due(after, now) {
            for check_type in self.schedule.check_types() {
                let by = self.created_by.clone();
                self.start(check_type, at, by, false, rng);
            }
        }
    }

    /// Starts a run; one that cannot connect finds nothing out.
    pub(super) fn start(&mut self, check_type: &str, at: OffsetDateTime, by: String, unreachable: bool, rng: &mut Rng) {
        let before = self.runs.iter().rev().find(|run| run.is(check_type) && !run.unreachable());
        let checklist = Version::of(check_type, self.checklist_version.as_deref());
        let Some(checklist) = checklist else { return };
        let run = Run::start(checklist, at, by, unreachable, before, rng);
        self.runs.push(run);
        let surplus = self.runs.len().saturating_sub(MOST_RUNS);
        self.runs.drain(..surplus);
    }

    pub(super) fn summary(&self, now: OffsetDateTime) -> Value {
        let recent = self.runs.last();
        let checklist = Version::of(&self.check_type, self.checklist_version.as_deref());
        json!({
            "check_list_state": checklist.map(|version| version.state),
            "check_list_version": checklist.map(|version| version.number),
            "created_at": plain(self.created_at),
            "csp_type": self.csp_type,
            "diagnosis_account_id": self.diagnosis_account_id,
            "diagnosis_check_type": self.check_type,
            "diagnosis_id": self.id,
            "diagnosis_name": self.name,
            "diagnosis_type": self.diagnosis_type,
            "error_state": recent.and_then(|run| run.error_state(now)),
            "plan_type": self.plan_type,
            "recent_diagnosis_at": recent.map(|run| plain(run.requested_at())),
            "recent_diagnosis_state": recent.map(|run| run.state(now)),
        })
    }

    pub(super) fn detail(&self, now: OffsetDateTime) -> Value {
        let expired = self.auth_key.expired_at.is_some_and(|end| end <= now);
        let mut auth_key = json!({
            "auth_key_id": self.auth_key.id,
            "auth_key_state": if expired { "EXPIRED" } else { "ACTIVATED" },
            "user_id": self.created_by,
        });
        // These may be absent and may not be null.
        let dates =
            [("auth_key_created_at", self.auth_key.created_at), ("auth_key_expired_at", self.auth_key.expired_at)];
        for (name, at) in dates {
            if let (Some(fields), Some(at)) = (auth_key.as_object_mut(), at) {
                fields.insert(name.to_owned(), plain(at));
            }
        }
        json!({
            "auth_key_responses": auth_key,
            "schedule_response": self.schedule.shown(&self.id),
            "summary_responses": self.summary(now),
        })
    }

    /// What the list of results shows of a run that has ended.
    pub(super) fn result_row(&self, run: &Run) -> Value {
        let mut row = json!({
            "created_at": plain(run.requested_at()),
            "csp_type": self.csp_type,
            "diagnosis_account_id": self.diagnosis_account_id,
            "diagnosis_id": self.id,
            "diagnosis_name": self.name,
            "check_list_state": run.checklist().map(|version| version.state),
            "check_list_version": run.checklist().map(|version| version.number),
            "marker": run.sequence(),
        });
        if let (Some(fields), Value::Object(more)) = (row.as_object_mut(), run.counts()) {
            fields.extend(more);
        }
        row
    }

    pub(super) fn is_mine(&self) -> bool {
        self.created_by == account::USER_ID
    }
}
