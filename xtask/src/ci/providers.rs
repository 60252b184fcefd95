//! What an SDK changes for the rest of a program: the crates it builds, and how rustls and reqwest then behave for others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{command, output, run};
use super::workspace::Workspace;
use super::{Outcome, Result};
use crate::vendors::Vendors;

/// A selection of transport and crypto provider in a build without default features.
#[derive(Clone, Copy, PartialEq)]
enum Set {
    Neither,
    Ring,
    AwsLc,
    Hyper,
    HyperAwsLc,
}

impl Set {
    const ALL: [Self; 5] = [Self::Neither, Self::Ring, Self::AwsLc, Self::Hyper, Self::HyperAwsLc];

    fn feature(self) -> Option<&'static str> {
        match self {
            Self::Neither => None,
            Self::Ring => Some("ring"),
            Self::AwsLc => Some("aws-lc-rs"),
            Self::Hyper => Some("hyper"),
            Self::HyperAwsLc => Some("hyper-aws-lc-rs"),
        }
    }

    /// Which of [`WATCHED`] a vendor crate builds.
    fn built(self) -> &'static [&'static str] {
        match self {
            Self::Neither => &[],
            Self::Ring => &["reqwest", "ring", "rustls"],
            Self::AwsLc => &["aws-lc-rs", "reqwest", "rustls"],
            Self::Hyper => &["ring", "rustls"],
            Self::HyperAwsLc => &["aws-lc-rs", "rustls"],
        }
    }
}

const WATCHED: [&str; 4] = ["aws-lc-rs", "reqwest", "ring", "rustls"];

/// Code of a program that is not the SDK's: what it depends on, and the call that must keep working.
struct Host {
    name: &'static str,
    dependencies: &'static [(&'static str, &'static [&'static str])],
    /// Installs a provider for the process.
    install: &'static str,
    call: &'static str,
    /// The sets with which it is built, and whether the call works if no provider is installed.
    works: &'static [(Set, bool)],
}

const RUSTLS: &str = "let _ = rustls::ClientConfig::builder();";
const REQWEST: &str = "let _ = reqwest::Client::new();";

/// The table of `docs/tls.md`.
const HOSTS: [Host; 5] = [
    Host {
        name: "rustls-with-aws-lc-rs",
        dependencies: &[("rustls", &["aws_lc_rs", "std"])],
        install: "rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap();",
        call: RUSTLS,
        works: &[(Set::Neither, true), (Set::Ring, false), (Set::AwsLc, true), (Set::Hyper, false)],
    },
    Host {
        name: "rustls-with-ring",
        dependencies: &[("rustls", &["ring", "std"])],
        install: "rustls::crypto::ring::default_provider().install_default().unwrap();",
        call: RUSTLS,
        works: &[(Set::Neither, true), (Set::Ring, true), (Set::AwsLc, false), (Set::Hyper, true)],
    },
    Host {
        name: "reqwest-without-tls",
        dependencies: &[("reqwest", &[])],
        install: "",
        call: REQWEST,
        works: &[(Set::Neither, true), (Set::Ring, false), (Set::AwsLc, true), (Set::Hyper, true)],
    },
    Host {
        name: "reqwest-with-rustls",
        dependencies: &[("reqwest", &["rustls"])],
        install: "",
        call: REQWEST,
        works: &[(Set::Neither, true), (Set::Ring, true), (Set::AwsLc, true), (Set::Hyper, true)],
    },
    // Without TLS, but with a provider at hand to install.
    Host {
        name: "reqwest-and-ring",
        dependencies: &[("reqwest", &[]), ("rustls", &["ring", "std"])],
        install: "rustls::crypto::ring::default_provider().install_default().unwrap();",
        call: REQWEST,
        works: &[(Set::Ring, false)],
    },
];

/// How a client of each vendor crate is built.
const CLIENTS: [(&str, &str); 3] = [
    ("scp-security", "scp_security::Scp::builder().endpoint(\"https://example.com\").credentials(\"key\", \"secret\")"),
    ("nhn-security", "nhn_security::Nhn::builder().endpoint(\"https://example.com\")"),
    ("risken-aws", "risken_aws::Risken::builder().endpoint(\"https://example.com\").access_token(\"token\")"),
];

