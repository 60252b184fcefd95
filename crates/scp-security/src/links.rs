//! The links of a list's response: where the marker of the next page is.

use cloud_core::Json;
use cloud_core::codegen::{NextMarker, percent_decode};

/// Returns the marker in the link to the next page, out of a list of `{"href", "rel"}` links; empty if the link has
/// none. Only the marker is used: the link's host is never followed. Links that are left out say nothing.
pub(crate) fn next_marker(links: Option<&[Json]>, parameter: &str) -> NextMarker {
    let Some(links) = links else { return NextMarker::Unknown };
    let next = links.iter().find(|link| text(link, "rel").as_deref() == Some("next"));
    let Some(link) = next.and_then(|next| text(next, "href")).filter(|link| !link.is_empty()) else {
        return NextMarker::End;
    };
    let link = link.split_once('#').map_or(&*link, |(link, _)| link);
    let query = link.split_once('?').map_or("", |(_, query)| query);
    let marker = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == parameter);
    NextMarker::Marker(marker.map_or_else(String::new, |(_, value)| percent_decode(value)))
}

fn text(link: &Json, name: &str) -> Option<String> {
    link.get(name)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marker_of_the_next_link_is_decoded() {
        for (links, wanted) in [
            ("[]", None),
            (r#"[{"rel":"self","href":"/x?marker=1"}]"#, None),
            (r#"[{"rel":"next","href":null}]"#, None),
            (r#"[{"rel":"next","href":""}]"#, None),
            (r#"[{"rel":"next","href":"/x"}]"#, Some("")),
            (r#"[{"rel":"next","href":"/x?limit=1"}]"#, Some("")),
            (r#"[{"rel":"next","href":"/x?marker=#marker=1"}]"#, Some("")),
            (r#"[{"rel":"next","href":"/x#?marker=1"}]"#, Some("")),
            (
                r#"[{"rel":"self","href":"/x"},{"rel":"next","href":"https://evil.example/x?limit=1&marker=a%2Fb%20c"}]"#,
                Some("a/b c"),
            ),
        ] {
            let parsed: Vec<Json> = Json::parse(links).and_then(|json| json.decode()).unwrap();
            let wanted = wanted.map_or(NextMarker::End, |marker| NextMarker::Marker(marker.to_owned()));
            assert_eq!(next_marker(Some(&parsed), "marker"), wanted, "{links}");
        }
        assert_eq!(next_marker(None, "marker"), NextMarker::Unknown);
    }
}
