//! What a scan finds: always the same in the same account, so that tests can count on it.

use serde_json::json;

use super::request::Upsert;

/// A scan that has ended without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::risken) struct Ended {
    /// The name of the data source.
    pub(in crate::risken) source: String,
    /// The number of the AWS account.
    pub(in crate::risken) account: String,
    pub(in crate::risken) project_id: u32,
    /// When it ended, in Unix seconds.
    pub(in crate::risken) at: i64,
}

/// A finding with its tags.
pub(super) struct Found {
    pub(super) finding: Upsert,
    pub(super) tags: Vec<String>,
}

/// A finding of a data source: its short name, resource, description and score; `{}` is the account.
struct Template {
    source: &'static str,
    name: &'static str,
    resource: &'static str,
    description: &'static str,
    score: f32,
    most: f32,
}

const fn template(
    source: &'static str,
    name: &'static str,
    resource: &'static str,
    description: &'static str,
    (score, most): (f32, f32),
) -> Template {
    Template { source, name, resource, description, score, most }
}

const TEMPLATES: [Template; 10] = [
    template(
        "aws:guard-duty",
        "ssh-scan",
        "arn:aws:ec2:ap-northeast-1:{}:instance/i-01",
        "An instance is probed over SSH.",
        (5.0, 10.0),
    ),
    template(
        "aws:guard-duty",
        "mining",
        "arn:aws:ec2:ap-northeast-1:{}:instance/i-02",
        "An instance mines a currency.",
        (8.0, 10.0),
    ),
    template(
        "aws:access-analyzer",
        "public-bucket",
        "arn:aws:s3:::{}-public",
        "A bucket can be read by everyone.",
        (0.7, 1.0),
    ),
    template(
        "aws:access-analyzer",
        "shared-role",
        "arn:aws:iam::{}:role/shared",
        "A role can be used from another account.",
        (0.5, 1.0),
    ),
    template(
        "aws:admin-checker",
        "admin-user",
        "arn:aws:iam::{}:user/admin",
        "A user is an administrator.",
        (0.9, 1.0),
    ),
    template(
        "aws:admin-checker",
        "old-key",
        "arn:aws:iam::{}:user/deploy",
        "An access key was never rotated.",
        (0.4, 1.0),
    ),
    template(
        "aws:cloudsploit",
        "open-group",
        "arn:aws:ec2:ap-northeast-1:{}:security-group/sg-01",
        "A security group is open to all.",
        (6.0, 10.0),
    ),
    template(
        "aws:cloudsploit",
        "plain-volume",
        "arn:aws:ec2:ap-northeast-1:{}:volume/vol-01",
        "A volume is not encrypted.",
        (3.0, 10.0),
    ),
    template(
        "aws:portscan",
        "port-22",
        "arn:aws:ec2:ap-northeast-1:{}:instance/i-01",
        "Port 22 is reachable.",
        (6.0, 10.0),
    ),
    template(
        "aws:portscan",
        "port-443",
        "arn:aws:elasticloadbalancing:ap-northeast-1:{}:loadbalancer/web",
        "Port 443 is reachable.",
        (1.0, 10.0),
    ),
];

impl Ended {
    /// The scan of the one attachment of the seed.
    pub(super) fn seed() -> Self {
        Self {
            source: "aws:guard-duty".to_owned(),
            account: "123456789012".to_owned(),
            project_id: 1001,
            at: 1_629_337_534,
        }
    }

    /// What it has found.
    pub(super) fn findings(&self) -> impl Iterator<Item = Found> {
        let own = TEMPLATES.iter().filter(|template| template.source == self.source);
        own.map(|template| {
            let resource_name = template.resource.replace("{}", &self.account);
            let data = json!({ "account": self.account, "resource": resource_name, "rule": template.name });
            let kind = self.source.strip_prefix("aws:").unwrap_or(&self.source);
            Found {
                finding: Upsert {
                    description: template.description.to_owned(),
                    data_source: self.source.clone(),
                    data_source_id: format!("{}/{}", self.account, template.name),
                    resource_name,
                    project_id: self.project_id,
                    original_score: template.score,
                    original_max_score: template.most,
                    data: data.to_string(),
                },
                tags: vec!["aws".to_owned(), kind.to_owned(), self.account.clone()],
            }
        })
    }
}
