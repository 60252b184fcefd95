//! Reports as JSON Lines: an event on each line, and a summary on the last one.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::report::both;
use crate::{Event, Gap, Report};

/// The only member of the last line of a report: its value has the number of events, and what was dropped and missed.
pub const SUMMARY: &str = "cloud_findings_summary";

/// The last line.
#[derive(Serialize, Deserialize)]
struct Last {
    #[serde(rename = "cloud_findings_summary")]
    summary: Summary,
}

/// What a report says beside its events.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) events: u64,
    #[serde(default)]
    pub(crate) dropped: BTreeMap<String, u64>,
    #[serde(default)]
    pub(crate) incomplete: Vec<Gap>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) covers: Option<Vec<String>>,
}

/// A line of a report.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Last(Last),
    Event(Box<Event>),
}

impl Report {
    /// Writes the events as JSON Lines, and nothing else: what was dropped or missed is lost.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn write_events(&self, mut out: impl Write) -> io::Result<()> {
        self.events.iter().try_for_each(|event| write_line(&mut out, event))
    }

    /// Writes the events as JSON Lines, and a last line with [`SUMMARY`], by which [`read_jsonl`](Self::read_jsonl)
    /// knows that no event is missing.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn write_jsonl(&self, mut out: impl Write) -> io::Result<()> {
        self.write_events(&mut out)?;
        write_summary(&mut out, self.summary())
    }

    pub(crate) fn summary(&self) -> Summary {
        let events = self.events.len().try_into().unwrap_or(u64::MAX);
        let (dropped, incomplete, covers) = (self.dropped.clone(), self.incomplete.clone(), self.covers.clone());
        Summary { events, dropped, incomplete, covers }
    }

    /// Reads JSON Lines. Empty lines are skipped. Reports that were written one after another are read as one. After a
    /// summary that does not fit the events before it, and after events without a summary, the report is incomplete.
    ///
    /// # Errors
    /// What the reader returns, and [`io::ErrorKind::InvalidData`] with the number of a line that is not an event. The
    /// text does not quote the line.
    pub fn read_jsonl(reader: impl BufRead) -> io::Result<Self> {
        let mut report = Self::new();
        let (mut since, mut summaries) = (0, 0_u64);
        for (index, line) in reader.lines().enumerate() {
            let line = line?;
            if line.trim().is_empty() {
                continue;
            }
            match serde_json::from_str(&line) {
                Ok(Line::Event(event)) => {
                    since += 1;
                    report.push(*event);
                }
                Ok(Line::Last(Last { summary })) => {
                    if summary.events != since {
                        let why = format!("{since} of {} events are in the file", summary.events);
                        report.incomplete.push(Gap::new("", why));
                    }
                    for (reason, count) in summary.dropped {
                        report.drop_rows(&reason, count);
                    }
                    report.incomplete.extend(summary.incomplete);
                    report.covers = match summaries {
                        0 => summary.covers,
                        _ => both(report.covers, summary.covers),
                    };
                    (since, summaries) = (0, summaries + 1);
                }
                Err(_) => {
                    let text = format!("line {} is not an OCSF event in JSON", index + 1);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                }
            }
        }
        if since > 0 || summaries == 0 {
            report.incomplete.push(Gap::new("", "the file has no summary at its end, so events may be missing"));
        }
        Ok(report)
    }
}

pub(crate) fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

pub(crate) fn write_summary(out: &mut impl Write, summary: Summary) -> io::Result<()> {
    write_line(out, &Last { summary })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FindingInfo, Metadata, Millis, Severity, reason};

    fn report(count: u32) -> Report {
        let event = |number: u32| {
            let info = FindingInfo::new(format!("risken/{number}"), "한글\nand a second line");
            Event::detection(Metadata::new("RISKEN", "Finding"), info, Severity::LOW, Millis::default())
        };
        let mut report = Report { events: (0..count).map(event).collect(), ..Report::new() };
        report.drop_row(reason::NO_ID);
        report
    }

    fn written(report: &Report) -> Vec<u8> {
        let mut out = Vec::new();
        report.write_jsonl(&mut out).unwrap();
        out
    }

    #[test]
    fn report_round_trips_and_reports_can_be_joined() {
        let (mut none, mut two) = (report(0), report(2));
        none.covers = Some(vec!["nhn".to_owned()]);
        two.covers = Some(vec!["risken".to_owned()]);
        two.incomplete.push(Gap::new("risken/1", "the list ended early"));
        for report in [&none, &two] {
            assert_eq!(Report::read_jsonl(&*written(report)).unwrap(), *report);
        }
        let joined = [written(&two), b"\n".to_vec(), written(&none)].concat();
        let joined = Report::read_jsonl(&*joined).unwrap();
        assert_eq!((joined.events.len(), joined.dropped_rows(), joined.incomplete.len()), (2, 2, 1));
        assert_eq!(joined.covers.as_deref().unwrap(), ["nhn", "risken"]);
    }

    #[test]
    fn file_that_lost_lines_is_not_complete() {
        let whole = String::from_utf8(written(&report(3))).unwrap();
        let lines: Vec<_> = whole.lines().collect();
        for kept in [&lines[..0], &lines[..2], &lines[..3], &lines[1..]] {
            let read = Report::read_jsonl(kept.join("\n").as_bytes()).unwrap();
            assert!(!read.is_complete(), "{} of {} lines", kept.len(), lines.len());
        }
        assert!(Report::read_jsonl(whole.as_bytes()).unwrap().is_complete());
    }

    #[test]
    fn invalid_line_is_named_and_not_quoted() {
        let mut text = written(&report(1));
        text.extend(b"{\"secret\":\"hunter2\"}\n");
        let error = Report::read_jsonl(&*text).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (io::ErrorKind::InvalidData, "line 3 is not an OCSF event in JSON")
        );
    }

    #[test]
    fn summary_is_the_member_that_is_documented() {
        let text = String::from_utf8(written(&report(0))).unwrap();
        assert!(text.starts_with(&format!("{{\"{SUMMARY}\":")), "{text}");
    }
}
