//! Resident memory of a process over time.

use std::fmt;

/// Tolerated growth: an allocator keeps some pages.
const SLACK_KIB: u64 = 2048;

/// The resident memory of a process in KiB, or of this one; `None` where the system does not report it.
#[must_use]
pub(crate) fn resident_kib(process: Option<u32>) -> Option<u64> {
    let name = process.map_or_else(|| "self".to_owned(), |id| id.to_string());
    let text = std::fs::read_to_string(format!("/proc/{name}/status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

/// Memory samples of one process, in order.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<u64>);

impl Samples {
    /// Adds a sample, if there is one.
    pub(crate) fn add(&mut self, kib: Option<u64>) {
        self.0.extend(kib);
    }

    /// Whether the last third needs no more than the one before it, by the least of each, 5 % and 2 MiB aside: what is held
    /// for a moment is not a growth, and a leak lifts the least too. Too few samples say nothing.
    #[must_use]
    pub fn level_off(&self) -> Option<bool> {
        let third = self.0.len() / 3;
        let (before, last) = self.0.split_at_checked(self.0.len() - third)?;
        let before = before.get(before.len().checked_sub(third)?..)?;
        let (before, last) = (before.iter().min()?, last.iter().min()?);
        (third >= 2).then(|| *last <= before + before / 20 + SLACK_KIB)
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.level_off() {
            Some(true) => "levels off",
            Some(false) => "still grows",
            None => "not enough samples",
        };
        #[allow(clippy::cast_precision_loss, reason = "one decimal is shown")]
        let samples: Vec<_> = self.0.iter().map(|kib| format!("{:.1}", *kib as f64 / 1024.0)).collect();
        write!(f, "{} MiB: {verdict}", samples.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(samples: &[u64]) -> Option<bool> {
        Samples(samples.to_vec()).level_off()
    }

    #[test]
    fn memory_levels_off_only_if_growth_ends() {
        assert_eq!(verdict(&[20_000, 60_000, 80_000, 80_500, 80_400, 81_000]), Some(true));
        assert_eq!(verdict(&[20_000, 40_000, 60_000, 80_000, 100_000, 120_000]), Some(false));
        assert_eq!(verdict(&[20_000, 20_000, 20_000, 20_000, 20_000, 90_000, 90_000, 20_000, 90_000]), Some(true));
        assert_eq!(verdict(&[80_000, 20_000, 20_000, 20_000, 20_000, 20_000]), Some(true));
        assert_eq!(verdict(&[20_000, 90_000, 90_000, 90_000, 90_000]), None);
        assert_eq!(verdict(&[]), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn resident_memory_is_read_for_existing_processes() {
        assert!(resident_kib(None).unwrap() > 1000);
        assert_eq!(resident_kib(None).is_some(), resident_kib(Some(std::process::id())).is_some());
        assert_eq!(resident_kib(Some(u32::MAX)), None);
    }
}
