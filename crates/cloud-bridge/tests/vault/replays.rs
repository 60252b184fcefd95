//! The requests of programs that no registry here has, as their sources send them, with the names of the recipes.
//!
//! The recipes are in `deploy/bridge` and in `docs/bridge.md`, which must be the same.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::world::{World, root, skipped};

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A recipe; nothing where the crate is tested from its package, which has none.
fn recipe(name: &str) -> Option<String> {
    let text = std::fs::read_to_string(repository().join("deploy/bridge").join(name));
    if text.is_err() {
        skipped(&format!("the package has no deploy/bridge/{name}"));
    }
    text.ok()
}

/// The value of a setting of a recipe.
fn setting(recipe: &str, name: &str) -> String {
    let line = recipe.lines().map(str::trim).find(|line| line.trim_start_matches("- ").starts_with(name));
    let value = line.unwrap_or_else(|| panic!("no {name}")).split_once([':', '=']).unwrap().1;
    value.trim().trim_matches('"').to_owned()
}

/// A token of the recipe's policies, whose text the test knows.
fn policies(name: &str) -> Option<(String, String)> {
    use sha2::{Digest, Sha256};
    let token = format!("token-of-{name}");
    let hash: String = Sha256::digest(&token).iter().map(|byte| format!("{byte:02x}")).collect();
    let text = recipe("policies.toml")?;
    let (before, after) = text.split_once(&format!("name = \"{name}\"\nsha256 = \"")).unwrap();
    Some((format!("{before}name = \"{name}\"\nsha256 = \"{hash}{}", &after[64..]), token))
}

/// Vault's Go client: PUT for writes, LIST as GET with a parameter, and its own header.
struct Go<'a>(&'a World, String);

impl Go<'_> {
    async fn send(&self, method: &str, path: &str, body: &str) -> Reply {
        let headers = format!("X-Vault-Request: true\r\nX-Vault-Token: {}\r\n", self.1);
        self.0.send(method, &format!("/v1/{path}"), &headers, body).await
    }

    async fn read(&self, path: &str) -> Reply {
        self.send("GET", path, "").await
    }

    async fn write(&self, path: &str, body: Value) -> Reply {
        self.send("PUT", path, &body.to_string()).await
    }
}

#[tokio::test]
async fn sops_wraps_its_data_key() {
    let (Some(recipe), Some((policies, token))) = (recipe("sops.yaml"), policies("sops")) else { return };
    let world = World::with(|builder| builder.policies(policies)).await;
    let go = Go(&world, token);
    let uri = setting(&recipe, "hc_vault_transit_uri");
    // The engine is what is between the version and the last two parts, as sops takes the URI apart.
    let parts: Vec<&str> = uri.split_once("/v1/").unwrap().1.split('/').collect();
    let [engine, "keys", key] = parts[..] else { panic!("{uri}") };
    let data_key = STANDARD.encode([7; 32]);
    let made = go.write(&format!("{engine}/encrypt/{key}"), json!({ "plaintext": data_key })).await.expect(200).data();
    let body = json!({ "ciphertext": made["ciphertext"] });
    let read = go.write(&format!("{engine}/decrypt/{key}"), body).await.expect(200).data();
    assert_eq!(read["plaintext"], data_key);
}

#[tokio::test]
async fn openbao_seals_and_unseals() {
    let (Some(recipe), Some((policies, token))) = (recipe("openbao.hcl"), policies("openbao")) else { return };
    let world = World::with(|builder| builder.policies(policies)).await;
    let go = Go(&world, token);
    let mount = setting(&recipe, "mount_path");
    let (mount, key) = (mount.trim_end_matches('/'), setting(&recipe, "key_name"));
    // Without `disable_renewal`, it asks for this before its first use, and goes on if it is not renewable.
    let renewed = go.write("auth/token/renew-self", json!({ "increment": 0 })).await.expect(200).json();
    assert_eq!(renewed["auth"]["renewable"], false);
    // It encrypts one letter to learn the ID of the key: the part between the colons.
    let plaintext = STANDARD.encode("a");
    let made = go.write(&format!("{mount}/encrypt/{key}"), json!({ "plaintext": plaintext })).await.expect(200).data();
    let ciphertext = made["ciphertext"].as_str().unwrap();
    let parts: Vec<&str> = ciphertext.split(':').collect();
    assert!(parts.len() == 3 && parts[1] == "v1", "{ciphertext}");
    let body = json!({ "ciphertext": ciphertext });
    let read = go.write(&format!("{mount}/decrypt/{key}"), body).await.expect(200).data();
    assert_eq!(read["plaintext"], plaintext);
}

