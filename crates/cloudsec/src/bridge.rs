//! `bridge`: the command of `cloud-bridge`.

use std::ffi::OsString;

use clap::Args;

use crate::exit::Result;

/// The arguments of `bridge`.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub(crate) struct BridgeArgs {
    /// The arguments of cloud-bridge, such as --sandbox; --help lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    arguments: Vec<OsString>,
}

pub(crate) async fn run(arguments: BridgeArgs) -> Result<u8> {
    Ok(cloud_bridge::command::run(arguments.arguments).await)
}
