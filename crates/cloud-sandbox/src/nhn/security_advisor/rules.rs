//! The rules of Security Advisor: what each looks at, in which regions, and what it found last.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The regions in which a project's own resources are inspected.
const PROJECT_REGIONS: [&str; 3] = ["KR1", "KR2", "JP1"];

/// The rule about access to databases, which one region has.
const DATABASE_ACCESS: (u32, &str) = (12, "KR1");

/// One rule.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) inspect_range: Range,
    pub(super) inspect_content: Texts,
    /// What was found: for a rule about the organization the same in every region.
    #[serde(default)]
    found: Inspection,
    /// What was found where a region differs.
    #[serde(default)]
    by_region: BTreeMap<String, Inspection>,
}

/// What a rule looks at.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Range {
    /// One project.
    Project,
    /// The organization above it.
    Org,
}

/// How grave the findings are.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// A high risk.
    Critical,
    /// Caution is advised.
    Warning,
    /// Worth a look.
    Interest,
    /// Nothing was found.
    Good,
}

/// The outcome of one rule; without status and time it was never inspected.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Inspection {
    pub(super) status: Option<Status>,
    pub(super) detection_count: u32,
    pub(super) exception_count: u32,
    pub(super) inspect_time: Option<String>,
}

/// One text in the three languages.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", deny_unknown_fields)]
pub(super) struct Texts {
    ko: String,
    en: String,
    ja: String,
}

impl Texts {
    fn new([ko, en, ja]: [&str; 3]) -> Self {
        Self { ko: ko.to_owned(), en: en.to_owned(), ja: ja.to_owned() }
    }

    pub(super) fn in_language(&self, language: &str) -> &str {
        match language {
            "EN" => &self.en,
            "JA" => &self.ja,
            _ => &self.ko,
        }
    }
}

impl Rule {
    /// The outcome that a region shows; nothing where the rule is not offered there.
    pub(super) fn inspected_in(&self, number: u32, region: &str) -> Option<&Inspection> {
        let offered = match self.inspect_range {
            Range::Org => true,
            Range::Project if number == DATABASE_ACCESS.0 => region == DATABASE_ACCESS.1,
            Range::Project => PROJECT_REGIONS.contains(&region),
        };
        let own = self.by_region.get(region).filter(|_| self.inspect_range == Range::Project);
        offered.then(|| own.unwrap_or(&self.found))
    }
}

/// The default rules about the organization: what was detected, the second of the inspection, and the name in three
/// languages. They are numbered from 1.
const ORG_RULES: [(u32, u32, [&str; 3]); 9] = [
    (1, 42, ["IAM 로그인 실패 보안 점검", "IAM Login Failure Security Inspection", "IAMログイン失敗セキュリティ点検"]),
    (1, 42, ["IAM 로그인 세션 점검", "IAM Sign-in Session Inspection", "IAMログインセッション点検"]),
    (1, 42, ["IAM 로그인 세션 수 점검", "IAM Sign-in Session Count Inspection", "IAMログインセッション数点検"]),
    (
        0,
        43,
        [
            "프로젝트 멤버 중 미사용 IAM 계정 점검",
            "Inactive IAM Accounts of Project Members Inspection",
            "プロジェクトメンバーの未使用IAMアカウント点検",
        ],
    ),
    (
        0,
        43,
        [
            "프로젝트 내 IAM 계정 사용 현황 점검",
            "IAM Account Usage Status in Project Inspection",
            "プロジェクト内IAMアカウント使用状況点検",
        ],
    ),
    (
        1,
        43,
        [
            "프로젝트 멤버의 NHN Cloud 계정 2차 인증 설정 점검",
            "2FA Setting Inspection for Project Members’ NHN Cloud Accounts",
            "プロジェクトメンバーのNHN Cloudアカウント2段階認証設定点検",
        ],
    ),
    (
        1,
        43,
        [
            "프로젝트 멤버의 IAM 계정 2차 인증 설정 점검",
            "2FA Setting Inspection for Project Members’ IAM Accounts",
            "プロジェクトメンバーのIAMアカウント2段階認証設定点検",
        ],
    ),
    (0, 43, ["IAM 콘솔 도메인 설정 점검", "IAM Console Domain Setting Inspection", "IAMコンソールドメイン設定点検"]),
    (1, 43, ["IAM 콘솔 IP ACL 설정 점검", "IAM Console IP ACL Setting Inspection", "IAMコンソールIP ACL設定点検"]),
];

