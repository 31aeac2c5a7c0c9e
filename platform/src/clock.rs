use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the wall clock in microseconds since the Unix epoch, UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
pub fn now_micros() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
}

/// Returns the wall clock in whole seconds since the Unix epoch, UTC.
pub fn now_seconds() -> i64 {
    now_micros() / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_reads_microseconds_of_this_century() {
        let start_of_2024 = 1_704_067_200_000_000;
        let start_of_2100 = 4_102_444_800_000_000;
        assert!((start_of_2024..start_of_2100).contains(&now_micros()));
        assert!(now_seconds() <= now_micros() / 1_000_000);
    }
}
