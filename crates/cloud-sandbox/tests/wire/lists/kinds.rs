//! The lists, and the calls that change them.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::certificate_manager::{import, issued_for};
use super::super::raw::Call;
use super::{Kind, Pages};

/// Two calls in one second, so that rows can be equal in what they show.
const HALF_A_SECOND: Duration = Duration::from_millis(500);

const SKM: &str = "/keymanager/v1.3/appkey/sandboxKeyManagerKey";
const KMS_KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";
const SEEDED_SECRET: &str = "c4a17e0b92d64f3e8b5d60f1a7394e2d";

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap()
}

fn none() -> Value {
    json!({})
}

fn put(target: String, body: &Value) -> Call {
    Call::new("PUT", target).json(body)
}

fn post(target: impl Into<String>, body: &Value) -> Call {
    Call::new("POST", target).json(body)
}

/// The rows whose names the test has given.
fn own<'a>(rows: &'a [Value], field: &'a str) -> impl Iterator<Item = &'a Value> {
    rows.iter().filter(move |row| row[field].as_str().is_some_and(|name| name.starts_with("mine")))
}

pub(super) const KMS_KEYS: Kind = Kind {
    name: "keys",
    target: "/v1/kms/transit?",
    rows: "/keys",
    pages: Pages::Number,
    fields: &[
        "auto_rotate",
        "created_at",
        "current_version",
        "id",
        "key_type",
        "modified_at",
        "name",
        "purpose",
        "rotate_cycle",
        "state",
        "use_count",
    ],
    filters: &[("name=mine3", |row| row["name"] == "mine3")],
    details: None,
    seed: none,
    stages: [
        |_| {
            let key = |number: i64| {
                let (auto, purpose) = if number % 2 == 0 { ("Y", "aes256-gcm96") } else { ("N", "hmac") };
                let cycle = if number % 2 == 0 { 90 + number } else { 0 };
                let body = json!({"name": format!("mine{number}"), "purpose": purpose, "description": "",
                    "key_type": if number > 4 { "basic" } else { "advanced" }, "auto_rotate": auto,
                    "rotate_cycle": cycle, "tags": []});
                post("/v1/kms/transit", &body)
            };
            [5, 2, 6, 3, 1, 4].map(key).to_vec()
        },
        |rows| {
            let of = |name: &str, rest: &str| {
                let row = rows.iter().find(|row| row["name"] == name).unwrap();
                format!("/v1/kms/transit/{}{rest}", text(row, "id"))
            };
            vec![
                Call::new("POST", of("mine2", "/rotate")),
                put(of("mine3", "/state"), &json!({"state": "Stop"})),
                put(of("mine4", "/rotate-info"), &json!({"auto_rotate": "Y", "rotate_cycle": 30})),
                put(of("mine1", "/description"), &json!({"description": "changed"})),
                Call::new("DELETE", of("mine6", "?is_directly=False")),
            ]
        },
        |rows| {
            let delete =
                |row: &Value| Call::new("DELETE", format!("/v1/kms/transit/{}?is_directly=True", text(row, "id")));
            own(rows, "name").filter(|row| ["mine2", "mine5"].contains(&text(row, "name"))).map(delete).collect()
        },
    ],
    step: HALF_A_SECOND,
};

pub(super) const SECRETS: Kind = Kind {
    name: "secrets",
    target: "/v1/secrets?",
    rows: "/secret",
    pages: Pages::Number,
    fields: &["created_at", "modified_at", "deleted_at", "recent_searched_at", "name", "state", "kms_name", "id"],
    filters: &[
        ("name=in", |row| text(row, "name").contains("in")),
        ("state=To_Be_Terminated", |row| row["state"] == "To_Be_Terminated"),
        ("state=Active&name=mine", |row| row["state"] == "Active" && text(row, "name").contains("mine")),
    ],
    details: None,
    seed: none,
    stages: [
        |_| {
            let secret = |number: u8| {
                let body = json!({"name": format!("mine{number}"), "kms_id": KMS_KEY, "acl_cidr": "127.0.0.1/32",
                    "secret_value": "{\"password\":\"secret\"}", "tags": []});
                post("/v1/secrets", &body)
            };
            [4, 1, 5, 3, 2].map(secret).to_vec()
        },
        |rows| {
            let target = |row: &Value, rest: &str| format!("/v1/secrets/{}{rest}", text(row, "id"));
            let mut calls = Vec::new();
            for row in own(rows, "name") {
                match text(row, "name") {
                    "mine1" => calls.push(put(target(row, "/description"), &json!({"description": "changed"}))),
                    "mine2" | "mine4" => calls.push(post(target(row, "/values"), &json!({"label": "CURRENT"}))),
                    _ => calls.push(put(target(row, "/values"), &json!({"secret_value": "{\"a\":\"b\"}"}))),
                }
            }
            calls
        },
        |rows| {
            let delete = |row: &Value| {
                let call = Call::new("DELETE", format!("/v1/secrets/{}", text(row, "id")));
                call.json(&json!({"waiting_time_ndays": 7}))
            };
            own(rows, "name").filter(|row| ["mine3", "mine4"].contains(&text(row, "name"))).map(delete).collect()
        },
    ],
    step: HALF_A_SECOND,
};

