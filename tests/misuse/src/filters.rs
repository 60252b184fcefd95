//! 1: a filter is of the type that the vendor's page gives it.
//!
//! ```compile_fail,E0271
//! fn active(secrets: &scp_security::SecretsManagerClient) {
//!     let list = secrets.list_secrets().state(["ACTIVE"]);
//! }
//! ```
//!
//! ```
//! use scp_security::secrets_manager::types::SecretState;
//!
//! fn active(secrets: &scp_security::SecretsManagerClient) {
//!     let list = secrets.list_secrets().state([SecretState::Active]);
//! }
//! ```
//!
//! An empty text, from a variable that is not set, is no filter either.
//!
//! ```compile_fail,E0271
//! fn all(secrets: &scp_security::SecretsManagerClient) {
//!     let list = secrets.list_secrets().state([String::new()]);
//! }
//! ```
//!
//! ```compile_fail,E0308
//! fn entries(inspection: &scp_security::ConfigInspectionClient) {
//!     let list = inspection.list_checklist_versions().diagnosis_check_type("best practice");
//! }
//! ```
//!
//! A date without dashes, and a list without a direction.
//!
//! ```compile_fail,E0277
//! fn runs(inspection: &scp_security::ConfigInspectionClient) {
//!     let list = inspection.list_diagnosis_results().start_date("20260101");
//! }
//! ```
//!
//! ```compile_fail,E0277
//! fn runs(inspection: &scp_security::ConfigInspectionClient) {
//!     let list = inspection.list_diagnosis_results().sort("created_at");
//! }
//! ```
//!
//! ```
//! use scp_security::{DateOrTime, Sort};
//!
//! fn runs(inspection: &scp_security::ConfigInspectionClient) -> scp_security::Result<()> {
//!     let list = inspection.list_diagnosis_results().start_date("2026-01-01".parse::<DateOrTime>()?);
//!     let list = list.sort(Sort::descending("created_at"));
//!     Ok(())
//! }
//! ```