#[tokio::test]
async fn external_secrets_reads_and_pushes() {
    let (Some(recipe), Some((policies, token))) = (recipe("external-secrets.yaml"), policies("external-secrets"))
    else {
        return;
    };
    let world = World::with(|builder| builder.policies(policies + &root())).await;
    let go = Go(&world, token);
    let (mount, key) = (setting(&recipe, "path:"), setting(&recipe, "key: team"));
    let key = format!("team{}", key.strip_prefix("team").unwrap_or(&key));
    let looked_up = go.read("auth/token/lookup-self").await.expect(200).data();
    // It takes a token for expired if it has an end and less than a minute is left.
    assert!(looked_up["type"] == "service" && looked_up["ttl"] == 0 && looked_up["expire_time"].is_null());
    let read = go.read(&format!("{mount}/data/{key}")).await.expect(200).data();
    assert_eq!(read["data"]["key1"], "value1");
    go.read(&format!("{mount}/data/other")).await.expect(403);

    // PushSecret, with the token that may do everything.
    let go = Go(&world, crate::world::ROOT.to_owned());
    let labels = json!({ "custom_metadata": { "managed-by": "external-secrets" } });
    let secret = |value: &str| json!({ "data": { "password": value } });
    go.read("secret/data/pushed").await.expect(404);
    go.write("secret/metadata/pushed", labels.clone()).await.expect(204);
    go.write("secret/data/pushed", secret("one")).await.expect(200);
    let read = go.read("secret/data/pushed").await.expect(200).data();
    assert_eq!(read["data"], json!({ "password": "one" }));
    let metadata = go.read("secret/metadata/pushed").await.expect(200).data();
    assert_eq!(metadata["custom_metadata"]["managed-by"], "external-secrets");
    let mut checked = secret("two");
    checked["options"] = json!({ "cas": metadata["current_version"] });
    go.write("secret/metadata/pushed", labels).await.expect(204);
    assert_eq!(go.write("secret/data/pushed", checked).await.expect(200).data()["version"], 2);
    // `find`, which lists folder by folder.
    let listed = go.read("secret/metadata/?list=true").await.expect(200).data();
    assert!(listed["keys"].as_array().unwrap().contains(&json!("team/")), "{listed}");
    go.read("secret/metadata/team/?list=true").await.expect(200);
    // Its deletion deletes a version first, which no cloud can: the guide says so.
    go.send("DELETE", "secret/data/pushed", "").await.expect(405);
}

#[tokio::test]
async fn vault_agent_renders_a_template() {
    let (Some(recipe), Some((policies, token))) = (recipe("vault-agent.hcl"), policies("vault-agent")) else { return };
    let world = World::with(|builder| builder.policies(policies)).await;
    let go = Go(&world, token);
    go.read("auth/token/lookup-self").await.expect(200);
    let path = recipe.split_once("secret \\\"").unwrap().1.split('\\').next().unwrap().to_owned();
    let mount = go.read(&format!("sys/internal/ui/mounts/{path}")).await.expect(200).data();
    assert_eq!((&mount["path"], &mount["options"]["version"]), (&json!("secret/"), &json!("2")));
    let read = go.read(&path).await.expect(200).data();
    assert_eq!(read["data"]["key1"], "value1");
}

#[tokio::test]
async fn terraform_and_spring_read_a_secret() {
    let world = World::start().await;
    let go = Go(&world, crate::world::ROOT.to_owned());
    // Terraform's provider, with `skip_child_token`.
    go.read("auth/token/lookup-self").await.expect(200);
    let status = go.read("sys/seal-status").await.expect(200).json();
    let version = status["version"].as_str().unwrap();
    // It parses the version as SemVer, and takes `ent` behind the plus for the enterprise edition.
    let (numbers, rest) = version.split_once('+').unwrap();
    assert!(numbers.split('.').count() == 3 && !rest.contains("ent"), "{version}");
    go.read("secret/data/team/db?version=1").await.expect(200);
    go.write("auth/token/create", json!({ "display_name": "terraform" })).await.expect(405);
    // Spring Cloud Vault reads its application's secrets, and goes on where there are none.
    go.read("auth/token/lookup-self").await.expect(200);
    go.read("secret/data/application").await.expect(404);
    go.read("secret/data/team/db").await.expect(200);
}

#[test]
fn guide_shows_the_recipes_as_they_are() {
    let Ok(guide) = std::fs::read_to_string(repository().join("docs/bridge.md")) else {
        skipped("the package has no docs/bridge.md");
        return;
    };
    let recipes = [
        "external-secrets.yaml",
        "sops.yaml",
        "openbao.hcl",
        "vault-agent.hcl",
        "encryption-configuration.yaml",
        "kms-static-pod.yaml",
    ];
    for name in recipes {
        let recipe = recipe(name).unwrap();
        assert!(guide.contains(&recipe), "docs/bridge.md does not show deploy/bridge/{name}");
    }
}

#[test]
fn configuration_of_the_deployment_has_the_names_of_the_recipes() {
    let Some(recipe) = recipe("bridge.yaml") else { return };
    let (_, block) = recipe.split_once("bridge.toml: |\n").unwrap();
    let lines: Vec<&str> = block.lines().take_while(|line| line.is_empty() || line.starts_with("    ")).collect();
    let config = cloud_bridge::Config::read(&lines.join("\n")).unwrap();
    let named = |path: &str, name: &str| {
        let mount = config.mount.iter().find(|mount| mount.path == path).unwrap();
        assert!(mount.names.contains_key(name), "{path} has no {name}");
    };
    named("secret", "team/db");
    named("transit", "orders");
    // Labels, locks and the cache are those of one process.
    assert!(recipe.contains("replicas: 1\n") || config.mount.iter().all(|mount| !mount.writable));
}
