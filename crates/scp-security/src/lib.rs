//! Samsung Cloud Platform security services: certificates, config inspection, KMS, secret vault, secrets manager.
