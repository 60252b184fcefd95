//! `certs`: certificates of Certificate Manager by their expiry.

use clap::Args;
use cloud_core::config::ProcessEnv;
use cloud_core::time::{Duration, OffsetDateTime, UtcOffset};
use scp_security::certificate_manager::types::CertificateSummary;
use serde::Serialize;

use crate::duration;
use crate::exit::{self, Result};
use crate::output::{self, Format};
use crate::vendors::{self, Vendor};

/// The arguments of `certs`.
#[derive(Args, Debug)]
pub(crate) struct CertsArgs {
    /// List those that end within this time, such as 60d, 8w or 12h, and those that have ended
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    expiring: Option<Duration>,
    /// The format of the output
    #[arg(long, value_enum)]
    output: Option<Format>,
}

/// A certificate.
#[derive(Debug, PartialEq, Serialize)]
struct Certificate {
    name: String,
    common_name: String,
    state: String,
    not_after: String,
    /// Whole days until the end; negative if it has ended, and missing if the date cannot be read.
    days_left: Option<i64>,
    id: String,
    #[serde(skip)]
    left: Option<Duration>,
}

const HEAD: [&str; 6] = ["name", "common_name", "state", "not_after", "days_left", "id"];

pub(crate) async fn run(arguments: CertsArgs, quiet: bool) -> Result<u8> {
    let failed = vendors::settings_failure(Vendor::Scp);
    let client = vendors::scp(ProcessEnv).build().map_err(failed)?.certificate_manager();
    let list = client.list_certificates().items().into_listing().await?;
    let missing = list.incomplete().map(ToString::to_string);
    let all: Vec<_> = list.into_partial().iter().map(|own| Certificate::new(own, vendors::now())).collect();
    let total = all.len();
    let found = expiring(all, arguments.expiring);
    let rows: Vec<_> = found.iter().map(Certificate::row).collect();
    output::print(Format::or_default(arguments.output), &HEAD, &rows, &found)?;
    if arguments.expiring.is_some() {
        output::note(quiet, &format!("{} of {total} certificates", found.len()));
    }
    match missing {
        Some(why) => {
            output::note(false, &format!("cloudsec: the list is incomplete: {why}"));
            Ok(exit::INCOMPLETE)
        }
        None if arguments.expiring.is_some() && !found.is_empty() => Ok(exit::FOUND),
        None => Ok(exit::OK),
    }
}

/// Those that end within a time, the first one first. A certificate whose end is not known counts as one.
fn expiring(mut all: Vec<Certificate>, within: Option<Duration>) -> Vec<Certificate> {
    if let Some(within) = within {
        all.retain(|own| own.left.is_none_or(|left| left <= within));
    }
    all.sort_by_key(|own| own.left);
    all
}

impl Certificate {
    fn new(own: &CertificateSummary, now: OffsetDateTime) -> Self {
        // The service sends no zone; its model assumes UTC.
        let end = own.not_after_dt.to_instant(UtcOffset::UTC).ok();
        let left = end.map(|end| end - now);
        Self {
            name: own.name.clone(),
            common_name: own.cn.clone(),
            state: own.state.clone(),
            not_after: own.not_after_dt.as_str().to_owned(),
            days_left: left.map(|left| left.whole_seconds().div_euclid(24 * 60 * 60)),
            id: own.id.clone(),
            left,
        }
    }

    fn row(&self) -> Vec<String> {
        let days = self.days_left.map_or_else(|| "unknown".to_owned(), |days| days.to_string());
        let Self { name, common_name, state, not_after, id, .. } = self;
        [name, common_name, state, not_after, &days, id].map(String::clone).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ended_and_unknown_certificates_expire_and_come_first() {
        let own = |name: &str, left: Option<i64>| Certificate {
            name: name.to_owned(),
            common_name: String::new(),
            state: String::new(),
            not_after: String::new(),
            days_left: left,
            id: String::new(),
            left: left.map(Duration::days),
        };
        let all = || vec![own("later", Some(61)), own("soon", Some(60)), own("ended", Some(-1)), own("odd", None)];
        let names = |found: Vec<Certificate>| found.into_iter().map(|own| own.name).collect::<Vec<_>>();
        assert_eq!(names(expiring(all(), Some(Duration::days(60)))), ["odd", "ended", "soon"]);
        assert_eq!(names(expiring(all(), None)), ["odd", "ended", "soon", "later"]);
    }
}
