//! Wrong programs that do not compile. The numbers are those of `docs/misuse.md`; wrong programs that compile are in
//! `tests/`.

pub mod filters;
pub mod ids;
pub mod lists;
pub mod nulls;
pub mod values;
