//! Tests of the import on tiny pages.
