//! An event: one type for the classes that this family of services needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use cloud_core::Json;

use crate::{
    Activity, Class, Cloud, Compliance, ComplianceStatus, FindingInfo, Metadata, Millis, Remediation, Resource,
    Severity, Status,
};

/// An OCSF event.
///
/// [`Event::compliance`], [`Event::detection`] and [`Event::inventory`] create one with all that its class demands.
/// Reading keeps every field, also of classes and versions that this crate does not know, and writing returns it. A
/// field that this crate names is left out if its value is `null`, which means the same. `Debug` does not show the
/// vendor's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub activity_id: Activity,
    /// The caption of `activity_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity_name: Option<String>,
    /// The category: the thousands of the class.
    pub category_uid: u32,
    /// The caption of `category_uid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_name: Option<String>,
    /// The class.
    pub class_uid: Class,
    /// The caption of `class_uid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_name: Option<String>,
    /// Class and activity in one number.
    pub type_uid: u64,
    /// Their captions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// When the vendor found it.
    pub time: Millis,
    /// How grave it is.
    pub severity_id: Severity,
    /// The caption of `severity_id`, or the vendor's word for one that the schema does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// The state of a finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_id: Option<Status>,
    /// The caption of `status_id`, or the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Why the state is what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_detail: Option<String>,
    /// The event as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The product, the version of the schema and the profiles.
    pub metadata: Metadata,
    /// The cloud and the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<Cloud>,
    /// What was found; not in an inventory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding_info: Option<FindingInfo>,
    /// The check; of a compliance finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliance: Option<Compliance>,
    /// The remedy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediation: Option<Remediation>,
    /// The resources that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<Resource>>,
    /// What the vendor sent, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmapped: Option<Json>,
    /// The fields that this type does not name.
    #[serde(flatten)]
    pub other: BTreeMap<String, Json>,
}

impl Event {
    /// Creates a Compliance Finding (2003): the result of a check.
    #[must_use]
    pub fn compliance(
        metadata: Metadata,
        info: FindingInfo,
        check: Compliance,
        severity: Severity,
        time: Millis,
    ) -> Self {
        let mut event = Self::new(Class::COMPLIANCE_FINDING, Activity::CREATE, metadata, severity, time);
        event.finding_info = Some(info);
        event.compliance = Some(check);
        event
    }

    /// Creates a Detection Finding (2004): what a scanner has found.
    #[must_use]
    pub fn detection(metadata: Metadata, info: FindingInfo, severity: Severity, time: Millis) -> Self {
        let mut event = Self::new(Class::DETECTION_FINDING, Activity::CREATE, metadata, severity, time);
        event.finding_info = Some(info);
        event
    }

    /// Creates a Cloud Resources Inventory Info (5023): a resource that exists.
    #[must_use]
    pub fn inventory(metadata: Metadata, resource: Resource, time: Millis) -> Self {
        let (class, activity) = (Class::CLOUD_RESOURCES_INVENTORY_INFO, Activity::COLLECT);
        let mut event = Self::new(class, activity, metadata, Severity::INFORMATIONAL, time);
        event.resources = Some(vec![resource]);
        event
    }

    fn new(class: Class, activity: Activity, metadata: Metadata, severity: Severity, time: Millis) -> Self {
        let category_uid = class.0 / 1000;
        let category = match category_uid {
            2 => Some("Findings"),
            5 => Some("Discovery"),
            _ => None,
        };
        let mut event = Self {
            activity_id: activity,
            activity_name: None,
            category_uid,
            category_name: category.map(str::to_owned),
            class_uid: class,
            class_name: class.caption().map(str::to_owned),
            type_uid: 0,
            type_name: None,
            time,
            severity_id: severity,
            severity: severity.caption().map(str::to_owned),
            status_id: None,
            status: None,
            status_detail: None,
            message: None,
            metadata,
            cloud: None,
            finding_info: None,
            compliance: None,
            remediation: None,
            resources: None,
            unmapped: None,
            other: BTreeMap::new(),
        };
        event.set_activity(activity);
        event
    }

    /// Sets what happened, and the type and the captions that follow from it.
    pub fn set_activity(&mut self, activity: Activity) {
        let caption = activity.caption(self.class_uid);
        self.activity_id = activity;
        self.activity_name = caption.map(str::to_owned);
        self.type_uid = u64::from(self.class_uid.0) * 100 + u64::from(activity.0);
        self.type_name = self.class_uid.caption().zip(caption).map(|(class, activity)| format!("{class}: {activity}"));
    }

    /// Sets the state of a finding with its caption.
    pub fn set_status(&mut self, status: Status) {
        self.status_id = Some(status);
        self.status = status.caption().map(str::to_owned);
    }

    /// Sets the cloud, and names the profile of the schema that allows it.
    pub fn set_cloud(&mut self, cloud: Cloud) {
        self.cloud = Some(cloud);
        let profiles = self.metadata.profiles.get_or_insert_default();
        if !profiles.iter().any(|profile| profile == "cloud") {
            profiles.push("cloud".to_owned());
        }
    }

