//! Proves that a secret shows nowhere: runs code with logging turned up and searches all that it shows.

use std::error::Error as StdError;
use std::fmt::{Debug, Display};
use std::future::Future;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::capture::{capture, capture_async};

/// Something whose every printed form can be searched.
///
/// For a type without an implementation, return what it prints: `format!("{value:?} {value:#?}")`.
pub trait Shown {
    /// Adds everything that it prints.
    fn show(&self, texts: &mut Vec<String>);
}

impl Shown for () {
    fn show(&self, _: &mut Vec<String>) {}
}

impl Shown for String {
    fn show(&self, texts: &mut Vec<String>) {
        texts.push(self.clone());
    }
}

impl Shown for crate::Error {
    fn show(&self, texts: &mut Vec<String>) {
        chain(self, texts);
    }
}

impl<T: Debug, E: StdError + 'static> Shown for Result<T, E> {
    fn show(&self, texts: &mut Vec<String>) {
        match self {
            Ok(value) => texts.extend([format!("{value:?}"), format!("{value:#?}")]),
            Err(error) => chain(error, texts),
        }
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn show(&self, texts: &mut Vec<String>) {
        self.iter().for_each(|item| item.show(texts));
    }
}

impl<A: Shown, B: Shown> Shown for (A, B) {
    fn show(&self, texts: &mut Vec<String>) {
        self.0.show(texts);
        self.1.show(texts);
    }
}

/// `Display` and `Debug` of an error and of all that caused it.
fn chain(error: &(dyn StdError + 'static), texts: &mut Vec<String>) {
    let mut next = Some(error);
    while let Some(error) = next {
        let (display, debug): (&dyn Display, &dyn Debug) = (&error, &error);
        texts.extend([display.to_string(), format!("{debug:?}"), format!("{debug:#?}")]);
        next = error.source();
    }
}

/// Runs `run` and fails the test if the canary shows in what is logged meanwhile, at any level, or in what `run`
/// returns: `Debug`, `Display` and the chain of errors.
///
/// The canary is found as it is, escaped as `Debug` does, percent-encoded, as hexadecimal in either case, as a list
/// of bytes, and as Base64 of both alphabets wherever in the encoded text it begins. Choose one of eight bytes or
/// more that appears nowhere else.
///
/// Logged is what goes through `tracing` on this thread, with all tasks of a runtime that only this thread runs;
/// what is written through the `log` crate is not seen.
///
/// ```
/// use cloud_core::{Client, SecretString, testing::assert_no_leak};
///
/// let secret = assert_no_leak("correct-horse", || {
///     let secret = SecretString::from("correct-horse");
///     (format!("{secret:?}"), "tried".to_owned())
/// });
/// assert_eq!(secret.1, "tried");
/// ```
///
/// # Panics
/// If the canary shows, with the form and the text around it, or if it is too short to be told from chance.
pub fn assert_no_leak<R: Shown>(canary: &str, run: impl FnOnce() -> R) -> R {
    let (outcome, logged) = capture(run);
    judge(canary, &outcome, logged);
    outcome
}

/// The same as [`assert_no_leak`] for a future. Logged is what the future itself does, not tasks that it spawns.
///
/// # Panics
/// As [`assert_no_leak`].
pub async fn assert_no_leak_async<F>(canary: &str, run: impl FnOnce() -> F) -> F::Output
where
    F: Future,
    F::Output: Shown,
{
    let (outcome, logged) = capture_async(run).await;
    judge(canary, &outcome, logged);
    outcome
}

#[track_caller]
fn judge(canary: &str, outcome: &impl Shown, mut texts: Vec<String>) {
    assert!(canary.len() >= 8, "a canary of at least 8 bytes is needed");
    let logged = texts.len();
    outcome.show(&mut texts);
    for (number, text) in texts.iter().enumerate() {
        let place = if number < logged { "logged" } else { "shown" };
        let leak = find_leak(canary, text);
        assert!(leak.is_none(), "the canary is {place} {}: {text}", leak.unwrap_or_default());
    }
}

/// Returns the form in which the text contains the canary, of those that [`assert_no_leak`] searches for.
#[must_use]
pub fn find_leak(canary: &str, text: &str) -> Option<&'static str> {
    let bytes = canary.as_bytes();
    if text.contains(canary) {
        return Some("as it is");
    }
    if text.contains(&canary.escape_debug().to_string()) || text.contains(&canary.escape_default().to_string()) {
        return Some("escaped");
    }
    // Decoding the text finds it whichever characters were encoded, and in either case.
    let decoded = crate::request::percent::decode(text);
    if decoded.contains(canary) || crate::request::percent::decode(&text.replace('+', " ")).contains(canary) {
        return Some("percent-encoded");
    }
    // Encoded text may be broken into lines or groups.
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let plain: String = joined.to_ascii_lowercase().replace("0x", "").replace([',', ':', '-'], "");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if plain.contains(&hex) {
        return Some("as hexadecimal");
    }
    let list: Vec<_> = bytes.iter().map(u8::to_string).collect();
    if joined.contains(&list.join(",")) {
        return Some("as a list of bytes");
    }
    let encoded = |form: &String| joined.contains(form.as_str());
    (0..3).flat_map(|shift| base64_inside(bytes, shift)).any(|form| encoded(&form)).then_some("as base64")
}

