//! Keeps what is logged while some code runs, as lines of text.

use std::fmt::{self, Write as _};
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber as _;
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// Runs `run` and returns with its outcome what it logged through `tracing` on this thread, at every level: a line
/// for each event, for each new span and for each value that a span is given later.
pub fn capture<R>(run: impl FnOnce() -> R) -> (R, Vec<String>) {
    hold_second();
    let lines = Lines::default();
    let outcome = tracing::subscriber::with_default(Collector::new(&lines), run);
    (outcome, lines.take())
}

/// The same as [`capture`] for a future.
pub async fn capture_async<F: Future>(run: impl FnOnce() -> F) -> (F::Output, Vec<String>) {
    hold_second();
    let lines = Lines::default();
    let outcome = async { run().await }.with_subscriber(Collector::new(&lines)).await;
    (outcome, lines.take())
}

/// Keeps a second dispatcher alive. With a single one, tracing asks the current thread alone whether a new event is of
/// interest, so an event that another thread logs first would not be captured.
fn hold_second() {
    static SECOND: OnceLock<Dispatch> = OnceLock::new();
    SECOND.get_or_init(|| Dispatch::new(Collector::new(&Lines::default())));
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A subscriber that wants everything.
struct Collector {
    lines: Lines,
    spans: AtomicU64,
}

impl Collector {
    fn new(lines: &Lines) -> Self {
        Self { lines: lines.clone(), spans: AtomicU64::new(0) }
    }

    fn add(&self, kind: &str, metadata: Option<&Metadata<'_>>, record: impl FnOnce(&mut Line)) {
        let mut line = Line(kind.to_owned());
        if let Some(metadata) = metadata {
            let _ = write!(line.0, " {} {}", metadata.level(), metadata.name());
        }
        record(&mut line);
        self.lines.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.0);
    }
}

/// Writing to text cannot fail, so outcomes are left aside.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {field}={value}");
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut next = Some(value);
        while let Some(error) = next {
            let _ = write!(self.0, " {field}={error} {error:?}");
            next = error.source();
        }
    }
}

impl Subscriber for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.add("span", Some(span.metadata()), |line| span.record(line));
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.add("record", None, |line| values.record(line));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.add("event", Some(event.metadata()), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
