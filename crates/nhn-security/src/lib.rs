//! NHN Cloud Security Advisor, Server Security Check and Secure Key Manager.
