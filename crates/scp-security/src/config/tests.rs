//! Tests of where settings come from and what is said when they are missing.
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

fn around(variables: Pairs, files: Pairs) -> Fake {
    Fake { variables: variables.iter().copied().collect(), files: files.iter().copied().collect() }
}

fn complete(mut given: Overrides, variables: Pairs, files: Pairs) -> Result<Overrides> {
    given.complete(&around(variables, files))?;
    Ok(given)
}

/// Access key, endpoint of KMS, vault id.
fn check(given: Overrides, variables: Pairs, files: Pairs, wanted: Result<(&str, &str), &str>) {
    let seen = complete(given, variables, files).and_then(|given| {
        let key = given.credentials.as_ref().map(|c| c.access_key().to_owned()).unwrap_or_default();
        Ok((key, given.endpoint("kms", false)?.to_string()))
    });
    match (seen, wanted) {
        (Ok(seen), Ok(wanted)) => assert_eq!((seen.0.as_str(), seen.1.as_str()), wanted, "{variables:?}"),
        (Err(error), Err(wanted)) => assert!(error.to_string().contains(wanted), "{variables:?}: {error}"),
        (seen, _) => panic!("{variables:?} {files:?}: {seen:?}, wanted {wanted:?}"),
    }
}

const KEYS: (&str, &str) = ("SCP_ACCESS_KEY", "SCP_SECRET_KEY");
const PLACE: [(&str, &str); 2] = [("SCP_REGION", "kr-west1"), ("SCP_ENVIRONMENT", "e")];
const KMS: &str = "https://kms.kr-west1.e.samsungsdscloud.com";

