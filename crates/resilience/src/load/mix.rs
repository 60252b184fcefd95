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

/// How often each scenario is played.
const WEIGHTS: &[(u64, Scenario)] = &[
    (10, Scenario::Seal),
    (6, Scenario::Sign),
    (5, Scenario::ManageKey),
    (6, Scenario::KeepSecret),
    (4, Scenario::ManageSecret),
    (4, Scenario::ListSecrets),
    (2, Scenario::Certificate),
    (5, Scenario::Diagnose),
    (5, Scenario::Results),
    (3, Scenario::Vault),
    (12, Scenario::NhnSeal),
    (6, Scenario::NhnRead),
    (6, Scenario::NhnInspect),
    (12, Scenario::Register),
    (8, Scenario::Scan),
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
