//! Paths as RISKEN's router sees them.

use std::borrow::Cow;

use crate::http::percent_decode_bytes;

/// The path that is routed; nothing where an escape is broken.
///
/// The router compares the path as it was sent, but the step before it, which removes one slash at the end, leaves the
/// decoded path behind when it finds one. So escapes count only in a path whose decoded form ends in a slash.
pub(super) fn routed(path: &str) -> Option<Cow<'_, str>> {
    let decoded = percent_decode_bytes(path)?;
    let stripped = decoded.strip_suffix(b"/").filter(|rest| !rest.is_empty());
    let stripped = stripped.and_then(|rest| String::from_utf8(rest.to_vec()).ok());
    Some(stripped.map_or(Cow::Borrowed(path), Cow::Owned))
}

/// The gateway's own operation at a path. Signing in and out take one more slash, being routers of their own.
pub(super) fn gateway_operation(routed: &str) -> Option<&'static str> {
    match routed {
        "/api/v1/signin" | "/api/v1/signin/" => Some("signin"),
        "/api/v1/signout" | "/api/v1/signout/" => Some("signout"),
        "/healthz" => Some("healthz"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_at_the_end_is_removed_and_decodes_the_path() {
        for (sent, wanted) in [
            ("/a/b", Some("/a/b")),
            ("/a/b/", Some("/a/b")),
            ("/a/b//", Some("/a/b/")),
            ("/a/b%2F", Some("/a/b")),
            ("/a/b%2f/", Some("/a/b/")),
            ("/a/%62", Some("/a/%62")),
            ("/a/%62/", Some("/a/b")),
            ("/", Some("/")),
            ("/%ff/", Some("/%ff/")),
            ("/a/%zz", None),
            ("/a/%", None),
            ("/a/%2", None),
        ] {
            assert_eq!(routed(sent).as_deref(), wanted, "{sent}");
        }
    }
}
