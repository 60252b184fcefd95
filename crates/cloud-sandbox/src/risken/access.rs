//! Projects, tokens and roles: who may call what.

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use super::token::{Owner, Parts, hash, write};
use crate::settings::risken;

/// The last second of the year 9999 at nine hours east, the largest time that is stored.
pub(super) const LAST_SECOND: i64 = 253_402_268_399;

/// A project and what decides about its tokens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Project {
    pub(crate) id: u32,
    pub(crate) organization: Option<u32>,
    /// Whether an activated user holds a role; without one every call is refused.
    pub(crate) has_user: bool,
}

/// A policy: what a token may do, as patterns that match anywhere in a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(crate) action: String,
    pub(crate) resource: String,
}

/// A token, with its secret only as a hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) owner: Owner,
    pub(crate) id: u32,
    pub(crate) hash: String,
    /// Unix seconds.
    pub(crate) expires_at: i64,
    pub(crate) policies: Vec<Policy>,
}

/// Who may do what.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Access {
    pub(crate) projects: Vec<Project>,
    pub(crate) tokens: Vec<Token>,
}

impl Policy {
    fn new(action: &str) -> Self {
        Self { action: action.to_owned(), resource: ".*".to_owned() }
    }

    /// The role of a project administrator.
    fn admin() -> Self {
        Self::new(".*")
    }

    fn viewer() -> Self {
        Self::new("get|list")
    }

    fn finding_editor() -> Self {
        Self::new("get|list|^finding/.+|^alert/.+")
    }

    fn allows(&self, action: &str) -> bool {
        let fits = |pattern: &str, name: &str| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(name));
        let service = action.split('/').next().unwrap_or_default();
        fits(&self.action, action) && fits(&self.resource, &format!("{service}/resource_any"))
    }
}

impl Access {
    /// The token that a header carries, when it is known and has not run out.
    pub(super) fn token(&self, parts: &Parts, now: i64) -> Option<&Token> {
        let known = self.tokens.iter().find(|token| token.owner == parts.owner && token.id == parts.id)?;
        (known.hash == parts.hash() && known.expires_at >= now).then_some(known)
    }

    /// Whether a token may do something such as `aws/put-aws` for a project; zero stands for none.
    pub(super) fn allows(&self, token: &Token, project: u32, action: &str) -> bool {
        let project = match token.owner {
            Owner::Project(own) if project == 0 || project == own => self.project(own),
            Owner::Project(_) => None,
            Owner::Organization(own) => self.project(project).filter(|project| project.organization == Some(own)),
        };
        project.is_some_and(|project| project.has_user) && token.policies.iter().any(|policy| policy.allows(action))
    }

    fn project(&self, id: u32) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }
}

/// A token of the seed: what it is called, whose it is, its number, when it ends and what it may do.
type Seed = (&'static str, Owner, u32, i64, Vec<Policy>);

fn seeds() -> [Seed; 8] {
    let main = Owner::Project(risken::PROJECT_ID);
    let never = LAST_SECOND;
    let admin = || vec![Policy::admin()];
    [
        ("project-admin", main, risken::ACCESS_TOKEN_ID, never, admin()),
        ("project-viewer", main, 8, never, vec![Policy::viewer()]),
        ("finding-editor", main, 9, never, vec![Policy::finding_editor()]),
        ("no-role", main, 10, never, Vec::new()),
        ("expired", main, 11, 1_629_337_534, admin()),
        ("other-project", Owner::Project(1002), 12, never, admin()),
        ("deserted-project", Owner::Project(1004), 13, never, admin()),
        ("organization", Owner::Organization(5), 6, never, admin()),
    ]
}

/// The tokens of the seed by name, as they are handed out.
pub(crate) fn seed_tokens() -> Vec<(&'static str, String)> {
    seeds().into_iter().map(|(name, owner, id, ..)| (name, write(owner, id, risken::SECRET))).collect()
}

impl Default for Access {
    /// Two projects of one organization, one on its own, and one whose users have all left.
    fn default() -> Self {
        let project = |id, organization, has_user| Project { id, organization, has_user };
        let hash = hash(risken::SECRET);
        let tokens = seeds().into_iter().map(|(_, owner, id, expires_at, policies)| {
            let hash = hash.clone();
            Token { owner, id, hash, expires_at, policies }
        });
        Self {
            projects: vec![
                project(risken::PROJECT_ID, Some(5), true),
                project(1002, Some(5), true),
                project(1003, None, true),
                project(1004, None, false),
            ],
            tokens: tokens.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::from_header;
    use super::*;

    const NOW: i64 = 1_700_000_000;

    #[track_caller]
    fn calls(owner: Owner, id: u32, project: u32) -> Vec<&'static str> {
        let access = Access::default();
        let header = format!("Bearer {}", write(owner, id, risken::SECRET));
        let token = access.token(&from_header(&header).unwrap(), NOW).unwrap();
        let mut all = vec!["list-aws", "list-datasource", "put-aws", "delete-aws", "attach-datasource"];
        all.extend(["detach-datasource", "invoke-scan"]);
        all.retain(|endpoint| access.allows(token, project, &format!("aws/{endpoint}")));
        all
    }

    #[test]
    fn role_allows_what_its_patterns_match() {
        let main = Owner::Project(1001);
        assert_eq!(calls(main, 7, 1001).len(), 7);
        for id in [8, 9] {
            assert_eq!(calls(main, id, 1001), ["list-aws", "list-datasource"]);
        }
        assert!(calls(main, 10, 1001).is_empty());
    }

    #[test]
    fn editor_of_findings_may_change_them_and_a_viewer_may_not() {
        let access = Access::default();
        for (id, action, allowed) in [
            (9, "finding/put-finding", true),
            (9, "finding/delete-pend-finding", true),
            (9, "aws/put-aws", false),
            (8, "finding/list-finding", true),
            (8, "finding/get-pend-finding", true),
            (8, "finding/tag-finding", false),
            (10, "finding/list-finding", false),
        ] {
            let header = format!("Bearer {}", write(Owner::Project(1001), id, risken::SECRET));
            let token = access.token(&from_header(&header).unwrap(), NOW).unwrap();
            assert_eq!(access.allows(token, 1001, action), allowed, "{id} {action}");
        }
    }

    #[test]
    fn project_token_needs_no_project_and_refuses_others() {
        assert_eq!(calls(Owner::Project(1001), 7, 0).len(), 7);
        assert!(calls(Owner::Project(1001), 7, 1002).is_empty());
        assert!(calls(Owner::Project(1004), 13, 1004).is_empty(), "no user is left in the project");
    }

    #[test]
    fn organization_token_needs_one_of_its_projects() {
        for (project, count) in [(1001, 7), (1002, 7), (1003, 0), (0, 0), (9999, 0)] {
            assert_eq!(calls(Owner::Organization(5), 6, project).len(), count, "{project}");
        }
    }

    #[test]
    fn token_is_identified_by_owner_id_secret_and_date() {
        let access = Access::default();
        let known = |owner, id, secret: &str, now| {
            let header = format!("Bearer {}", write(owner, id, secret));
            access.token(&from_header(&header).unwrap(), now).is_some()
        };
        let main = Owner::Project(1001);
        assert!(known(main, 7, risken::SECRET, NOW));
        assert!(!known(main, 7, "other", NOW));
        assert!(!known(main, 6, risken::SECRET, NOW));
        assert!(!known(Owner::Project(1002), 7, risken::SECRET, NOW));
        assert!(known(main, 11, risken::SECRET, 1_629_337_534));
        assert!(!known(main, 11, risken::SECRET, 1_629_337_535));
    }
}
