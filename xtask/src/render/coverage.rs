//! The table of everything that can be called.

use super::line;
use crate::ir::{Argument, Idempotency, Operation, Service, Version};

/// `docs/coverage.md`: one row for each operation of each version, with totals.
pub(crate) fn coverage(services: &[Service]) -> String {
    let mut text = String::from(
        "# Coverage\n\n\
         Every operation that the vendors document, in every version, with its place in Rust.\n\
         Written by `cargo xtask codegen` from `fixtures/`; do not edit.\n\n\
         | vendor | service | version | state | operations |\n|---|---|---|---|---:|\n",
    );
    let mut total = 0;
    for service in services {
        for version in &service.versions {
            let count = version.operations.len();
            total += count;
            let (vendor, name, number, state) = (&service.vendor.name, &service.name, &version.number, state(version));
            line(&mut text, format_args!("| {vendor} | {name} | {number} | {state} | {count} |"));
        }
        let count: usize = service.versions.iter().map(|version| version.operations.len()).sum();
        line(&mut text, format_args!("| {} | {} | all | | **{count}** |", service.vendor.name, service.name));
    }
    line(&mut text, format_args!("| | | | **in all** | **{total}** |"));
    for service in services {
        let (title, vendor, name) = (&service.title, &service.vendor.name, &service.name);
        line(&mut text, format_args!("\n## {title} ({vendor}, `{name}`)\n"));
        line(&mut text, format_args!("| version | state | operation | request | Rust | sent again |"));
        line(&mut text, format_args!("|---|---|---|---|---|---|"));
        for version in &service.versions {
            rows(&mut text, service, version);
        }
    }
    text
}

fn rows(text: &mut String, service: &Service, version: &Version) {
    for operation in &version.operations {
        let path = format!("{}::{}::{}::Client", service.vendor.path(), service.module, version.module);
        let again = match operation.idempotency {
            Idempotency::Safe => "safe",
            Idempotency::Idempotent => "idempotent",
            Idempotency::Unsafe => "unsafe",
        };
        line(
            text,
            format_args!(
                "| {} | {} | {} | `{} {}` | `{path}::{}` | {again} |",
                version.number,
                state(version),
                operation.title.replace('|', "\\|"),
                operation.method.wire(),
                request(operation),
                operation.name,
            ),
        );
    }
}

/// The path with the query parameters that must be there.
fn request(operation: &Operation) -> String {
    let names: Vec<&str> = operation
        .arguments
        .iter()
        .flat_map(|argument| match argument {
            Argument::Path(_) => vec![],
            Argument::Query(parameter) => vec![parameter.wire.as_str()],
            Argument::Period { from, to } => vec![from.wire.as_str(), to.wire.as_str()],
        })
        .collect();
    if names.is_empty() {
        return operation.template.clone();
    }
    let pairs: Vec<String> = names.iter().map(|name| format!("{name}={{{name}}}")).collect();
    format!("{}?{}", operation.template, pairs.join("&"))
}

fn state(version: &Version) -> String {
    let state = version.status.as_deref().unwrap_or("-").to_lowercase();
    match &version.sunset {
        Some(day) => format!("{state}, until {day}"),
        None => state,
    }
}
