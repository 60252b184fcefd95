//! 7: a part of a list does not look like all of it.
//!
//! ```compile_fail,E0277
//! # async fn first(kms: scp_security::kms::Client) -> scp_security::Result<()> {
//! let keys = kms.list_keys().await?.keys;
//! # Ok(())
//! # }
//! ```
//!
//! ```compile_fail,E0599
//! # async fn partial(kms: scp_security::kms::Client) -> scp_security::Result<()> {
//! let keys = kms.list_keys().items().into_listing().await?.into_items();
//! # Ok(())
//! # }
//! ```
//!
//! Adaptors of stream libraries, which could drop the error, are not there before `into_stream()`:
//!
//! ```compile_fail,E0599
//! # trait StreamExt: futures_core::Stream + Sized {
//! #     fn filter_map(self, _: impl FnMut(Self::Item)) {}
//! # }
//! # impl<S: futures_core::Stream> StreamExt for S {}
//! # fn adaptors(kms: scp_security::kms::Client) {
//! kms.list_keys().items().filter_map(|key| drop(key.ok()));
//! # }
//! ```
//!
//! What to write:
//!
//! ```no_run
//! # async fn lists(kms: scp_security::kms::Client) -> scp_security::Result<()> {
//! let all = kms.list_keys().items().try_collect().await?;
//! let first_page = kms.list_keys().first_page().await?.keys;
//! let listing = kms.list_keys().items().into_listing().await?;
//! if let Some(why) = listing.incomplete() {
//!     eprintln!("{why}");
//! }
//! let some = listing.into_partial();
//! # Ok(())
//! # }
//! ```
