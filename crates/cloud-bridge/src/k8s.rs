//! The plugin of Kubernetes' API server, KMS version 2: it encrypts the seeds of data keys with keys of the clouds.

mod ciphertext;
mod plugin;
mod proto;
mod service;
mod state;

pub use plugin::{KmsPlugin, KmsPluginBuilder};
pub use service::KmsServer;