/// What the sandbox builds with its features; by default without any.
const SANDBOX: [(Option<&[&str]>, &[&str]); 3] = [
    (None, &["ring", "rustls"]),
    (Some(&["ring"]), &["ring", "rustls"]),
    (Some(&["aws-lc-rs"]), &["aws-lc-rs", "rustls"]),
];

/// A vendor crate as a dependency: its name and its first service.
struct Sdk {
    package: String,
    service: String,
    client: &'static str,
}

pub(super) fn check(workspace: &Workspace) -> Result<Outcome> {
    let sdks = sdks(&workspace.root)?;
    for sdk in &sdks {
        trees(&workspace.root, sdk)?;
    }
    for (features, wanted) in SANDBOX {
        built(&workspace.root, "cloud-sandbox", features, wanted)?;
    }
    let place = Place { folder: workspace.folder("providers"), workspace };
    place.prepare(&sdks)?;
    for host in &HOSTS {
        if host.works.contains(&(Set::Neither, true)) {
            place.build(&[host.name.to_owned()])?;
            place.expect(host.name, &[], &["works"])?;
        }
        for &(set, works) in host.works {
            let names: Vec<String> = sdks.iter().map(|sdk| name(sdk, set, host)).collect();
            place.build(&names)?;
            for name in &names {
                place.judge(name, set, host, works)?;
            }
        }
    }
    Ok(Outcome::Passed)
}

fn sdks(root: &Path) -> Result<Vec<Sdk>> {
    let vendors = Vendors::load(root)?;
    let sdk = |(package, features): (&str, Vec<String>)| {
        let client = CLIENTS.iter().find(|(name, _)| *name == package).map(|(_, client)| *client);
        let client = client.ok_or_else(|| format!("xtask/src/ci/providers.rs builds no client of {package}"))?;
        let service = features.into_iter().next().ok_or_else(|| format!("{package} has no service"))?;
        Ok(Sdk { package: package.to_owned(), service, client })
    };
    vendors.features().map(sdk).collect()
}

/// Compares what each set of features builds with what it should build.
fn trees(root: &Path, sdk: &Sdk) -> Result<()> {
    let package = sdk.package.as_str();
    let minimal = Set::ALL.map(|set| (features(sdk, set), set));
    for (features, set) in minimal.iter().map(|(features, set)| (Some(features), *set)).chain([(None, Set::Ring)]) {
        built(root, package, features.map(Vec::as_slice), set.built())?;
    }
    Ok(())
}

/// Compares which of [`WATCHED`] a package builds with some features, or by default, with what it should build.
fn built(root: &Path, package: &str, features: Option<&[&str]>, wanted: &[&str]) -> Result<()> {
    let mut tree = command(root, "cargo", &["tree", "--offline", "--edges", "normal", "--prefix", "none"]);
    tree.args(["--format", "{p}", "--package", package]);
    if let Some(features) = features {
        tree.args(["--no-default-features", "--features", &features.join(",")]);
    }
    let text = String::from_utf8(output(tree).ok_or("cargo tree failed")?)?;
    let has = |name: &&str| text.lines().any(|line| line.split(' ').next() == Some(*name));
    let built: Vec<&str> = WATCHED.into_iter().filter(has).collect();
    if built != wanted {
        let shown = features.map_or_else(|| "default".to_owned(), |features| features.join(","));
        return Err(format!("{package} with {shown} builds {built:?}, expected {wanted:?}").into());
    }
    Ok(())
}

fn features(sdk: &Sdk, set: Set) -> Vec<&str> {
    [Some(sdk.service.as_str()), set.feature()].into_iter().flatten().collect()
}

fn name(sdk: &Sdk, set: Set, host: &Host) -> String {
    format!("{}-{}-{}", sdk.package, set.feature().unwrap_or("neither"), host.name)
}

/// The generated programs: a workspace of their own, so that each is resolved as a user's program is.
struct Place<'a> {
    folder: PathBuf,
    workspace: &'a Workspace,
}

