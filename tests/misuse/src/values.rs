//! 8, 9, 15, 23, 24: a value is what its field says.
//!
//! 8: the plaintext is bytes, not Base64, on the way in and out.
//!
//! ```compile_fail,E0599
//! # fn login(_: &str) {}
//! # async fn run(kms: scp_security::KmsClient, request: scp_security::kms::types::DecryptRequest) -> scp_security::Result<()> {
//! let password = kms.decrypt("key", &request).await?.plaintext;
//! login(password.expose_secret());
//! # Ok(())
//! # }
//! ```
//!
//! A builder has no `build` while a required field is missing, and the message names it (`missing::Name`).
//!
//! ```compile_fail,E0599
//! use scp_security::kms::types::{CreateKeyRequest, KeyPurpose};
//! let request = CreateKeyRequest::builder()
//!     .auto_rotate(false)
//!     .description("")
//!     .purpose(KeyPurpose::Aes256Gcm96)
//!     .rotate_cycle(scp_security::Days(90))
//!     .build();
//! ```
//!
//! 8: the message comes before what proves it.
//!
//! ```compile_fail,E0277
//! use scp_security::Hmac;
//! use scp_security::kms::v1_2::types::VerifyHmacRequest;
//! let request = VerifyHmacRequest::new(Hmac::from("vault:v1:AAEC"), "the message");
//! ```
//!
//! ```
//! use scp_security::Hmac;
//! use scp_security::kms::v1_2::types::VerifyHmacRequest;
//! let request = VerifyHmacRequest::new("the message", Hmac::from("vault:v1:AAEC"));
//! ```
//!
//! 9: two codes are not compared with `==`, and neither are two responses.
//!
//! ```compile_fail,E0369
//! fn same(one: scp_security::kms::types::CreateHmacResponse, stored: scp_security::Hmac) -> bool {
//!     one.hmac == stored
//! }
//! ```
//!
//! ```compile_fail,E0369
//! fn same(one: scp_security::kms::types::CreateHmacResponse, two: scp_security::kms::types::CreateHmacResponse) -> bool {
//!     one == two
//! }
//! ```
//!
//! 15: a text from a configuration does not become an unknown value in silence.
//!
//! ```compile_fail,E0277
//! use nhn_security::security_advisor::types::InspectionStatus;
//! let level = "Critical";
//! let wanted: InspectionStatus = level.into();
//! ```
//!
//! ```
//! use nhn_security::security_advisor::types::InspectionStatus;
//! assert!("critical".parse::<InspectionStatus>().is_ok());
//! assert!("Critical".parse::<InspectionStatus>().unwrap_err().to_string().contains("`critical`"));
//! ```
//!
//! 23: the value of a secret is not put together from text.
//!
//! ```compile_fail,E0308
//! use scp_security::secrets_manager::types::UpdateSecretValueRequest;
//! let password = "x\",\"role\":\"admin";
//! let request = UpdateSecretValueRequest::new(format!(r#"{{"password":"{password}"}}"#));
//! ```
//!
//! ```
//! use scp_security::SecretJson;
//! use scp_security::secrets_manager::types::UpdateSecretValueRequest;
//! let password = "x\",\"role\":\"admin";
//! let value = SecretJson::from_pairs([("password", password)])?;
//! assert_eq!(value.names(), ["password"]);
//! assert_eq!(value.get("password").unwrap().expose_secret(), password);
//! let request = UpdateSecretValueRequest::new(value);
//! # Ok::<(), scp_security::Error>(())
//! ```
//!
//! Flags, units and networks:
//!
//! ```compile_fail,E0308
//! use scp_security::Days;
//! use scp_security::kms::types::SetRotationRequest;
//! let request = SetRotationRequest::new("y", Days(90));
//! ```
//!
//! ```compile_fail,E0308
//! use scp_security::secrets_manager::types::DeleteSecretRequest;
//! let request = DeleteSecretRequest::new(7 * 24);
//! ```
//!
//! ```compile_fail,E0277
//! use scp_security::secrets_manager::types::SetAclCidrRequest;
//! let request = SetAclCidrRequest::new("10.0.0.0/33");
//! ```
//!
//! A language and a region are of their vendor's type.
//!
//! ```compile_fail,E0308
//! let builder = scp_security::Scp::builder().language("korean");
//! ```
//!
//! ```compile_fail,E0308
//! let builder = scp_security::Scp::builder().region("moon");
//! ```
//!
//! ```compile_fail,E0308
//! fn results(advisor: &nhn_security::SecurityAdvisorClient) {
//!     let call = advisor.list_inspection_results(nhn_security::Region::Kr1, scp_security::Language::KoKr);
//! }
//! ```
