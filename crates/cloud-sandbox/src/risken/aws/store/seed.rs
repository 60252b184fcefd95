//! The rows of a fresh sandbox. Projects count from 1001, accounts from 2001, data sources from 3001.

use super::{Account, Attachment, DataSource, Status, Store, WORKERS};
use crate::risken::access::Access;
use crate::state::table::Table;

impl Default for Store {
    /// One account with one data source that was scanned.
    fn default() -> Self {
        let then = 1_629_337_534;
        let number = "123456789012".to_owned();
        let scores = [10.0, 1.0, 1.0, 10.0, 10.0];
        let sources = (3001..).zip(WORKERS).zip(scores);
        Self {
            access: Access::default(),
            accounts: Table::from_iter([Account {
                id: 2001,
                name: "Production AWS Account".to_owned(),
                project_id: 1001,
                number,
                created_at: then,
            }]),
            next_account: 2002,
            sources: sources
                .map(|((id, name), max_score)| DataSource { id, name: name.to_owned(), max_score })
                .collect(),
            attachments: Table::from_iter([Attachment {
                aws_id: 2001,
                source_id: 3001,
                project_id: 1001,
                role: "arn:aws:iam::123456789012:role/RiskenRole".to_owned(),
                external_id: "unique-external-id".to_owned(),
                status: Status::Ok,
                status_detail: "OK".to_owned(),
                scan_at: then,
                specific_version: "v1.0.0".to_owned(),
                created_at: then,
                updated_at: then,
            }]),
            scans: Table::default(),
        }
    }
}
