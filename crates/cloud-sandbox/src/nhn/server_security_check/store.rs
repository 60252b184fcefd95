//! The inspections that the service holds, and how it shows them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::items::{self, Item, Level};

/// The state of the service.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Store {
    /// The inspections by number.
    pub(super) inspections: BTreeMap<u32, Inspection>,
}

/// One inspection of one instance.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Inspection {
    pub(super) region_code: String,
    pub(super) instance_name: String,
    pub(super) os: Os,
    #[serde(default)]
    pub(super) kind: Kind,
    pub(super) system_version: String,
    pub(super) bss: String,
    pub(super) script_version: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) execution_time: OffsetDateTime,
    /// The items that the instance did not pass.
    #[serde(default)]
    pub(super) weak: Vec<String>,
}

/// The family of operating systems, spelled as the English page does.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Os {
    Window,
    Linux,
}

/// What was inspected.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Kind {
    #[default]
    Os,
    Was,
}

impl Inspection {
    pub(super) fn items(&self) -> &'static [Item] {
        match self.os {
            Os::Linux => items::LINUX,
            Os::Window => items::WINDOWS,
        }
    }

    pub(super) fn is_weak(&self, item: &Item) -> bool {
        self.weak.iter().any(|id| id == item.id)
    }

    pub(super) fn weak_count(&self, level: Option<Level>) -> usize {
        let counts = |item: &&Item| self.is_weak(item) && level.is_none_or(|level| item.level == level);
        self.items().iter().filter(counts).count()
    }
}

pub(super) fn summary(number: u32, inspection: &Inspection) -> Value {
    json!({
        "usageStasNo": number,
        "instanceName": inspection.instance_name,
        "os": inspection.os,
        "kind": inspection.kind,
        "systemVersion": inspection.system_version,
        "bss": inspection.bss,
        "scriptVersion": inspection.script_version,
        "executionTime": inspection.execution_time.format(&Rfc3339).unwrap_or_default(),
        "checkCount": inspection.items().len(),
        "weakCount": inspection.weak_count(None),
        "level3WeakCount": inspection.weak_count(Some(Level::High)),
        "level2WeakCount": inspection.weak_count(Some(Level::Medium)),
        "level1WeakCount": inspection.weak_count(Some(Level::Low)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inspection_counts_agree_with_the_items() {
        for (number, inspection) in &Store::default().inspections {
            let shown = summary(*number, inspection);
            let count = |name: &str| shown[name].as_u64().unwrap();
            let levels = count("level3WeakCount") + count("level2WeakCount") + count("level1WeakCount");
            assert_eq!(count("weakCount"), levels, "{number}");
            assert_eq!(count("weakCount"), inspection.weak.len() as u64, "{number}");
            assert!(count("weakCount") <= count("checkCount"));
        }
    }

    #[test]
    fn seed_has_the_documented_inspections() {
        let store = Store::default();
        let first = summary(1, &store.inspections[&1]);
        assert_eq!(first["instanceName"], "test-ubuntu-1");
        assert_eq!(first["executionTime"], "2025-07-17T11:42:20+09:00");
        assert_eq!((&first["os"], &first["kind"], &first["bss"]), (&json!("Linux"), &json!("OS"), &json!("M")));
    }
}
