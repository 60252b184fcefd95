//! What has to happen in each cell of the matrix, worked out from a few rules and written apart from the SDKs.

use super::calls::{Class, Credentials, Target};
use super::faults::{Fault, Meaning};
use super::{Often, Seen};

const ATTEMPTS: u32 = 3;
const ATTEMPT_MS: u64 = 15_000;
const CALL_MS: u64 = 30_000;
const BASE_MS: u64 = 50;
const THROTTLED_MS: u64 = 1000;
/// A client follows the service's wait up to this much beyond the longest of its own.
const HINT_MS: u64 = 5000;

/// The pages of the lists, and the one that is struck.
const PAGES: u32 = 3;

/// What an attempt that is struck comes to.
enum Verdict {
    Good,
    /// It stands.
    Final(String),
    /// A new signature is tried once, at once.
    SignedAnew(String),
    /// It may pass. `lasts` is how long an attempt takes, `base` the longest first wait.
    Passing {
        text: String,
        lasts: u64,
        base: u64,
        hint: Option<u64>,
        unsent: bool,
    },
}

fn verdict(meaning: Meaning, credentials: Credentials) -> Verdict {
    let lost = |text: &str, lasts| Verdict::Passing {
        text: format!("{text}, retryable"),
        lasts,
        base: BASE_MS,
        hint: None,
        unsent: false,
    };
    let never_left = |text: String, base| Verdict::Passing { text, lasts: 0, base, hint: None, unsent: true };
    match meaning {
        Meaning::Good => Verdict::Good,
        Meaning::Unsent => never_left("Connect, retryable, unsent".into(), BASE_MS),
        Meaning::Lost => lost("Transport", 0),
        Meaning::Silent => lost("Timeout", ATTEMPT_MS),
        Meaning::Says(401) => refused(credentials),
        Meaning::Says(status) => says(status, None),
        Meaning::SaysWait(status, wait) => says(status, Some(wait)),
        Meaning::Garbled => Verdict::Final("Decode".into()),
        Meaning::TooMuch => Verdict::Final("Transport".into()),
        Meaning::WrongTime if credentials == Credentials::Signed => refused(Credentials::Token),
        Meaning::Revoked if credentials != Credentials::Absent => refused(credentials),
        Meaning::WrongTime | Meaning::Revoked => Verdict::Good,
        Meaning::NoToken(status @ (401 | 500)) => Verdict::Final(format!("Credentials {status}, unsent")),
        Meaning::NoToken(status) => never_left(format!("Credentials {status}, retryable, unsent"), base(status)),
        Meaning::TokenLost => never_left("Credentials, retryable, unsent".into(), BASE_MS),
        Meaning::List(why) => Verdict::Final(format!("Incomplete: {why}")),
    }
}

fn refused(credentials: Credentials) -> Verdict {
    let text = "Service 401".to_owned();
    match credentials {
        Credentials::Token | Credentials::Temporary => Verdict::SignedAnew(text),
        Credentials::Signed | Credentials::Fixed | Credentials::Absent => Verdict::Final(text),
    }
}

fn says(status: u16, hint: Option<u64>) -> Verdict {
    if !matches!(status, 408 | 429 | 502 | 503 | 504) {
        return Verdict::Final(format!("Service {status}"));
    }
    let mut text = format!("Service {status}, retryable");
    if let Some(wait) = hint {
        text.push_str(&format!(", after {} s", wait / 1000));
    }
    Verdict::Passing { text, lasts: 0, base: base(status), hint, unsent: false }
}

/// The longest first wait after an answer with this status.
fn base(status: u16) -> u64 {
    if matches!(status, 429 | 503) { THROTTLED_MS } else { BASE_MS }
}

/// What the cell has to show.
pub(super) fn expected(target: &Target, fault: &Fault, often: Often) -> Seen {
    let struck = if often == Often::Once { 1 } else { u32::MAX };
    let verdict = verdict(fault.meaning, target.credentials);
    let executes = u32::from(fault.executes);
    let mut seen = request(&verdict, target.class, struck, executes);
    if target.class != Class::List {
        return seen;
    }
    match fault.meaning {
        // What is wrong from the start strikes the first page, and a token is needed for it.
        Meaning::NoToken(_) | Meaning::TokenLost if seen.outcome != "ok" => return seen,
        Meaning::NoToken(_) | Meaning::TokenLost => return Seen { attempts: PAGES, executed: PAGES, ..seen },
        Meaning::List(_) => {
            // An item that comes twice is known when it comes; whether others are missing, at the end.
            let pages = if seen.outcome.contains("twice") { PAGES } else { 2 };
            if seen.outcome.contains("same page") {
                seen.outcome.push_str("; the list can be resumed");
            }
            return Seen { attempts: pages, executed: pages, ..seen };
        }
        _ => {}
    }
    seen.attempts += 1;
    seen.executed += 1;
    if seen.outcome == "ok" {
        seen.attempts += PAGES - 2;
        seen.executed += PAGES - 2;
    } else {
        seen.outcome = format!("{}; the list can be resumed", seen.outcome);
    }
    seen
}

/// One request and what follows from it.
fn request(verdict: &Verdict, class: Class, struck: u32, executes: u32) -> Seen {
    let end = |attempts: u32, waits: Vec<u64>, total: u64, outcome: &str| {
        let good = u32::from(outcome == "ok");
        let executed = if matches!(verdict, Verdict::Good) { 1 } else { (attempts - good) * executes + good };
        Seen { attempts, waits, total, outcome: outcome.to_owned(), executed }
    };
    match verdict {
        Verdict::Good => end(1, Vec::new(), 0, "ok"),
        Verdict::Final(text) => end(1, Vec::new(), 0, text),
        Verdict::SignedAnew(text) => end(2, Vec::new(), 0, if struck == 1 { "ok" } else { text }),
        Verdict::Passing { text, lasts, base, hint, unsent } => {
            let (mut total, mut waits) = (0, Vec::new());
            for attempt in 1..=ATTEMPTS {
                if attempt > struck {
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
