//! Generated lines inside hand-written files: what is between a pair of markers is replaced.
//!
//! An opening marker is a comment line `codegen: NAME`, a closing one `/codegen`, in the file's own comment syntax.

/// Opening and closing of a comment line in Markdown, TOML and Rust.
const COMMENTS: &[(&str, &str)] = &[("<!-- ", " -->"), ("# ", ""), ("// ", "")];

/// Replaces the lines of every block; `render` gives the lines of a name, each block's name once.
///
/// # Errors
/// A name that `render` does not know, or a marker without its partner.
pub(crate) fn replace(text: &str, render: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<&str> = None;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let number = index + 1;
        match (marker(line), open) {
            (Some(Marker::Open(name)), None) => {
                let lines = render(name).ok_or_else(|| format!("line {number}: there is no block `{name}`"))?;
                out.push_str(line);
                out.push_str(&lines);
                open = Some(name);
            }
            (Some(Marker::Open(_)), Some(name)) => {
                return Err(format!("line {number}: the block `{name}` is still open"));
            }
            (Some(Marker::Close), None) => return Err(format!("line {number}: there is no open block")),
            (Some(Marker::Close), Some(_)) => {
                out.push_str(line);
                open = None;
            }
            (None, None) => out.push_str(line),
            (None, Some(_)) => {}
        }
    }
    match open {
        None => Ok(out),
        Some(name) => Err(format!("the block `{name}` is not closed")),
    }
}

/// Whether the text has a block of this name.
pub(crate) fn has(text: &str, name: &str) -> bool {
    text.lines().any(|line| matches!(marker(line), Some(Marker::Open(found)) if found == name))
}

enum Marker<'a> {
    Open(&'a str),
    Close,
}

fn marker(line: &str) -> Option<Marker<'_>> {
    let line = line.trim();
    let inside = |(opening, closing): &(&str, &str)| line.strip_prefix(*opening)?.strip_suffix(*closing);
    let comment = COMMENTS.iter().find_map(inside)?;
    match comment.strip_prefix("codegen: ") {
        Some(name) => Some(Marker::Open(name.trim())),
        None => (comment == "/codegen").then_some(Marker::Close),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str) -> Result<String, String> {
        replace(text, |name| (name == "a").then(|| "new\n".to_owned()))
    }

    #[test]
    fn block_is_replaced_in_every_comment_syntax() {
        for (open, close) in [
            ("<!-- codegen: a -->", "<!-- /codegen -->"),
            ("# codegen: a", "# /codegen"),
            ("    // codegen: a", "    // /codegen"),
        ] {
            let text = format!("before\n{open}\nold\nolder\n{close}\nafter\n");
            assert_eq!(replaced(&text).unwrap(), format!("before\n{open}\nnew\n{close}\nafter\n"));
            assert!(has(&text, "a") && !has(&text, "b"));
        }
    }

    #[test]
    fn text_without_blocks_is_unchanged() {
        assert_eq!(replaced("a\nb").unwrap(), "a\nb");
    }

    #[test]
    fn broken_markers_are_refused() {
        for (text, message) in [
            ("# codegen: b\n# /codegen\n", "line 1: there is no block `b`"),
            ("# codegen: a\n# codegen: a\n", "line 2: the block `a` is still open"),
            ("# /codegen\n", "line 1: there is no open block"),
            ("# codegen: a\n", "the block `a` is not closed"),
        ] {
            assert_eq!(replaced(text).unwrap_err(), message);
        }
    }
}
