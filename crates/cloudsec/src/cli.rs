//! The arguments of the command.

use clap::{Parser, Subcommand};

use crate::bridge::BridgeArgs;
use crate::certs::CertsArgs;
use crate::crypt::CryptArgs;
use crate::doctor::DoctorArgs;
use crate::exec::ExecArgs;
use crate::exit;
use crate::findings::FindingsArgs;
use crate::generate::{CompletionsArgs, ManArgs};
use crate::sandbox::SandboxArgs;
use crate::tofu_key::TofuKeyArgs;

/// Security of Samsung Cloud Platform, NHN Cloud and RISKEN on the command line.
///
/// The command reads the same environment variables and files as the SDKs; `cloudsec doctor` lists them. To try it
/// without an account: eval "$(cloudsec sandbox --background)"
#[derive(Debug, Parser)]
#[command(name = "cloudsec", version, after_help = exit::HELP)]
pub(crate) struct Cli {
    /// Print no progress, summaries and hints on the standard error
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check settings, clock and reachability of each vendor, and say what to do
    Doctor(DoctorArgs),
    /// Run a program with secrets in its environment or in private files
    Exec(ExecArgs),
    /// Encrypt a file or the standard input under keys of a cloud
    Encrypt(CryptArgs),
    /// Decrypt a file or the standard input
    Decrypt(CryptArgs),
    /// List security findings as OCSF events, for one account or a fleet
    Findings(Box<FindingsArgs>),
    /// List certificates of Certificate Manager by their expiry
    Certs(CertsArgs),
    /// Serve Vault's HTTP API in front of the clouds
    Bridge(BridgeArgs),
    /// Provide keys for OpenTofu's state encryption (external key provider)
    TofuKey(TofuKeyArgs),
    /// Start a local sandbox of all three clouds and print the variables that point to it
    Sandbox(SandboxArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Print the man page
    Man(ManArgs),
}
