//! Server Security Check: inspections of instances by the rules for critical facilities and finance.
//!
//! One request covers at most a month. All regions use the same host.
//!
//! ```no_run
//! use nhn_security::Period;
//! use nhn_security::server_security_check::types::ItemResult;
//! use nhn_security::{Language, Region};
//! use time::macros::datetime;
//!
//! # async fn run() -> nhn_security::Result<()> {
//! let check = nhn_security::Nhn::from_env()?.server_security_check()?;
//! let period = Period::new(datetime!(2025-07-01 0:00 +9), datetime!(2025-07-28 0:00 +9))?;
//! let mut summaries = check.list_inspection_summaries(Region::Kr1, period).language(Language::En).limit(100).items();
//! while let Some(summary) = summaries.next().await {
//!     let summary = summary?;
//!     println!("{}: {} of {} items are weak", summary.instance_name, summary.weak_count, summary.check_count);
//!     let details = check.list_inspection_details(summary.result_number()?).await?;
//!     for item in details.results.iter().filter(|item| item.result_code == ItemResult::Weak) {
//!         println!("  {} {}", item.result_id, item.item_name);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

use cloud_core::{Error, ErrorKind, Result};

pub use crate::generated::server_security_check::*;

#[cfg(feature = "ocsf")]
pub mod ocsf;

impl types::InspectionSummary {
    /// Returns the number of this result, as [`list_inspection_details`](v1_0::Client::list_inspection_details) takes it.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not a number.
    pub fn result_number(&self) -> Result<i64> {
        let number = self.usage_stas_no.trim().parse();
        number.map_err(|_| Error::new(ErrorKind::Decode, "`usageStasNo` of the summary is not a number"))
    }
}
