//! The scenarios: a few calls each, over all vendors, that delete what they create.

use super::run::Session;

/// A list in pages as one call that fails if the list is incomplete.
macro_rules! whole {
    ($items:expr) => {
        async { $items.try_collect().await }
    };
}

mod certificates;
mod inspection;
mod kms;
mod nhn;
mod risken;
mod secrets;
mod vault;

pub(crate) use vault::exchange;

#[derive(Clone, Copy, Debug)]
enum Scenario {
    Encrypt,
    Sign,
    ManageKey,
    RotateSecret,
    ManageSecret,
    ListSecrets,
    Certificate,
    Diagnose,
    Results,
    Vault,
    NhnEncrypt,
    NhnRead,
    NhnInspect,
    Register,
    Scan,
}

/// The weight of each scenario. The sandbox creates one RSA key at a time, so few scenarios need one.
const WEIGHTS: &[(u64, Scenario)] = &[
    (30, Scenario::Encrypt),
    (18, Scenario::Sign),
    (15, Scenario::ManageKey),
    (18, Scenario::RotateSecret),
    (12, Scenario::ManageSecret),
    (12, Scenario::ListSecrets),
    (1, Scenario::Certificate),
    (15, Scenario::Diagnose),
    (15, Scenario::Results),
    (9, Scenario::Vault),
    (36, Scenario::NhnEncrypt),
    (18, Scenario::NhnRead),
    (18, Scenario::NhnInspect),
    (36, Scenario::Register),
    (24, Scenario::Scan),
];

/// Runs one scenario, chosen at random.
pub(crate) async fn play(session: &mut Session) {
    let Some(scenario) = session.random.pick(WEIGHTS).copied() else { return };
    match scenario {
        Scenario::Encrypt => kms::encrypt(session).await,
        Scenario::Sign => kms::sign(session).await,
        Scenario::ManageKey => kms::manage(session).await,
        Scenario::RotateSecret => secrets::rotate(session).await,
        Scenario::ManageSecret => secrets::manage(session).await,
        Scenario::ListSecrets => secrets::list(session).await,
        Scenario::Certificate => certificates::self_signed(session).await,
        Scenario::Diagnose => inspection::diagnose(session).await,
        Scenario::Results => inspection::results(session).await,
        Scenario::Vault => vault::list(session).await,
        Scenario::NhnEncrypt => nhn::encrypt(session).await,
        Scenario::NhnRead => nhn::read(session).await,
        Scenario::NhnInspect => nhn::inspect(session).await,
        Scenario::Register => risken::register_and_delete(session).await,
        Scenario::Scan => risken::scan(session).await,
    }
}
