//! A plan as a line for a shell.

use http::header::CONTENT_TYPE;

use super::{Plan, PlannedHeader};
use crate::operation::Method;

/// The variable that names the file with the body.
pub(super) const BODY: &str = "BODY_FILE";

/// The variable of a value that has no setting: `x-client-id` is `X_CLIENT_ID`.
pub(super) fn variable_of(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// The text as one word, in which the shell replaces nothing.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

impl Plan {
    pub(super) fn curl(&self) -> String {
        let mut steps = Vec::new();
        let checks: Vec<_> = self.variables().iter().map(|name| format!("\"${{{name}:?}}\"")).collect();
        if !checks.is_empty() {
            steps.push(format!(": {}", checks.join(" ")));
        }
        if self.body.is_some() {
            // curl would send no body in place of a file that it cannot read.
            steps.push(format!(": < \"${BODY}\""));
        }
        steps.push(format!("url={}", self.shell_url()));
        steps.extend(self.signature.steps.iter().cloned());
        let mut curl = format!("curl -sS -g -X {} \"$url\"", self.method().as_str());
        for header in &self.headers {
            curl.push_str(" -H ");
            curl.push_str(&self.shell_header(header));
        }
        if let Some([certificate, key]) = self.certificate {
            curl.push_str(&format!(" --cert \"${certificate}\" --key \"${key}\""));
        }
        match (&self.body, self.method()) {
            (Some(_), _) => curl.push_str(&format!(" --data-binary @\"${BODY}\"")),
            // Without a body curl would send no length, which some servers refuse.
            (None, Method::Post | Method::Put) => curl.push_str(&format!(" -H '{CONTENT_TYPE}:' -d ''")),
            (None, _) => {}
        }
        steps.push(curl);
        // In a subshell, so that no variable is left behind.
        format!("({})", steps.join(" && "))
    }

    /// The URL; the shell fills in configured values.
    fn shell_url(&self) -> String {
        let mut url = quoted(&self.url);
        for (name, variable) in &self.config {
            url = url.replace(&format!("{{{name}}}"), &format!("'\"${variable}\"'"));
        }
        url
    }

    fn shell_header(&self, header: &PlannedHeader) -> String {
        let name = &header.name;
        let added = self.signature.headers.iter().find(|(added, _)| added == name);
        match (added, &header.variable, &header.value) {
            (Some((_, text)), _, _) => format!("\"{name}: {text}\""),
            (None, Some(variable), _) => format!("\"{name}: ${variable}\""),
            (None, None, value) => quoted(&format!("{name}: {}", value.as_deref().unwrap_or_default())),
        }
    }
}
