//! Many mixed calls at once, with and without faults, and what they leave behind.
