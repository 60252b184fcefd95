//! Any text as a time: it is kept as it came, and reading it gives a time or an error of one line.
#![no_main]

use cloud_core::{Timestamp, UnixSeconds};
use fuzz::is_one_line;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let stamp = Timestamp::from(text);
        assert_eq!(stamp.as_str(), text);
        let local = stamp.to_date_time();
        let zoned = stamp.to_offset_date_time();
        assert!(local.is_err() || zoned.is_err(), "one of them would drop or invent a zone");
        let instant = stamp.to_instant(time::UtcOffset::UTC);
        assert_eq!(instant.is_ok(), local.is_ok() || zoned.is_ok());
        if let (Ok(zoned), Ok(instant)) = (&zoned, &instant) {
            assert_eq!(zoned, instant);
        }
        for error in [local.err(), zoned.err()].into_iter().flatten() {
            is_one_line(&error.to_string());
        }
    }
    if let Ok(stamp) = serde_json::from_slice::<Timestamp>(data) {
        let written = serde_json::to_vec(&stamp).expect("a text");
        assert_eq!(serde_json::from_slice::<Timestamp>(&written).ok(), Some(stamp));
    }
    if let Ok(seconds) = serde_json::from_slice::<UnixSeconds>(data) {
        if let Ok(instant) = seconds.to_offset_date_time() {
            assert_eq!(UnixSeconds::from(instant), seconds);
        }
    }
});
