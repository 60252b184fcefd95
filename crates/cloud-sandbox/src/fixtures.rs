//! The fixtures that travel inside the crate, one for each service and API version.

/// File name below `fixtures/` and content.
pub(crate) const FIXTURES: &[(&str, &str)] = &[
    ("scp/certificatemanager-1.0.json", include_str!("../fixtures/scp/certificatemanager-1.0.json")),
    ("scp/certificatemanager-1.1.json", include_str!("../fixtures/scp/certificatemanager-1.1.json")),
    ("scp/configinspection-1.0.json", include_str!("../fixtures/scp/configinspection-1.0.json")),
    ("scp/configinspection-1.1.json", include_str!("../fixtures/scp/configinspection-1.1.json")),
    ("scp/kms-1.0.json", include_str!("../fixtures/scp/kms-1.0.json")),
    ("scp/kms-1.1.json", include_str!("../fixtures/scp/kms-1.1.json")),
    ("scp/kms-1.2.json", include_str!("../fixtures/scp/kms-1.2.json")),
    ("scp/secretvault-1.0.json", include_str!("../fixtures/scp/secretvault-1.0.json")),
    ("scp/secretsmanager-1.0.json", include_str!("../fixtures/scp/secretsmanager-1.0.json")),
    ("scp/secretsmanager-1.1.json", include_str!("../fixtures/scp/secretsmanager-1.1.json")),
    ("nhn/security-advisor-1.0.json", include_str!("../fixtures/nhn/security-advisor-1.0.json")),
    ("nhn/server-security-check-1.0.json", include_str!("../fixtures/nhn/server-security-check-1.0.json")),
    ("nhn/secure-key-manager-1.0.json", include_str!("../fixtures/nhn/secure-key-manager-1.0.json")),
    ("nhn/secure-key-manager-1.1.json", include_str!("../fixtures/nhn/secure-key-manager-1.1.json")),
    ("risken/aws-1.json", include_str!("../fixtures/risken/aws-1.json")),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_embedded() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let mut files = BTreeSet::new();
        for vendor in ["scp", "nhn", "risken"] {
            for entry in std::fs::read_dir(root.join(vendor)).unwrap() {
                files.insert(format!("{vendor}/{}", entry.unwrap().file_name().into_string().unwrap()));
            }
        }
        let listed: BTreeSet<_> = FIXTURES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(listed, files);
        assert_eq!(listed.len(), 15);
    }
}
