//! Warns about versions that end soon, or have ended since the vendor's list was read.

use std::error::Error;
use std::fs;
use std::path::Path;

use crate::names::day_number;
use crate::openapi::Document;
use crate::vendors::Vendors;

/// How many days ahead.
const AHEAD: i64 = 90;

/// The versions below `root` that end within ninety days of `today`, which counts from 1970. What is generated goes by
/// the committed days alone, so this only warns.
///
/// # Errors
/// A table or document that cannot be read.
pub fn ending(root: &Path, today: i64) -> Result<Vec<String>, Box<dyn Error>> {
    let vendors = Vendors::load(root)?;
    let mut lines = Vec::new();
    for path in super::fixture_files(&root.join("fixtures"))? {
        // What cannot be parsed is a finding.
        let Ok(document) = Document::parse(&fs::read_to_string(&path)?) else { continue };
        let (sdk, number) = (&document.sdk, &document.info.version);
        let service = vendors.get(&sdk.vendor).and_then(|own| own.service(&sdk.service));
        let listed = service.and_then(|own| own.listed.as_ref());
        let sunset = listed.map_or(sdk.sunset.as_deref(), |own| own.sunset(number, sdk.sunset.as_deref()));
        let Some((sunset, day)) = sunset.and_then(|text| Some((text, day_number(text)?))) else {
            continue;
        };
        let as_of = listed.map(|own| own.as_of.as_str());
        let known = as_of.is_some_and(|as_of| sunset < as_of);
        let name = format!("{} {} {number}", sdk.vendor, sdk.service);
        match day - today {
            _ if known => {}
            left @ 0..=AHEAD => lines.push(format!("{name} ends on {sunset}, in {left} days")),
            ..0 => lines.push(format!("{name} ended on {sunset}: read the vendor's list again, and set its `as_of`")),
            _ => {}
        }
    }
    Ok(lines)
}