/// What Base64 makes of the bytes alone when `shift` other bytes stand before them and any others behind.
fn base64_inside(bytes: &[u8], shift: usize) -> [String; 2] {
    let mut padded = vec![0; shift];
    padded.extend_from_slice(bytes);
    // Of six bits each; the first and last characters are left out where they hold bits of others.
    let (start, end) = ((shift * 8).div_ceil(6), padded.len() * 8 / 6);
    [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)].map(|text| text[start..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    /// With characters that each encoding changes.
    const CANARY: &str = "canary/7Qz+9 \"ÿ?>";

    fn leaks(run: impl FnOnce()) -> bool {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err()
    }

    #[test]
    fn canary_is_found_in_each_form_and_position() {
        let bytes = CANARY.as_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let all: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
        let listed: Vec<_> = bytes.iter().map(|byte| format!("0x{byte:02X}")).collect();
        let check = |text: &str, wanted: &str| {
            assert_eq!(find_leak(CANARY, text), Some(wanted), "{text}");
            assert_eq!(find_leak(CANARY, &format!("before {text}, after")), Some(wanted), "{text}");
        };
        check(CANARY, "as it is");
        check(&format!("{CANARY:?}"), "escaped");
        check(&CANARY.escape_default().to_string(), "escaped");
        check("canary%2F7Qz%2B9%20%22%C3%BF%3F%3E", "percent-encoded");
        check("canary/7Qz%2b9+\"%c3%bf?>", "percent-encoded");
        check(&all, "percent-encoded");
        check(&hex, "as hexadecimal");
        check(&hex.to_ascii_uppercase(), "as hexadecimal");
        check(&listed.join(", "), "as hexadecimal");
        check(&format!("{bytes:?}"), "as a list of bytes");
        check(&format!("{bytes:#?}"), "as a list of bytes");
    }

    #[test]
    fn base64_is_found_at_every_alignment_in_both_alphabets() {
        for before in ["", "a", "ab", "abc", "abcd", "{\"k\":\"", "한"] {
            for after in ["", "x", "xy", "xyz"] {
                let text = format!("{before}{CANARY}{after}");
                for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                    let encoded = engine.encode(&text);
                    assert_eq!(find_leak(CANARY, &encoded), Some("as base64"), "{text}");
                    let (head, tail) = encoded.split_at(encoded.len() / 2);
                    assert_eq!(find_leak(CANARY, &format!("{head}\n{tail}")), Some("as base64"), "{text} on two lines");
                }
                // A similar value is not reported.
                assert_eq!(find_leak(CANARY, &STANDARD_NO_PAD.encode(text.replace("7Qz", "7Qx"))), None);
            }
        }
    }

    #[test]
    fn logs_and_return_values_are_searched() {
        let hidden = || Error::new(ErrorKind::Service, "refused");
        assert!(!leaks(|| drop(assert_no_leak(CANARY, || Err::<(), _>(hidden())))));
        assert!(leaks(|| assert_no_leak(CANARY, || tracing::trace!(value = CANARY, "sent"))));
        assert!(leaks(|| assert_no_leak(CANARY, || tracing::error!("sent {CANARY}"))));
        assert!(leaks(|| assert_no_leak(CANARY, || drop(tracing::trace_span!("call", key = CANARY)))));
        assert!(leaks(|| {
            assert_no_leak(CANARY, || {
                let span = tracing::trace_span!("call", key = tracing::field::Empty);
                span.record("key", tracing::field::debug(CANARY.as_bytes()));
            });
        }));
        assert!(leaks(|| drop(assert_no_leak(CANARY, || Ok::<_, Error>(CANARY)))));
        assert!(leaks(|| drop(assert_no_leak(CANARY, || Err::<(), _>(hidden().with_code(Some(CANARY.into())))))));
        assert!(leaks(|| drop(assert_no_leak(CANARY, || {
            let cause = Error::new(ErrorKind::Transport, "reset").with_source(std::io::Error::other(CANARY));
            Err::<(), _>(hidden().with_source(cause))
        }))));
        assert!(leaks(|| drop(assert_no_leak(CANARY, || vec![String::new(), CANARY.to_owned()]))));
        assert!(leaks(|| assert_no_leak("short", || ())));
    }

    #[tokio::test]
    async fn logs_of_a_future_are_searched_after_a_yield() {
        async fn log(text: &str) -> Result<(), Error> {
            tokio::task::yield_now().await;
            tracing::trace!("{text}");
            Ok(())
        }
        let run = |text: &'static str| async move {
            tokio::spawn(async move { drop(assert_no_leak_async(CANARY, || log(text)).await) }).await
        };
        assert!(run("nothing").await.is_ok());
        assert!(run(CANARY).await.is_err());
    }
}
