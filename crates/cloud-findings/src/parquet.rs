//! Reports as Parquet files.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use crate::{Event, Report, SUMMARY};

/// The columns: those that queries usually filter by, and the whole event as JSON.
const SCHEMA: &str = "
    message ocsf_event {
        OPTIONAL BINARY uid (UTF8);
        REQUIRED INT64 time (TIMESTAMP_MILLIS);
        REQUIRED INT32 class_uid;
        REQUIRED INT32 activity_id;
        REQUIRED INT32 severity_id;
        OPTIONAL INT32 status_id;
        OPTIONAL INT32 compliance_status_id;
        OPTIONAL BINARY vendor (UTF8);
        OPTIONAL BINARY product (UTF8);
        OPTIONAL BINARY account (UTF8);
        OPTIONAL BINARY region (UTF8);
        OPTIONAL BINARY resource (UTF8);
        OPTIONAL BINARY title (UTF8);
        REQUIRED BINARY event (UTF8);
    }";

/// Rows of a row group.
const GROUP: usize = 50_000;

impl Report {
    /// Writes the report as a Parquet file: a row for each event, with the columns that queries usually filter by, and
    /// the whole event as JSON in the column `event`. The file's metadata has the summary of
    /// [`write_jsonl`](Self::write_jsonl) as JSON, under [`SUMMARY`].
    ///
    /// ```no_run
    /// # fn write(report: &cloud_findings::Report) -> std::io::Result<()> {
    /// report.write_parquet(std::fs::File::create("findings.parquet")?)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the writer returns.
    pub fn write_parquet(&self, out: impl Write + Send) -> io::Result<()> {
        write(self, out).map_err(|error| match error {
            // As the writer returned it.
            ParquetError::External(source) => match source.downcast::<io::Error>() {
                Ok(error) => *error,
                Err(source) => io::Error::other(source),
            },
            error => io::Error::other(error),
        })
    }
}

fn write(report: &Report, out: impl Write + Send) -> Result<()> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
    for events in report.events.chunks(GROUP) {
        let mut group = writer.next_row_group()?;
        let mut index = 0;
        while let Some(column) = group.next_column()? {
            write_column(column, index, events)?;
            index += 1;
        }
        group.close()?;
    }
    let summary = serde_json::to_string(&report.summary()).map_err(io::Error::from)?;
    writer.append_key_value_metadata(KeyValue::new(SUMMARY.to_owned(), summary));
    writer.close().map(drop)
}

/// Writes the column with this place in the schema.
fn write_column(column: SerializedColumnWriter<'_>, index: usize, events: &[Event]) -> Result<()> {
    let product = |event: &Event| event.metadata.product.clone();
    let cloud = |event: &Event| event.cloud.clone().unwrap_or_default();
    let resource = |event: &Event| event.resources.as_ref().and_then(|all| all.first()).cloned().unwrap_or_default();
    match index {
        0 => texts(column, events, |event| event.uid().map(str::to_owned)),
        1 => {
            let mut column = column;
            let times: Vec<_> = events.iter().map(|event| event.time.get()).collect();
            column.typed::<Int64Type>().write_batch(&times, None, None)?;
            column.close()
        }
        2 => numbers(column, events, |event| Some(event.class_uid.0), false),
        3 => numbers(column, events, |event| Some(event.activity_id.0), false),
        4 => numbers(column, events, |event| Some(event.severity_id.0), false),
        5 => numbers(column, events, |event| event.status_id.map(|status| status.0), true),
        6 => numbers(column, events, |event| Some(event.compliance.as_ref()?.status_id?.0), true),
        7 => texts(column, events, |event| product(event).vendor_name),
        8 => texts(column, events, |event| product(event).name),
        9 => texts(column, events, |event| cloud(event).account?.uid),
        10 => texts(column, events, |event| cloud(event).region.or_else(|| resource(event).region)),
        11 => texts(column, events, |event| resource(event).uid.or_else(|| resource(event).name)),
        12 => texts(column, events, |event| event.finding_info.as_ref()?.title.clone()),
        _ => {
            let mut column = column;
            let json: std::result::Result<Vec<_>, _> = events.iter().map(serde_json::to_vec).collect();
            let json: Vec<_> = json.map_err(io::Error::from)?.into_iter().map(ByteArray::from).collect();
            column.typed::<ByteArrayType>().write_batch(&json, None, None)?;
            column.close()
        }
    }
}

fn texts(
    mut column: SerializedColumnWriter<'_>,
    events: &[Event],
    of: impl Fn(&Event) -> Option<String>,
) -> Result<()> {
    let texts: Vec<_> = events.iter().map(of).collect();
    let levels: Vec<_> = texts.iter().map(|text| i16::from(text.is_some())).collect();
    let values: Vec<_> = texts.into_iter().flatten().map(|text| ByteArray::from(text.into_bytes())).collect();
    column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?;
    column.close()
}

fn numbers(
    mut column: SerializedColumnWriter<'_>,
    events: &[Event],
    of: impl Fn(&Event) -> Option<u32>,
    is_optional: bool,
) -> Result<()> {
    let numbers: Vec<_> = events.iter().map(of).collect();
    let levels: Vec<_> = numbers.iter().map(|number| i16::from(number.is_some())).collect();
    // Numbers of OCSF are below 2^31.
    let values: Vec<_> =
        numbers.into_iter().flatten().map(|number| i32::try_from(number).unwrap_or(i32::MAX)).collect();
    column.typed::<Int32Type>().write_batch(&values, is_optional.then_some(&levels), None)?;
    column.close()
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    use super::*;
    use crate::{Activity, Class, FindingInfo, Gap, Metadata, Millis, Severity};

    #[test]
    fn rows_are_the_events_and_the_metadata_says_what_is_missing() {
        let mut report = Report::new();
        for number in 0..3 {
            let info = FindingInfo::new(format!("risken/{number}"), "한글");
            let time = Millis::from(cloud_core::UnixSeconds(1_700_000_000 + number));
            report.push(Event::detection(Metadata::new("RISKEN", "Finding"), info, Severity::HIGH, time));
        }
        report.drop_row("no_id");
        report.incomplete.push(Gap::new("risken", "a page is missing"));
        let path = std::env::temp_dir().join(format!("findings-{}.parquet", std::process::id()));
        report.write_parquet(std::fs::File::create(&path).unwrap()).unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap()).collect();
        assert_eq!(rows.len(), 3);
        for (row, event) in rows.iter().zip(&report.events) {
            assert_eq!(row.get_string(0).unwrap(), event.uid().unwrap());
            assert_eq!(row.get_timestamp_millis(1).unwrap(), event.time.get());
            assert_eq!(row.get_int(2).unwrap() as u32, Class::DETECTION_FINDING.0);
            assert_eq!(row.get_int(3).unwrap() as u32, Activity::CREATE.0);
            assert!(row.get_int(6).is_err(), "a detection has no compliance");
            assert_eq!(serde_json::from_str::<Event>(row.get_string(13).unwrap()).unwrap(), *event);
        }
        let metadata = reader.metadata().file_metadata().key_value_metadata().unwrap();
        let summary = metadata.iter().find(|pair| pair.key == SUMMARY).unwrap().value.as_ref().unwrap();
        let wanted =
            r#"{"events":3,"dropped":{"no_id":1},"incomplete":[{"prefix":"risken","why":"a page is missing"}]}"#;
        assert_eq!(summary, wanted);
        std::fs::remove_file(&path).unwrap();
    }

    /// A writer whose disk is full.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn error_of_the_writer_is_returned_as_it_is() {
        let error = Report::new().write_parquet(Full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
