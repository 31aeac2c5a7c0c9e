use std::time::Duration;

use metrics::{counter, gauge};

pub(crate) fn events_sent(count: u64) {
    counter!("relay_events_sent_total").increment(count);
}

pub(crate) fn inflight(count: usize) {
    #[expect(clippy::cast_precision_loss, reason = "a gauge")]
    gauge!("relay_inflight").set(count as f64);
}

/// Age of the oldest event that may not have been sent.
pub(crate) fn lag(age: Duration) {
    gauge!("relay_lag_seconds").set(age.as_secs_f64());
}

pub(crate) fn restarted() {
    counter!("relay_restarts_total").increment(1);
}

/// Whether this relay holds the lease.
pub(crate) fn active(active: bool) {
    gauge!("relay_active").set(f64::from(u8::from(active)));
}
