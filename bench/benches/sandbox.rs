//! Times calls to the sandbox while it holds more and more resources of a kind, and the memory of each.
//!
//! Needs Linux, for the memory. `-- 1000 100000` sets the numbers of resources, `-- keys 1000` picks kinds by name.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "measures real time and prints it")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bench::by_hand::Result;
use cloud_sandbox::Sandbox;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// How often a call is timed; the median is shown.
const ROUNDS: usize = 21;

/// A request: method, path with query, and body.
type Request = (&'static str, String, Option<Value>);

/// A kind of resource.
struct Kind {
    name: &'static str,
    create: fn(usize, &Context) -> Request,
    /// The ID in the response to a creation.
    id: fn(usize, &Value) -> String,
    /// A page of 20, the first or one in the middle of so many resources.
    page: fn(usize) -> Request,
    get: fn(&str) -> Request,
    /// The requests that delete a resource; the last one is timed.
    delete: fn(&str) -> Vec<Request>,
}

/// What requests need besides a number.
struct Context {
    certificate: Value,
}

const CERTIFICATE: &str = include_str!("../../crates/cloud-sandbox/src/scp/certificate_manager/seed/test.pem");
const PRIVATE_KEY: &str = include_str!("../../crates/cloud-sandbox/src/scp/certificate_manager/seed/test.key.pem");
const SKM: &str = "/keymanager/v1.3/appkey/sandboxKeyManagerKey";

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

const KINDS: [Kind; 8] = [
    Kind {
        name: "keys (KMS)",
        create: |number, _| {
            let body = json!({"name": format!("key{number}"), "purpose": "aes256-gcm96", "key_type": "advanced",
                "auto_rotate": "N", "rotate_cycle": 0, "description": "", "tags": []});
            ("POST", "/v1/kms/transit".to_owned(), Some(body))
        },
        id: |_, shown| text(&shown["key"]["id"]),
        page: |skip| ("GET", format!("/v1/kms/transit?size=20&page={}", skip / 20), None),
        get: |id| ("GET", format!("/v1/kms/transit/{id}"), None),
        delete: |id| vec![("DELETE", format!("/v1/kms/transit/{id}?is_directly=True"), None)],
    },
    Kind {
        name: "secrets (Secrets Manager)",
        create: |number, _| {
            let body = json!({"name": format!("secret{number}"), "kms_id": "3265ab469f0d406d83073da3e11e7a6c",
                "acl_cidr": "192.168.1.1/32", "secret_value": "{\"password\":\"secret\"}", "tags": []});
            ("POST", "/v1/secrets".to_owned(), Some(body))
        },
        id: |_, shown| text(&shown["secret"]["id"]),
        page: |skip| ("GET", format!("/v1/secrets?size=20&page={}", skip / 20), None),
        get: |id| ("GET", format!("/v1/secrets/{id}"), None),
        delete: |id| vec![("DELETE", format!("/v1/secrets/{id}"), Some(json!({"waiting_time_ndays": 7})))],
    },
    Kind {
        name: "certificates",
        create: |number, context| {
            let mut body = context.certificate.clone();
            body["name"] = format!("certificate-{number}").into();
            ("POST", "/v1/certificatemanager".to_owned(), Some(body))
        },
        id: |_, shown| text(&shown["certificate"]["id"]),
        page: |skip| ("GET", format!("/v1/certificatemanager?size=20&page={}", skip / 20), None),
        get: |id| ("GET", format!("/v1/certificatemanager/{id}"), None),
        delete: |id| vec![("DELETE", format!("/v1/certificatemanager/{id}"), None)],
    },
    Kind {
        name: "diagnoses",
        create: |number, _| {
            let schedule = json!({"diagnosis_start_time_pattern": "08:00", "frequency_type": "MONTH",
                "frequency_value": "1"});
            let body = json!({"diagnosis_id": format!("DIA-{number}"), "diagnosis_name": format!("diagnosis-{number}"),
                "account_id": "account", "diagnosis_account_id": "account", "csp_type": "SCP",
                "diagnosis_check_type": "BP", "diagnosis_type": "Console", "plan_type": "STANDARD",
                "check_list_version_id": "d1873841f30c4862897d1f287a973a7f",
                "auth_key_request": {"auth_key_id": "key", "auth_key_created_at": "2022-01-01 12:00:00", "auth_key_expired_at": "2033-01-01 12:00:00"}, "tags": [], "schedule_request": schedule});
            ("POST", "/v1/configinspection/diagnosis/save".to_owned(), Some(body))
        },
        id: |number, _| format!("DIA-{number}"),
        page: |skip| match skip {
            0 => ("GET", "/v1/configinspection/diagnosis/list?limit=20".to_owned(), None),
            // Newest first, and so counted from the end.
            skip => ("GET", format!("/v1/configinspection/diagnosis/list?limit=20&marker=DIA-{skip}"), None),
        },
        get: |id| ("GET", format!("/v1/configinspection/diagnosis/detail/{id}"), None),
        delete: |id| vec![("DELETE", format!("/v1/configinspection/diagnosis/terminate/{id}"), None)],
    },
    Kind {
        name: "keys (Secure Key Manager)",
        create: |number, _| {
            let body = json!({"keyStoreName": "partners", "name": format!("key-{number}"), "description": "",
                "autoRotationPeriod": 0});
            ("POST", format!("{SKM}/keys/symmetric-keys/create"), Some(body))
        },
        id: |_, shown| text(&shown["body"]["keyId"]),
        page: |skip| {
            ("GET", format!("{SKM}/keystores/2/keys?detail=true&pageSize=20&pageNumber={}", skip / 20 + 1), None)
        },
        get: |id| ("GET", format!("{SKM}/keystores/2/keys/{id}"), None),
        delete: |id| {
            let schedule = ("PUT", format!("{SKM}/keys/{id}/delete"), None);
            vec![schedule, ("DELETE", format!("{SKM}/keys/{id}"), None)]
        },
    },
    Kind {
        name: "key stores",
        create: |number, _| {
            let body = json!({"name": format!("store-{number}"), "description": "", "ip4AuthUse": "Y",
                "macAuthUse": "N", "certificateAuthUse": "N", "authMode": "AND"});
            ("POST", format!("{SKM}/keystores"), Some(body))
        },
        id: |_, shown| text(&shown["body"]["keyStoreId"]),
        // The only list of key stores has no pages, so a refused call stands for it.
        page: |_| ("GET", format!("{SKM}/keystores/2"), None),
        get: |_| ("GET", format!("{SKM}/keystores/2"), None),
        delete: |id| vec![("DELETE", format!("{SKM}/keystores/{id}"), None)],
    },
    Kind {
        name: "accounts (RISKEN)",
        create: |number, _| {
            let account = json!({"name": "account", "project_id": 1001, "aws_account_id": format!("{number:012}")});
            ("POST", "/api/v1/aws/put-aws/".to_owned(), Some(json!({"project_id": 1001, "aws": account})))
        },
        id: |_, shown| text(&shown["data"]["aws"]["aws_id"]),
        // The list has no pages; one account is asked for.
        page: |skip| ("GET", format!("/api/v1/aws/list-aws/?project_id=1001&aws_account_id={skip:012}"), None),
        get: |id| ("GET", format!("/api/v1/aws/list-aws/?project_id=1001&aws_id={id}"), None),
        delete: |id| {
            let body = json!({"project_id": 1001, "aws_id": id.parse::<u32>().unwrap_or_default()});
            vec![("POST", "/api/v1/aws/delete-aws/".to_owned(), Some(body))]
        },
    },
    Kind {
        name: "findings (RISKEN)",
        create: |number, _| {
            let finding = json!({"description": "", "data_source": "own:scanner", "data_source_id": number.to_string(),
                "resource_name": format!("host-{number}"), "project_id": 1001, "original_score": 5.0,
                "original_max_score": 10.0, "data": "{}"});
            ("POST", "/api/v1/finding/put-finding/".to_owned(), Some(json!({"project_id": 1001, "finding": finding})))
        },
        id: |_, shown| text(&shown["data"]["finding"]["finding_id"]),
        page: |skip| ("GET", format!("/api/v1/finding/list-finding/?project_id=1001&limit=20&offset={skip}"), None),
        get: |id| ("GET", format!("/api/v1/finding/get-finding/?project_id=1001&finding_id={id}"), None),
        delete: |id| {
            let body = json!({"project_id": 1001, "finding_id": id.parse::<u64>().unwrap_or_default()});
            vec![("POST", "/api/v1/finding/delete-finding/".to_owned(), Some(body))]
        },
    },
];

/// A caller with the credentials of the sandbox.
struct Caller {
    client: reqwest::Client,
    base: String,
    settings: Vec<(&'static str, String)>,
    nhn_token: String,
}

impl Caller {
    async fn new(sandbox: &Sandbox) -> Result<Self> {
        let mut caller = Self {
            client: reqwest::Client::builder().build()?,
            base: sandbox.endpoint().to_owned(),
            settings: sandbox.env_vars(),
            nhn_token: String::new(),
        };
        let url = format!("{}/oauth2/token/create", caller.base);
        let pair = (caller.setting("NHN_CLOUD_USER_ACCESS_KEY_ID"), caller.setting("NHN_CLOUD_USER_SECRET_ACCESS_KEY"));
        let asked = caller.client.post(url).basic_auth(pair.0, Some(pair.1));
        let form = asked.header("Content-Type", "application/x-www-form-urlencoded");
        let token: Value = form.body("grant_type=client_credentials").send().await?.json().await?;
        caller.nhn_token = text(&token["access_token"]);
        Ok(caller)
    }

    fn setting(&self, name: &str) -> &str {
        self.settings.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    async fn call(&self, (method, target, body): &Request) -> Result<Value> {
        let url = format!("{}{target}", self.base);
        let request = self.client.request(method.parse()?, &url);
        let request = if target.starts_with("/v1/") {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis().to_string();
            let mut mac = Hmac::<Sha256>::new_from_slice(self.setting("SCP_SECRET_KEY").as_bytes())?;
            for part in [method, &*url, &*now, self.setting("SCP_ACCESS_KEY"), "Openapi"] {
                mac.update(part.as_bytes());
            }
            request
                .header("Scp-Accesskey", self.setting("SCP_ACCESS_KEY"))
                .header("Scp-Signature", STANDARD.encode(mac.finalize().into_bytes()))
                .header("Scp-Timestamp", now)
                .header("Scp-ClientType", "Openapi")
        } else if target.starts_with("/api/") {
            request.bearer_auth(self.setting("RISKEN_ACCESS_TOKEN"))
        } else {
            request
                .header("X-NHN-Authorization", format!("Bearer {}", self.nhn_token))
                .header("X-TOAST-CLIENT-MAC-ADDR", self.setting("NHN_CLOUD_SKM_MAC_ADDRESS"))
        };
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        let shown: Value = serde_json::from_str(&text).unwrap_or_default();
        if !status.is_success() || shown["header"]["isSuccessful"] == false {
            return Err(format!("{method} {target}: {status}: {text}").into());
        }
        Ok(shown)
    }

    /// The median time of a call.
    async fn time(&self, request: &Request) -> Result<Duration> {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            self.call(request).await?;
            times.push(start.elapsed());
        }
        times.sort();
        Ok(times.get(ROUNDS / 2).copied().unwrap_or_default())
    }
}

/// The memory of this process, in bytes.
fn resident() -> Result<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = pages.split(' ').nth(1).ok_or("no resident pages")?.parse()?;
    Ok(pages * 4096)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

async fn measure(kind: &Kind, sizes: &[usize]) -> Result<()> {
    let path = std::env::temp_dir().join(format!("bench-sandbox-{}.json", std::process::id()));
    let sandbox = Sandbox::builder().state_file(&path).start().await?;
    let caller = Caller::new(&sandbox).await?;
    let certificate = json!({"cert_body": CERTIFICATE, "private_key": PRIVATE_KEY, "cert_chain": "",
        "region": "kr-west1", "timezone": "Asia/Seoul", "recipients": [], "tags": []});
    let context = Context { certificate };
    let (before, mut made, mut ids) = (resident()?, 0, Vec::new());
    for &size in sizes {
        while made + ROUNDS < size {
            let shown = caller.call(&(kind.create)(made, &context)).await?;
            ids.push((kind.id)(made, &shown));
            made += 1;
        }
        let mut times = Vec::new();
        while made < size {
            let request = (kind.create)(made, &context);
            let start = Instant::now();
            let shown = caller.call(&request).await?;
            times.push(start.elapsed());
            ids.push((kind.id)(made, &shown));
            made += 1;
        }
        times.sort();
        let create = times.get(times.len() / 2).copied().unwrap_or_default();
        let first = caller.time(&(kind.page)(0)).await?;
        let middle = caller.time(&(kind.page)(size / 2)).await?;
        let id = ids.get(size / 2).ok_or("nothing was made")?.clone();
        let get = caller.time(&(kind.get)(&id)).await?;
        let mut times = Vec::new();
        for id in ids.iter().rev().take(ROUNDS).rev().cloned().collect::<Vec<_>>() {
            let requests = (kind.delete)(&id);
            for (place, request) in requests.iter().enumerate() {
                let start = Instant::now();
                caller.call(request).await?;
                if place + 1 == requests.len() {
                    times.push(start.elapsed());
                }
            }
        }
        times.sort();
        let delete = times.get(times.len() / 2).copied().unwrap_or_default();
        // Names are taken for ever where a deletion waits, so numbers go on.
        ids.truncate(ids.len() - ROUNDS);
        ids.extend(std::iter::repeat_n(String::new(), ROUNDS));
        let bytes = resident()?.saturating_sub(before) / size;
        println!(
            "| {} | {size} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {bytes} |",
            kind.name,
            micros(create),
            micros(first),
            micros(middle),
            micros(get),
            micros(delete)
        );
    }
    let start = Instant::now();
    sandbox.shutdown().await?;
    println!("| {}, writing the state of all | {made} | {:.0} ms |", kind.name, start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    drop(Sandbox::builder().state_file(&path).start().await?);
    println!("| {}, reading the state of all | {made} | {:.0} ms |", kind.name, start.elapsed().as_secs_f64() * 1e3);
    std::fs::remove_file(path)?;
    Ok(())
}

fn main() -> Result<()> {
    // reqwest's own default needs a provider of the process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let mut sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000, 100_000];
    }
    let named: Vec<_> = arguments.iter().filter(|argument| argument.parse::<usize>().is_err()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!("| kind | resources | create µs | first page µs | middle page µs | get µs | delete µs | bytes each |");
    for kind in &KINDS {
        if named.is_empty() || named.iter().any(|name| kind.name.contains(name.as_str())) {
            runtime.block_on(measure(kind, &sizes)).map_err(|error| format!("{}: {error}", kind.name))?;
        }
    }
    Ok(())
}
