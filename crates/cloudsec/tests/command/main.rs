//! The command as a process, against the sandbox.
#![cfg(test)]

mod basics;
mod crypt;
#[cfg(target_os = "linux")]
mod documents;
#[cfg(unix)]
mod exec;
mod findings;
#[cfg(target_os = "linux")]
mod leaks;
#[cfg(unix)]
mod terminal;
mod tofu_key;
mod world;
