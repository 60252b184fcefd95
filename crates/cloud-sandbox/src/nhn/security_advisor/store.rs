//! The rules, their last results and the settings of inspections.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rules::{self, Rule};

/// The state of the service.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Store {
    /// When the project was inspected last; nothing before the first time, and where seed data take it away.
    #[serde(default)]
    pub(super) latest_inspection_time: Option<String>,
    pub(super) setting: Setting,
    /// The rules by number.
    pub(super) rules: BTreeMap<u32, Rule>,
}

/// How inspections run by themselves.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Setting {
    pub(super) emails: Vec<String>,
    pub(super) is_enable_auto_inspect: bool,
    pub(super) inspection_list: Vec<u32>,
    pub(super) inspection_cycle: Cycle,
    pub(super) is_whole: bool,
}

/// When an inspection starts by itself.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Cycle {
    pub(super) is_week: bool,
    pub(super) time: String,
    pub(super) day: u8,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            latest_inspection_time: Some("2025-03-11T16:00:32+09:00".to_owned()),
            setting: Setting::default(),
            rules: rules::seed(),
        }
    }
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            emails: vec!["nhncloud@nhn.com".to_owned()],
            is_enable_auto_inspect: true,
            inspection_list: (1..=9).collect(),
            inspection_cycle: Cycle::default(),
            is_whole: false,
        }
    }
}

impl Default for Cycle {
    fn default() -> Self {
        Self { is_week: true, time: "00:00".to_owned(), day: 2 }
    }
}
