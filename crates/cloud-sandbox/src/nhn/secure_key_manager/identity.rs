//! The client certificates that key stores list, as a caller needs them.

use std::collections::BTreeMap;
use std::fmt;

use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::authority::{Authority, Cipher, Issued};
use super::credential::{Certificate, order};
use super::store::Store;
use crate::nhn::korean_time;

/// A client certificate of Secure Key Manager with its private key, as
/// [`Sandbox::client_identity`](crate::Sandbox::client_identity) hands it out.
#[derive(Clone)]
pub struct ClientIdentity {
    name: String,
    password: String,
    pem: String,
    pkcs12: Vec<u8>,
    pkcs12_legacy: Vec<u8>,
}

impl ClientIdentity {
    /// The name under which key stores list the certificate.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The certificate and its private key (PKCS#8) as PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The same as a PKCS#12 file, as the vendor's console hands it out.
    #[must_use]
    pub fn pkcs12(&self) -> &[u8] {
        &self.pkcs12
    }

    /// The same as a PKCS#12 file for clients that read no newer cipher than 3DES, such as Java before 8u301.
    #[must_use]
    pub fn pkcs12_legacy(&self) -> &[u8] {
        &self.pkcs12_legacy
    }

    /// The password of both PKCS#12 files.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientIdentity").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Store {
    /// Issues the certificates that are listed and not issued yet, and gives the listener its own.
    pub(crate) fn issue(&mut self, hosts: &[String]) -> Result<Listener, String> {
        let authority = match &self.authority {
            Some(authority) => authority.clone(),
            None => Authority::create()?,
        };
        for store in self.key_stores.values_mut() {
            for entry in store.certificate_list.fresh_mut().filter(|entry| entry.issued.is_none()) {
                let end = korean_time::read_local(&entry.expiration_date)
                    .ok_or_else(|| format!("certificate {}: {} is not a date", entry.name, entry.expiration_date))?;
                entry.issued = Some(authority.issue_client(&entry.name, end)?);
            }
        }
        let server = authority.issue_server(hosts)?;
        let (certificate, key) = server.der().zip(server.key()).ok_or("the listener's certificate cannot be read")?;
        let root = authority.certificate().to_owned();
        self.authority = Some(authority);
        Ok(Listener { root, certificate, key })
    }

    /// The certificates that are issued, the first of each name.
    pub(crate) fn issued(&self) -> BTreeMap<String, Identifiable> {
        let mut found = BTreeMap::new();
        for entry in self.certificates() {
            if let Some(issued) = &entry.issued {
                let copy = || Identifiable { password: entry.password.clone(), issued: issued.clone() };
                found.entry(entry.name.clone()).or_insert_with(copy);
            }
        }
        found
    }

    /// Every name under which a key store lists a certificate, in order.
    pub(crate) fn identity_names(&self) -> std::collections::BTreeSet<String> {
        self.certificates().map(|entry| entry.name.clone()).collect()
    }

    fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.key_stores.values().flat_map(|store| store.certificate_list.all(order::AGE))
    }
}

/// What an identity is made of; a copy, since making the file takes too long to do it under the lock.
pub(crate) struct Identifiable {
    password: String,
    issued: Issued,
}

impl Identifiable {
    pub(crate) fn identity(self, name: &str) -> Result<ClientIdentity, String> {
        let Self { password, issued } = self;
        let pkcs12 = issued.pkcs12(name, &password, Cipher::Modern)?;
        let pkcs12_legacy = issued.pkcs12(name, &password, Cipher::Legacy)?;
        Ok(ClientIdentity { name: name.to_owned(), password, pem: issued.pem(), pkcs12, pkcs12_legacy })
    }
}

/// What the mutual-TLS listener needs.
pub(crate) struct Listener {
    /// The certificate that callers have to trust, PEM.
    pub(crate) root: String,
    /// The certificate that the listener presents.
    pub(crate) certificate: CertificateDer<'static>,
    /// Its private key.
    pub(crate) key: PrivateKeyDer<'static>,
}
