use std::time::{Duration, Instant};

/// Refreshes may take this part of the time: one in two.
const BREATH: u32 = 2;
/// A write is never held back for longer than this before the refresh that will show it.
const LONGEST_WRITE: Duration = Duration::from_millis(20);

/// Decides when to refresh: at once when it is quiet, seldom while we catch up, and never so often that OpenSearch does little else.
///
/// A document is searchable with the refresh after its bulk, so a small bulk is sent just in time for the next refresh rather than
/// by itself: a tenth of the requests, and nobody sees the difference.
#[derive(Debug)]
pub(crate) struct Freshness {
    min: Duration,
    max: Duration,
    last_start: Option<Instant>,
    last_took: Duration,
    write_took: Duration,
    /// How full the latest bulks were, in thousandths.
    fill: u32,
}

impl Freshness {
    pub(crate) fn new(min: Duration, max: Duration) -> Self {
        Self {
            min,
            max,
            last_start: None,
            last_took: Duration::ZERO,
            write_took: Duration::ZERO,
            fill: 0,
        }
    }

    /// Hears how full a bulk was, in thousandths of the size wanted.
    pub(crate) fn sent(&mut self, fill: u32) {
        self.fill = u32::midpoint(self.fill, fill.min(1000));
    }

    pub(crate) fn started(&mut self, now: Instant) {
        self.last_start = Some(now);
    }

    pub(crate) fn finished(&mut self, took: Duration) {
        self.last_took = took;
    }

    /// Hears how long a bulk took from being sent to being answered.
    pub(crate) fn written(&mut self, took: Duration) {
        self.write_took = (self.write_took * 3 + took) / 4;
    }

    /// When a small bulk has to be sent to be in time for the next refresh.
    pub(crate) fn next_write(&self, now: Instant) -> Instant {
        let refresh = self.next(now);
        refresh
            .checked_sub(self.write_took.min(LONGEST_WRITE))
            .unwrap_or(refresh)
    }

    /// Earliest start of the next refresh.
    pub(crate) fn next(&self, now: Instant) -> Instant {
        self.last_start.map_or(now, |start| start + self.interval())
    }

    /// Grows with the fill: more than a bulk a second and bulks fill up while they wait, so the interval goes to its maximum; less,
    /// and it falls back to what a refresh costs.
    fn interval(&self) -> Duration {
        let busy = self.max * self.fill / 1000;
        busy.max(self.last_took * BREATH).clamp(self.min, self.max)
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
        for (took, fill, interval) in [
            (Duration::from_millis(1), 0, MIN),
            (Duration::from_millis(20), 0, Duration::from_millis(40)),
            (Duration::from_secs(3), 0, MAX),
            (Duration::from_millis(1), 100, Duration::from_millis(100)),
            (Duration::from_millis(1), 1000, MAX),
        ] {
            freshness.finished(took);
            for _ in 0..20 {
                freshness.sent(fill);
            }
            let found = freshness.next(now) - now;
            assert!(
                found <= interval && found >= interval.mul_f64(0.98),
                "{took:?} {fill}"
            );
        }
    }

    #[test]
    fn a_write_is_sent_just_before_its_refresh() {
        let now = Instant::now();
        let mut freshness = Freshness::new(MIN, MAX);
        freshness.started(now);
        for _ in 0..50 {
            freshness.written(Duration::from_millis(5));
        }
        let ahead = freshness.next(now) - freshness.next_write(now);
        assert!(
            ahead > Duration::from_millis(4) && ahead <= Duration::from_millis(5),
            "{ahead:?}"
        );
        for _ in 0..50 {
            freshness.written(Duration::from_secs(5));
        }
        assert_eq!(
            freshness.next(now) - freshness.next_write(now),
            LONGEST_WRITE
        );
    }
}
