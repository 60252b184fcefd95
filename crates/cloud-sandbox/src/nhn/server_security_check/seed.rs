//! The inspections that a fresh sandbox holds: the page's two, and enough others to fill pages.

use std::collections::BTreeMap;

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::items::{Item, LINUX, WINDOWS};
use super::store::{Inspection, Kind, Os, Store};

/// Inspections besides those of the page's example; they run from the first of June on, two a day.
const OTHERS: u32 = 60;

impl Default for Store {
    fn default() -> Self {
        Self { inspections: inspections() }
    }
}

fn inspections() -> BTreeMap<u32, Inspection> {
    let mut all = BTreeMap::from([
        (1, ubuntu("test-ubuntu-1", datetime!(2025-07-17 11:42:20 +9))),
        (2, ubuntu("test-ubuntu-2", datetime!(2025-07-16 15:11:23 +9))),
    ]);
    all.extend((0..OTHERS).map(|index| (index + 3, other(index))));
    all
}

fn ubuntu(name: &str, time: OffsetDateTime) -> Inspection {
    Inspection {
        region_code: "KR1".to_owned(),
        instance_name: name.to_owned(),
        os: Os::Linux,
        kind: Kind::Os,
        system_version: "ubuntu Server 22.04 LTS".to_owned(),
        bss: "M".to_owned(),
        script_version: "G-1".to_owned(),
        execution_time: time,
        weak: first(LINUX, 3),
    }
}

fn other(index: u32) -> Inspection {
    // Three servers take turns: two Linux ones of Pangyo and a Windows one of Pyeongchon.
    let (name, region, os, system, bss) = match index % 3 {
        0 => ("web", "KR1", Os::Linux, "Rocky Linux 9", "M"),
        1 => ("pay", "KR1", Os::Linux, "ubuntu Server 22.04 LTS", "F"),
        _ => ("desk", "KR2", Os::Window, "Windows Server 2022", "F"),
    };
    let items = if os == Os::Linux { LINUX } else { WINDOWS };
    Inspection {
        region_code: region.to_owned(),
        instance_name: format!("{name}-{}", index / 3 + 1),
        os,
        kind: Kind::Os,
        system_version: system.to_owned(),
        bss: bss.to_owned(),
        script_version: "G-1".to_owned(),
        execution_time: datetime!(2025-06-01 09:00:00 +9) + Duration::hours(12 * i64::from(index)),
        weak: first(items, usize::try_from(index).unwrap_or(0) % items.len()),
    }
}

/// The first items: grave ones come first on the list, as a careless server fails them.
fn first(items: &[Item], count: usize) -> Vec<String> {
    items.iter().take(count).map(|item| item.id.to_owned()).collect()
}