pub(super) const SECRET_VERSIONS: Kind = Kind {
    name: "versions",
    target: "/v1/secrets/c4a17e0b92d64f3e8b5d60f1a7394e2d/versions?",
    rows: "/version_list",
    pages: Pages::Number,
    fields: &["created_at", "version_id"],
    filters: &[],
    details: None,
    seed: none,
    stages: [
        |_| {
            let value = |number: u8| json!({"secret_value": format!("{{\"a\":\"{number}\"}}")});
            (0..5).map(|number| put(format!("/v1/secrets/{SEEDED_SECRET}/values"), &value(number))).collect()
        },
        |rows| {
            let label = json!({"label": "first", "move_to_version_id": rows[1]["version_id"]});
            vec![put(format!("/v1/secrets/{SEEDED_SECRET}/label"), &label)]
        },
        // The oldest versions go when there are too many.
        |_| {
            let value = json!({"secret_value": "{\"a\":\"b\"}"});
            (0..100).map(|_| put(format!("/v1/secrets/{SEEDED_SECRET}/values"), &value)).collect()
        },
    ],
    step: HALF_A_SECOND,
};

pub(super) const CERTIFICATES: Kind = Kind {
    name: "certificates",
    target: "/v1/certificatemanager?",
    rows: "/certificates",
    pages: Pages::Number,
    fields: &["created_at", "modified_at", "name", "cn", "state", "cert_kind", "not_before_dt", "not_after_dt", "id"],
    filters: &[
        ("name=mine", |row| text(row, "name").contains("mine")),
        ("cn=shop", |row| text(row, "cn").contains("shop")),
        ("state=EXPIRED", |row| row["state"] == "EXPIRED"),
        ("isMine=True&name=mine", |row| text(row, "name").contains("mine")),
    ],
    details: None,
    seed: none,
    stages: [
        |_| {
            let material = [issued_for("shop.example", 10), issued_for("a.example", 4), issued_for("z.example", 30)];
            let mut calls = Vec::new();
            for (number, from) in [4, 2, 5, 1, 3].into_iter().zip(material.iter().cycle()) {
                calls.push(post("/v1/certificatemanager", &import(&format!("mine{number}"), from)));
            }
            calls
        },
        // Certificates do not change, but expire: the calls let days pass.
        |_| (0..4).map(|_| Call::new("GET", "/v1/certificatemanager")).collect(),
        |rows| {
            let delete = |row: &Value| Call::new("DELETE", format!("/v1/certificatemanager/{}", text(row, "id")));
            own(rows, "name").filter(|row| ["mine2", "mine3"].contains(&text(row, "name"))).map(delete).collect()
        },
    ],
    step: Duration::from_millis(12 * 60 * 60 * 1000 + 500),
};

