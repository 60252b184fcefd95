//! The expected result of each cell, computed from a few rules independently of the SDKs' code.

use super::calls::{Class, Credentials, Target};
use super::faults::{Fault, Meaning};
use super::{Frequency, Observation};

const ATTEMPTS: u32 = 3;
const ATTEMPT_MS: u64 = 15_000;
const CALL_MS: u64 = 30_000;
const BASE_MS: u64 = 50;
const THROTTLED_MS: u64 = 1000;
/// A client follows `Retry-After` up to this much beyond its own longest delay.
const HINT_MS: u64 = 5000;

/// The longest wait for a cached value that is past its TTL.
const CACHE_MS: u64 = 1000;
const HELD: &str = "the value held";
/// The responses after which a cached value is not used any more. The 404 of the matrix is a gateway's.
const REFUSALS: [&str; 2] = ["Service 401", "Service 403"];

/// The number of pages of a list.
const PAGES: u32 = 3;

/// The expected result of an attempt with the fault.
enum ExpectedAttempt {
    Good,
    /// The error is final.
    Final(String),
    /// One immediate attempt with new credentials follows.
    NewCredentials(String),
    /// The error is transient. `lasts` is the duration of an attempt, `base` the longest first delay.
    Transient {
        text: String,
        lasts: u64,
        base: u64,
        hint: Option<u64>,
        unsent: bool,
    },
}

fn expected_attempt(meaning: Meaning, credentials: Credentials) -> ExpectedAttempt {
    let connection_lost = |text: &str, lasts| ExpectedAttempt::Transient {
        text: format!("{text}, transient"),
        lasts,
        base: BASE_MS,
        hint: None,
        unsent: false,
    };
    let not_sent = |text: String, base| ExpectedAttempt::Transient { text, lasts: 0, base, hint: None, unsent: true };
    match meaning {
        Meaning::Good => ExpectedAttempt::Good,
        Meaning::TlsRefused => ExpectedAttempt::Final("Connect, unsent".into()),
        Meaning::NotSent => not_sent("Connect, transient, unsent".into(), BASE_MS),
        Meaning::ConnectionLost => connection_lost("Transport", 0),
        Meaning::NoResponse => connection_lost("Timeout", ATTEMPT_MS),
        Meaning::Status(401) => unauthorized(credentials),
        Meaning::Status(status) => failed(status, None),
        Meaning::StatusRetryAfter(status, wait) => failed(status, Some(wait)),
        Meaning::Undecodable => ExpectedAttempt::Final("Decode".into()),
        Meaning::TooLarge => ExpectedAttempt::Final("Transport".into()),
        Meaning::ClockSkew if credentials == Credentials::Signed => unauthorized(Credentials::Token),
        Meaning::CredentialsRevoked if credentials != Credentials::Absent => unauthorized(credentials),
        Meaning::ClockSkew | Meaning::CredentialsRevoked => ExpectedAttempt::Good,
        Meaning::TokenStatus(status @ (401 | 500)) => ExpectedAttempt::Final(format!("Credentials {status}, unsent")),
        Meaning::TokenStatus(status) => not_sent(format!("Credentials {status}, transient, unsent"), base(status)),
        Meaning::TokenUnavailable => not_sent("Credentials, transient, unsent".into(), BASE_MS),
        Meaning::List(why) => ExpectedAttempt::Final(format!("Incomplete: {why}")),
    }
}

fn unauthorized(credentials: Credentials) -> ExpectedAttempt {
    let text = "Service 401".to_owned();
    match credentials {
        Credentials::Token | Credentials::Temporary => ExpectedAttempt::NewCredentials(text),
        Credentials::Signed | Credentials::Fixed | Credentials::Absent => ExpectedAttempt::Final(text),
    }
}

fn failed(status: u16, hint: Option<u64>) -> ExpectedAttempt {
    if !matches!(status, 408 | 429 | 502 | 503 | 504) {
        return ExpectedAttempt::Final(format!("Service {status}"));
    }
    let mut text = format!("Service {status}, transient");
    if let Some(wait) = hint {
        text.push_str(&format!(", after {} s", wait / 1000));
    }
    ExpectedAttempt::Transient { text, lasts: 0, base: base(status), hint, unsent: false }
}

/// Returns the longest first delay after a response with this status.
fn base(status: u16) -> u64 {
    if matches!(status, 429 | 503) { THROTTLED_MS } else { BASE_MS }
}

