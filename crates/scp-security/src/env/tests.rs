//! Tests of where settings come from and what is said when they are missing.

use cloud_core::config::ConfigSource;
use std::collections::HashMap;
use std::io;

use super::*;
use crate::{Scp, ScpBuilder};

#[derive(Debug, Default)]
struct Fake {
    variables: HashMap<&'static str, &'static str>,
    files: HashMap<&'static str, &'static str>,
}

impl ConfigSource for Fake {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| (*value).to_owned())
    }

    fn home_file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match self.files.get(path) {
            Some(&"unreadable") => Err(io::ErrorKind::PermissionDenied.into()),
            found => Ok(found.map(|text| text.as_bytes().to_vec())),
        }
    }
}

type Pairs = &'static [(&'static str, &'static str)];

fn fake(variables: Pairs, files: Pairs) -> Fake {
    Fake { variables: variables.iter().copied().collect(), files: files.iter().copied().collect() }
}

fn resolve(given: Overrides, variables: Pairs, files: Pairs) -> Result<Resolved> {
    let source = fake(variables, files);
    Resolved::new(given, &mut Resolver::new(Some(&source)), false)
}

/// Access key and endpoint of KMS.
fn check(given: Overrides, variables: Pairs, files: Pairs, wanted: Result<(&str, &str), &str>) {
    let seen = resolve(given, variables, files).and_then(|resolved| {
        let key = resolved.credentials.map(|keys| keys.access_key().to_owned()).unwrap_or_default();
        Ok((key, resolved.hosts.map_err(Error::config)?.endpoint("kms")?.to_string()))
    });
    match (seen, wanted) {
        (Ok(seen), Ok(wanted)) => assert_eq!((seen.0.as_str(), seen.1.as_str()), wanted, "{variables:?}"),
        (Err(error), Err(wanted)) => assert!(error.to_string().contains(wanted), "{variables:?}: {error}"),
        (seen, _) => panic!("{variables:?} {files:?}: {seen:?}, wanted {wanted:?}"),
    }
}

fn builder(variables: Pairs, files: Pairs) -> ScpBuilder {
    Scp::builder().config_source(fake(variables, files))
}

