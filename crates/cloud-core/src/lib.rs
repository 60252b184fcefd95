//! Transport, signing, pagination, retries, errors and secrets shared by the security SDKs of one family.
