//! Which values of earlier answers a call uses, and which examples of the pages need mending.

use serde_json::Value;

/// A value that comes from an earlier answer of the same version.
struct Rule {
    /// The service.
    service: &'static str,
    /// The operations that use it; empty for all.
    operations: &'static [&'static str],
    /// The parameter or body field.
    name: &'static str,
    /// Operations whose answers hold it, and where; the first that was answered is taken.
    sources: &'static [(&'static str, &'static str)],
}

const RULES: &[Rule] = &[
    Rule {
        service: "certificatemanager",
        operations: &[],
        name: "certificate_id",
        sources: &[("list_certificates", "/certificates/0/id")],
    },
    Rule {
        service: "kms",
        operations: &["decrypt", "rewrap"],
        name: "ciphertext",
        sources: &[("encrypt", "/ciphertext")],
    },
    Rule { service: "kms", operations: &["verify"], name: "signature", sources: &[("sign", "/signature")] },
    Rule { service: "kms", operations: &["verify_hmac"], name: "hmac", sources: &[("create_hmac", "/hmac")] },
    Rule {
        service: "secure-key-manager",
        operations: &["decrypt"],
        name: "ciphertext",
        sources: &[("encrypt", "/ciphertext")],
    },
    Rule {
        service: "secure-key-manager",
        operations: &["verify"],
        name: "signature",
        sources: &[("sign", "/signature")],
    },
    Rule {
        service: "secure-key-manager",
        operations: &[],
        name: "keyStoreId",
        sources: &[("list_key_stores", "/keyStoreIdList/0")],
    },
    Rule {
        service: "secure-key-manager",
        operations: &["show_key"],
        name: "keyId",
        sources: &[("list_keys", "/keyIdList/0")],
    },
    Rule {
        service: "secure-key-manager",
        operations: &["show_ipv4_address"],
        name: "value",
        sources: &[("list_ipv4_addresses", "/ipv4List/0")],
    },
    Rule {
        service: "secure-key-manager",
        operations: &["show_mac_address"],
        name: "value",
        sources: &[("list_mac_addresses", "/macList/0")],
    },
    Rule {
        service: "secure-key-manager",
        operations: &["show_certificate"],
        name: "value",
        sources: &[("list_certificates", "/certificateList/0")],
    },
    Rule {
        service: "server-security-check",
        operations: &["list_inspection_details"],
        name: "usageStasNo",
        sources: &[("list_inspection_summaries", "/results/0/usageStasNo")],
    },
    Rule {
        service: "aws",
        operations: &["list_data_sources", "attach_data_source", "detach_data_source", "invoke_scan"],
        name: "aws_id",
        sources: &[("put_aws", "/aws/aws_id"), ("list_aws", "/aws/0/aws_id")],
    },
    Rule {
        service: "aws",
        operations: &[],
        name: "aws_data_source_id",
        sources: &[("list_data_sources", "/data_source/0/aws_data_source_id")],
    },
];

/// Where the value of a parameter or body field may come from. `version` is service and version (`kms.1.2`).
pub(crate) fn sources(
    version: &str,
    operation: &str,
    name: &str,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let service = version.split('.').next().unwrap_or(version);
    let uses = |rule: &Rule| {
        rule.service == service
            && rule.name == name
            && (rule.operations.is_empty() || rule.operations.contains(&operation))
    };
    let found = RULES.iter().find(|rule| uses(rule));
    found.map_or(&[][..], |rule| rule.sources).iter().copied()
}

/// A value for a parameter without an example: the page's example of the same thing elsewhere.
pub(crate) fn fallback(name: &str) -> Option<&'static str> {
    match name {
        // The id in the example answer of Create a certificate.
        "certificate_id" => Some("0fdd87aab8cb46f59b7c1f81ed03fb3e"),
        _ => None,
    }
}

/// A value in place of an example that breaks the page's own rule for it.
pub(crate) fn mend(operation: &str, name: &str) -> Option<Value> {
    match (operation.split('.').next()?, name) {
        // The page allows letters, digits, `-` and `_`, and shows a name with spaces.
        ("configinspection", "diagnosis_name") => Some("Sample-Diagnosis-Name".into()),
        _ => None,
    }
}
