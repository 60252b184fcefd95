//! `findings` and `certs`.

use std::collections::BTreeMap;
use std::fs;

use cloud_findings::Report;
use serde_json::Value;

use crate::world::{Folder, PERIOD, Ran, SANDBOX, command, run, variables};

/// The arguments of `findings` with the period of the sandbox's results.
fn findings(arguments: &[&str]) -> Ran {
    run(&[&["findings"], &PERIOD[..], arguments].concat())
}

fn report(ran: &Ran) -> Report {
    Report::read_jsonl(&*ran.out).unwrap()
}

#[test]
fn report_has_all_services_and_says_what_it_lacks() {
    let ran = findings(&[]);
    // One inspection of the sandbox has failed.
    assert_eq!(ran.status, 3, "{ran:?}");
    assert!(ran.errors.contains("the latest run did not succeed") && ran.errors.contains("INCOMPLETE"), "{ran:?}");
    let report = report(&ran);
    let mut services: BTreeMap<String, usize> = BTreeMap::new();
    for event in &report.events {
        let uid = event.uid().unwrap();
        *services.entry(uid.splitn(3, '/').take(2).collect::<Vec<_>>().join("/")).or_default() += 1;
    }
    let wanted =
        ["nhn/security-advisor", "nhn/server-security-check", "risken/aws", "risken/finding", "scp/config-inspection"];
    assert_eq!(services.keys().collect::<Vec<_>>(), wanted);
    assert_eq!((report.events.len(), report.dropped_rows(), report.incomplete.len()), (50, 7, 1), "{services:?}");
}

#[test]
fn every_format_has_the_same_events() {
    let events = report(&findings(&[])).events.len();
    let json: Value = serde_json::from_slice(&findings(&["--output", "json"]).out).unwrap();
    assert_eq!(json["events"].as_array().unwrap().len(), events);
    let ocsf = findings(&["--output", "ocsf"]);
    assert!(ocsf.text().lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["class_uid"].is_u64()));
    assert_eq!(ocsf.text().lines().count(), events);
    let csv = findings(&["--output", "csv"]);
    assert!(csv.text().starts_with("severity,result,service,account,resource,title,uid\r\n"));
    assert_eq!(csv.text().matches("\r\n").count(), events + 1);
    let all = findings(&["--output", "table", "--all"]);
    assert_eq!(all.text().lines().count(), events + 1);
    let open = findings(&["--output", "table"]);
    assert!(open.text().starts_with("SEVERITY") && open.text().lines().count() < events, "{open:?}");
    assert!(!open.text().contains("  Pass  ") && all.text().contains("  Pass  "), "{open:?}");
}

#[test]
fn difference_compares_with_an_earlier_report() {
    let folder = Folder::new();
    let file = folder.write("old.jsonl", findings(&[]).out);
    let same = findings(&["--diff", &file, "--output", "json"]);
    let found: Value = serde_json::from_slice(&same.out).unwrap();
    assert_eq!((same.status, &found["unchanged"], &found["new"]), (3, &50.into(), &Value::Array(Vec::new())));
    // In a month without inspections, the servers' findings are not gone.
    let month = ["findings", "--from", "2025-08-01", "--to", "2025-08-20", "--diff", &file, "--output", "json"];
    let later: Value = serde_json::from_slice(&run(&month).out).unwrap();
    assert_eq!((&later["gone"], later["uncertain"].as_array().unwrap().len()), (&Value::Array(Vec::new()), 24));
    // An earlier report without one event: the event is new.
    let text = fs::read_to_string(&file).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let fewer = folder.write("fewer.jsonl", rest.replace("\"events\":50", "\"events\":49"));
    let found: Value = serde_json::from_slice(&findings(&["--diff", &fewer, "--output", "json"]).out).unwrap();
    let uid = serde_json::from_str::<Value>(first).unwrap()["finding_info"]["uid"].clone();
    assert_eq!((found["new"][0]["finding_info"]["uid"].clone(), &found["unchanged"]), (uid, &49.into()));
    let table = findings(&["--diff", &fewer, "--output", "table"]);
    assert!(
        table.text().starts_with("CHANGE") && table.text().lines().nth(1).unwrap().starts_with("new "),
        "{table:?}"
    );
    let lifecycle = findings(&["--diff", &fewer, "--output", "ocsf"]);
    assert_eq!(lifecycle.text().lines().count(), 1);
    let broken = folder.write("broken.jsonl", "canary-of-16-let");
    let ran = findings(&["--diff", &broken]);
    assert!(ran.status == 1 && ran.errors.contains("line 1") && !ran.errors.contains("canary"), "{ran:?}");
}

