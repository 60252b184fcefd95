//! Accounts, attachments and scans, stored as the service's tables store them.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::request::{Attach, Aws};
use crate::risken::access::Access;
use crate::risken::error::Failure;
use crate::risken::finding::scan::Ended;
use crate::state::table::{self, Compare, Place, Row, Table};

mod seed;

/// How long a message waits in the queue, and how long a worker needs, in seconds.
const QUEUE: i64 = 1;
const WORK: i64 = 10;

/// Names that workers listen to.
const WORKERS: [&str; 5] =
    ["aws:guard-duty", "aws:access-analyzer", "aws:admin-checker", "aws:cloudsploit", "aws:portscan"];

/// A registered account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) project_id: u32,
    pub(crate) number: String,
    pub(crate) created_at: i64,
}

/// A kind of scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DataSource {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) max_score: f32,
}

/// The state of an attachment, stored by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    Unknown,
    Ok,
    Configured,
    InProgress,
    Error,
}

/// How an account uses a data source; account and source identify it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attachment {
    pub(crate) aws_id: u32,
    pub(crate) source_id: u32,
    pub(crate) project_id: u32,
    pub(crate) role: String,
    pub(crate) external_id: String,
    pub(crate) status: Status,
    pub(crate) status_detail: String,
    pub(crate) scan_at: i64,
    pub(crate) specific_version: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// A scan that has not ended: the message that a worker works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scan {
    /// When the worker takes the message.
    begins_at: i64,
    ends_at: i64,
    source: String,
    account_number: String,
    /// The attachment as it was when the scan was asked for.
    attachment: Attachment,
}

/// The state of RISKEN.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    pub(crate) access: Access,
    #[serde(with = "table::list")]
    pub(crate) accounts: Table<Account>,
    pub(crate) next_account: u32,
    pub(crate) sources: Vec<DataSource>,
    #[serde(with = "table::list")]
    pub(crate) attachments: Table<Attachment>,
    #[serde(with = "table::list")]
    pub(crate) scans: Table<Scan>,
}

/// The places of the orders in [`Account::ORDERS`].
mod of_accounts {
    pub(super) const ID: usize = 0;
    pub(super) const ID_IN_PROJECT: usize = 1;
    pub(super) const NUMBER: usize = 2;
}

impl Row for Account {
    const ORDERS: &'static [Compare<Self>] = &[
        |one, other| one.id.cmp(&other.id),
        |one, other| (one.project_id, one.id).cmp(&(other.project_id, other.id)),
        |one, other| (one.project_id, &one.number).cmp(&(other.project_id, &other.number)),
    ];
}

/// The places of the orders in [`Attachment::ORDERS`].
mod of_attachments {
    pub(super) const KEY: usize = 0;
    pub(super) const IN_PROJECT: usize = 1;
}

impl Row for Attachment {
    const ORDERS: &'static [Compare<Self>] = &[
        |one, other| (one.aws_id, one.source_id).cmp(&(other.aws_id, other.source_id)),
        |one, other| one.in_project().cmp(&other.in_project()),
    ];
}

impl Attachment {
    fn in_project(&self) -> (u32, u32, u32) {
        (self.project_id, self.aws_id, self.source_id)
    }
}

/// The order of scans by their ends.
const END: usize = 0;

impl Row for Scan {
    const ORDERS: &'static [Compare<Self>] = &[|one, other| one.ends_at.cmp(&other.ends_at)];
}

impl Status {
    /// What a number is stored as; a number without a name is taken for a place in the list of names.
    fn stored(number: i32) -> Result<Self, Failure> {
        match number {
            0 => Ok(Self::Unknown),
            1 => Ok(Self::Ok),
            2 => Ok(Self::Configured),
            3 => Ok(Self::InProgress),
            4 | 5 => Ok(Self::Error),
            _ => Err(Failure("Error 1265 (01000): Data truncated for column 'status' at row 1".to_owned())),
        }
    }
}

