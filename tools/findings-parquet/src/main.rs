//! Reads reports as JSON Lines from its input and writes them as one Parquet file.
//!
//! ```text
//! findings-parquet OUT.parquet < findings.jsonl
//! ```

use std::error::Error;
use std::fs::File;
use std::io;

use cloud_findings::Report;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(path), None) = (arguments.next(), arguments.next()) else {
        return Err("usage: findings-parquet OUT.parquet < findings.jsonl".into());
    };
    let report = Report::read_jsonl(io::stdin().lock())?;
    findings_parquet::write(&report, File::create(path)?)?;
    for gap in &report.incomplete {
        eprintln!("not read: {}: {}", gap.prefix, gap.why);
    }
    Ok(())
}
