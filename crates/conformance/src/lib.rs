//! Calls every documented operation of every API version once.
