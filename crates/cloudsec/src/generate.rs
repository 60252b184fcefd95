//! `completions` and `man`: files for shells and for `man`, made from the arguments.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::{self, Failure, Result};
use crate::output;

/// The arguments of `completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// The arguments of `man`.
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// Write a page for each subcommand into this directory, instead of the main page to the standard output
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
}

pub(crate) fn completions(arguments: &CompletionsArgs) -> Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "cloudsec", &mut text);
    output::write(&text)?;
    Ok(exit::OK)
}

pub(crate) fn man(arguments: &ManArgs) -> Result<u8> {
    let command = Cli::command();
    if let Some(directory) = &arguments.directory {
        let failed = |error| Failure::io(&directory.display().to_string(), &error);
        std::fs::create_dir_all(directory).map_err(failed)?;
        clap_mangen::generate_to(command, directory).map_err(failed)?;
        return Ok(exit::OK);
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text).map_err(|error| Failure::io("the man page", &error))?;
    output::write(&text)?;
    Ok(exit::OK)
}