    /// Returns whether the event is an open finding: one that is not resolved, and whose check did not pass. A suppressed
    /// finding is open; a check that does not apply and has no state is not, and neither is an inventory.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let check = self.compliance.as_ref().and_then(|check| check.status_id);
        match (self.status_id, check) {
            _ if self.finding_info.is_none() => false,
            (Some(Status::RESOLVED), _) | (_, Some(ComplianceStatus::PASS)) => false,
            (Some(_), _) | (None, None) => true,
            (None, Some(check)) => matches!(check, ComplianceStatus::FAIL | ComplianceStatus::WARNING),
        }
    }

    /// Returns whether the event is a finding that is suppressed, such as a pending one of RISKEN.
    #[must_use]
    pub fn is_suppressed(&self) -> bool {
        self.finding_info.is_some() && self.status_id == Some(Status::SUPPRESSED)
    }

    /// Returns what identifies the event from run to run: the uid of the finding, or of the first resource.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        let finding = self.finding_info.as_ref().map(|info| info.uid.as_str());
        let resource = || self.resources.as_ref()?.first()?.uid.as_deref();
        finding.or_else(resource).filter(|uid| !uid.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        let info = FindingInfo::new("a/b".to_owned(), "A title");
        let check = Compliance::new("U-01", ComplianceStatus::FAIL);
        let time = Millis::from(cloud_core::UnixSeconds(7));
        let mut event =
            Event::compliance(Metadata::new("NHN Cloud", "Security Advisor"), info, check, Severity::HIGH, time);
        event.set_status(Status::NEW);
        event.set_cloud(Cloud::new("NHN Cloud", "project"));
        event.remediation = Some(Remediation::new("Turn it off."));
        event.resources = Some(vec![Resource::new("Instance", "web-1"), Resource::new("Instance", "web-2")]);
        event.unmapped = Some(r#"{"canary":"hunter2"}"#.parse().unwrap());
        event
    }

    #[test]
    fn class_decides_category_and_type() {
        let event = event();
        assert_eq!((event.category_uid, event.type_uid, event.time.get()), (2, 200_301, 7_000));
        assert_eq!(event.type_name.as_deref(), Some("Compliance Finding: Create"));
        let resource = Resource::new("AWS account", "1");
        let inventory = Event::inventory(Metadata::new("RISKEN", "AWS"), resource, Millis::default());
        assert_eq!((inventory.category_uid, inventory.type_uid), (5, 502_302));
        assert_eq!((event.uid(), inventory.uid()), (Some("a/b"), Some("1")));
    }

    #[test]
    fn unknown_fields_are_kept_at_every_level() {
        let mut value = serde_json::to_value(event()).unwrap();
        let finding =
            ["", "/metadata", "/metadata/product", "/cloud", "/cloud/account", "/finding_info", "/compliance"];
        for path in finding.into_iter().chain(["/remediation", "/resources/0", "/resources/1"]) {
            let object = value.pointer_mut(path).unwrap().as_object_mut().unwrap();
            object.insert("from_a_later_version".to_owned(), serde_json::json!({ "a": [1, 2.5, null] }));
        }
        let read: Event = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), value);
        let mut with_null = value.clone();
        with_null["message"] = serde_json::Value::Null;
        let read: Event = serde_json::from_value(with_null).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), value);
    }

    #[test]
    fn event_of_another_class_is_kept() {
        let text = r#"{"activity_id":1,"category_uid":3,"class_uid":3002,"is_mfa":true,"metadata":{"product":{"name":"p"},
            "version":"1.9.0"},"severity_id":1,"status_id":1,"time":1752720140123,"type_uid":300201,"user":{"uid":"u"}}"#;
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let event: Event = serde_json::from_value(value.clone()).unwrap();
        assert_eq!((event.class_uid.caption(), event.uid()), (None, None));
        assert_eq!(serde_json::to_value(&event).unwrap(), value);
    }

    #[test]
    fn open_is_what_is_neither_resolved_nor_passed() {
        let (pass, fail, warning) = (ComplianceStatus::PASS, ComplianceStatus::FAIL, ComplianceStatus::WARNING);
        let (other, unknown) = (ComplianceStatus::OTHER, ComplianceStatus::UNKNOWN);
        let (new, suppressed, resolved) = (Status::NEW, Status::SUPPRESSED, Status::RESOLVED);
        for (check, state, is_open) in [
            (Some(fail), Some(new), true),
            (Some(fail), Some(suppressed), true),
            (Some(fail), Some(resolved), false),
            (Some(fail), None, true),
            (Some(warning), None, true),
            (Some(unknown), Some(new), true),
            (Some(pass), Some(new), false),
            (Some(pass), None, false),
            (Some(other), None, false),
            (Some(other), Some(new), true),
            (None, Some(new), true),
            (None, Some(resolved), false),
            (None, None, true),
        ] {
            let mut event = event();
            event.compliance = check.map(|check| Compliance::new("U-01", check));
            event.status_id = state;
            assert_eq!(event.is_open(), is_open, "{check:?} {state:?}");
            assert_eq!(event.is_suppressed(), state == Some(suppressed));
        }
        let resource = Resource::new("AWS account", "1");
        assert!(!Event::inventory(Metadata::new("RISKEN", "AWS"), resource, Millis::default()).is_open());
    }

    #[test]
    fn debug_hides_the_record_of_the_vendor() {
        let shown = format!("{:?}", event());
        assert!(shown.contains("canary") && !shown.contains("hunter2"), "{shown}");
    }
}
