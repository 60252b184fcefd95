//! Times calls to the sandbox while it holds more and more resources of a kind, and the memory of each.
//!
//! Needs Linux, for the memory. `-- 1000 100000` sets the numbers of resources, `-- keys 1000` picks kinds by name.
//! `--check` makes it an error if a creation or a page costs much more among 100,000 resources than among 1,000.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "measures real time and prints it")]

use std::path::PathBuf;
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

/// The numbers of resources that `--check` compares, and the most that the second may cost in terms of the first.
const COMPARED: [usize; 2] = [1_000, 100_000];
const MOST: f64 = 1.5;

/// A request: method, path with query, and body.
type Request = (&'static str, String, Option<Value>);

/// A kind of resource.
struct Kind {
    name: &'static str,
    create: fn(usize, &Context) -> Request,
    /// The ID in the response to a creation.
    id: fn(usize, &Value) -> String,
    /// A page of 20, the first or one in the middle of so many resources.
    page: Option<fn(usize) -> Request>,
    /// The whole list, of a kind that has no pages.
    list: Option<fn() -> Request>,
    /// What lets the caller get a resource, by its number.
    admit: Option<fn(usize) -> Request>,
    get: fn(&str) -> Request,
    /// The requests that delete a resource; the last one is timed.
    delete: fn(&str) -> Vec<Request>,
}

/// What requests need besides a number.
struct Context {
    certificate: Value,
}

/// The sandbox refuses certificates that are signed with their own key.
const CERTIFICATE: &str = include_str!("../../crates/cloud-sandbox/src/scp/certificate_manager/seed/chained.pem");
const PRIVATE_KEY: &str = include_str!("../../crates/cloud-sandbox/src/scp/certificate_manager/seed/chained.key.pem");
const CHAIN: &str = include_str!("../../crates/cloud-sandbox/src/scp/certificate_manager/seed/chained.chain.pem");
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
        page: Some(|skip| ("GET", format!("/v1/kms/transit?size=20&page={}", skip / 20), None)),
        list: None,
        admit: None,
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
        page: Some(|skip| ("GET", format!("/v1/secrets?size=20&page={}", skip / 20), None)),
        list: None,
        admit: None,
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
        page: Some(|skip| ("GET", format!("/v1/certificatemanager?size=20&page={}", skip / 20), None)),
        list: None,
        admit: None,
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
        page: Some(|skip| match skip {
            0 => ("GET", "/v1/configinspection/diagnosis/list?limit=20".to_owned(), None),
            // Newest first, and so counted from the end.
            skip => ("GET", format!("/v1/configinspection/diagnosis/list?limit=20&marker=DIA-{skip}"), None),
        }),
        list: None,
        admit: None,
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
        page: Some(|skip| {
            ("GET", format!("{SKM}/keystores/2/keys?detail=true&pageSize=20&pageNumber={}", skip / 20 + 1), None)
        }),
        list: None,
        admit: None,
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
        page: None,
        list: Some(|| ("GET", format!("{SKM}/keystores"), None)),
        admit: Some(|number| {
            let body = json!({"keyStoreName": format!("store-{number}"), "value": "127.0.0.1", "description": ""});
            ("POST", format!("{SKM}/auths/ipv4s"), Some(body))
        }),
        get: |id| ("GET", format!("{SKM}/keystores/{id}"), None),
        delete: |id| vec![("DELETE", format!("{SKM}/keystores/{id}"), None)],
    },
    Kind {
        name: "accounts (RISKEN)",
        create: |number, _| {
            let account = json!({"name": "account", "project_id": 1001, "aws_account_id": format!("{number:012}")});
            ("POST", "/api/v1/aws/put-aws/".to_owned(), Some(json!({"project_id": 1001, "aws": account})))
        },
        id: |_, shown| text(&shown["data"]["aws"]["aws_id"]),
        page: None,
        list: Some(|| ("GET", "/api/v1/aws/list-aws/?project_id=1001".to_owned(), None)),
        admit: None,
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
        page: Some(|skip| {
            ("GET", format!("/api/v1/finding/list-finding/?project_id=1001&limit=20&offset={skip}"), None)
        }),
        list: None,
        admit: None,
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

    /// How long one call takes, and what it returns.
    async fn once(&self, request: &Request) -> Result<(Duration, Value)> {
        let start = Instant::now();
        let shown = self.call(request).await?;
        Ok((start.elapsed(), shown))
    }

    /// The median time of a call.
    async fn time(&self, request: &Request) -> Result<Duration> {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            times.push(self.once(request).await?.0);
        }
        Ok(median(times))
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The memory of this process, in bytes.
fn resident() -> Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    Ok(kilobytes.ok_or("no VmRSS")?.parse::<usize>()? * 1024)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A state file, which is removed at the end, also after an error.
struct StateFile(PathBuf);

impl StateFile {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("bench-sandbox-{}.json", std::process::id())))
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        // What is not there needs no removal.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What was measured among so many resources; a kind without pages has no times of them.
struct Measured {
    size: usize,
    create: Duration,
    pages: Option<[Duration; 2]>,
    get: Duration,
    delete: Duration,
}

/// A sandbox with the resources that were made of a kind.
struct Filled<'a> {
    kind: &'a Kind,
    caller: Caller,
    context: Context,
    /// The IDs by number; those that were deleted stay.
    ids: Vec<String>,
}

