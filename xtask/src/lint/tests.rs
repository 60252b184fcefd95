//! Tests of every rule on tiny broken documents.
