//! What can be set before a sandbox starts.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::accounts::MOST;
use crate::clock::Clock;
use crate::nhn::NhnStatuses;
use crate::settings::Settings;
use crate::spec::example::Answers;

/// Settings for a [`Sandbox`](crate::Sandbox); made by [`Sandbox::builder`](crate::Sandbox::builder).
#[derive(Debug, Clone, Default)]
pub struct SandboxBuilder {
    port: u16,
    starts_at: Option<SystemTime>,
    settings: Settings,
}

impl SandboxBuilder {
    /// The port to listen on; 0, the default, takes a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How long a connection may take to send a whole request head, or stay idle between requests, before it is
    /// closed; 60 seconds unless set.
    #[must_use]
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.settings.header_timeout = timeout;
        self
    }

    /// Responds with documented examples and keeps no state; calls act on state unless set.
    #[must_use]
    pub fn answers(mut self, answers: Answers) -> Self {
        self.settings.answers = Some(answers);
        self
    }

    /// Where the server reads the time; the machine's clock unless set.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.settings.clock = Clock::new(now);
        self
    }

    /// How far a signed timestamp may be from the clock; five minutes unless set.
    #[must_use]
    pub fn timestamp_tolerance(mut self, tolerance: Duration) -> Self {
        self.settings.tolerance = tolerance;
        self
    }

    /// How long an NHN Cloud token lives; one day unless set.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.token_lifetime = lifetime;
        self
    }

    /// Makes keys, ids and passwords the same in every run; they differ unless set.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.random_seed = Some(seed);
        self
    }

    /// Which HTTP status a refused call of NHN Cloud carries; what each service does unless set.
    #[must_use]
    pub fn nhn_statuses(mut self, statuses: NhnStatuses) -> Self {
        self.settings.nhn.statuses = statuses;
        self
    }

    /// Listens on a second port, for callers with client certificates; off unless set.
    #[must_use]
    pub fn mutual_tls(mut self, mutual_tls: bool) -> Self {
        self.settings.nhn.mutual_tls_port = mutual_tls.then_some(0);
        self
    }

    /// The second port, for callers with client certificates; 0 takes a free one.
    #[must_use]
    pub fn mutual_tls_port(mut self, port: u16) -> Self {
        self.settings.nhn.mutual_tls_port = Some(port);
        self
    }

    /// How many accounts each vendor has beside the one of [`Sandbox::env_vars`](crate::Sandbox::env_vars), at most 10,000;
    /// none unless set. Each begins with the state of that one, under identities of its own, when it is first used.
    /// [`Sandbox::account_env_vars`](crate::Sandbox::account_env_vars) has their credentials.
    #[must_use]
    pub fn accounts(mut self, accounts: u32) -> Self {
        self.settings.accounts = accounts.min(MOST);
        self
    }

    /// Emulates the government realm of NHN Cloud, whose key manager encrypts with ARIA; the public one unless set.
    #[must_use]
    pub fn nhn_government(mut self, government: bool) -> Self {
        self.settings.nhn.government = government;
        self
    }

    /// Emulates the sovereign environment `g` of Samsung Cloud Platform, which has ARIA keys; `e` unless set.
    #[must_use]
    pub fn sovereign(mut self, sovereign: bool) -> Self {
        self.settings.sovereign = sovereign;
        self
    }

    /// The address to listen on; 127.0.0.1 unless set.
    ///
    /// Beyond loopback everyone who reaches the port can use the sandbox, and control it where [`admin`](Self::admin) is on.
    #[must_use]
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.settings.bind = address;
        self
    }

    /// Lets the sandbox be controlled and watched over HTTP, below `/_sandbox/`; off unless set.
    #[must_use]
    pub fn admin(mut self, admin: bool) -> Self {
        self.settings.admin = admin;
        self
    }

    /// The time that the sandbox shows when it starts; it goes on from there. The clock's time unless set.
    ///
    /// As with [`Sandbox::advance`](crate::Sandbox::advance), timestamps of signatures are still compared with the clock that callers have.
    #[must_use]
    pub fn starts_at(mut self, time: SystemTime) -> Self {
        self.starts_at = Some(time);
        self
    }

    /// JSON that is laid over the default seed as a merge patch (RFC 7386).
    #[must_use]
    pub fn seed_data(mut self, data: serde_json::Value) -> Self {
        self.settings.seed_data = Some(data);
        self
    }

    /// Where [`Sandbox::shutdown`](crate::Sandbox::shutdown) writes the state, and where it is read from when the file is there at the start.
    ///
    /// The file then replaces the default seed and the seed data. It holds secrets.
    #[must_use]
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.state_file = Some(path.into());
        self
    }

    /// The port and the settings, with a clock of its own: builders are cloned, and each sandbox moves only its time.
    pub(super) fn into_parts(self) -> (u16, Settings) {
        let mut settings = self.settings;
        settings.clock = settings.clock.detached();
        if let Some(time) = self.starts_at {
            settings.clock.start_at(time);
        }
        (self.port, settings)
    }
}
