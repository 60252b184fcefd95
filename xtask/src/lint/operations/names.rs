//! Rules about the names of operations.

use std::collections::BTreeSet;

use super::Check;

/// The first words of operations, so that the same act has the same name in every service. `show` reads one resource,
/// `list` several, `put` creates or replaces; `schedule` is a deletion that can be cancelled.
const VERBS: &[&str] = &[
    "add", "attach", "check", "confirm", "create", "decrypt", "delete", "detach", "encrypt", "export", "generate",
    "invoke", "list", "put", "replace", "request", "restore", "rewrap", "rotate", "schedule", "set", "show", "sign",
    "tag", "untag", "update", "validate", "verify",
];

impl<'a> Check<'a, '_> {
    pub(super) fn names(&mut self, names: &mut BTreeSet<&'a str>) {
        let operation = self.operation;
        self.described("/summary", operation.summary.as_deref());
        self.described("/description", operation.description.as_deref());
        let split = operation.sdk.split.as_ref();
        let own = [("/operationId", operation.operation_id.as_str())];
        let other = split.map(|split| ("/x-sdk/split/operationId", split.operation_id.as_str()));
        for (inside, name) in own.into_iter().chain(other) {
            if !is_snake_case(name) {
                self.at(inside, format!("`{name}` is not snake_case"));
            }
            let verb = name.split('_').next().unwrap_or_default();
            if !VERBS.contains(&verb) {
                self.at(inside, format!("`{name}` begins with none of the verbs of operations: {}", VERBS.join(", ")));
            }
            if !names.insert(name) {
                self.at(inside, format!("`{name}` names two operations"));
            }
        }
    }
}

fn is_snake_case(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
