//! Vault's API over a bridge, with a sandbox of both clouds behind it.
#![cfg(test)]

mod attacks;
mod client;
#[path = "../common/folder.rs"]
mod folder;
#[cfg(unix)]
mod k8s;
mod kv;
mod programs;
mod replays;
mod server;
mod sys;
mod transit;
mod world;
