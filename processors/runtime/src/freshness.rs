use std::time::{Duration, Instant};

/// A refresh may take this part of the time: one in four.
const BREATH: u32 = 4;

/// Decides when to refresh: at once when it is quiet, seldom while we catch up, and never so often that OpenSearch does little else.
#[derive(Debug)]
pub(crate) struct Freshness {
    min: Duration,
    max: Duration,
    last_start: Option<Instant>,
    last_took: Duration,
    busy: bool,
}

impl Freshness {
    pub(crate) fn new(min: Duration, max: Duration) -> Self {
        Self {
            min,
            max,
            last_start: None,
            last_took: Duration::ZERO,
            busy: false,
        }
    }

    /// Hears whether the latest bulk went out full, which means that more is waiting.
    pub(crate) fn set_busy(&mut self, busy: bool) {
        self.busy = busy;
    }

    pub(crate) fn started(&mut self, now: Instant) {
        self.last_start = Some(now);
    }

    pub(crate) fn finished(&mut self, took: Duration) {
        self.last_took = took;
    }

    /// Earliest start of the next refresh.
    pub(crate) fn next(&self, now: Instant) -> Instant {
        self.last_start.map_or(now, |start| start + self.interval())
    }

    fn interval(&self) -> Duration {
        if self.busy {
            return self.max;
        }
        (self.last_took * BREATH).clamp(self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: Duration = Duration::from_millis(20);
    const MAX: Duration = Duration::from_secs(1);

    #[test]
    fn the_first_refresh_is_due_at_once_and_the_next_after_an_interval() {
        let now = Instant::now();
        let mut freshness = Freshness::new(MIN, MAX);
        assert_eq!(freshness.next(now), now);
        freshness.started(now);
        for (took, busy, interval) in [
            (Duration::from_millis(1), false, MIN),
            (Duration::from_millis(10), false, Duration::from_millis(40)),
            (Duration::from_secs(3), false, MAX),
            (Duration::from_millis(1), true, MAX),
        ] {
            freshness.finished(took);
            freshness.set_busy(busy);
            assert_eq!(freshness.next(now) - now, interval, "{took:?} {busy}");
        }
    }
}
