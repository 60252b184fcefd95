//! Which values of earlier responses a call uses, and which documented examples need corrections.

use serde_json::Value;
use time::{Duration, OffsetDateTime};

/// A pair that an authority has signed: the one that the sandbox holds.
const CERTIFICATE: &str = include_str!("../../../crates/cloud-sandbox/src/scp/certificate_manager/seed/chained.pem");
const CHAIN: &str = include_str!("../../../crates/cloud-sandbox/src/scp/certificate_manager/seed/chained.chain.pem");
const PRIVATE_KEY: &str =
    include_str!("../../../crates/cloud-sandbox/src/scp/certificate_manager/seed/chained.key.pem");

/// An ID of the sandbox's seed, in place of one that the pages show for things of several kinds.
struct Seeded {
    /// The service.
    service: &'static str,
    /// The operations that use it; empty for all.
    operations: &'static [&'static str],
    /// The parameters or body fields.
    names: &'static [&'static str],
    id: &'static str,
}

const SEEDED: &[Seeded] = &[
    Seeded {
        service: "secretsmanager",
        operations: &[],
        names: &["secret_id"],
        id: "c4a17e0b92d64f3e8b5d60f1a7394e2d",
    },
    Seeded {
        service: "secretsmanager",
        operations: &["set_version_label"],
        names: &["move_to_version_id", "remove_from_version_id"],
        id: "d81f3b6e04a94c7c9e52b7d3f0c618a4",
    },
    Seeded {
        service: "secretvault",
        operations: &[],
        names: &["secret_vault_id"],
        id: "f2936d5ac07b4e1e8a41c9e7d5b3026f",
    },
    Seeded {
        service: "secure-key-manager",
        operations: &["show_secret"],
        names: &["keyid"],
        id: "2d8f6ba1e4c95073bf18054d9e3ac764",
    },
    Seeded {
        service: "secure-key-manager",
        operations: &["sign", "verify", "sign_standard", "verify_standard", "show_private_key", "show_public_key"],
        names: &["keyid"],
        id: "1c7e5a90d3b84f62ae07f4c18d29b653",
    },
    Seeded { service: "secure-key-manager", operations: &[], names: &["keyStoreName"], id: "키 저장소 이름" },
];

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
        operations: &["delete_certificate"],
        name: "certificate_id",
        sources: &[("create_certificate", "/certificate/id")],
    },
    Rule {
        service: "certificatemanager",
        operations: &["show_certificate"],
        name: "certificate_id",
        sources: &[("list_certificates", "/certificates/0/id")],
    },
    Rule {
        service: "configinspection",
        operations: &["delete_diagnosis"],
        name: "diagnosis_id",
        sources: &[("create_diagnosis", "/diagnosis_id")],
    },
    Rule {
        service: "configinspection",
        operations: &["show_diagnosis"],
        name: "diagnosis_id",
        sources: &[("list_diagnoses", "/summary_responses/0/diagnosis_id")],
    },
    Rule {
        service: "configinspection",
        operations: &["show_diagnosis_result"],
        name: "diagnosis_id",
        sources: &[("list_diagnosis_results", "/diagnosis_result_responses/0/diagnosis_id")],
    },
    Rule {
        service: "configinspection",
        operations: &["show_diagnosis_result"],
        name: "diagnosis_request_sequence",
        sources: &[("list_diagnosis_results", "/diagnosis_result_responses/0/diagnosis_request_sequence")],
    },
    Rule {
        service: "kms",
        // The networks of the key that everything else uses stay open.
        operations: &["set_acl_cidr", "set_private_acl", "delete_key"],
        name: "key_id",
        sources: &[("create_key", "/key/id")],
    },
    Rule {
        service: "kms",
        operations: &["show_managed_key", "set_managed_key_description"],
        name: "key_id",
        sources: &[("list_managed_keys", "/keys/0/id")],
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
        service: "secretsmanager",
        operations: &["show_secret_value"],
        name: "version_id",
        sources: &[("list_secret_versions", "/version_list/0/version_id")],
    },
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
        operations: &["verify_standard"],
        name: "signature",
        sources: &[("sign_standard", "/signature")],
    },
    Rule {
        service: "secure-key-manager",
        operations: &["verify_standard"],
        name: "keyVersion",
        sources: &[("sign_standard", "/keyVersion")],
    },
    Rule {
        service: "secure-key-manager",
        operations: &["update_secret", "schedule_key_deletion", "delete_key"],
        name: "keyid",
        sources: &[("create_secret", "/keyId")],
    },
    Rule {
        service: "secure-key-manager",
        // Only the key store that this run has created.
        operations: &["replace_key_store", "delete_key_store"],
        name: "keyStoreId",
        sources: &[("create_key_store", "/keyStoreId")],
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
        // Only the account that this run has stored.
        operations: &["delete_aws"],
        name: "aws_id",
        sources: &[("put_aws", "/aws/aws_id")],
    },
    Rule {
        service: "aws",
        operations: &["attach_data_source", "detach_data_source", "invoke_scan"],
        name: "aws_data_source_id",
        sources: &[("list_data_sources", "/data_source/0/aws_data_source_id")],
    },
    Rule {
        service: "finding",
        operations: &[
            "show_finding",
            "list_finding_tags",
            "tag_finding",
            "put_pend_finding",
            "delete_pend_finding",
            "delete_finding",
        ],
        name: "finding_id",
        // Only the finding that this run has stored.
        sources: &[("put_finding", "/finding/finding_id")],
    },
    Rule {
        service: "finding",
        operations: &["show_pend_finding"],
        name: "finding_id",
        sources: &[("put_pend_finding", "/pend_finding/finding_id")],
    },
    Rule {
        service: "finding",
        operations: &["untag_finding"],
        name: "finding_tag_id",
        sources: &[("tag_finding", "/tag/finding_tag_id")],
    },
];