#[test]
fn builder_then_environment_then_files() {
    let all: Pairs =
        &[(KEYS.0, "env"), (KEYS.1, "s"), PLACE[0], PLACE[1], ("SCP_TF_ACCESS_KEY", "tf"), ("SCP_TF_SECRET_KEY", "s")];
    check(Overrides::default(), all, &[], Ok(("env", KMS)));
    let given = Overrides {
        credentials: Some(Credentials::new("built", "s")),
        region: Some("kr-east1".into()),
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
    check(
        Overrides::default(),
        &[("SCP_ENDPOINT", "  "), (KEYS.0, "k"), (KEYS.1, "s"), PLACE[0], PLACE[1]],
        &[],
        Ok(("k", KMS)),
    );
}

#[test]
fn what_is_wrong_is_named() {
    const HALF: &str = r#"{"access-key":"","secret-key":"s"}"#;
    const BLANK: &str = r#"{"access-key":"a b","secret-key":"s"}"#;
    let e = Overrides::default;
    check(e(), &[(KEYS.0, "k")], &[], Err("SCP_ACCESS_KEY is set but SCP_SECRET_KEY is not"));
    check(
        e(),
        &[("SCP_VAULT_TOKEN_SECRET", "k")],
        &[],
        Err("SCP_VAULT_TOKEN_SECRET is set but SCP_VAULT_TOKEN_ID is not"),
    );
    check(
        e(),
        &[PLACE[1]],
        &[],
        Err("no region: set `.region()`, SCP_REGION, SCP_TF_DEFAULT_REGION or default-region in"),
    );
    check(e(), &[PLACE[0]], &[], Err("no environment: set `.environment()`, SCP_ENVIRONMENT (e, s or g)"));
    check(e(), &[PLACE[0], ("SCP_ENVIRONMENT", "x")], &[], Err("SCP_ENVIRONMENT: `x` is not an environment"));
    check(
        e(),
        &[PLACE[0], ("SCP_ENVIRONMENT", "g")],
        &[],
        Err("environment `g` has no region `kr-west1`, it has kr-south1, "),
    );
    check(e(), &[("SCP_ENDPOINT", "http://kms.example")], &[], Err("the endpoint must begin with https://"));
    check(
        e(),
        &[("SCP_TF_AUTH_URL", "https://elsewhere.example")],
        &[],
        Err("SCP_TF_AUTH_URL names no known environment"),
    );
    check(
        e(),
        &[],
        &[(CREDENTIALS_FILE, "{\n\"access-key\": S3CRET}")],
        Err("credentials.json is not the json it should be, at line 2"),
    );
    check(e(), &[], &[(CREDENTIALS_FILE, r#"{"access-key":"k"}"#)], Err("needs both access-key and secret-key"));
    check(e(), &[], &[(CREDENTIALS_FILE, HALF)], Err("needs both access-key and secret-key"));
    check(e(), &[], &[(CREDENTIALS_FILE, BLANK)], Err("access-key in ~/.scpconf/credentials.json: the key's id"));
    check(e(), &[("SCP_ACCESS_KEY", "a\nb"), ("SCP_SECRET_KEY", "s")], &[], Err("SCP_ACCESS_KEY: the key's id"));
    check(e(), &[("SCP_TF_ACCESS_KEY", "k"), ("SCP_TF_SECRET_KEY", "a\nb")], &[], Err("SCP_TF_SECRET_KEY: the secret"));
    check(
        e(),
        &[(KEYS.0, "k"), (KEYS.1, "s"), ("SCP_REGION", " kr-west1\n"), ("SCP_ENVIRONMENT", "e\n")],
        &[],
        Ok(("k", KMS)),
    );
    let pasted = complete(e(), &[("SCP_ACCESS_KEY", " k\n"), ("SCP_SECRET_KEY", "s\n")], &[]).unwrap();
    let pasted = pasted.credentials.unwrap();
    assert_eq!((pasted.access_key(), pasted.secret_key().expose_secret()), ("k", "s"));
    check(e(), &[], &[(CREDENTIALS_FILE, "unreadable")], Err("cannot be read: permission denied"));
    let builder = |variables, files| Scp::builder().surroundings(Box::new(around(variables, files)));
    let error = |builder: ScpBuilder| builder.build().unwrap_err().to_string();
    let place: Pairs = &[PLACE[0], PLACE[1]];
    assert!(error(builder(place, &[])).starts_with("no credentials: set `.credentials()`"));
    assert!(error(builder(place, &[]).vault_credentials()).starts_with("no vault token"));
    assert!(error(builder(place, &[]).vault_token("a", "b").vault_credentials()).starts_with("no secret vault: set"));
    assert!(error(builder(place, &[]).credentials("", "b")).starts_with("`.credentials()`: the key's id is empty"));
    assert!(error(builder(place, &[]).vault_token("a", "")).starts_with("`.vault_token()`: the secret is empty"));
    assert!(error(builder(place, &[]).credentials("a", "b").language("ko\n")).starts_with("the language holds"));
    assert!(builder(place, &[]).vault_token("a", "b").build().is_ok());
    assert!(builder(place, &[]).credentials("a", "b").build().is_ok());
}

#[test]
fn a_vault_hides_the_keys_of_the_file_only_with_its_token() {
    let file: Pairs = &[(CREDENTIALS_FILE, r#"{"access-key":"file","secret-key":"s"}"#)];
    let key = |variables| {
        complete(Overrides::default(), variables, file).unwrap().credentials.map(|c| c.access_key().to_owned())
    };
    const TOKEN: Pairs = &[("SCP_VAULT_TOKEN_ID", "t"), ("SCP_VAULT_TOKEN_SECRET", "s")];
    const BOTH: Pairs = &[("SCP_SECRET_VAULT_ID", "v"), TOKEN[0], TOKEN[1]];
    assert_eq!(key(&[("SCP_SECRET_VAULT_ID", "v")]).as_deref(), Some("file"), "a vault that is to be managed");
    assert_eq!(key(TOKEN).as_deref(), Some("file"));
    assert_eq!(key(BOTH), None, "the environment goes before files");
    let place: Pairs = &[PLACE[0], PLACE[1], ("SCP_SECRET_VAULT_ID", "v")];
    let builder = |files| Scp::builder().surroundings(Box::new(around(place, files)));
    assert!(builder(file).build().is_ok());
    assert!(builder(&[]).build().unwrap_err().to_string().starts_with("no vault token: set"));
}

#[test]
fn what_is_not_text_is_named_and_hides_nothing() {
    let file: Pairs = &[(CREDENTIALS_FILE, r#"{"access-key":"file","secret-key":"s"}"#)];
    const ODD: &str = "\u{fffd}x";
    for (variables, wanted) in [
        (&[("SCP_ACCESS_KEY", ODD), ("SCP_SECRET_KEY", "s")] as Pairs, "SCP_ACCESS_KEY: the key's id"),
        (&[("SCP_ACCESS_KEY", "k"), ("SCP_SECRET_KEY", ODD)], "SCP_SECRET_KEY: the secret is empty, holds control"),
        (&[("SCP_TF_ACCESS_KEY", ODD), ("SCP_TF_SECRET_KEY", "s")], "SCP_TF_ACCESS_KEY: the key's id"),
        (&[("SCP_VAULT_TOKEN_ID", ODD), ("SCP_VAULT_TOKEN_SECRET", "s")], "SCP_VAULT_TOKEN_ID: the key's id"),
        (&[("SCP_SECRET_VAULT_ID", ODD)], "the vault's id (from `.secret_vault_id()` or SCP_SECRET_VAULT_ID)"),
        (&[("SCP_ENVIRONMENT", ODD), PLACE[0]], "SCP_ENVIRONMENT: this is not an environment"),
        (&[("SCP_REGION", ODD), PLACE[1]], "environment `e` has no such region, it has kr-west1"),
        (&[("SCP_ENDPOINT", ODD)], "the endpoint is not a valid url"),
        (&[("SCP_TF_AUTH_URL", ODD), PLACE[0]], "SCP_TF_AUTH_URL names no known environment"),
    ] {
        check(Overrides::default(), variables, file, Err(wanted));
    }
}

#[test]
fn an_error_repeats_names_and_nothing_else_that_was_set() {
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
            let around = Fake { variables, files: HashMap::new() };
            let shown = match Scp::builder().surroundings(Box::new(around)).build() {
                Ok(scp) => format!("{scp:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.to_lowercase().contains("canary") && !shown.contains('\n'), "{name}: {shown}");
        }
    }
    let builder = Scp::builder().endpoint("https://user:canary@kms.example").region("canary").secret_vault_id("canary");
    assert!(!format!("{builder:?}").contains("canary"));
}

#[test]
fn regions_are_those_of_the_fixtures() {
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
            .flat_map(|e| e.regions().iter().map(|region| (e.to_string(), (*region).to_owned())))
            .collect();
        documented.sort();
        known.sort();
        assert_eq!(known, documented, "{}", path.display());
    }
}

#[test]
fn debug_shows_no_key() {
    let place: Pairs = &[PLACE[0], PLACE[1]];
    let builder = Scp::builder()
        .surroundings(Box::new(around(place, &[])))
        .credentials("CANARYkey", "CANARYsecret")
        .vault_token("CANARYid", "CANARYtoken");
    assert!(!format!("{builder:?}").contains("CANARY"));
    let scp = builder.build().unwrap();
    assert!(!format!("{scp:?} {:?}", scp.kms()).contains("CANARY"));
}