fn save(number: u8) -> Call {
    let schedule = json!({"diagnosis_start_time_pattern": "08:00", "frequency_type": "MONTH", "frequency_value": "1",
        "diagnosis_id": format!("mine{number}"),
        "use_diagnosis_check_type_bp": "y", "use_diagnosis_check_type_ssi": "n"});
    let account = if number > 3 { "acc" } else { "other" };
    let body = json!({"account_id": account, "csp_type": if number == 2 { "AWS" } else { "SCP" },
        "diagnosis_account_id": account, "diagnosis_check_type": if number.is_multiple_of(2) { "BP" } else { "SSI" },
        "diagnosis_id": format!("mine{number}"), "diagnosis_name": format!("name{}", number / 2),
        "diagnosis_type": "Console", "plan_type": "STANDARD", "schedule_request": schedule,
        "auth_key_request": {"auth_key_id": "k", "diagnosis_id": null, "auth_key_created_at": "2026-01-01 12:00:00",
            "auth_key_expired_at": "2026-12-02 12:00:00"}});
    post("/v1/configinspection/diagnosis/save", &body).header("Scp-Api-Version", "configinspection 1.1")
}

fn request(number: u8, check_type: &str) -> Call {
    let body = json!({"access_key": "SAMPLE KEY", "secret_key": "SAMPLE KEY", "tenant_id": "1",
        "diagnosis_check_type": check_type, "diagnosis_id": format!("mine{number}")});
    post("/v1/configinspection/diagnosis/request", &body).header("Scp-Api-Version", "configinspection 1.1")
}

fn terminate(number: u8) -> Call {
    Call::new("DELETE", format!("/v1/configinspection/diagnosis/terminate/mine{number}"))
}

pub(super) const DIAGNOSES: Kind = Kind {
    name: "diagnoses",
    target: "/v1/configinspection/diagnosis/list?",
    rows: "/summary_responses",
    pages: Pages::Marker,
    fields: &[
        "created_at",
        "csp_type",
        "diagnosis_account_id",
        "diagnosis_check_type",
        "diagnosis_id",
        "diagnosis_name",
        "recent_diagnosis_at",
        "recent_diagnosis_state",
    ],
    filters: &[
        ("diagnosis_name=name2", |row| row["diagnosis_name"] == "name2"),
        ("csp_type=AWS", |row| row["csp_type"] == "AWS"),
        ("diagnosis_id=mine3", |row| row["diagnosis_id"] == "mine3"),
        ("recent_diagnosis_state=Completed&diagnosis_account_id=acc", |row| {
            row["recent_diagnosis_state"] == "Completed" && row["diagnosis_account_id"] == "acc"
        }),
        ("start_date=2026-06-01%2000:00:02", |row| text(row, "created_at") >= "2026-06-01T00:00:02Z"),
    ],
    details: None,
    seed: none,
    stages: [
        |_| [5, 1, 4, 2, 6, 3].map(save).to_vec(),
        |_| [4, 1, 2, 6, 4].map(|number| request(number, "SSI")).to_vec(),
        |_| [2, 5].map(terminate).to_vec(),
    ],
    step: Duration::from_millis(1500),
};

pub(super) const RESULTS: Kind = Kind {
    name: "results",
    target: "/v1/configinspection/report/diagnosis/list?",
    rows: "/diagnosis_result_responses",
    pages: Pages::Marker,
    fields: &[
        "created_at",
        "proceed_date",
        "csp_type",
        "diagnosis_account_id",
        "diagnosis_check_type",
        "diagnosis_id",
        "diagnosis_name",
        "diagnosis_result",
    ],
    filters: &[
        ("diagnosis_id=mine4", |row| row["diagnosis_id"] == "mine4"),
        ("diagnosis_name=name1&csp_type=SCP", |row| {
            text(row, "diagnosis_name").contains("name1") && row["csp_type"] == "SCP"
        }),
        ("end_date=2026-06-01%2000:00:10", |row| text(row, "proceed_date") <= "2026-06-01T00:00:10Z"),
    ],
    details: None,
    seed: none,
    stages: [
        |_| {
            let saved = [5, 1, 4, 2, 6, 3].map(save);
            let asked = [4, 3, 2, 4, 4, 3, 2, 1].map(|number| request(number, "SSI"));
            saved.into_iter().chain(asked).chain([4, 1].map(|number| request(number, "BP"))).collect()
        },
        |_| [4, 6, 2, 6, 3, 3].map(|number| request(number, "BP")).to_vec(),
        |_| [2, 4].map(terminate).to_vec(),
    ],
    step: Duration::from_millis(1300),
};

