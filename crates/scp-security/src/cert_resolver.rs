//! A TLS server's certificate from Certificate Manager, replaced while the server runs.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use cloud_core::runtime::TokioRuntime;
use cloud_core::{Error, ErrorKind, Result, Runtime};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use time::OffsetDateTime;
use x509_cert::der::asn1::AnyRef;
use x509_cert::der::{Decode as _, SliceReader, Tagged as _};
use x509_cert::time::Time;

use crate::CertificateManagerClient;
use crate::by_name;
use crate::certificate_manager::types::Certificate;

const DEFAULT_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// The shortest delay between two checks, and the delay after one that failed.
const SHORTEST: Duration = Duration::from_secs(60);

/// Serves chain and key of a certificate of Certificate Manager to a rustls server, and replaces them while it runs.
///
/// The service has no operation that replaces a certificate: a new one has a new ID. A resolver [`by_name`](Self::by_name)
/// serves whichever certificate has the name, so that deleting one and registering its successor under the same name is
/// all that a renewal takes. In between, the old one is served.
///
/// [`load`](CertResolverBuilder::load) fetches the certificate. Afterwards nothing runs in the background: the future of
/// [`keep_fresh`](Self::keep_fresh) checks for a new one while the program polls or spawns it, and
/// [`refresh`](Self::refresh) checks once. A new certificate is served only if its chain and key can be read, belong
/// together, and are valid now. Otherwise the old one stays, and [`status`](Self::status) and a `tracing` event say why.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use scp_security::{CertResolver, Scp};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// // An error means that the program has installed a provider already.
/// let _ = rustls::crypto::ring::default_provider().install_default();
/// let scp = Scp::from_env()?;
/// let resolver = CertResolver::by_name(&scp.certificate_manager(), "shop.example").load().await?;
/// tokio::spawn(resolver.keep_fresh());
/// let config = rustls::ServerConfig::builder().with_no_client_auth().with_cert_resolver(resolver);
/// # let _ = Arc::new(config);
/// # Ok(())
/// # }
/// ```
pub struct CertResolver {
    client: CertificateManagerClient,
    wanted: Wanted,
    interval: Duration,
    runtime: Arc<dyn Runtime>,
    provider: Arc<CryptoProvider>,
    /// Counts checks, so that the certificate of an earlier one never replaces that of a later one.
    checks: AtomicU64,
    served: RwLock<Served>,
}

/// Which certificate is served.
#[derive(Clone)]
enum Wanted {
    Id(String),
    Name(String),
}

struct Served {
    key: Arc<CertifiedKey>,
    /// The last check that succeeded.
    check: u64,
    /// The last check that failed.
    failed: u64,
    status: CertStatus,
}

/// What a [`CertResolver`] serves, and how its last check ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct CertStatus {
    /// The ID of the certificate that is served.
    pub certificate_id: String,
    /// The end of its validity, as the certificate states it; `None` if that cannot be read. The dates of the service do
    /// not count, since they have no time zone.
    pub not_after: Option<OffsetDateTime>,
    /// How often the certificate was replaced.
    pub replaced: u64,
    /// When the last check ended that succeeded.
    pub checked_at: OffsetDateTime,
    /// How many checks have failed since then.
    pub failures: u32,
    /// Why the last check failed; `None` if it succeeded.
    pub last_error: Option<Error>,
}

/// Builds a [`CertResolver`].
#[must_use = "a builder does nothing until `load` is called"]
pub struct CertResolverBuilder {
    client: CertificateManagerClient,
    wanted: Wanted,
    interval: Duration,
    runtime: Option<Arc<dyn Runtime>>,
    provider: Option<Arc<CryptoProvider>>,
}

/// A certificate that can be served.
struct Loaded {
    id: String,
    key: Arc<CertifiedKey>,
    not_before: Option<OffsetDateTime>,
    not_after: Option<OffsetDateTime>,
}

impl CertResolver {
    /// Creates a builder of a resolver that serves the certificate with this ID.
    pub fn by_id(client: &CertificateManagerClient, id: impl Into<String>) -> CertResolverBuilder {
        CertResolverBuilder::new(client, Wanted::Id(id.into()))
    }

    /// Creates a builder of a resolver that serves the certificate with this name. Each check lists the certificates.
    pub fn by_name(client: &CertificateManagerClient, name: impl Into<String>) -> CertResolverBuilder {
        CertResolverBuilder::new(client, Wanted::Name(name.into()))
    }

    /// Fetches the certificate once, and returns whether another one is served since.
    ///
    /// # Errors
    /// That of the call; [`ErrorKind::Lookup`] if no certificate or more than one has the name; [`ErrorKind::Decode`] if
    /// the certificate cannot be served. The old certificate is served on, and [`status`](Self::status) has the error.
    pub async fn refresh(&self) -> Result<bool> {
        let check = self.checks.fetch_add(1, Ordering::Relaxed) + 1;
        let served = Arc::clone(&self.served.read().unwrap_or_else(PoisonError::into_inner).key);
        let loaded = fetch(&self.client, &self.wanted, &self.provider, Some(&served)).await;
        let now = self.runtime.now();
        let outcome = loaded.and_then(|loaded| self.serve(loaded, check, now));
        // The events come without the lock: a subscriber may ask for the status.
        match &outcome {
            Ok(true) => tracing::info!(wanted = ?self.wanted, "another certificate is served"),
            Ok(false) => {}
            Err(error) => {
                self.failed(error, check);
                tracing::warn!(wanted = ?self.wanted, %error, "no new certificate; the old one is served");
            }
        }
        outcome
    }

