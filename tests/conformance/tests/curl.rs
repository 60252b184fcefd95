//! The `curl` line of a plan, run by a shell against the sandbox.

#![cfg(test)]
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cloud_core::{Plan, Result};
use cloud_sandbox::Sandbox;
use nhn_security::Nhn;
use risken_aws::aws::types::{AwsForUpsert, PutAwsRequest};
use risken_aws::{ProjectId, Risken};
use scp_security::Scp;
use scp_security::kms::types::{EncryptRequest, SetDescriptionRequest};

const KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";

/// The environment that the sandbox would have exported.
struct Shell(Vec<(&'static str, String)>);

impl Shell {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// Runs the line with these variables and no others.
    fn run(&self, plan: &Plan, body: &Path) -> Output {
        let path = std::env::split_paths("/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(plan.as_curl()).env_clear().env("PATH", std::env::join_paths(path).unwrap());
        shell.envs(self.0.iter().map(|(name, value)| (*name, value))).env("BODY_FILE", body).output().unwrap()
    }
}

/// Whether the line's programs are installed. Their absence is told, since the test then proves nothing.
fn has_programs() -> bool {
    let runs = |program: &str, argument| Command::new(program).arg(argument).output().is_ok();
    let has = runs("curl", "--version") && runs("openssl", "version");
    if !has {
        // Not through `eprintln!`, which the test runner hides of a test that passes.
        let text = "SKIPPED: curl or openssl is not installed, so no line was run\n";
        std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()).unwrap();
    }
    has
}

fn scp_plans(shell: &Shell) -> Result<Vec<Plan>> {
    let scp = Scp::builder()
        .endpoint(shell.get("SCP_ENDPOINT"))
        .credentials(shell.get("SCP_ACCESS_KEY"), "never-printed")
        .vault_token(shell.get("SCP_VAULT_TOKEN_ID"), "never-printed")
        .secret_vault_id(shell.get("SCP_SECRET_VAULT_ID"))
        .build()?;
    let (encrypt, describe) =
        (EncryptRequest::new("plain".as_bytes()), SetDescriptionRequest::new("it's \"new\" $HOME"));
    Ok(vec![
        scp.kms().list_keys().size(20).plan()?,
        scp.kms().show_key(KEY).plan()?,
        scp.kms().encrypt(KEY, &encrypt).plan()?,
        scp.kms().rotate_key(KEY).plan()?,
        scp.kms().set_description(KEY, &describe).plan()?,
        scp.certificate_manager().list_certificates().name("한글 $HOME `x` 'y' \"z\" !").plan()?,
        scp.secret_vault().show_temporary_key(shell.get("SCP_SECRET_VAULT_ID")).plan()?,
    ])
}

fn nhn_plans(shell: &Shell) -> Result<Vec<Plan>> {
    let nhn = Nhn::builder()
        .endpoint(shell.get("NHN_CLOUD_ENDPOINT"))
        .user_access_key("never-printed", "never-printed")
        .security_advisor_app_key("never-printed")
        .secure_key_manager_app_key("never-printed")
        .mac_address("00:00:00:00:00:00")
        .build()?;
    Ok(vec![
        nhn.secure_key_manager_v1_0()?.confirm_client().plan()?,
        nhn.secure_key_manager_v1_2()?.list_key_stores().plan()?,
        nhn.secure_key_manager_v1_3()?.list_key_stores().plan()?,
        nhn.security_advisor()?.show_last_inspection_date().plan()?,
    ])
}

fn risken_plans(shell: &Shell) -> Result<Vec<Plan>> {
    let risken = Risken::builder().endpoint(shell.get("RISKEN_URL")).access_token("never-printed").build()?;
    let project = ProjectId::new(1001)?;
    let account = AwsForUpsert::builder().name("it's new").project_id(project).aws_account_id("123456789012").build();
    Ok(vec![
        risken.aws().list_aws(project).plan()?,
        risken.aws().put_aws(&PutAwsRequest::new(project, account)).plan()?,
    ])
}

fn body_file(name: &str, plan: &Plan) -> PathBuf {
    let file = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    std::fs::write(&file, plan.body().unwrap_or_default()).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_line_succeeds_with_the_variables_of_the_settings() {
    if !has_programs() {
        return;
    }
    let sandbox = Sandbox::start().await.unwrap();
    let shell = Shell(sandbox.env_vars());
    for plan in [scp_plans(&shell), nhn_plans(&shell), risken_plans(&shell)].map(Result::unwrap).concat() {
        let line = plan.as_curl();
        assert!(!line.contains("never-printed") && !line.contains(shell.get("SCP_ACCESS_KEY")), "{line}");
        let before = sandbox.calls().len();
        let file = body_file("plan", &plan);
        let output = shell.run(&plan, &file);
        std::fs::remove_file(file).unwrap();
        let told = format!("{line}\n{output:?}");
        assert!(output.status.success(), "{told}");
        let call = sandbox.calls().split_off(before).pop().unwrap();
        assert!((200..300).contains(&call.status), "{told}\n{call:?}");
        assert!(call.operation.contains(plan.operation().name), "{told}\n{call:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_line_presents_the_client_certificate() {
    let sandbox = Sandbox::builder().mutual_tls(true).start().await.unwrap();
    let identity = sandbox.client_identity("partner").unwrap().unwrap();
    let builder = Nhn::builder().secure_key_manager_app_key("never-printed").security_advisor_app_key("never-printed");
    let builder = builder.user_access_key("never-printed", "never-printed").endpoint(sandbox.mtls_endpoint().unwrap());
    let nhn = builder.clone().client_certificate_pem(identity.pem()).build().unwrap();
    let plan = nhn.secure_key_manager_v1_0().unwrap().confirm_client().plan().unwrap();
    let variables = ["NHN_CLOUD_SKM_CERTIFICATE_FILE", "NHN_CLOUD_SKM_PRIVATE_KEY_FILE"];
    assert_eq!(plan.variables()[1..], variables);
    let line = plan.as_curl();
    assert!(
        line.contains(r#" --cert "$NHN_CLOUD_SKM_CERTIFICATE_FILE" --key "$NHN_CLOUD_SKM_PRIVATE_KEY_FILE""#),
        "{line}"
    );
    // Other services do not get it, and no client does that was given none.
    let without = builder.build().unwrap();
    for plan in [
        nhn.security_advisor().unwrap().show_last_inspection_date().plan().unwrap(),
        without.secure_key_manager_v1_0().unwrap().confirm_client().plan().unwrap(),
    ] {
        assert!(!plan.as_curl().contains("--cert"), "{plan}");
    }
    if !has_programs() {
        return;
    }
    let folder = std::env::temp_dir().join(format!("certificate-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let (own, authority) = (folder.join("own.pem"), folder.join("authority.pem"));
    std::fs::write(&own, identity.pem()).unwrap();
    std::fs::write(&authority, sandbox.authority_pem().unwrap()).unwrap();
    let file = |path: &Path| path.to_str().unwrap().to_owned();
    let mut settings = sandbox.env_vars();
    settings.push(("CURL_CA_BUNDLE", file(&authority)));
    settings.extend(variables.map(|name| (name, file(&own))));
    let output = Shell(settings.clone()).run(&plan, Path::new("/none"));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    assert_eq!(answer["body"]["clientSentCertificate"], true, "{line}\n{output:?}");
    settings.retain(|(name, _)| *name != variables[1]);
    let output = Shell(settings).run(&plan, Path::new("/none"));
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains(variables[1]), "{output:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_line_sends_nothing_without_its_body_or_token() {
    if !has_programs() {
        return;
    }
    let sandbox = Sandbox::start().await.unwrap();
    let shell = Shell(sandbox.env_vars());
    let with_body = scp_plans(&shell).unwrap().into_iter().find(|plan| plan.body().is_some()).unwrap();
    let output = shell.run(&with_body, Path::new("/none"));
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("/none"), "{output:?}");
    let with_token = nhn_plans(&shell).unwrap().pop().unwrap();
    let mut wrong = sandbox.env_vars();
    wrong.iter_mut().filter(|(name, _)| name.contains("SECRET_ACCESS_KEY")).for_each(|(_, value)| *value = "x".into());
    let before = sandbox.calls().len();
    let output = Shell(wrong).run(&with_token, Path::new("/none"));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && errors.contains("no token: check the user access key"), "{output:?}");
    let calls = sandbox.calls().split_off(before);
    assert!(calls.iter().all(|call| call.status >= 400), "only the token was requested: {calls:?}");
}

#[test]
fn curl_line_names_the_variable_that_is_not_set() {
    if !has_programs() {
        return;
    }
    let endpoints = ["SCP_ENDPOINT", "NHN_CLOUD_ENDPOINT", "RISKEN_URL"].map(|name| (name, "http://127.0.0.1:9"));
    let keys = ["SCP_ACCESS_KEY", "SCP_VAULT_TOKEN_ID", "SCP_SECRET_VAULT_ID"].map(|name| (name, "a-key"));
    let settings = endpoints.into_iter().chain(keys).map(|(name, value)| (name, value.to_owned()));
    let settings = Shell(settings.collect());
    for plan in [scp_plans(&settings), nhn_plans(&settings), risken_plans(&settings)].map(Result::unwrap).concat() {
        let output = Shell(Vec::new()).run(&plan, Path::new("none"));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let first = plan.variables()[0].to_owned();
        assert!(!output.status.success() && errors.contains(&first), "{first}: {errors}");
    }
}
