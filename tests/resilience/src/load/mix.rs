//! The mix: scenarios of a few calls each, over all vendors, that delete what they make.

use super::run::Turn;

/// A list in pages as one call that fails unless everything came.
macro_rules! whole {
    ($items:expr) => {
        async { $items.collect().await?.into_complete() }
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
    Seal,
    Sign,
    ManageKey,
    KeepSecret,
    ManageSecret,
    ListSecrets,
    Certificate,
    Diagnose,
    Results,
    Vault,
    NhnSeal,
    NhnRead,
    NhnInspect,
    Register,
    Scan,
}

/// How often each scenario is played. RSA keys are made one at a time, so few scenarios want one.
const WEIGHTS: &[(u64, Scenario)] = &[
    (30, Scenario::Seal),
    (18, Scenario::Sign),
    (15, Scenario::ManageKey),
    (18, Scenario::KeepSecret),
    (12, Scenario::ManageSecret),
    (12, Scenario::ListSecrets),
    (1, Scenario::Certificate),
    (15, Scenario::Diagnose),
    (15, Scenario::Results),
    (9, Scenario::Vault),
    (36, Scenario::NhnSeal),
    (18, Scenario::NhnRead),
    (18, Scenario::NhnInspect),
    (36, Scenario::Register),
    (24, Scenario::Scan),
];

/// Plays one scenario, which its chance picks.
pub(crate) async fn play(turn: &mut Turn) {
    let Some(scenario) = turn.chance.pick(WEIGHTS).copied() else { return };
    match scenario {
        Scenario::Seal => kms::seal(turn).await,
        Scenario::Sign => kms::sign(turn).await,
        Scenario::ManageKey => kms::manage(turn).await,
        Scenario::KeepSecret => secrets::keep(turn).await,
        Scenario::ManageSecret => secrets::manage(turn).await,
        Scenario::ListSecrets => secrets::list(turn).await,
        Scenario::Certificate => certificates::vouch(turn).await,
        Scenario::Diagnose => inspection::diagnose(turn).await,
        Scenario::Results => inspection::results(turn).await,
        Scenario::Vault => vault::look(turn).await,
        Scenario::NhnSeal => nhn::seal(turn).await,
        Scenario::NhnRead => nhn::read(turn).await,
        Scenario::NhnInspect => nhn::inspect(turn).await,
        Scenario::Register => risken::register_and_delete(turn).await,
        Scenario::Scan => risken::scan(turn).await,
    }
}