/// The default rules about a project: whether one was inspected, and its name. They continue the numbering.
const PROJECT_RULES: [(bool, [&str; 3]); 4] = [
    (true, ["보안 그룹 점검", "Security Groups Inspection", "セキュリティグループ点検"]),
    (
        true,
        ["데이터베이스 보안 그룹 점검", "Database Security Groups Inspection", "データベースセキュリティグループ点検"],
    ),
    (false, ["RDS 접근 제어 점검", "RDS Access Control Inspection", "RDSアクセス制御点検"]),
    (
        false,
        [
            "NCR 이미지 취약점 스캔 설정 점검",
            "NCR Image Vulnerability Scan Setting Inspection",
            "NCRイメージ脆弱性スキャン設定点検",
        ],
    ),
];

/// The rules of the page's example, and findings of their own for one more region.
pub(super) fn seed() -> BTreeMap<u32, Rule> {
    let org = ORG_RULES.map(|(detections, second, texts)| org(detections, second, texts));
    let project = PROJECT_RULES.map(|(inspected, texts)| project(inspected, texts));
    let mut rules: BTreeMap<_, _> = (1..).zip(org.into_iter().chain(project)).collect();
    if let Some(rule) = rules.get_mut(&10) {
        let time = Some("2025-03-11T16:00:41+09:00".to_owned());
        let found =
            Inspection { status: Some(Status::Warning), detection_count: 3, exception_count: 1, inspect_time: time };
        rule.by_region.insert("KR2".to_owned(), found);
    }
    rules
}

fn org(detections: u32, second: u32, texts: [&str; 3]) -> Rule {
    let found = Inspection {
        status: Some(if detections > 0 { Status::Critical } else { Status::Good }),
        detection_count: detections,
        exception_count: 0,
        inspect_time: Some(format!("2025-03-11T16:00:{second:02}+09:00")),
    };
    Rule { inspect_range: Range::Org, inspect_content: Texts::new(texts), found, by_region: BTreeMap::new() }
}

fn project(inspected: bool, texts: [&str; 3]) -> Rule {
    let found = Inspection {
        status: inspected.then_some(Status::Good),
        inspect_time: inspected.then(|| "2023-06-12T19:53:35+09:00".to_owned()),
        ..Inspection::default()
    };
    Rule { inspect_range: Range::Project, inspect_content: Texts::new(texts), found, by_region: BTreeMap::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(region: &str) -> Vec<u32> {
        let rules = seed();
        rules.iter().filter(|(number, rule)| rule.inspected_in(**number, region).is_some()).map(|(n, _)| *n).collect()
    }

    #[test]
    fn rules_depend_on_the_region() {
        let org: Vec<u32> = (1..=9).collect();
        assert_eq!(offered("US1"), org);
        assert_eq!(offered("KR1"), (1..=13).collect::<Vec<_>>());
        for region in ["KR2", "JP1"] {
            assert_eq!(offered(region), [&*org, &[10, 11, 13]].concat(), "{region}");
        }
    }

    #[test]
    fn findings_of_project_rules_alone_differ_by_region() {
        let mut rules = seed();
        let count = |rules: &BTreeMap<u32, Rule>, number, region| {
            rules[&number].inspected_in(number, region).unwrap().detection_count
        };
        assert_eq!((count(&rules, 10, "KR1"), count(&rules, 10, "KR2")), (0, 3));
        let other = Inspection { detection_count: 9, ..Inspection::default() };
        rules.get_mut(&1).unwrap().by_region.insert("KR2".to_owned(), other);
        assert_eq!(count(&rules, 1, "KR1"), count(&rules, 1, "KR2"));
    }
}
