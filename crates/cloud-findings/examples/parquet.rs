//! Reads reports as JSON Lines from its input and writes them as one Parquet file.
//!
//! ```text
//! cargo run -p cloud-findings --features parquet --example parquet -- OUT.parquet < findings.jsonl
//! ```

#![allow(clippy::print_stderr, reason = "says what is missing")]

use std::error::Error;
use std::fs::File;
use std::io;

use cloud_findings::Report;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(path), None) = (arguments.next(), arguments.next()) else {
        return Err("usage: parquet OUT.parquet < findings.jsonl".into());
    };
    let report = Report::read_jsonl(io::stdin().lock())?;
    report.write_parquet(File::create(path)?)?;
    for gap in &report.incomplete {
        eprintln!("not read: {}: {}", gap.prefix, gap.why);
    }
    Ok(())
}
