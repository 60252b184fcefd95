//! The diagnoses of a fresh sandbox: one with a result, one that failed to connect, one that never ran.

use serde_json::json;
use time::OffsetDateTime;
use time::macros::datetime;

use super::checklist::{self, BEST_PRACTICE, SSI};
use super::run::{Outcome, Run};
use super::schedule::Schedule;
use super::store::{AuthKey, Diagnosis, Store};
use crate::scp::account;
use crate::state::table::Table;

/// A user other than the one to whom the sandbox's access key belongs.
const SOMEONE_ELSE: &str = "4f5d60e9e08b48d0a0881e21ab14e266";
const CREATED: OffsetDateTime = datetime!(2022-01-01 12:00 UTC);

impl Default for Store {
    fn default() -> Self {
        let mut first = diagnosis("DIA-943731CB8E3045C289BAECAEC3532097", "Sample-Diagnosis-Name", BEST_PRACTICE);
        let outcomes = checklist::items(BEST_PRACTICE).iter().enumerate().map(|(index, _)| match index {
            1 | 3 | 7 => Outcome::Fail,
            5 | 9 => Outcome::NotApplicable,
            _ => Outcome::Pass,
        });
        let (sequence, at) = ("SCPCIS-E75FD21CA524441C9C1B1B381D5974F7", datetime!(2026-04-14 15:05:19 UTC));
        first.runs.push(Run::seeded(sequence, BEST_PRACTICE, at, account::USER_ID, &outcomes.collect::<Vec<_>>()));

        let mut failed = diagnosis("DIA-0C2B1E6D5F7A4E0B9A3D8C1F6E5B4A32", "Unreachable-Account", SSI);
        failed.created_by = SOMEONE_ELSE.to_owned();
        let (sequence, at) = ("SCPCIS-1B6F0D9E4C3A4B5E8F7D2A1C0E9B8D76", datetime!(2026-04-15 9:00 UTC));
        let outcomes = vec![Outcome::Error; checklist::items(SSI).len()];
        failed.runs.push(Run::seeded(sequence, SSI, at, SOMEONE_ELSE, &outcomes));

        // The page shows a name where its paths take an id.
        let never = diagnosis("Sample Diagnosis Name", "Never-Run", BEST_PRACTICE);
        let mut store = Self { diagnoses: Table::default() };
        for one in [first, failed, never] {
            store.insert(one);
        }
        store
    }
}

fn diagnosis(id: &str, name: &str, check_type: &str) -> Diagnosis {
    let schedule = json!({
        "diagnosis_start_time_pattern": "08:00", "frequency_type": "MONTH", "frequency_value": "1",
        "use_diagnosis_check_type_bp": "y", "use_diagnosis_check_type_ssi": "y",
    });
    Diagnosis {
        id: id.to_owned(),
        name: name.to_owned(),
        account_id: account::ACCOUNT_ID.to_owned(),
        diagnosis_account_id: account::ACCOUNT_ID.to_owned(),
        csp_type: "SCP".to_owned(),
        check_type: check_type.to_owned(),
        checklist_version: None,
        diagnosis_type: "Console".to_owned(),
        plan_type: "STANDARD".to_owned(),
        auth_key: AuthKey {
            id: "9b72a9856e494e67afc69atd3631fe38".to_owned(),
            created_at: Some(CREATED),
            expired_at: Some(datetime!(2099-01-01 12:00 UTC)),
        },
        schedule: Schedule::read(&schedule, check_type).unwrap_or_default(),
        created_at: CREATED,
        created_by: account::USER_ID.to_owned(),
        followed_until: None,
        runs: Vec::new(),
        next_look: None,
    }
}
