//! The matrix of faults: what the SDKs do with each, for each vendor and class of operation.