impl Filled<'_> {
    async fn create(&mut self) -> Result<Duration> {
        let number = self.ids.len();
        let (time, shown) = self.caller.once(&(self.kind.create)(number, &self.context)).await?;
        self.ids.push((self.kind.id)(number, &shown));
        Ok(time)
    }

    /// Deletes the newest resources. Names are taken for ever where a deletion waits, so numbers go on.
    async fn delete(&self) -> Result<Duration> {
        let mut times = Vec::new();
        for id in self.ids.iter().skip(self.ids.len() - ROUNDS) {
            let mut last = Duration::ZERO;
            for request in (self.kind.delete)(id) {
                last = self.caller.once(&request).await?.0;
            }
            times.push(last);
        }
        Ok(median(times))
    }

    async fn measure(&mut self, size: usize) -> Result<Measured> {
        while self.ids.len() + ROUNDS < size {
            self.create().await?;
        }
        let mut times = Vec::new();
        while self.ids.len() < size {
            times.push(self.create().await?);
        }
        let (kind, caller, middle) = (self.kind, &self.caller, size / 2);
        let pages = match kind.page {
            Some(page) => Some([caller.time(&page(0)).await?, caller.time(&page(middle)).await?]),
            None => None,
        };
        if let Some(list) = kind.list {
            let time = caller.time(&list()).await?;
            println!("| {}, the whole list | {size} | {:.1} ms |", kind.name, micros(time) / 1e3);
        }
        if let Some(admit) = kind.admit {
            caller.call(&admit(middle)).await?;
        }
        let get = caller.time(&(kind.get)(self.ids.get(middle).ok_or("nothing was made")?)).await?;
        Ok(Measured { size, create: median(times), pages, get, delete: self.delete().await? })
    }
}

async fn measure(kind: &Kind, sizes: &[usize]) -> Result<Vec<Measured>> {
    let file = StateFile::new();
    let sandbox = Sandbox::builder().state_file(&file.0).start().await?;
    let certificate = json!({"cert_body": CERTIFICATE, "private_key": PRIVATE_KEY, "cert_chain": CHAIN,
        "region": "kr-west1", "timezone": "Asia/Seoul", "recipients": [], "tags": []});
    let caller = Caller::new(&sandbox).await?;
    let mut filled = Filled { kind, caller, context: Context { certificate }, ids: Vec::new() };
    let before = resident()?;
    let mut all = Vec::new();
    for &size in sizes {
        let measured = filled.measure(size).await?;
        let bytes = resident()?.saturating_sub(before) / size;
        let [first, middle] = match measured.pages {
            Some(pages) => pages.map(|page| format!("{:.0}", micros(page))),
            None => ["-", "-"].map(str::to_owned),
        };
        println!(
            "| {} | {size} | {:.0} | {first} | {middle} | {:.0} | {:.0} | {bytes} |",
            kind.name,
            micros(measured.create),
            micros(measured.get),
            micros(measured.delete)
        );
        all.push(measured);
    }
    let (start, made) = (Instant::now(), filled.ids.len());
    sandbox.shutdown().await?;
    println!("| {}, writing the state of all | {made} | {:.0} ms |", kind.name, start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    drop(Sandbox::builder().state_file(&file.0).start().await?);
    println!("| {}, reading the state of all | {made} | {:.0} ms |", kind.name, start.elapsed().as_secs_f64() * 1e3);
    Ok(all)
}

/// The calls that cost too much more among many resources than among few.
fn missed(kind: &Kind, all: &[Measured]) -> Vec<String> {
    let of = |size: usize| all.iter().find(|measured| measured.size == size);
    let [Some(few), Some(many)] = COMPARED.map(of) else { return Vec::new() };
    let pages = few.pages.into_iter().zip(many.pages).flat_map(|([first, middle], [later_first, later_middle])| {
        [("first page", first, later_first), ("middle page", middle, later_middle)]
    });
    let compared = std::iter::once(("create", few.create, many.create)).chain(pages);
    let ratios = compared.map(|(name, few, many)| (name, many.as_secs_f64() / few.as_secs_f64()));
    let high = ratios.filter(|(_, ratio)| *ratio > MOST);
    high.map(|(name, ratio)| format!("{}, {name}: {ratio:.2} times", kind.name)).collect()
}

/// The numbers of resources to measure. The newest of each are deleted, and what is in the middle of the next has to be
/// there.
fn sizes(arguments: &[String], check: bool) -> Result<Vec<usize>> {
    let mut sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000, 100_000];
    }
    let mut least = 2 * ROUNDS;
    for &size in &sizes {
        if size < least {
            return Err(format!(
                "{size} resources are too few: the first number must be at least {}, and each of the others at least \
                 twice the one before",
                2 * ROUNDS
            )
            .into());
        }
        least = size.saturating_mul(2);
    }
    if check && COMPARED.iter().any(|size| !sizes.contains(size)) {
        return Err(format!("--check compares {} resources with {}: name both", COMPARED[1], COMPARED[0]).into());
    }
    Ok(sizes)
}

fn main() -> Result<()> {
    // reqwest's own default needs a provider of the process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let check = std::env::args().any(|argument| argument == "--check");
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let sizes = sizes(&arguments, check)?;
    let named: Vec<_> = arguments.iter().filter(|argument| argument.parse::<usize>().is_err()).collect();
    let is_named = |kind: &&Kind| named.is_empty() || named.iter().any(|name| kind.name.contains(name.as_str()));
    if !KINDS.iter().any(|kind| is_named(&kind)) {
        return Err(format!("no kind has such a name: {}", KINDS.map(|kind| kind.name).join(", ")).into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!("| kind | resources | create µs | first page µs | middle page µs | get µs | delete µs | bytes each |");
    let mut slow = Vec::new();
    for kind in KINDS.iter().filter(is_named) {
        let all = runtime.block_on(measure(kind, &sizes)).map_err(|error| format!("{}: {error}", kind.name))?;
        slow.extend(missed(kind, &all));
    }
    if check && !slow.is_empty() {
        return Err(format!("more than {MOST} times as slow: {}", slow.join("; ")).into());
    }
    Ok(())
}