impl Store {
    /// The accounts of a project that pass the filters, in the order of the table's index of account numbers; zero and
    /// the empty text filter nothing.
    pub(super) fn accounts(&self, project: u32, id: u32, number: &str) -> Vec<&Account> {
        let passes = |account: &&Account| {
            account.project_id == project
                && (id == 0 || account.id == id)
                && (number.is_empty() || account.number == number)
        };
        let (order, part) = match (id, number) {
            (0, "") => {
                (of_accounts::NUMBER, self.accounts.span(of_accounts::NUMBER, |one| one.project_id.cmp(&project)))
            }
            (0, _) => (of_accounts::NUMBER, self.numbered(project, number)),
            _ => (of_accounts::ID_IN_PROJECT, self.accounts_with_id(project, id)),
        };
        let mut found: Vec<_> = self.accounts.rows(order, part).filter(passes).collect();
        if id != 0 {
            found.sort_by(|one, other| one.number.cmp(&other.number));
        }
        found
    }

    fn numbered(&self, project: u32, number: &str) -> Range<usize> {
        self.accounts.span(of_accounts::NUMBER, |one| (one.project_id, &*one.number).cmp(&(project, number)))
    }

    fn accounts_with_id(&self, project: u32, id: u32) -> Range<usize> {
        self.accounts.span(of_accounts::ID_IN_PROJECT, |one| (one.project_id, one.id).cmp(&(project, id)))
    }

    /// Registers an account, or renames the one that has the number in the project.
    pub(super) fn put_account(&mut self, aws: &Aws, now: i64) -> Account {
        let same = self.numbered(aws.project_id, &aws.aws_account_id);
        let known = self.accounts.places(of_accounts::NUMBER, same).next();
        if let Some(mut account) = known.and_then(|place| self.accounts.get_mut(place)) {
            account.name.clone_from(&aws.name);
            return account.clone();
        }
        let account = Account {
            id: self.next_account,
            name: aws.name.clone(),
            project_id: aws.project_id,
            number: aws.aws_account_id.clone(),
            created_at: now,
        };
        self.next_account = self.next_account.saturating_add(1);
        self.accounts.insert(account.clone());
        account
    }

    pub(super) fn has_account(&self, project: u32, id: u32) -> bool {
        !self.accounts_with_id(project, id).is_empty()
    }

    pub(super) fn has_source(&self, id: u32) -> bool {
        self.sources.iter().any(|source| source.id == id)
    }

    /// Removes an account with its attachments, and says whether the project had it.
    pub(super) fn delete_account(&mut self, project: u32, id: u32) -> bool {
        let was_there = self.has_account(project, id);
        let order = of_attachments::IN_PROJECT;
        let attached = self.attachments.span(order, |row| (row.project_id, row.aws_id).cmp(&(project, id)));
        self.attachments.remove_range(order, attached);
        let accounts = self.accounts_with_id(project, id);
        self.accounts.remove_range(of_accounts::ID_IN_PROJECT, accounts);
        was_there
    }

    /// Every data source with its attachment to the account, unattached ones first.
    pub(super) fn sources(&self, project: u32, id: u32, name: &str) -> Vec<(&DataSource, Option<&Attachment>)> {
        // The database ignores spaces at the end when it compares.
        let trimmed = name.trim_end_matches(' ');
        let wanted =
            self.sources.iter().filter(|source| name.is_empty() || source.name.trim_end_matches(' ') == trimmed);
        let of = |source: &DataSource| self.attachments.get(self.attached(project, id, source.id)?);
        let mut rows: Vec<_> = wanted.map(|source| (source, of(source))).collect();
        rows.sort_by_key(|(source, row)| (row.is_some(), source.id));
        rows
    }

    fn attached(&self, project: u32, id: u32, source: u32) -> Option<Place> {
        self.attachments.find(of_attachments::IN_PROJECT, |row| row.in_project().cmp(&(project, id, source)))
    }

    /// Stores an attachment whole, in place of the one that the account has; neither end need exist.
    pub(super) fn attach(&mut self, attach: &Attach, now: i64) -> Result<Attachment, Failure> {
        Ok(self.replace(Attachment {
            aws_id: attach.aws_id,
            source_id: attach.aws_data_source_id,
            project_id: attach.project_id,
            role: attach.assume_role_arn.clone(),
            external_id: attach.external_id.clone(),
            status: Status::stored(attach.status)?,
            status_detail: attach.status_detail.clone(),
            scan_at: attach.scan_at,
            specific_version: attach.specific_version.clone(),
            created_at: now,
            updated_at: now,
        }))
    }

