//! What the rules of all calls share: texts of refusals, and their order.

pub(super) type Checked = Result<(), String>;

pub(super) fn cannot_be_blank() -> String {
    "cannot be blank".to_owned()
}

pub(super) fn blank(text: &str) -> Option<String> {
    text.is_empty().then(cannot_be_blank)
}

/// Lengths count bytes.
pub(super) fn at_most(text: &str, most: usize) -> Option<String> {
    (text.len() > most).then(|| format!("the length must be no more than {most}"))
}

/// What is wrong, one line for each field.
#[derive(Default)]
pub(super) struct Findings(Vec<(&'static str, String)>);

impl Findings {
    /// Keeps the first rule that a field breaks; a rule that holds is nothing.
    pub(super) fn first<const N: usize>(&mut self, field: &'static str, rules: [Option<String>; N]) {
        self.0.extend(rules.into_iter().flatten().next().map(|broken| (field, broken)));
    }

    pub(super) fn number(&mut self, field: &'static str, number: u32) {
        self.first(field, [(number == 0).then(cannot_be_blank)]);
    }

    pub(super) fn long_number(&mut self, field: &'static str, number: u64) {
        self.first(field, [(number == 0).then(cannot_be_blank)]);
    }

    pub(super) fn result(mut self) -> Checked {
        if self.0.is_empty() {
            return Ok(());
        }
        self.0.sort();
        let lines: Vec<_> = self.0.iter().map(|(field, broken)| format!("{field}: {broken}")).collect();
        Err(lines.join("; ") + ".")
    }
}