    fn failed(&self, error: &Error, check: u64) {
        let mut served = self.served.write().unwrap_or_else(PoisonError::into_inner);
        if check < served.check {
            return;
        }
        served.failed = served.failed.max(check);
        served.status.failures = served.status.failures.saturating_add(1);
        served.status.last_error = Some(error.duplicate());
    }

    /// Returns a future that checks for a new certificate. It ends at the next check after the resolver's last holder is
    /// gone. The program spawns or polls it; dropping it ends the checks.
    ///
    /// It waits for the [`interval`](CertResolverBuilder::interval) between checks, or for half of the remaining validity
    /// if that is shorter, but at least a minute; after a failure, for a minute. Up to a tenth is subtracted at random. It
    /// never ends with an error.
    pub fn keep_fresh(self: &Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        let resolver = Arc::downgrade(self);
        keep_fresh(resolver, Arc::clone(&self.runtime))
    }

    /// Returns what is served, and how the last check ended.
    #[must_use]
    pub fn status(&self) -> CertStatus {
        let served = self.served.read().unwrap_or_else(PoisonError::into_inner);
        let CertStatus { certificate_id, not_after, replaced, checked_at, failures, last_error } = &served.status;
        CertStatus {
            certificate_id: certificate_id.clone(),
            not_after: *not_after,
            replaced: *replaced,
            checked_at: *checked_at,
            failures: *failures,
            last_error: last_error.as_ref().map(Error::duplicate),
        }
    }

    fn serve(&self, loaded: Loaded, check: u64, now: OffsetDateTime) -> Result<bool> {
        let mut served = self.served.write().unwrap_or_else(PoisonError::into_inner);
        if check < served.check {
            return Ok(false);
        }
        let other = loaded.key.cert != served.key.cert;
        // The same one is served on even if it has expired, and the status says so.
        loaded.check_dates(now)?;
        if other {
            served.key = loaded.key;
            served.status.replaced += 1;
        }
        served.check = check;
        let later_failure = served.failed > check;
        let status = &mut served.status;
        (status.certificate_id, status.not_after, status.checked_at) = (loaded.id, loaded.not_after, now);
        if !later_failure {
            (status.failures, status.last_error) = (0, None);
        }
        Ok(other)
    }

    /// The delay before the next check.
    fn delay(&self) -> Duration {
        let (failed, not_after) = {
            let served = self.served.read().unwrap_or_else(PoisonError::into_inner);
            (served.status.last_error.is_some(), served.status.not_after)
        };
        let left = not_after.map(|end| Duration::try_from(end - self.runtime.now()).unwrap_or_default());
        delay(self.interval, failed, left, self.runtime.random())
    }
}

async fn keep_fresh(resolver: Weak<CertResolver>, runtime: Arc<dyn Runtime>) {
    loop {
        // Not held while it waits, so that the last server's end is the end of the checks.
        let Some(delay) = resolver.upgrade().map(|resolver| resolver.delay()) else { return };
        runtime.sleep(delay).await;
        let Some(resolver) = resolver.upgrade() else { return };
        // The status and an event have the error.
        let _ = resolver.refresh().await;
    }
}

/// The delay before the next check. Random numbers shorten it by up to a tenth, so that the servers of a fleet, started
/// together, do not ask together.
fn delay(interval: Duration, failed: bool, left: Option<Duration>, random: u64) -> Duration {
    if failed {
        return SHORTEST.min(interval);
    }
    let delay = left.map_or(interval, |left| interval.min((left / 2).max(SHORTEST)));
    let part = u32::try_from(random % 1024).unwrap_or_default();
    delay - (delay / 10_240) * part
}

impl ResolvesServerCert for CertResolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.served.read().unwrap_or_else(PoisonError::into_inner).key))
    }
}

impl fmt::Debug for CertResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertResolver")
            .field("wanted", &self.wanted)
            .field("interval", &self.interval)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "id {id}"),
            Self::Name(name) => write!(f, "name {name}"),
        }
    }
}

impl CertResolverBuilder {
    fn new(client: &CertificateManagerClient, wanted: Wanted) -> Self {
        Self { client: client.clone(), wanted, interval: DEFAULT_INTERVAL, runtime: None, provider: None }
    }

