//! How NHN Cloud is emulated: which realm, and which statuses refused calls carry.

/// Which HTTP status a refused call of NHN Cloud carries; its header says `isSuccessful: false` in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum NhnStatuses {
    /// 200 where Secure Key Manager itself refuses, the status of the refusal everywhere else.
    #[default]
    ByService,
    /// 200, whatever the refusal.
    AlwaysOk,
    /// The status of the refusal.
    Real,
}

/// What is fixed when a sandbox starts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    pub(crate) statuses: NhnStatuses,
    /// Emulates the government realm, whose symmetric keys are ARIA.
    pub(crate) government: bool,
    /// The port for callers with client certificates.
    pub(crate) mutual_tls_port: Option<u16>,
}