/// Operations after which something is gone or asleep, and those that bring it back; in the order of their calls.
const LAST: &[&str] = &[
    "untag_finding",
    "delete_pend_finding",
    "delete_finding",
    "detach_data_source",
    "delete_aws",
    "schedule_certificate_deletion",
    "delete_certificate",
    "schedule_ipv4_address_deletion",
    "delete_ipv4_address",
    "schedule_mac_address_deletion",
    "delete_mac_address",
    "delete_diagnosis",
    "update_secret",
    "schedule_key_deletion",
    "delete_key",
    "delete_key_store",
    "update_secret_value",
    "delete_secret",
    "restore_secret",
    "delete_secret_vault",
];

/// Where an operation stands among the calls of its version: after those whose answers it uses.
pub(crate) fn rank(service: &str, operation: &str) -> usize {
    if let Some(place) = LAST.iter().position(|last| *last == operation) {
        return RULES.len() + 1 + place;
    }
    let used = RULES.iter().filter(|rule| rule.service == service);
    let used = used.filter(|rule| rule.operations.is_empty() || rule.operations.contains(&operation));
    let sources = used.flat_map(|rule| rule.sources.iter().map(|(source, _)| *source));
    // A list may well stand in a rule for its whole service: nothing waits for itself.
    let sources = sources.filter(|source| *source != operation && !LAST.contains(source));
    sources.map(|source| depth(service, source, RULES.len())).max().map_or(0, |deepest| deepest + 1)
}

/// How many calls stand between an operation and one that needs no other; a circle ends with the limit.
fn depth(service: &str, operation: &str, limit: usize) -> usize {
    let waits = |rule: &&Rule| {
        // A rule for a whole service cannot make its own source wait.
        rule.service == service && rule.operations.contains(&operation)
    };
    let sources = RULES.iter().filter(waits).flat_map(|rule| rule.sources.iter().map(|(source, _)| *source));
    let deepest = match limit.checked_sub(1) {
        Some(limit) => sources.map(|source| depth(service, source, limit)).max(),
        None => None,
    };
    deepest.map_or(0, |deepest| deepest + 1)
}