fn error(builder: ScpBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

const KEYS: (&str, &str) = ("SCP_ACCESS_KEY", "SCP_SECRET_KEY");
const PLACE: [(&str, &str); 2] = [("SCP_REGION", "kr-west1"), ("SCP_ENVIRONMENT", "e")];
const KMS: &str = "https://kms.kr-west1.e.samsungsdscloud.com";

#[test]
fn builder_comes_before_environment_before_files() {
    let all: Pairs =
        &[(KEYS.0, "env"), (KEYS.1, "s"), PLACE[0], PLACE[1], ("SCP_TF_ACCESS_KEY", "tf"), ("SCP_TF_SECRET_KEY", "s")];
    check(Overrides::default(), all, &[], Ok(("env", KMS)));
    let given = Overrides {
        credentials: Some(Credentials::new("built", "s")),
        region: Some(Region::KrEast1),
        environment: Some(Environment::Samsung),
        ..Overrides::default()
    };
    check(given, all, &[], Ok(("built", "https://kms.kr-east1.s.samsungsdscloud.com")));
    let terraform: Pairs = &[
        ("SCP_TF_ACCESS_KEY", "tf"),
        ("SCP_TF_SECRET_KEY", "s"),
        ("SCP_TF_DEFAULT_REGION", "kr-south2"),
        ("SCP_TF_AUTH_URL", "https://iam.g.samsungsdscloud.com/v1"),
    ];
    check(Overrides::default(), terraform, &[], Ok(("tf", "https://kms.kr-south2.g.samsungsdscloud.com")));
    let files: Pairs = &[
        (CREDENTIALS_FILE, r#"{"access-key":"file","secret-key":"s","auth-token":""}"#),
        (
            CONFIG_FILE,
            r#"{"auth-url":"https://iam.s.samsungsdscloud.com/v1","default-region":"kr-west1","max-remain-days":90}"#,
        ),
    ];
    check(Overrides::default(), &[], files, Ok(("file", "https://kms.kr-west1.s.samsungsdscloud.com")));
    check(
        Overrides::default(),
        &[("SCP_ENDPOINT", "http://127.0.0.1:8080/"), (KEYS.0, "k"), (KEYS.1, "s")],
        &[],
        Ok(("k", "http://127.0.0.1:8080")),
    );
    let overridden: Pairs =
        &[(CONFIG_FILE, r#"{"endpoint-override":"https://file.example","default-region":"kr-east1"}"#)];
    check(Overrides::default(), &[PLACE[0], PLACE[1]], overridden, Ok(("", KMS)));
    check(Overrides::default(), &[PLACE[1]], overridden, Ok(("", "https://file.example")));
}

#[test]
fn unknown_region_is_used_only_if_the_program_names_it() {
    let with = |region: &str| Overrides { region: Some(Region::other(region).unwrap()), ..Overrides::default() };
    let e: Pairs = &[PLACE[1], (KEYS.0, "k"), (KEYS.1, "s")];
    check(with("kr-north1"), e, &[], Ok(("k", "https://kms.kr-north1.e.samsungsdscloud.com")));
    // A known one of another environment is a mistake.
    check(with("kr-south1"), e, &[], Err("environment `e` has no such region, it has kr-west1, kr-east1"));
    let variable: Pairs = &[("SCP_REGION", "kr-north1"), PLACE[1], (KEYS.0, "k"), (KEYS.1, "s")];
    check(Overrides::default(), variable, &[], Err("not a known region"));
    // What a response brought is no host name until its form was checked.
    let odd = Overrides { region: serde_json::from_str(r#""evil.example/""#).unwrap(), ..Overrides::default() };
    check(odd, e, &[], Err("a region must have the form `kr-west1`"));
}

#[test]
fn malformed_setting_is_named_with_its_source() {
    const HALF: &str = r#"{"access-key":"","secret-key":"s"}"#;
    const BLANK: &str = r#"{"access-key":"a b","secret-key":"s"}"#;
    type Case = (Pairs, Pairs, &'static str);
    let cases: &[Case] = &[
        (&[(KEYS.0, "k")], &[], "setting access_key (SCP_ACCESS_KEY): SCP_SECRET_KEY is not set"),
        (
            &[("SCP_VAULT_TOKEN_SECRET", "k")],
            &[],
            "setting vault_token_secret (SCP_VAULT_TOKEN_SECRET): SCP_VAULT_TOKEN_ID is not set",
        ),
        (
            &[PLACE[1]],
            &[],
            "region is not set: use ScpBuilder::region, or set SCP_REGION, SCP_TF_DEFAULT_REGION or default-region in",
        ),
        (&[PLACE[0]], &[], "environment is not set: use ScpBuilder::environment, or set SCP_ENVIRONMENT, SCP_TF_AUTH"),
        (&[], &[], "; for another host: endpoint is not set: use ScpBuilder::endpoint, or set SCP_ENDPOINT, SCP_TF_"),
        (
            &[PLACE[0], ("SCP_ENVIRONMENT", "x")],
            &[],
            "setting environment = `x` (SCP_ENVIRONMENT): not an environment: use `e`",
        ),
        (
            &[PLACE[0], ("SCP_ENVIRONMENT", "g")],
            &[],
            "setting region = `kr-west1` (SCP_REGION): environment `g` has no such region, it has kr-south1, ",
        ),
        (
            &[("SCP_REGION", "moon"), PLACE[1]],
            &[],
            "setting region = `moon` (SCP_REGION): not a known region: use one of `kr-west1` `kr-east1` `kr-south1`",
        ),
        (
            &[PLACE[1]],
            &[(CONFIG_FILE, r#"{"default-region":"KR-WEST1"}"#)],
            "not a known region: use one of `kr-west1` `kr-east1`",
        ),
        (
            &[("SCP_ENDPOINT", "http://kms.example")],
            &[],
            "setting endpoint = `http://kms.example` (SCP_ENDPOINT): the endpoint must begin with https://",
        ),
        (
            &[("SCP_ENDPOINT", " "), PLACE[0], PLACE[1]],
            &[],
            "setting endpoint (SCP_ENDPOINT): the variable is empty; unset it",
        ),
        (
            &[("SCP_TF_AUTH_URL", "https://elsewhere.example")],
            &[],
            "setting environment (SCP_TF_AUTH_URL): the host names no known environment",
        ),
        (
            &[],
            &[(CONFIG_FILE, r#"{"auth-url":"https://iam.x.samsungsdscloud.com"}"#)],
            "setting environment (auth-url in ~/.scpconf/config.json): the host names no known environment",
        ),
        (
            &[],
            &[(CREDENTIALS_FILE, "{\n\"access-key\": S3CRET}")],
            "credentials.json is not a valid JSON object, at line 2",
        ),
        (&[], &[(CREDENTIALS_FILE, r#"{"access-key":"k"}"#)], "secret-key in ~/.scpconf/credentials.json is not set"),
        (&[], &[(CREDENTIALS_FILE, HALF)], "access-key in ~/.scpconf/credentials.json is not set"),
        (
            &[],
            &[(CREDENTIALS_FILE, BLANK)],
            "setting access_key (access-key in ~/.scpconf/credentials.json): the value",
        ),
        (&[(KEYS.0, "a\nb"), (KEYS.1, "s")], &[], "setting access_key (SCP_ACCESS_KEY): the value contains control"),
        (
            &[("SCP_TF_ACCESS_KEY", "k"), ("SCP_TF_SECRET_KEY", "a\nb")],
            &[],
            "setting secret_key (SCP_TF_SECRET_KEY): the value contains control characters",
        ),
        (&[("SCP_SECRET_VAULT_ID", "a b")], &[], "setting secret_vault_id (SCP_SECRET_VAULT_ID): the value contains"),
        (&[], &[(CREDENTIALS_FILE, "unreadable")], "cannot be read: permission denied"),
    ];
    for (variables, files, wanted) in cases {
        check(Overrides::default(), variables, files, Err(wanted));
    }
}

#[test]
fn white_space_around_variables_is_removed() {
    let pasted: Pairs = &[(KEYS.0, " k\n"), (KEYS.1, "s\n"), ("SCP_REGION", " kr-west1\n"), ("SCP_ENVIRONMENT", "e\n")];
    check(Overrides::default(), pasted, &[], Ok(("k", KMS)));
    let keys = resolve(Overrides::default(), pasted, &[]).unwrap().credentials.unwrap();
    assert_eq!((keys.access_key(), keys.secret_key().expose_secret()), ("k", "s"));
}

#[test]
fn vault_with_its_token_takes_precedence_over_the_keys_of_the_file() {
    let file: Pairs = &[(CREDENTIALS_FILE, r#"{"access-key":"file","secret-key":"s"}"#)];
    let key = |variables| {
        resolve(Overrides::default(), variables, file).unwrap().credentials.ok().map(|c| c.access_key().to_owned())
    };
    const TOKEN: Pairs = &[("SCP_VAULT_TOKEN_ID", "t"), ("SCP_VAULT_TOKEN_SECRET", "s")];
    const BOTH: Pairs = &[("SCP_SECRET_VAULT_ID", "v"), TOKEN[0], TOKEN[1]];
    assert_eq!(key(&[]).as_deref(), Some("file"));
    assert_eq!(key(BOTH), None, "the environment goes before files");
}

#[test]
fn vault_without_its_token_or_the_reverse_is_an_error_that_names_both() {
    const TOKEN: [(&str, &str); 2] = [("SCP_VAULT_TOKEN_ID", "t"), ("SCP_VAULT_TOKEN_SECRET", "s")];
    const VAULT: (&str, &str) = ("SCP_SECRET_VAULT_ID", "v");
    const ONLY_TOKEN: Pairs = &[PLACE[0], PLACE[1], TOKEN[0], TOKEN[1]];
    const ONLY_VAULT: Pairs = &[PLACE[0], PLACE[1], VAULT];
    const TOKEN_AND_KEYS: Pairs = &[PLACE[0], PLACE[1], TOKEN[0], TOKEN[1], (KEYS.0, "k"), (KEYS.1, "s")];
    const VAULT_AND_KEYS: Pairs = &[PLACE[0], PLACE[1], VAULT, (KEYS.0, "k"), (KEYS.1, "s")];
    let file: Pairs = &[(CREDENTIALS_FILE, r#"{"access-key":"file","secret-key":"s"}"#)];
    let no_vault = "a vault token is set (vault_token_id and vault_token_secret), but secret_vault_id is not set: use \
                    ScpBuilder::secret_vault_id, or set SCP_SECRET_VAULT_ID";
    let no_token = "secret_vault_id is set, but vault_token_id and vault_token_secret are not set: use \
                    ScpBuilder::vault_token, or set SCP_VAULT_TOKEN_ID with SCP_VAULT_TOKEN_SECRET";
    // Whatever other keys there are: in the file, in the environment, or in code.
    for (half, with_keys, wanted) in [(ONLY_TOKEN, TOKEN_AND_KEYS, no_vault), (ONLY_VAULT, VAULT_AND_KEYS, no_token)] {
        for builder in [
            builder(half, &[]),
            builder(half, file),
            builder(with_keys, &[]),
            builder(half, &[]).credentials("k", "s"),
            builder(half, &[]).vault_credentials(),
        ] {
            assert_eq!(error(builder), wanted);
        }
    }
    // Each half may come from a source of its own.
    for builder in [
        builder(ONLY_TOKEN, &[]).secret_vault_id("v"),
        builder(ONLY_VAULT, &[]).vault_token("t", "s"),
        builder(&[PLACE[0], PLACE[1]], &[]).vault_token("t", "s").secret_vault_id("v"),
    ] {
        assert_eq!(builder.build().is_ok(), cfg!(feature = "secret-vault"));
    }
}

#[test]
fn malformed_unicode_is_named_and_no_other_source_is_used() {
    let file: Pairs = &[(CREDENTIALS_FILE, r#"{"access-key":"file","secret-key":"s"}"#)];
    const ODD: &str = "\u{fffd}x";
    for variables in [
        &[("SCP_ACCESS_KEY", ODD), ("SCP_SECRET_KEY", "s")] as Pairs,
        &[("SCP_SECRET_KEY", ODD), ("SCP_ACCESS_KEY", "k")],
        &[("SCP_TF_ACCESS_KEY", ODD), ("SCP_TF_SECRET_KEY", "s")],
        &[("SCP_VAULT_TOKEN_ID", ODD), ("SCP_VAULT_TOKEN_SECRET", "s")],
        &[("SCP_SECRET_VAULT_ID", ODD)],
        &[("SCP_ENVIRONMENT", ODD), PLACE[0]],
        &[("SCP_REGION", ODD), PLACE[1]],
        &[("SCP_ENDPOINT", ODD)],
        &[("SCP_TF_AUTH_URL", ODD), PLACE[0]],
    ] {
        let wanted = format!("({}): the value is not valid Unicode", variables[0].0);
        check(Overrides::default(), variables, file, Err(&wanted));
    }
}

#[test]
fn errors_quote_names_and_nothing_else() {
    const SECRETS: [&str; 3] = ["CANARY-5e1c-secret", "kr-west1-canary-5e1c-secret", "canary5e1c\nINFO all is well"];
    let places = [
        "SCP_ENVIRONMENT",
        "SCP_REGION",
        "SCP_ENDPOINT",
        "SCP_TF_AUTH_URL",
        "SCP_TF_DEFAULT_REGION",
        "SCP_SECRET_VAULT_ID",
    ];
    for secret in SECRETS {
        for name in places.into_iter().chain([
            "SCP_ACCESS_KEY",
            "SCP_SECRET_KEY",
            "SCP_VAULT_TOKEN_ID",
            "SCP_VAULT_TOKEN_SECRET",
        ]) {
            let mut variables: HashMap<_, _> = PLACE.into_iter().collect();
            variables.insert(name, secret);
            if name.starts_with("SCP_TF_AUTH") {
                variables.remove("SCP_ENVIRONMENT");
            }
            let source = Fake { variables, files: HashMap::new() };
            let shown = match Scp::builder().config_source(source).build() {
                Ok(scp) => format!("{scp:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.to_lowercase().contains("canary") && !shown.contains('\n'), "{name}: {shown}");
        }
    }
    let builder = Scp::builder().endpoint("https://user:canary@kms.example").secret_vault_id("canary");
    assert!(!format!("{builder:?}").contains("canary"));
}

#[test]
fn regions_match_the_fixtures() {
    // The published package leaves the fixtures out; this file is only in there.
    if std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml.orig")).exists() {
        return;
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/scp");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let document: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let pairs = document["x-sdk"]["regions"].as_array().unwrap();
        let text = |pair: &serde_json::Value, name: &str| pair[name].as_str().unwrap().to_owned();
        let mut documented: Vec<_> = pairs.iter().map(|p| (text(p, "environment"), text(p, "region"))).collect();
        let environments = [Environment::Enterprise, Environment::Samsung, Environment::Sovereign];
        let mut known: Vec<_> = environments
            .iter()
            .flat_map(|e| e.regions().iter().map(|region| (e.to_string(), region.to_string())))
            .collect();
        documented.sort();
        known.sort();
        assert_eq!(known, documented, "{}", path.display());
    }
}
