//! The diagnoses that the service holds, and how it shows them.

use std::cmp::Ordering;

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
use crate::state::table::{self, Change, Compare, Keyed, Place, Row, Table};

/// How many runs of one diagnosis are remembered.
const MOST_RUNS: usize = 100;

/// The state of the service.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    #[serde(with = "table::map")]
    pub(super) diagnoses: Table<Diagnosis>,
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
    /// When the schedule has to be looked at next.
    #[serde(skip)]
    pub(super) next_look: Option<OffsetDateTime>,
}

/// The places of the orders in [`Diagnosis::ORDERS`].
pub(super) mod order {
    pub(crate) const ID: usize = 0;
    pub(crate) const NEXT_LOOK: usize = 1;
    pub(crate) const CREATED: usize = 2;
    pub(crate) const CSP_TYPE: usize = 3;
    pub(crate) const ACCOUNT: usize = 4;
    pub(crate) const CHECK_TYPE: usize = 5;
    pub(crate) const NAME: usize = 6;
    pub(crate) const RECENT: usize = 7;
}

impl Row for Diagnosis {
    const ORDERS: &'static [Compare<Self>] = &[
        |one, other| one.id.cmp(&other.id),
        |one, other| one.next_look.cmp(&other.next_look),
        // Responses show whole seconds.
        |one, other| one.created_at.unix_timestamp().cmp(&other.created_at.unix_timestamp()),
        |one, other| one.csp_type.cmp(&other.csp_type),
        |one, other| one.diagnosis_account_id.cmp(&other.diagnosis_account_id),
        |one, other| one.check_type.cmp(&other.check_type),
        |one, other| one.name.cmp(&other.name),
        |one, other| one.recent_second().cmp(&other.recent_second()),
    ];

    fn age(&self, other: &Self) -> Ordering {
        (self.created_at, &self.id).cmp(&(other.created_at, &other.id))
    }
}

impl Keyed for Diagnosis {
    fn key(&self) -> &str {
        &self.id
    }

    fn set_key(&mut self, key: String) {
        self.id = key;
        self.plan();
    }
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
        let due = self.diagnoses.span(order::NEXT_LOOK, |one| table::due(one.next_look, &now));
        let due = self.diagnoses.places(order::NEXT_LOOK, due);
        let mut due: Vec<_> = due.filter_map(|place| Some((self.diagnoses.get(place)?.id.clone(), place))).collect();
        due.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (_, place) in due {
            if let Some(mut diagnosis) = self.diagnoses.get_mut(place) {
                diagnosis.follow_schedule(now, rng);
            }
        }
    }

    pub(super) fn place(&self, id: &str) -> Option<Place> {
        self.diagnoses.find(order::ID, |one| (*one.id).cmp(id))
    }

    pub(super) fn find(&mut self, id: &str) -> Result<Change<'_, Diagnosis>, ErrorResponse> {
        let found = self.place(id).and_then(|place| self.diagnoses.get_mut(place));
        found.ok_or_else(|| ErrorResponse::not_found("diagnosis", id))
    }

    pub(super) fn insert(&mut self, mut diagnosis: Diagnosis) {
        diagnosis.plan();
        self.diagnoses.insert(diagnosis);
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(place) = self.place(id) {
            self.diagnoses.remove(place);
        }
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
        self.plan();
    }

    /// Notes when the schedule has to be looked at next: at once if it never was.
    fn plan(&mut self) {
        self.next_look = match self.followed_until {
            Some(until) => self.schedule.next(until),
            None => Some(OffsetDateTime::UNIX_EPOCH),
        };
    }

    fn recent_second(&self) -> Option<i64> {
        self.runs.last().map(|run| run.requested_at().unix_timestamp())
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
