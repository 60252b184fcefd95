//! Wrong programs that compile, and what stops each. The numbers are those of `docs/misuse.md`.

#![cfg(test)]

mod calls;
mod common;
mod errors;
mod filters;
mod ids;
mod lists;
mod values;
