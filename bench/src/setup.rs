//! Both sides of the comparison, ready to call the same server.

use std::fmt;
use std::time::Duration;

use cloud_core::transport::hyper::HyperTransport;
use cloud_core::transport::reqwest::ReqwestTransport;
use scp_security::Scp;
use scp_security::kms::Client;
use scp_security::kms::types::{EncryptRequest, EncryptResponse, ListKeysResponse};
use tokio::runtime::{Builder, Runtime};

use crate::by_hand::{ByHand, Result};
use crate::by_hand_hyper::ByHandHyper;
use crate::{data, server};

const ACCESS_KEY: &str = "0123456789abcdef0123456789abcdef";
const SECRET_KEY: &str = "11111111-2222-3333-4444-555555555555";

/// The number of keys in a page.
pub const KEYS: usize = 1_000;

/// Both sides on both HTTP clients, with the same time limit.
#[derive(Debug)]
pub struct Clients {
    /// The SDK on reqwest.
    pub sdk: Client,
    /// By hand on reqwest.
    pub hand: ByHand,
    /// The SDK on hyper.
    pub sdk_hyper: Client,
    /// By hand on hyper.
    pub hand_hyper: ByHandHyper,
}

/// Sets up all clients.
///
/// # Errors
/// If a client cannot be set up.
pub fn clients(base: &str) -> Result<Clients> {
    let limit = Duration::from_secs(30);
    let scp = || Scp::builder().endpoint(base).credentials(ACCESS_KEY, SECRET_KEY);
    Ok(Clients {
        sdk: scp().transport(ReqwestTransport::new()?).build()?.kms(),
        hand: ByHand::new(base, ACCESS_KEY, SECRET_KEY, Some(limit))?,
        sdk_hyper: scp().transport(HyperTransport::new()?).build()?.kms(),
        hand_hyper: ByHandHyper::new(base, ACCESS_KEY, SECRET_KEY, limit)?,
    })
}

/// A runtime on this thread, the server, the SDK and the calls by hand.
pub struct Setup {
    runtime: Runtime,
    clients: Clients,
    hand_without_limit: ByHand,
    page: String,
}

impl Setup {
    /// Starts the server and sets both sides up.
    ///
    /// # Errors
    /// If the server cannot start or a client cannot be set up.
    pub fn new() -> Result<Self> {
        let page = data::page(KEYS);
        let base = format!("http://{}", server::start(data::ENCRYPTED, &page)?);
        Ok(Self {
            runtime: Builder::new_current_thread().enable_all().build()?,
            clients: clients(&base)?,
            hand_without_limit: ByHand::new(&base, ACCESS_KEY, SECRET_KEY, None)?,
            page,
        })
    }

    /// Returns the page that the server sends.
    #[must_use]
    pub fn page(&self) -> &str {
        &self.page
    }

    /// Calls `kms.encrypt` through the SDK.
    ///
    /// # Errors
    /// If the call fails.
    pub fn encrypt_with_sdk(&self) -> Result<EncryptResponse> {
        let call = async { self.clients.sdk.encrypt(data::KEY_ID, &EncryptRequest::new(data::PLAINTEXT)).await };
        Ok(self.runtime.block_on(call)?)
    }

    /// Makes the same call by hand.
    ///
    /// # Errors
    /// If the call fails.
    pub fn encrypt_by_hand(&self) -> Result<EncryptResponse> {
        self.runtime.block_on(self.clients.hand.encrypt(data::KEY_ID, data::PLAINTEXT))
    }

    /// Makes the same call by hand, without a time limit.
    ///
    /// # Errors
    /// If the call fails.
    pub fn encrypt_by_hand_without_limit(&self) -> Result<EncryptResponse> {
        self.runtime.block_on(self.hand_without_limit.encrypt(data::KEY_ID, data::PLAINTEXT))
    }

    /// Calls `kms.encrypt` through the SDK on hyper.
    ///
    /// # Errors
    /// If the call fails.
    pub fn encrypt_with_sdk_on_hyper(&self) -> Result<EncryptResponse> {
        let call = async { self.clients.sdk_hyper.encrypt(data::KEY_ID, &EncryptRequest::new(data::PLAINTEXT)).await };
        Ok(self.runtime.block_on(call)?)
    }

    /// Makes the same call by hand on hyper.
    ///
    /// # Errors
    /// If the call fails.
    pub fn encrypt_by_hand_on_hyper(&self) -> Result<EncryptResponse> {
        self.runtime.block_on(self.clients.hand_hyper.encrypt(data::KEY_ID, data::PLAINTEXT))
    }

    /// Lists one page of a thousand keys through the SDK.
    ///
    /// # Errors
    /// If the call fails.
    pub fn list_with_sdk(&self) -> Result<ListKeysResponse> {
        let call = async { self.clients.sdk.list_keys().size(1_000).start_at_page(0).first_page().await };
        Ok(self.runtime.block_on(call)?)
    }

    /// Makes the same call by hand.
    ///
    /// # Errors
    /// If the call fails.
    pub fn list_by_hand(&self) -> Result<ListKeysResponse> {
        self.runtime.block_on(self.clients.hand.list_keys(1_000, 0))
    }

    /// Decodes the page into the SDK's types, as the SDK decodes a response.
    ///
    /// # Errors
    /// If decoding fails.
    pub fn decode_timestamps(&self) -> Result<ListKeysResponse> {
        Ok(cloud_core::codegen::from_json(self.page.as_bytes())?)
    }

    /// Decodes the page with strings instead of timestamps, as by hand.
    ///
    /// # Errors
    /// If decoding fails.
    pub fn decode_strings(&self) -> Result<data::PlainPage> {
        Ok(serde_json::from_slice(self.page.as_bytes())?)
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("page_bytes", &self.page.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_get_the_same_answers() {
        let setup = Setup::new().unwrap();
        let encrypted = setup.encrypt_with_sdk().unwrap();
        assert_eq!(encrypted, setup.encrypt_by_hand().unwrap());
        assert_eq!(encrypted, setup.encrypt_by_hand_without_limit().unwrap());
        assert_eq!(encrypted, setup.encrypt_with_sdk_on_hyper().unwrap());
        assert_eq!(encrypted, setup.encrypt_by_hand_on_hyper().unwrap());
        let page = setup.list_with_sdk().unwrap();
        assert_eq!(page.keys.len(), KEYS);
        assert_eq!(page, setup.list_by_hand().unwrap());
        assert_eq!(page, setup.decode_timestamps().unwrap());
        assert_eq!(setup.decode_strings().unwrap().keys.len(), KEYS);
    }
}
