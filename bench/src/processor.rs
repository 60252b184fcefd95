//! The processor time that a benchmark uses. Needs Linux.

use crate::by_hand::Result;

/// The processor time of all threads of this process, in nanoseconds.
///
/// # Errors
/// If the system does not say.
pub fn nanos() -> Result<u64> {
    let mut sum = 0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        sum += text.split_whitespace().next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(sum)
}
