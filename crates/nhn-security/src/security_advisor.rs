//! Security Advisor: rules that look at an organization and its projects, and what they found.
//!
//! ```no_run
//! use nhn_security::security_advisor::types::InspectionStatus;
//! use nhn_security::{Language, Region};
//!
//! # async fn run() -> nhn_security::Result<()> {
//! let advisor = nhn_security::Nhn::from_env()?.security_advisor()?;
//! for result in advisor.list_inspection_results(Region::Kr1, Language::En).await? {
//!     if result.status == Some(InspectionStatus::Critical) {
//!         println!("{}: {} findings", result.inspect_content, result.detection_count);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

pub use crate::generated::security_advisor::*;

#[cfg(feature = "ocsf")]
pub mod ocsf;