    fn replace(&mut self, mut new: Attachment) -> Attachment {
        let key = (new.aws_id, new.source_id);
        let same = self.attachments.find(of_attachments::KEY, |row| (row.aws_id, row.source_id).cmp(&key));
        let Some(mut old) = same.and_then(|place| self.attachments.get_mut(place)) else {
            self.attachments.insert(new.clone());
            return new;
        };
        new.created_at = old.created_at;
        let changed = Attachment { updated_at: old.updated_at, ..new.clone() } != *old;
        // A row that is written as it was keeps its time.
        new.updated_at = if changed { new.updated_at } else { old.updated_at };
        old.clone_from(&new);
        new
    }

    /// Removes an attachment, and says whether it was there.
    pub(super) fn detach(&mut self, project: u32, id: u32, source: u32) -> bool {
        let order = of_attachments::IN_PROJECT;
        let rows = self.attachments.span(order, |row| row.in_project().cmp(&(project, id, source)));
        self.attachments.remove_range(order, rows) > 0
    }

    /// Sends a scan on its way, whether or not one is running.
    pub(super) fn scan(&mut self, project: u32, id: u32, source: u32, now: i64) -> Result<(), Failure> {
        let missing = || Failure("record not found".to_owned());
        let row = self.attached(project, id, source).ok_or_else(missing)?;
        let mut row = self.attachments.get_mut(row).ok_or_else(missing)?;
        let account = self.accounts.find(of_accounts::ID, |account| account.id.cmp(&id));
        let account = account.and_then(|place| self.accounts.get(place)).ok_or_else(missing)?;
        let source = self.sources.iter().find(|known| known.id == source).ok_or_else(missing)?;
        if !WORKERS.contains(&&*source.name) {
            return Err(Failure(format!("unknown datasource, datasource={}", source.name)));
        }
        self.scans.insert(Scan {
            begins_at: now.saturating_add(QUEUE),
            ends_at: now.saturating_add(QUEUE + WORK),
            source: source.name.clone(),
            account_number: account.number.clone(),
            attachment: row.clone(),
        });
        row.status = Status::InProgress;
        row.status_detail = format!("Start scan at {}", local(now));
        row.updated_at = now;
        Ok(())
    }

    /// Stores the states of the scans that have ended by now, and returns those that have found something.
    pub(in crate::risken) fn settle(&mut self, now: i64) -> Vec<Ended> {
        let mut found = Vec::new();
        let ended = self.scans.span(END, |scan| table::due(Some(scan.ends_at), &now));
        let ended: Vec<_> = self.scans.places(END, ended).collect();
        for scan in ended {
            let Some(scan) = self.scans.remove(scan) else { continue };
            let (status, status_detail) = scan.outcome();
            let (scan_at, written_at) = (scan.begins_at, scan.ends_at);
            if status == Status::Ok {
                let (source, account) = (scan.source.clone(), scan.account_number.clone());
                found.push(Ended { source, account, project_id: scan.attachment.project_id, at: written_at });
            }
            let times = Attachment { scan_at, created_at: written_at, updated_at: written_at, ..scan.attachment };
            // A row that was removed in the meantime is there again afterwards.
            self.replace(Attachment { status, status_detail, ..times });
        }
        found
    }
}

impl Scan {
    fn outcome(&self) -> (Status, String) {
        let inside = format!(":{}:", self.account_number);
        if self.source == "aws:cloudsploit" && !self.attachment.role.contains(&inside) {
            let why = format!("the role {} is not in the account {}", self.attachment.role, self.account_number);
            return (Status::Error, why);
        }
        (Status::Ok, String::new())
    }
}

/// A time as servers in the zone UTC+9 write it.
fn local(seconds: i64) -> String {
    let east = UtcOffset::from_hms(9, 0, 0).unwrap_or(UtcOffset::UTC);
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.to_offset(east).format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests;
