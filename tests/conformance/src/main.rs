//! The command line: makes every call, prints a line for each, and fails if any failed.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a command says goes to its streams")]

use std::process::ExitCode;
use std::sync::Arc;

use cloud_core::Transport;
use cloud_core::transport::hyper::HyperTransport;
use cloud_core::transport::reqwest::ReqwestTransport;
use conformance::Clients;

const HELP: &str = "\
Calls every documented operation of every API version once.

usage: conformance [--endpoint URL] [--vendor NAME] [--transport NAME]

  --endpoint URL    stands for every host of every vendor
  --vendor NAME     only this vendor, by its name in fixtures/vendors.toml
  --transport NAME  `reqwest`, the default, or `hyper`

Credentials come from the variables that the SDKs read. A line for each call: `ok` or `error`,
vendor, service, version, operation. The exit status is 1 if any call failed.";

#[derive(Default)]
struct Arguments {
    endpoint: Option<String>,
    vendor: Option<String>,
    transport: Option<Arc<dyn Transport>>,
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    while let Some(word) = words.next() {
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word, None),
        };
        let value = inline.or_else(|| words.next()).ok_or_else(|| format!("{name} needs a value"));
        match name.as_str() {
            "--endpoint" => arguments.endpoint = Some(value?),
            "--vendor" => {
                let vendor = value?;
                if conformance::entries().all(|entry| entry.vendor != vendor) {
                    return Err(format!("--vendor takes one of {}", vendors().join(", ")));
                }
                arguments.vendor = Some(vendor);
            }
            "--transport" => arguments.transport = Some(transport(&value?)?),
            other => return Err(format!("unknown argument {other}: see --help")),
        }
    }
    Ok(arguments)
}

fn transport(name: &str) -> Result<Arc<dyn Transport>, String> {
    let text = |error: cloud_core::Error| error.to_string();
    match name {
        "reqwest" => Ok(Arc::new(ReqwestTransport::new().map_err(text)?)),
        "hyper" => Ok(Arc::new(HyperTransport::new().map_err(text)?)),
        _ => Err("--transport takes `reqwest` or `hyper`".to_owned()),
    }
}

/// The vendors that have operations.
fn vendors() -> Vec<&'static str> {
    let mut names: Vec<_> = conformance::entries().map(|entry| entry.vendor).collect();
    names.dedup();
    names
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if std::env::args().skip(1).any(|word| word == "--help" || word == "-h") {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let Arguments { endpoint, vendor, transport } = match read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(why) => {
            eprintln!("conformance: {why}");
            return ExitCode::from(2);
        }
    };
    let clients = Clients::from_env(endpoint.as_deref(), transport.as_ref());
    let outcomes = conformance::run(clients, vendor.as_deref(), |outcome| println!("{outcome}")).await;
    let failed = outcomes.iter().filter(|outcome| outcome.result.is_err()).count();
    println!("total {} ok {} failed {failed}", outcomes.len(), outcomes.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
