//! The fixtures that travel inside the crate, one for each service and API version.

/// Pairs each name with the content of the file.
macro_rules! embedded {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/", $name)))),*]
    };
}

/// File name below `fixtures/` and content.
pub(crate) const FIXTURES: &[(&str, &str)] = embedded![
    // codegen: embedded
    "scp/certificatemanager-1.0.json",
    "scp/certificatemanager-1.1.json",
    "scp/certificatemanager-1.2.json",
    "scp/configinspection-1.0.json",
    "scp/configinspection-1.1.json",
    "scp/configinspection-1.2.json",
    "scp/configinspection-1.3.json",
    "scp/kms-1.0.json",
    "scp/kms-1.1.json",
    "scp/kms-1.2.json",
    "scp/kms-1.3.json",
    "scp/kms-1.4.json",
    "scp/secretvault-1.0.json",
    "scp/secretsmanager-1.0.json",
    "scp/secretsmanager-1.1.json",
    "scp/secretsmanager-1.2.json",
    "nhn/security-advisor-1.0.json",
    "nhn/server-security-check-1.0.json",
    "nhn/secure-key-manager-1.0.json",
    "nhn/secure-key-manager-1.1.json",
    "nhn/secure-key-manager-1.2.json",
    "nhn/secure-key-manager-1.3.json",
    "risken/aws-1.json",
    "risken/finding-1.json",
    // /codegen
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
        for vendor in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap()) {
            if vendor.file_type().unwrap().is_dir() {
                let folder = vendor.file_name().into_string().unwrap();
                for entry in std::fs::read_dir(vendor.path()).unwrap() {
                    files.insert(format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap()));
                }
            }
        }
        let listed: BTreeSet<_> = FIXTURES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(listed, files);
    }
}