/// Returns the expected result of a cell.
pub(super) fn expected(target: &Target, fault: &Fault, frequency: Frequency) -> Observation {
    let faulty = if frequency == Frequency::Once { 1 } else { u32::MAX };
    let expected_attempt = expected_attempt(fault.meaning, target.credentials);
    let executes = u32::from(fault.executes);
    let mut observed = request(&expected_attempt, target.class, faulty, executes);
    match target.class {
        Class::List => {}
        Class::Cached => return cached(target, fault, observed),
        Class::Safe | Class::Idempotent | Class::Unsafe => return observed,
    }
    match fault.meaning {
        // The first page needs the token.
        Meaning::TokenStatus(_) | Meaning::TokenUnavailable if observed.outcome != "ok" => return observed,
        Meaning::TokenStatus(_) | Meaning::TokenUnavailable => {
            return Observation { attempts: PAGES, executed: PAGES, ..observed };
        }
        Meaning::List(_) => {
            // A repeated item is detected at once; missing items only at the end.
            let pages = if observed.outcome.contains("twice") { PAGES } else { 2 };
            if observed.outcome.contains("same page") {
                observed.outcome.push_str("; the list can be resumed");
            }
            return Observation { attempts: pages, executed: pages, ..observed };
        }
        _ => {}
    }
    observed.attempts += 1;
    observed.executed += 1;
    if observed.outcome == "ok" {
        observed.attempts += PAGES - 2;
        observed.executed += PAGES - 2;
    } else {
        observed.outcome = format!("{}; the list can be resumed", observed.outcome);
    }
    observed
}

/// Returns the expected result of reading a cached secret whose TTL has passed, from that of the request for its value:
/// the value held, if there is no other within a second, except after a refusal.
fn cached(target: &Target, fault: &Fault, request: Observation) -> Observation {
    // On SCP a second request reads the state of the secret: after the value, and after a refusal that it may explain.
    let further = u32::from(target.vendor == "scp" && matches!(&*request.outcome, "ok" | "Service 400"));
    let mut total = 0;
    let silent = if fault.meaning == Meaning::NoResponse { CACHE_MS + 1 } else { 0 };
    let in_time = request.waits.iter().take_while(|wait| {
        total += **wait;
        total + silent < CACHE_MS
    });
    let in_time = in_time.count();
    if in_time < request.waits.len() || silent > 0 {
        let mut waits = request.waits[..in_time].to_vec();
        // The cache waits for its second between two attempts, or while one is in flight.
        waits.extend(Some(CACHE_MS).filter(|_| silent == 0));
        let attempts = u32::try_from(in_time).unwrap_or(u32::MAX) + 1;
        let executed = attempts * u32::from(fault.executes);
        return Observation { attempts, waits, total: CACHE_MS, outcome: HELD.to_owned(), executed };
    }
    let attempts = request.attempts + further;
    let outcome = match &*request.outcome {
        "ok" => "ok".to_owned(),
        refused if REFUSALS.iter().any(|refusal| refused.starts_with(refusal)) => format!("{refused}, evicted"),
        _ => HELD.to_owned(),
    };
    Observation { attempts, outcome, ..request }
}

/// Returns the expected result of one request.
fn request(expected_attempt: &ExpectedAttempt, class: Class, faulty: u32, executes: u32) -> Observation {
    let end = |attempts: u32, waits: Vec<u64>, total: u64, outcome: &str| {
        let good = u32::from(outcome == "ok");
        let executed =
            if matches!(expected_attempt, ExpectedAttempt::Good) { 1 } else { (attempts - good) * executes + good };
        Observation { attempts, waits, total, outcome: outcome.to_owned(), executed }
    };
    match expected_attempt {
        ExpectedAttempt::Good => end(1, Vec::new(), 0, "ok"),
        ExpectedAttempt::Final(text) => end(1, Vec::new(), 0, text),
        ExpectedAttempt::NewCredentials(text) => end(2, Vec::new(), 0, if faulty == 1 { "ok" } else { text }),
        ExpectedAttempt::Transient { text, lasts, base, hint, unsent } => {
            let (mut total, mut waits) = (0, Vec::new());
            for attempt in 1..=ATTEMPTS {
                if attempt > faulty {
                    return end(attempt, waits, total, "ok");
                }
                total += lasts;
                if total >= CALL_MS {
                    return end(attempt, waits, CALL_MS, text);
                }
                let longest = base << (attempt - 1);
                let wait = hint.unwrap_or(0).max(longest / 2);
                let again = class != Class::Unsafe || *unsent;
                let follows = hint.is_none_or(|hint| hint <= longest + HINT_MS) && total + wait < CALL_MS;
                if attempt == ATTEMPTS || !again || !follows {
                    return end(attempt, waits, total, text);
                }
                waits.push(wait);
                total += wait;
            }
            end(ATTEMPTS, waits, total, text)
        }
    }
}