impl Place<'_> {
    fn prepare(&self, sdks: &[Sdk]) -> Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)?;
        }
        let root = &self.workspace.root;
        let table: toml::Table = fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
        let version = |name: &str| {
            let entry = table.get("workspace")?.get("dependencies")?.get(name)?;
            entry.get("version").and_then(toml::Value::as_str).map(str::to_owned)
        };
        for host in &HOSTS {
            let mut dependencies = String::new();
            for (name, features) in host.dependencies {
                let version = version(name).ok_or_else(|| format!("the workspace has no version of {name}"))?;
                dependencies += &format!(
                    "{name} = {{ version = \"{version}\", default-features = false, features = {features:?} }}\n"
                );
            }
            self.program(host.name, &dependencies, host, None)?;
            for sdk in sdks {
                for &(set, _) in host.works {
                    let (package, path) = (&sdk.package, root.join("crates").join(&sdk.package));
                    let own = format!(
                        "{dependencies}{package} = {{ path = {path:?}, default-features = false, features = {:?} }}\n",
                        features(sdk, set)
                    );
                    self.program(&name(sdk, set, host), &own, host, Some(sdk.client))?;
                }
            }
        }
        fs::write(self.folder.join("Cargo.toml"), "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n")?;
        fs::copy(root.join("Cargo.lock"), self.folder.join("Cargo.lock"))?;
        Ok(())
    }

    /// Prints what building a client gave, whether that installed a provider, and what the other call did.
    fn program(&self, name: &str, dependencies: &str, host: &Host, client: Option<&str>) -> Result<()> {
        let folder = self.folder.join(name);
        fs::create_dir_all(folder.join("src"))?;
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        let client = client.map_or_else(String::new, |client| {
            format!(
                "println!(\"{{}}\", {client}.build().map_or_else(|error| error.to_string(), |_| \"works\".into()));"
            )
        });
        let installed = match host.dependencies.iter().any(|(name, _)| *name == "rustls") {
            true => "assert!(rustls::crypto::CryptoProvider::get_default().is_none());",
            false => "",
        };
        let Host { install, call, .. } = host;
        let source = format!(
            "fn main() {{\n    std::panic::set_hook(Box::new(|_| {{}}));\n    {client}\n    {installed}\n    \
             if std::env::args().len() > 1 {{ {install} }}\n    \
             let outcome = std::panic::catch_unwind(|| {{ {call} }});\n    \
             println!(\"{{}}\", if outcome.is_ok() {{ \"works\" }} else {{ \"panics\" }});\n}}\n"
        );
        fs::write(folder.join("src").join("main.rs"), source)?;
        Ok(())
    }

    /// Builds programs that need the same features; others would add theirs.
    fn build(&self, names: &[String]) -> Result<()> {
        let mut build = command(&self.folder, "cargo", &["build", "--quiet", "--offline"]);
        for name in names {
            build.args(["--package", name]);
        }
        super::checks::share_builds(self.workspace, &mut build);
        run(build)
    }

    fn judge(&self, name: &str, set: Set, host: &Host, works: bool) -> Result<()> {
        let call = if works { "works" } else { "panics" };
        let client = match set {
            // The features and the method that help are named.
            Set::Neither => {
                "no transport: enable the feature `ring`, `aws-lc-rs` or `hyper`, or pass a transport to .transport()"
            }
            Set::Ring | Set::AwsLc | Set::Hyper | Set::HyperAwsLc => "works",
        };
        self.expect(name, &[], &[client, call])?;
        match host.install {
            "" => Ok(()),
            _ => self.expect(name, &["install"], &[client, "works"]),
        }
    }

    fn expect(&self, name: &str, arguments: &[&str], expected: &[&str]) -> Result<()> {
        let mut program = Command::new(self.workspace.root.join("target").join("debug").join(name));
        let printed = output({
            program.args(arguments);
            program
        });
        let printed = String::from_utf8(printed.ok_or_else(|| format!("{name} failed"))?)?;
        let lines: Vec<&str> = printed.lines().collect();
        match lines == expected {
            true => Ok(()),
            false => Err(format!("{name} {arguments:?}: printed {lines:?}, expected {expected:?}").into()),
        }
    }
}