/// An ID of the seed, or a name or ID that belongs to this run alone, made of the example; `version` is service and version.
pub(crate) fn fresh(version: &str, operation: &str, name: &str, example: &str) -> Option<String> {
    let service = version.split('.').next().unwrap_or(version);
    let is_seeded = |seeded: &&Seeded| {
        seeded.service == service
            && seeded.names.contains(&name)
            && (seeded.operations.is_empty() || seeded.operations.contains(&operation))
    };
    if let Some(seeded) = SEEDED.iter().find(is_seeded) {
        return Some(seeded.id.to_owned());
    }
    let digits: String = version.chars().filter(char::is_ascii_digit).collect();
    let mark = match (service, operation, name) {
        // The caller chooses this id, so the one that is deleted is the one that was made.
        ("configinspection", "create_diagnosis" | "delete_diagnosis", "diagnosis_id") => {
            return Some(format!("DIA-943731CB8E3045C289BAECAEC35320{digits}"));
        }
        // The caller chooses these, so what is deleted is what was added, and is not in the seed.
        ("secure-key-manager", operation, "value") if operation.contains("_ipv4_address") && changes(operation) => {
            return Some(format!("10.0.0.{digits}"));
        }
        ("secure-key-manager", operation, "value") if operation.contains("_mac_address") && changes(operation) => {
            return Some(format!("aa:aa:aa:aa:00:{digits}"));
        }
        ("secure-key-manager", operation, "name") if operation.contains("_certificate") && changes(operation) => "",
        ("secure-key-manager", "create_asymmetric_key", "name") => "pair",
        ("certificatemanager", "create_self_signed_certificate", "name") => "self",
        ("kms", "create_key", "name")
        | ("secretsmanager", "create_secret", "name")
        | ("secretvault", "create_secret_vault", "name")
        | (
            "secure-key-manager",
            "create_secret" | "create_symmetric_key" | "create_key_store" | "replace_key_store",
            "name",
        )
        | ("certificatemanager", "create_certificate", "name") => "",
        _ => return None,
    };
    Some(format!("{example}{mark}{digits}"))
}

/// Whether a name is still taken after the run, because the deletion of what has it waits for days.
pub(crate) fn stays(version: &str, operation: &str, name: &str) -> bool {
    version.starts_with("secure-key-manager.")
        && name == "name"
        && ["create_secret", "create_symmetric_key", "create_asymmetric_key"].contains(&operation)
}

/// Whether an operation changes a credential, and does not only read it.
fn changes(operation: &str) -> bool {
    ["add_", "schedule_", "delete_"].iter().any(|verb| operation.starts_with(verb))
}

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

/// A value for a parameter without an example: one of the sandbox's seed.
pub(crate) fn fallback(name: &str) -> Option<&'static str> {
    match name {
        "certificate_id" => Some("0a6e2c7d51f84b93b7d418c6e9f3025a"),
        _ => None,
    }
}

/// A value in place of an example that no service can take: it breaks the page's own rule, or its day is over.
pub(crate) fn repair(operation: &str, name: &str) -> Option<Value> {
    let called = operation.rsplit('.').next()?;
    match (operation.split('.').next()?, name) {
        // The page shows a placeholder.
        ("secure-key-manager", "plaintext") if called.ends_with("_standard") => Some("ZGF0YQ==".into()),
        // The page allows letters, digits, `-` and `_`, and shows a name with spaces.
        ("configinspection", "diagnosis_name") => Some("Sample-Diagnosis-Name".into()),
        // The page's days have gone by.
        ("certificatemanager", "not_before_dt") => day(-1),
        ("certificatemanager", "not_after_dt") => day(365),
        // The page shows placeholders, and the service takes no self-signed pair.
        ("certificatemanager", "cert_body") => Some(CERTIFICATE.into()),
        ("certificatemanager", "cert_chain") => Some(CHAIN.into()),
        ("certificatemanager", "private_key") => Some(PRIVATE_KEY.into()),
        // The page enables the private ACL with an empty list, which the service refuses.
        ("secretsmanager", "private_acl_enabled") => Some(false.into()),
        // One of the page's examples lists another project, which the token does not cover.
        ("finding", "project_id") => Some(1001.into()),
        // The service takes /25 and narrower; the caller stays within, since it reads the secret later.
        ("secretsmanager", "acl_cidr") => Some("127.0.0.1/32, 192.168.1.0/25".into()),
        _ => None,
    }
}

/// A day so many days from today, as `YYYYMMDD`.
#[allow(clippy::disallowed_methods, reason = "the services check dates against the real day")]
fn day(from_today: i64) -> Option<Value> {
    let day = OffsetDateTime::now_utc().checked_add(Duration::days(from_today))?.date();
    Some(format!("{:04}{:02}{:02}", day.year(), u8::from(day.month()), day.day()).into())
}
