//! Rules about the document itself: the names that become paths, the title, the lifecycle.

use std::path::Path;

use super::Finding;
use crate::names;
use crate::openapi::Document;

/// Checks what the document says of itself.
pub(super) fn check(document: &Document, findings: &mut Vec<Finding>) {
    let (info, sdk) = (&document.info, &document.sdk);
    let status = sdk.status.as_deref().is_none_or(|status| names::STATES.contains(&status));
    let sunset = sdk.sunset.as_deref().is_none_or(names::is_day);
    for (good, pointer, text, rule) in [
        (names::is_label(&sdk.vendor), "/x-sdk/vendor", sdk.vendor.as_str(), LABEL),
        (names::is_label(&sdk.service), "/x-sdk/service", &sdk.service, LABEL),
        (names::is_title(&info.title), "/info/title", &info.title, "a title on one line"),
        (names::is_version(&info.version), "/info/version", &info.version, "a version number such as `1.2`"),
        (status, "/x-sdk/status", sdk.status.as_deref().unwrap_or_default(), "a lifecycle state"),
        (sunset, "/x-sdk/sunset", sdk.sunset.as_deref().unwrap_or_default(), "a day such as `2026-08-31`"),
    ] {
        if !good {
            findings.push(Finding::new(pointer, format!("`{text}` is not {rule}")));
        }
    }
    for (path, method, operation) in document.operations() {
        let split = operation.sdk.split.as_ref().and_then(|split| split.title.as_deref());
        for title in operation.sdk.title.as_deref().into_iter().chain(split).filter(|title| !names::is_title(title)) {
            findings.push(Finding::new(
                format!("/paths ({method} {path})"),
                format!("`{title}` is not a title on one line"),
            ));
        }
    }
}

const LABEL: &str = "lower-case letters, digits and dashes, beginning with a letter";

/// Checks that the file is called after its content.
pub(super) fn placed(path: &Path, document: &Document, findings: &mut Vec<Finding>) {
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let (sdk, version) = (&document.sdk, &document.info.version);
    let wanted = format!("{}/{}-{version}.json", sdk.vendor, sdk.service);
    if format!("{folder}/{file}") != wanted {
        findings.push(Finding::new("/x-sdk/service", format!("the file of this content is `{wanted}`")));
    }
}