pub(super) const VAULTS: Kind = Kind {
    name: "vaults",
    target: "/v1/secretvault?",
    rows: "/secret_vaults",
    pages: Pages::Whole("created_at", true),
    fields: &[],
    filters: &[],
    details: None,
    seed: || {
        let keys: Vec<_> = (0..6).map(|number| format!("free{number}")).collect();
        json!({"scp": {"vault": {"access_key_ids": keys}}})
    },
    stages: [
        |_| {
            let vault = |number: u8| {
                let body = json!({"access_key_id": format!("free{number}"), "acl_cidr": "127.0.0.0/8",
                    "name": format!("vault{number}"), "temporary_key_ttl_nhours": 3, "vault_token_ttl_ndays": 30});
                post("/v1/secretvault", &body)
            };
            [3, 1, 5, 2, 4, 0].map(vault).to_vec()
        },
        |rows| {
            let terminate = |row: &Value| {
                put(format!("/v1/secretvault/{}/terminated", text(row, "id")), &json!({"waiting_time_ndays": 7}))
            };
            rows.iter().filter(|row| ["vault2", "vault4"].contains(&text(row, "name"))).map(terminate).collect()
        },
        // Those that wait for their deletion go when their time has come.
        |_| (0..4).map(|_| Call::new("GET", "/v1/secretvault")).collect(),
    ],
    step: Duration::from_millis(2 * 24 * 60 * 60 * 1000 + 500),
};

pub(super) const STORE_KEYS: Kind = Kind {
    name: "keys of a store",
    target: "/keymanager/v1.3/appkey/sandboxKeyManagerKey/keystores/2/keys?detail=true",
    rows: "/body/keyList",
    pages: Pages::FromOne,
    fields: &[],
    filters: &[
        ("type=SECRET", |row| row["keyType"] == "SECRET"),
        ("name=mine3", |row| row["name"] == "mine3"),
        ("status=inactive", |row| !row["deletionDatetime"].is_null()),
        ("type=SYMMETRIC_KEY&status=active", |row| {
            row["keyType"] == "SYMMETRIC_KEY" && row["deletionDatetime"].is_null()
        }),
    ],
    details: None,
    seed: none,
    stages: [
        |_| {
            let key = |number: u8| {
                let mut body = json!({"keyStoreName": "partners", "name": format!("mine{number}"), "description": ""});
                let kind = if number.is_multiple_of(2) { "secrets" } else { "symmetric-keys" };
                match number % 2 {
                    0 => body["secretValue"] = "text".into(),
                    _ => body["autoRotationPeriod"] = 0.into(),
                }
                post(format!("{SKM}/keys/{kind}/create"), &body)
            };
            [5, 2, 6, 3, 1, 4, 9, 7, 8, 12, 10, 11].map(key).to_vec()
        },
        |rows| {
            let schedule = |row: &Value| Call::new("PUT", format!("{SKM}/keys/{}/delete", text(row, "keyId")));
            let picked = ["mine6", "mine3", "mine5"];
            own(rows, "name").filter(|row| picked.contains(&text(row, "name"))).map(schedule).collect()
        },
        |rows| {
            let delete = |row: &Value| Call::new("DELETE", format!("{SKM}/keys/{}", text(row, "keyId")));
            own(rows, "name").filter(|row| ["mine6", "mine3"].contains(&text(row, "name"))).map(delete).collect()
        },
    ],
    step: HALF_A_SECOND,
};

fn account(number: u8, name: &str) -> Call {
    let account = json!({"name": name, "project_id": 1001, "aws_account_id": format!("00000000000{number}")});
    post("/api/v1/aws/put-aws/", &json!({"project_id": 1001, "aws": account}))
}

/// Sorted by number, in the order of the table's index.
pub(super) const ACCOUNTS: Kind = Kind {
    name: "accounts",
    target: "/api/v1/aws/list-aws/?project_id=1001",
    rows: "/data/aws",
    pages: Pages::Whole("aws_account_id", false),
    fields: &[],
    filters: &[
        ("aws_account_id=000000000003", |row| row["aws_account_id"] == "000000000003"),
        ("aws_id=2002", |row| row["aws_id"] == 2002),
        ("aws_id=2005&aws_account_id=000000000002", |row| {
            row["aws_id"] == 2005 && row["aws_account_id"] == "000000000002"
        }),
    ],
    details: None,
    seed: none,
    stages: [
        |_| [5, 1, 4, 2, 3].map(|number| account(number, "account")).to_vec(),
        |_| [2, 5].map(|number| account(number, "renamed")).to_vec(),
        |rows| {
            let delete =
                |row: &Value| post("/api/v1/aws/delete-aws/", &json!({"project_id": 1001, "aws_id": row["aws_id"]}));
            let picked = ["000000000001", "000000000004"];
            rows.iter().filter(|row| picked.contains(&text(row, "aws_account_id"))).map(delete).collect()
        },
    ],
    step: HALF_A_SECOND,
};

