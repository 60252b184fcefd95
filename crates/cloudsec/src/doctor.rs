//! `doctor`: settings, clock and reachability of each vendor, and what to do.

mod probe;

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use cloud_core::config::{Explanation, ProcessEnv};
use serde::Serialize;

use crate::exit::{self, Failure, Result};
use crate::output;
use crate::vendors::{self, Vendor};
use probe::Probe;

/// The arguments of `doctor`.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// Check these vendors only: scp, nhn or risken
    #[arg(long, value_name = "VENDOR")]
    vendor: Vec<Vendor>,
    /// The format of the output
    #[arg(long, value_enum, default_value_t = DoctorFormat::Text)]
    output: DoctorFormat,
    /// Check the settings, and send nothing
    #[arg(long)]
    offline: bool,
}

/// A format of the output of `doctor`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum DoctorFormat {
    /// Text for people
    Text,
    /// One JSON document
    Json,
}

/// What was found out about a vendor.
#[derive(Serialize)]
struct Findings {
    vendor: &'static str,
    state: State,
    settings: Vec<String>,
    calls: Vec<Probe>,
    /// What to do, the most likely remedy first.
    advice: Vec<String>,
    #[serde(skip)]
    table: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// No setting of the vendor is set.
    NotConfigured,
    /// A setting is missing or malformed.
    WrongSettings,
    /// A call failed.
    Failing,
    /// The settings are complete, and no call was made.
    Configured,
    /// The calls succeeded.
    Working,
}

pub(crate) async fn run(arguments: DoctorArgs) -> Result<u8> {
    let DoctorArgs { mut vendor, output: format, offline } = arguments;
    if vendor.is_empty() {
        vendor.extend(Vendor::ALL);
    }
    let mut all = Vec::new();
    for vendor in vendor {
        all.push(check(vendor, offline).await);
    }
    match format {
        DoctorFormat::Text => output::write(all.iter().map(text).collect::<Vec<_>>().join("\n").as_bytes())?,
        DoctorFormat::Json => {
            let encoded = serde_json::to_string_pretty(&all);
            let encoded = encoded.map_err(|error| Failure::new(format!("the output cannot be encoded: {error}")))?;
            output::write(format!("{encoded}\n").as_bytes())?;
        }
    }
    // A vendor that is not used is not a problem, unless none is used.
    let is_well = |state| matches!(state, State::Working | State::Configured);
    let has_problem = all.iter().any(|own| !is_well(own.state) && own.state != State::NotConfigured);
    Ok(if has_problem || !all.iter().any(|own| is_well(own.state)) { exit::FOUND } else { exit::OK })
}

async fn check(vendor: Vendor, offline: bool) -> Findings {
    let explanation = vendor.explain(ProcessEnv);
    let settings = explanation.lookups().iter().map(ToString::to_string).collect();
    let mut found = Findings {
        vendor: vendor.name(),
        state: State::Configured,
        settings,
        calls: Vec::new(),
        advice: Vec::new(),
        table: explanation.to_string(),
    };
    if !vendors::is_configured(&explanation) {
        found.state = State::NotConfigured;
        found.advice = vec![format!("to use {}: {}", vendor.title(), needed(vendor)), SANDBOX.to_owned()];
    } else if let Some(error) = explanation.error() {
        found.state = State::WrongSettings;
        found.advice.push(error.to_string());
    } else if !offline {
        found.calls = probe::calls(vendor).await;
        let failed = found.calls.iter().any(|call| call.error.is_some());
        found.state = if failed { State::Failing } else { State::Working };
        found.advice = found.calls.iter().flat_map(|call| call.advice.iter().cloned()).collect();
        found.advice.dedup();
    }
    warn_of_files(&explanation, &mut found);
    found
}

/// What to try without an account.
const SANDBOX: &str = "to try it without an account: eval \"$(cloudsec sandbox --background)\"";

/// The settings without which nothing works.
fn needed(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Scp => "set SCP_ACCESS_KEY, SCP_SECRET_KEY, SCP_REGION and SCP_ENVIRONMENT",
        Vendor::Nhn => {
            "set NHN_CLOUD_USER_ACCESS_KEY_ID and NHN_CLOUD_USER_SECRET_ACCESS_KEY, and the app key of each service"
        }
        Vendor::Risken => "set RISKEN_URL and RISKEN_ACCESS_TOKEN",
    }
}

/// Says which settings are set and not used, because another source comes first.
fn warn_of_files(explanation: &Explanation, found: &mut Findings) {
    for lookup in explanation.lookups() {
        for origin in &lookup.hidden {
            found.advice.push(format!("{} of {origin} is not used: another source comes first", lookup.setting));
        }
    }
}

fn text(found: &Findings) -> String {
    let title = Vendor::ALL.iter().find(|vendor| vendor.name() == found.vendor).map_or(found.vendor, |own| own.title());
    let state = match found.state {
        State::NotConfigured => "not configured",
        State::WrongSettings => "a setting is missing or wrong",
        State::Failing => "a call failed",
        State::Configured => "configured; no call was made",
        State::Working => "works",
    };
    let mut text = format!("{title}: {state}\n");
    for line in found.table.lines() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {}", output::plain(line));
    }
    for call in &found.calls {
        let _ = writeln!(text, "  {}", output::plain(&call.to_string()));
    }
    for advice in &found.advice {
        let _ = writeln!(text, "  try: {}", output::plain(advice));
    }
    text
}
