//! The cache with a scripted source and a clock that moves only when told.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod script;

mod capacity;
mod flights;
mod leaks;
mod login;
mod outages;
mod schedule;
mod values;
mod watch;