    /// Sets the longest time between two checks of [`keep_fresh`](CertResolver::keep_fresh). The default is an hour; at
    /// least a second.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_secs(1));
        self
    }

    /// Sets clock and timers. The default is the system clock and tokio's timer.
    pub fn runtime(mut self, runtime: impl Runtime + 'static) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// Sets what reads and uses the private key. The default is the provider that the process has installed.
    pub fn crypto_provider(mut self, provider: Arc<CryptoProvider>) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Fetches the certificate, and returns a resolver that serves it.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] without a crypto provider. Otherwise as [`CertResolver::refresh`].
    pub async fn load(self) -> Result<Arc<CertResolver>> {
        let provider = self.provider.or_else(|| CryptoProvider::get_default().cloned()).ok_or_else(|| {
            Error::config(
                "setting crypto_provider (CertResolverBuilder::crypto_provider): the process has installed no provider; give the one of the server's configuration",
            )
        })?;
        let runtime = self.runtime.unwrap_or_else(|| Arc::new(TokioRuntime::default()));
        let loaded = fetch(&self.client, &self.wanted, &provider, None).await?;
        let now = runtime.now();
        loaded.check_dates(now)?;
        let status = CertStatus {
            certificate_id: loaded.id,
            not_after: loaded.not_after,
            replaced: 0,
            checked_at: now,
            failures: 0,
            last_error: None,
        };
        Ok(Arc::new(CertResolver {
            client: self.client,
            wanted: self.wanted,
            interval: self.interval,
            runtime,
            provider,
            checks: AtomicU64::new(0),
            served: RwLock::new(Served { key: loaded.key, check: 0, failed: 0, status }),
        }))
    }
}

impl fmt::Debug for CertResolverBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertResolverBuilder")
            .field("wanted", &self.wanted)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

async fn fetch(
    client: &CertificateManagerClient,
    wanted: &Wanted,
    provider: &CryptoProvider,
    served: Option<&Arc<CertifiedKey>>,
) -> Result<Loaded> {
    let id = match wanted {
        Wanted::Id(id) => id.clone(),
        Wanted::Name(name) => {
            let all = client.list_certificates().items();
            by_name::only("certificate", all, |certificate| certificate.name == *name).await?.id
        }
    };
    Loaded::new(&client.show_certificate(&id).await?.certificate, provider, served)
}

impl Loaded {
    /// Reads a certificate. The private key of the one that is `served` is not decoded again.
    fn new(certificate: &Certificate, provider: &CryptoProvider, served: Option<&Arc<CertifiedKey>>) -> Result<Self> {
        let chain = [Some(&certificate.cert_body), certificate.cert_chain.as_ref()].into_iter().flatten();
        let chain = chain.flat_map(|pem| CertificateDer::pem_slice_iter(pem.as_str().as_bytes()));
        let chain = chain.collect::<std::result::Result<Vec<_>, _>>();
        // What these libraries say could quote the text.
        let chain = chain.map_err(|_| unusable("its chain is not PEM"))?;
        let leaf = chain.first().ok_or_else(|| unusable("it has no chain"))?;
        // Those of the service have no time zone.
        let (not_before, not_after) = validity(leaf).unwrap_or_default();
        let key = match served.filter(|served| served.cert == chain) {
            Some(served) => Arc::clone(served),
            None => Arc::new(certified(chain, certificate, provider)?),
        };
        Ok(Self { id: certificate.id.clone(), key, not_before, not_after })
    }

    /// Refuses a certificate that clients would refuse. An unknown date is not a reason.
    fn check_dates(&self, now: OffsetDateTime) -> Result<()> {
        if self.not_after.is_some_and(|end| end <= now) {
            return Err(unusable("it has expired"));
        }
        if self.not_before.is_some_and(|start| now < start) {
            return Err(unusable("it is not valid yet"));
        }
        Ok(())
    }
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    certificate: &Certificate,
    provider: &CryptoProvider,
) -> Result<CertifiedKey> {
    let key = PrivateKeyDer::from_pem_slice(certificate.private_key.expose_secret().as_bytes());
    let key = key.map_err(|_| unusable("its private key is not PEM"))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => unusable("its private key does not belong to it"),
        rustls::Error::InvalidCertificate(_) => unusable("it is not an X.509 certificate"),
        _ => unusable("the crypto provider does not accept its private key"),
    })
}

/// The certificate's own dates. All else is skipped, so that no other field keeps them from being read.
fn validity(leaf: &CertificateDer<'_>) -> Option<(Option<OffsetDateTime>, Option<OffsetDateTime>)> {
    fn inside<'a>(reader: &mut SliceReader<'a>) -> Option<SliceReader<'a>> {
        SliceReader::new(AnyRef::decode(reader).ok()?.value()).ok()
    }
    let mut fields = inside(&mut inside(&mut SliceReader::new(leaf).ok()?)?)?;
    // The version is optional; the serial number, the algorithm and the issuer follow.
    let first = AnyRef::decode(&mut fields).ok()?;
    let skipped = if first.tag().is_context_specific() { 3 } else { 2 };
    for _ in 0..skipped {
        AnyRef::decode(&mut fields).ok()?;
    }
    let mut dates = inside(&mut fields)?;
    let mut instant = || {
        let seconds = Time::decode(&mut dates).ok()?.to_unix_duration().as_secs();
        OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()
    };
    Some((instant(), instant()))
}

fn unusable(why: &str) -> Error {
    Error::builder(ErrorKind::Decode, format!("the certificate cannot be served: {why}")).build()
}

#[cfg(test)]
mod tests;