/// A fleet file with two further accounts of NHN Cloud and one of RISKEN, and their variables.
fn fleet(folder: &Folder) -> (String, Vec<(String, String)>) {
    let mut variables = Vec::new();
    for account in [1, 2] {
        let own = SANDBOX.account_env_vars(account).into_iter();
        variables.extend(own.map(|(name, value)| (format!("A{account}_{name}"), value)));
        variables.push((format!("A{account}_RISKEN_PROJECT_ID"), (100_000 + account).to_string()));
    }
    let text = "
[[account]]
name = \"web\"
vendor = \"nhn\"
variables = \"A1_\"
services = [\"security-advisor\"]

[[account]]
name = \"pay\"
vendor = \"nhn\"
variables = \"A2_\"
regions = [\"KR1\"]

[[account]]
name = \"site\"
vendor = \"risken\"
variables = \"A2_\"
";
    (folder.write("targets.toml", text), variables)
}

#[test]
fn fleet_reads_each_account_with_its_own_variables() {
    let folder = Folder::new();
    let (file, variables) = fleet(&folder);
    let checkpoint = folder.file("run.fleet");
    let arguments = [&["findings", "--fleet", &file, "--checkpoint", &checkpoint], &PERIOD[..]].concat();
    let run = |variables: &[(String, String)]| {
        let mut command = command(&arguments);
        command.env_clear().envs(variables.iter().map(|(name, value)| (name, value)));
        Ran::from(command.output().unwrap())
    };
    // Without the credentials of one account, the others are read.
    let without: Vec<_> = variables.iter().filter(|(name, _)| !name.starts_with("A1_NHN")).cloned().collect();
    let partial = run(&without);
    assert!(partial.status == 3 && partial.errors.contains("web"), "{partial:?}");
    let has = |ran: &Ran, prefix: &str| report(ran).events.iter().any(|event| event.uid().unwrap().starts_with(prefix));
    let prefixes = [
        "nhn/security-advisor/web/",
        "nhn/security-advisor/pay/",
        "nhn/server-security-check/pay/",
        "risken/aws/site/100002",
        "risken/finding/site/100002",
    ];
    assert_eq!(prefixes.map(|prefix| has(&partial, prefix)), [false, true, true, true, true]);
    // The next run goes on with the checkpoint.
    let complete = run(&variables);
    assert_eq!((complete.status, prefixes.map(|prefix| has(&complete, prefix))), (0, [true; 5]), "{complete:?}");
    let read = cloud_findings::fleet::read([&checkpoint]).unwrap();
    assert_eq!(read.events.len(), report(&complete).events.len());
    let shards: Vec<_> = ["0/2", "1/2"]
        .iter()
        .map(|shard| {
            let mut command = command(&[&["findings", "--fleet", &file, "--shard", shard], &PERIOD[..]].concat());
            report(&Ran::from(command.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap()))
                .events
                .len()
        })
        .collect();
    assert_eq!(shards.iter().sum::<usize>(), read.events.len());
}

/// Runs `findings` with these variables and no others.
fn findings_of(variables: &[(String, String)], arguments: &[&str]) -> Ran {
    let mut command = command(&[&["findings"], &PERIOD[..], arguments].concat());
    command.env_clear().envs(variables.iter().map(|(name, value)| (name, value)));
    Ran::from(command.output().unwrap())
}

fn difference(ran: &Ran) -> Value {
    serde_json::from_slice(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"))
}

/// How many findings are new, gone and uncertain.
fn counts(difference: &Value) -> [usize; 3] {
    ["new", "gone", "uncertain"].map(|kind| difference[kind].as_array().unwrap().len())
}

#[test]
fn failed_target_hides_all_of_its_findings_without_a_checkpoint_too() {
    let folder = Folder::new();
    let (file, variables) = fleet(&folder);
    let old = findings_of(&variables, &["--fleet", &file]);
    let before = report(&old);
    let old = folder.write("old.jsonl", &old.out);
    let without: Vec<_> = variables.iter().filter(|(name, _)| !name.starts_with("A1_NHN")).cloned().collect();
    let ran = findings_of(&without, &["--fleet", &file, "--diff", &old, "--output", "json"]);
    // The rules of the organization, whose uids begin otherwise than those of the region, are not gone either.
    let hidden: Vec<_> =
        before.events.iter().filter_map(|event| event.uid()).filter(|uid| uid.contains("/web/")).collect();
    assert!(hidden.iter().any(|uid| uid.contains("/organization/")));
    assert_eq!((ran.status, counts(&difference(&ran))), (3, [0, 0, hidden.len()]), "{ran:?}");
}

#[test]
fn findings_outside_of_the_targets_or_the_shard_are_not_gone() {
    let folder = Folder::new();
    let (file, variables) = fleet(&folder);
    let old = findings_of(&variables, &["--fleet", &file]);
    let all = report(&old).events.len();
    let old = folder.write("old.jsonl", &old.out);
    let mut hidden = 0;
    for shard in ["0/2", "1/2"] {
        let ran = findings_of(&variables, &["--fleet", &file, "--shard", shard, "--diff", &old, "--output", "json"]);
        let [new, gone, uncertain] = counts(&difference(&ran));
        assert_eq!((new, gone, ran.status), (0, 0, 0), "{shard}: {ran:?}");
        hidden += uncertain;
    }
    assert_eq!(hidden, all, "each finding is outside of one of two shards");
    let one = "[[account]]\nname = \"pay\"\nvendor = \"nhn\"\nvariables = \"A2_\"\nservices = [\"security-advisor\"]\n";
    let fewer = folder.write("fewer.toml", one);
    // Of a fleet of one target, all shards but one have none, and look for nothing.
    for shard in ["0/3", "1/3", "2/3"] {
        let ran = findings_of(&variables, &["--fleet", &fewer, "--shard", shard, "--diff", &old, "--output", "json"]);
        assert_eq!((counts(&difference(&ran))[..2].to_vec(), ran.status), (vec![0, 0], 0), "{shard}: {ran:?}");
    }
    let ran = findings_of(&variables, &["--fleet", &fewer, "--diff", &old, "--output", "json"]);
    let found = difference(&ran);
    assert_eq!(counts(&found), [0, 0, all - found["unchanged"].as_u64().unwrap() as usize], "{ran:?}");
    // The other way round, what was not part of the earlier report is new, and the command says so.
    let earlier = findings_of(&variables, &["--fleet", &fewer]);
    let old = folder.write("fewer.jsonl", &earlier.out);
    let ran = findings_of(&variables, &["--fleet", &file, "--diff", &old, "--output", "json"]);
    let added = all - report(&earlier).events.len();
    assert_eq!((ran.status, counts(&difference(&ran))), (4, [added, 0, 0]), "{ran:?}");
    for prefix in ["nhn/security-advisor/web/KR1", "nhn/server-security-check/pay/KR1", "risken/finding/site/100002"] {
        assert!(ran.errors.contains(&format!("all of its findings are new: {prefix}\n")), "{ran:?}");
    }
    assert!(!ran.errors.contains("nhn/security-advisor/pay"), "{ran:?}");
}

#[test]
fn earlier_report_of_an_outage_makes_nothing_new_and_says_so() {
    let folder = Folder::new();
    let (file, variables) = fleet(&folder);
    let without: Vec<_> = variables.iter().filter(|(name, _)| !name.starts_with("A1_NHN")).cloned().collect();
    let partial = findings_of(&without, &["--fleet", &file]);
    let fewer = report(&partial).events.len();
    let old = folder.write("outage.jsonl", &partial.out);
    let ran = findings_of(&variables, &["--fleet", &file, "--diff", &old, "--output", "json"]);
    let found = difference(&ran);
    assert_eq!((found["unchanged"].as_u64().unwrap() as usize, counts(&found)[..2].to_vec()), (fewer, vec![0, 0]));
    assert!(
        counts(&found)[2] > 0 && ran.errors.contains("not read for the earlier report: nhn/security-advisor of web")
    );
    // The line names what is affected, and not only why.
    assert!(ran.errors.contains("(nhn/security-advisor/web"), "{ran:?}");
    assert_eq!((ran.status, found["incomplete"]["after"].as_array().unwrap().len()), (3, 0), "{ran:?}");
    assert!(!found["incomplete"]["before"].as_array().unwrap().is_empty(), "{found}");
}

#[test]
fn shard_with_a_checkpoint_is_complete() {
    let folder = Folder::new();
    let (file, variables) = fleet(&folder);
    let mut events = 0;
    for (shard, name) in [("0/2", "0.fleet"), ("1/2", "1.fleet")] {
        let checkpoint = folder.file(name);
        let ran = findings_of(&variables, &["--fleet", &file, "--shard", shard, "--checkpoint", &checkpoint]);
        assert_eq!((ran.status, report(&ran).is_complete()), (0, true), "{ran:?}");
        events += report(&ran).events.len();
    }
    let all = cloud_findings::fleet::read(["0.fleet", "1.fleet"].map(|name| folder.file(name))).unwrap();
    assert_eq!((all.events.len(), all.is_complete()), (events, true));
}

#[test]
fn checkpoint_has_no_result_under_other_arguments_or_of_another_age() {
    let folder = Folder::new();
    let (file, variables) = fleet(&folder);
    let checkpoint = folder.file("run.fleet");
    let inspected = |arguments: &[&str]| {
        let count = || fs::read_to_string(&checkpoint).unwrap_or_default().matches("{\"done\":").count();
        let before = count();
        let ran = findings_of(&variables, &[&["--fleet", &file, "--checkpoint", &checkpoint], arguments].concat());
        assert_eq!(ran.status, 0, "{ran:?}");
        count() - before
    };
    // Two services of NHN Cloud have a language, one of them a period.
    assert_eq!(inspected(&[]), 5);
    for (arguments, wanted) in [
        (&[][..], 0),
        (&["--language", "KO"], 3),
        (&["--language", "KO"], 0),
        (&["--max-age", "1d"], 0),
        (&["--max-age", "0h"], 5),
    ] {
        assert_eq!(inspected(arguments), wanted, "{arguments:?}");
    }
    let other =
        ["findings", "--from", "2025-07-02", "--to", "2025-07-28", "--fleet", &file, "--checkpoint", &checkpoint];
    let count = || fs::read_to_string(&checkpoint).unwrap().matches("{\"done\":").count();
    let before = count();
    let mut command = command(&other);
    let ran =
        Ran::from(command.env_clear().envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap());
    assert_eq!((ran.status, count() - before), (0, 1), "{ran:?}");
}

#[test]
fn unreachable_service_is_incomplete_and_severity_decides_the_status() {
    let mut unreachable = command(&["findings"]);
    unreachable.env("RISKEN_URL", "http://127.0.0.1:1").env_remove("SCP_ACCESS_KEY");
    let ran = Ran::from(unreachable.output().unwrap());
    assert_eq!(ran.status, 3, "{ran:?}");
    assert!(ran.errors.contains("could not connect") && ran.errors.contains("SCP_ACCESS_KEY"), "{ran:?}");
    let advisor = |severity: &str| {
        let mut command = command(&["findings", "--fail-on", severity]);
        for name in ["SCP_ACCESS_KEY", "SCP_SECRET_KEY", "SCP_ENDPOINT", "SCP_REGION", "SCP_ENVIRONMENT"] {
            command.env_remove(name);
        }
        for name in ["SCP_VAULT_TOKEN_ID", "SCP_VAULT_TOKEN_SECRET", "SCP_SECRET_VAULT_ID", "RISKEN_URL"] {
            command.env_remove(name);
        }
        Ran::from(command.env_remove("RISKEN_ACCESS_TOKEN").output().unwrap())
    };
    let ran = advisor("critical");
    assert!(report(&ran).events.iter().all(|event| event.uid().unwrap().starts_with("nhn/")), "{ran:?}");
    assert_eq!(ran.status, 4, "{ran:?}");
    let mut nothing = command(&["findings"]);
    let ran = Ran::from(nothing.env_clear().output().unwrap());
    assert!(ran.status == 1 && ran.errors.contains("cloudsec doctor"), "{ran:?}");
}

/// Runs `findings` with the variables whose names begin with one of these.
fn findings_with(names: &[&str], arguments: &[&str]) -> Ran {
    let own = variables().into_iter().filter(|(name, _)| names.iter().any(|own| name.starts_with(own)));
    let mut command = command(&[&["findings"], &PERIOD[..], arguments].concat());
    Ran::from(command.env_clear().envs(own).output().unwrap())
}

#[test]
fn partly_configured_vendor_is_not_reported_as_clean() {
    // Without an app key of a service with findings, there is nothing to read.
    let access = ["NHN_CLOUD_USER_", "NHN_CLOUD_ENDPOINT", "NHN_CLOUD_SKM_APP_KEY"];
    let ran = findings_with(&access, &[]);
    assert!(ran.status == 1 && ran.out.is_empty() && ran.errors.contains("no service with findings"), "{ran:?}");
    // Without the access key, each service is a gap.
    let keys = ["NHN_CLOUD_SECURITY_ADVISOR", "NHN_CLOUD_SERVER_SECURITY_CHECK", "NHN_CLOUD_ENDPOINT"];
    let ran = findings_with(&keys, &[]);
    // One of the two has uids of two kinds, and is printed once.
    assert_eq!((ran.status, report(&ran).incomplete.len()), (3, 3), "{ran:?}");
    assert_eq!(ran.errors.matches("not read: nhn/").count(), 2, "{ran:?}");
    // A service without an app key of its own is not one of the account.
    let ran = findings_with(&[&access[..], &["NHN_CLOUD_SECURITY_ADVISOR"]].concat(), &[]);
    assert_eq!((ran.status, report(&ran).incomplete.len()), (0, 0), "{ran:?}");
}

#[test]
fn missing_project_of_risken_fails_no_other_account() {
    let folder = Folder::new();
    let old = folder.write("old.jsonl", findings(&[]).out);
    let configured = ["SCP_", "NHN_CLOUD_", "RISKEN_URL", "RISKEN_ACCESS_TOKEN"];
    let ran = findings_with(&configured, &[]);
    let found = report(&ran);
    let prefixes: Vec<_> = found.incomplete.iter().map(|gap| &*gap.prefix).collect();
    assert!(ran.status == 3 && ran.errors.contains("RISKEN_PROJECT_ID"), "{ran:?}");
    for prefix in ["risken/aws/default", "risken/finding/default"] {
        assert!(prefixes.contains(&prefix), "{prefixes:?}");
    }
    assert!(found.events.iter().any(|event| event.uid().unwrap().starts_with("scp/")), "{ran:?}");
    // What was found in the project before is uncertain, and not gone.
    let ran = findings_with(&configured, &["--diff", &old, "--output", "json"]);
    let difference: Value = serde_json::from_slice(&ran.out).unwrap();
    assert_eq!(difference["gone"], Value::Array(Vec::new()));
    assert!(!difference["uncertain"].as_array().unwrap().is_empty(), "{difference}");
}

#[test]
fn certificates_are_listed_by_their_end() {
    let ran = run(&["certs", "--output", "csv"]);
    let names: Vec<_> = ran.text().lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(
        (ran.status, names),
        (0, vec!["name", "expired-certificate", "test-certificate", "chained-certificate"])
    );
    let ran = run(&["certs", "--expiring", "60d", "--output", "json"]);
    let found: Value = serde_json::from_slice(&ran.out).unwrap();
    assert_eq!((ran.status, &found[0]["state"], found.as_array().unwrap().len()), (4, &"EXPIRED".into(), 1));
    assert_eq!(ran.errors, "1 of 3 certificates\n");
    assert!(run(&["certs", "--output", "table"]).text().starts_with("NAME "));
    let quiet = run(&["--quiet", "certs", "--expiring", "60d"]);
    assert_eq!((quiet.status, quiet.errors.as_str(), quiet.text().lines().count()), (4, "", 1));
}
