//! A local server that plays Samsung Cloud Platform, NHN Cloud and RISKEN security APIs, for tests and newcomers.