fn finding(number: u32) -> Call {
    let finding = json!({"description": format!("d{}", number % 3), "data_source": format!("own:{}", number % 2),
        "data_source_id": number.to_string(), "resource_name": format!("host-{}", 9 - number), "project_id": 1001,
        "original_score": number * 2 % 11, "original_max_score": 10.0, "data": "{}"});
    post("/api/v1/finding/put-finding/", &json!({"project_id": 1001, "finding": finding}))
}

fn tag(finding: &Value, tag: &str) -> Call {
    let tag = json!({"finding_id": finding, "project_id": 1001, "tag": tag});
    post("/api/v1/finding/tag-finding/", &json!({"project_id": 1001, "tag": tag}))
}

pub(super) const FINDINGS: Kind = Kind {
    name: "findings",
    target: "/api/v1/finding/list-finding/?project_id=1001",
    rows: "/data/finding_id",
    pages: Pages::Offset,
    fields: &["finding_id", "description", "data_source", "resource_name", "score", "updated_at"],
    filters: &[
        ("from_score=0.5", |row| row["score"].as_f64().unwrap_or_default() >= 0.5),
        ("to_score=0.3", |row| row["score"].as_f64().unwrap_or_default() <= 0.3),
        ("finding_id=4004", |row| row["finding_id"] == 4004),
        ("data_source=own:1,aws", |row| ["own:1", "aws"].iter().any(|part| text(row, "data_source").starts_with(part))),
        ("resource_name=host-", |row| text(row, "resource_name").starts_with("host-")),
    ],
    details: Some(("/api/v1/finding/get-finding/?project_id=1001&finding_id=", "/data/finding")),
    seed: none,
    stages: [
        |_| [5, 2, 6, 3, 1, 4].map(finding).to_vec(),
        |_| {
            let mut calls = [5, 3].map(finding).to_vec();
            let body = json!({"description": "changed", "data_source": "own:1", "data_source_id": "1",
                "resource_name": "zone", "project_id": 1001, "original_score": 10, "original_max_score": 10.0,
                "data": "{}"});
            calls.push(post("/api/v1/finding/put-finding/", &json!({"project_id": 1001, "finding": body})));
            calls
        },
        |rows| {
            let delete = |row: &Value| {
                let body = json!({"project_id": 1001, "finding_id": row["finding_id"]});
                post("/api/v1/finding/delete-finding/", &body)
            };
            rows.iter().skip(1).step_by(3).map(delete).collect()
        },
    ],
    step: HALF_A_SECOND,
};

pub(super) const TAGS: Kind = Kind {
    name: "tags",
    target: "/api/v1/finding/list-finding-tag/?project_id=1001&finding_id=4001",
    rows: "/data/tag",
    pages: Pages::Offset,
    fields: &["finding_tag_id", "tag", "updated_at"],
    filters: &[],
    details: None,
    seed: none,
    stages: [
        |_| ["e", "b", "f", "a", "d"].iter().map(|name| tag(&4001.into(), name)).collect(),
        |rows| {
            let untag = |row: &Value| {
                let body = json!({"project_id": 1001, "finding_tag_id": row["finding_tag_id"]});
                post("/api/v1/finding/untag-finding/", &body)
            };
            let again =
                rows.iter().filter(|row| row["tag"] == "b").flat_map(|row| [untag(row), tag(&4001.into(), "b")]);
            again.collect()
        },
        |rows| {
            let untag = |row: &Value| {
                let body = json!({"project_id": 1001, "finding_tag_id": row["finding_tag_id"]});
                post("/api/v1/finding/untag-finding/", &body)
            };
            rows.iter().skip(1).step_by(2).map(untag).collect()
        },
    ],
    step: HALF_A_SECOND,
};
