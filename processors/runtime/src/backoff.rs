use std::time::Duration;

/// Pauses that grow from 50 ms to 2 s, so that an outage costs little and its end is noticed soon.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(2);

    pub(crate) async fn pause(&mut self) {
        let pause = self.step();
        tokio::time::sleep(pause).await;
    }

    /// How long to pause now; for threads that cannot await.
    pub(crate) fn step(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(Self::LONGEST);
        pause
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: Self::FIRST }
    }
}
