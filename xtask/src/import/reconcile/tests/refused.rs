//! What the import does not understand, it refuses with the line.

use super::*;

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (vendor, page, from, to, told) in [
        ("nhn", PUBLIC, "[Response Body]", "[Answer Body]", "`[Answer Body]` is not a known mark"),
        ("nhn", PUBLIC, "| keyId | String |", "| keyId | Text |", "`Text` is not a known type"),
        ("nhn", PUBLIC, "| keyId | String |prose |", "| keyId | String |", "row of 2 cells, the table has 3"),
        ("nhn", PUBLIC, "| Name | Type | Description |", "| Name | Kind | Words |", "table with the unknown columns"),
        ("nhn", PUBLIC, "PUT https", "PATCH https", "`patch` is not a known method"),
        ("nhn", PUBLIC, "PUT https", "SEND https", "is neither a call nor an example"),
        ("nhn", PUBLIC, "| keyVersion |", "| otherVersion |", "`otherVersion` is not in the address"),
        ("nhn", PUBLIC, "\"keyId\": \"0fdd\"", "\"keyId\": : \"0fdd\"", "example is not valid JSON"),
        ("nhn", PUBLIC, "| name | String | prose |", "| key | String | prose |", "`key` stands twice in the table"),
        (
            "nhn",
            PUBLIC,
            "{ipv4s\\|macs}",
            "{ipv4s\\|macs\\|dns}",
            "auths/dns is in the list of calls, and not described",
        ),
        ("nhn", PUBLIC, "/auths/{ipv4s\\|macs} |", "/auths/macs |", "auths/ipv4s is not in the list of calls"),
        ("nhn", SPACED, "/advisor/", "/other/", "unknown service"),
        ("nhn", BARRED, "| Integer | X |", "| Integer | N |", "`N` is neither O nor X"),
        ("nhn", BARRED, "| limit | Query |", "| limit | Cookie |", "`Cookie` is not a known place"),
        ("risken", RISKEN, "| float | query |", "| double | query |", "has no known type and place"),
        ("risken", RISKEN, "| float | query |", "| float | path |", "has no known type and place"),
        ("risken", RISKEN, "GET: /thing/list-thing/", "GET /thing/list-thing/", "is not a call such as"),
        ("risken", RISKEN, "Status: 200 OK", "Status: 201 Created", "is not a known status"),
        ("risken", RISKEN, "--header 'Auth", "--compressed 'Auth", "is not a known part of a sample"),
        ("risken", RISKEN, "api/v1/thing/put-thing/", "api/v1/thing/put/", "the sample calls another address"),
        ("risken", RISKEN, "{\"project_id\":1001,", "{\"project_id\":,", "example is not valid JSON"),
        ("risken", RISKEN, "POST: /thing/", "POST: /other/", "the sample calls another address"),
        ("risken", RISKEN_TEXT, "thing.score number body Score", "thing.score", "is not a row of a parameter"),
    ] {
        let lines: Vec<&str> = page.lines().collect();
        let line = lines.iter().position(|line| line.contains(from)).unwrap_or_else(|| panic!("{from}")) + 1;
        let changed = page.replacen(from, to, 1);
        let error = compare(vendor, &[changed], &Fixtures::new(), &Known::default()).err();
        let error = error.unwrap_or_else(|| panic!("{to} is accepted")).to_string();
        assert!(error.contains(told), "{told}: {error}");
        let found: usize =
            error.split(' ').nth(1).and_then(|own| own.parse().ok()).unwrap_or_else(|| panic!("{error}"));
        // A call that the list lacks, or the sample of another address, is named where it stands: further down.
        assert!(
            found.abs_diff(line) <= 20 || told.contains("list of calls") || told.contains("sample"),
            "{error}, not {line}"
        );
        assert!(found > 1, "{error}");
    }
}

#[test]
fn error_of_several_pages_tells_which_one() {
    let pages = [PUBLIC.to_owned(), LATER.replace("[Response Body]", "[Answer]")];
    let error = compare("nhn", &pages, &Fixtures::new(), &Known::default()).unwrap_err().to_string();
    assert_eq!(error, "page 2, line 11 of the page: `[Answer]` is not a known mark");
}

#[test]
fn page_without_calls_is_refused() {
    for vendor in ["nhn", "risken"] {
        let error = compare(vendor, &["prose\n".to_owned()], &Fixtures::new(), &Known::default()).unwrap_err();
        assert!(error.to_string().contains("no call such as"), "{error}");
    }
    assert!(compare("other", &[String::new()], &Fixtures::new(), &Known::default()).is_err());
}

#[test]
fn name_that_would_leave_the_folder_is_refused() {
    for name in ["..", "Thing", "a b", "a.b"] {
        let page = RISKEN.replace("/thing/", &format!("/{name}/"));
        let error = compare("risken", &[page], &Fixtures::new(), &Known::default()).unwrap_err();
        assert!(error.to_string().contains("is not the name of a service"), "{name}: {error}");
    }
}

#[test]
fn check_fails_with_the_number_of_differences() {
    let root = std::env::temp_dir().join(format!("xtask-import-risken-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir_all(&root).unwrap();
    let page = root.join("page.md");
    std::fs::write(&page, RISKEN).unwrap();
    let name = page.to_string_lossy().into_owned();
    let run = |check| super::super::super::run(&root, "risken", &[&name], check);
    assert_eq!(run(true).unwrap_err().to_string(), "1 differences between the page and the fixtures");
    run(false).unwrap();
    run(true).unwrap();
    std::fs::write(&page, RISKEN.replace("\"total\": 1", "\"count\": 1")).unwrap();
    assert_eq!(run(true).unwrap_err().to_string(), "3 differences between the page and the fixtures");
    assert!(root.join("fixtures/risken/thing-1.json").exists());
    std::fs::remove_dir_all(&root).unwrap();
}
