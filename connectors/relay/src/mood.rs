use std::sync::{Mutex, PoisonError};

use souk_platform::ops::Readiness;

use crate::metrics;

/// What the relay is doing, as far as an operator wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    StandingBy,
    Relaying,
    /// Sending, but nothing is acknowledged.
    Stalled,
    Failing(String),
}

/// Says each change of mood once: in the log, to readiness and to the metrics.
pub(crate) struct Voice {
    readiness: Readiness,
    last: Mutex<Option<Mood>>,
}

impl Voice {
    pub(crate) fn new(readiness: Readiness) -> Self {
        Self {
            readiness,
            last: Mutex::new(None),
        }
    }

    pub(crate) fn say(&self, mood: Mood) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref() == Some(&mood) {
            return;
        }
        metrics::active(matches!(mood, Mood::Relaying | Mood::Stalled));
        match &mood {
            Mood::StandingBy => {
                tracing::info!("standing by, another relay holds the lease");
                self.readiness.ready();
            }
            Mood::Relaying => {
                tracing::info!("relaying");
                self.readiness.ready();
            }
            Mood::Stalled => {
                tracing::warn!("kafka acknowledges nothing, waiting");
                self.readiness.not_ready("kafka acknowledges nothing");
            }
            Mood::Failing(reason) => {
                tracing::warn!(reason, "relaying failed, trying again");
                self.readiness.not_ready(reason.clone());
            }
        }
        *last = Some(mood);
    }
}

#[cfg(test)]
mod tests {
    use souk_platform::ops::Health;

    use super::*;

    #[test]
    fn readiness_follows_the_mood() {
        let health = Health::new();
        let voice = Voice::new(health.register("relay"));
        for (mood, ready) in [
            (Mood::Failing("no database".to_owned()), false),
            (Mood::StandingBy, true),
            (Mood::Stalled, false),
            (Mood::Relaying, true),
        ] {
            voice.say(mood.clone());
            assert_eq!(health.is_ready(), ready, "{mood:?}");
        }
    }
}
