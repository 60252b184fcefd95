//! RISKEN AWS data source API.
