use std::time::Duration;

use serde::Deserialize;
use souk_platform::config::{Problems, Validate};

/// How much of the event store one process may take.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Connections of this process; a command holds one while its transaction runs.
    pub max_connections: u32,
    /// Commands that may run or wait for a connection; more are refused at once.
    pub max_in_flight: usize,
    /// No command waits longer for a connection.
    #[serde(with = "humantime_serde")]
    pub acquire_timeout: Duration,
    /// No statement waits longer for a lock; whole seconds.
    #[serde(with = "humantime_serde")]
    pub lock_wait: Duration,
    /// How long a command whose COMMIT got no answer goes on asking what became of it.
    #[serde(with = "humantime_serde")]
    pub resolve_timeout: Duration,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            max_connections: 16,
            max_in_flight: 256,
            acquire_timeout: Duration::from_secs(2),
            lock_wait: Duration::from_secs(5),
            resolve_timeout: Duration::from_secs(20),
        }
    }
}

impl Validate for StoreConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(
            self.max_connections >= 1,
            "max_connections",
            "must be at least 1",
        );
        problems.require(
            self.max_in_flight >= 1,
            "max_in_flight",
            "must be at least 1",
        );
        problems.require(
            self.lock_wait >= Duration::from_secs(1),
            "lock_wait",
            "must be at least 1s",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_a_wait_below_a_second_is_a_problem() {
        let mut problems = Problems::default();
        problems.section("store", &StoreConfig::default());
        assert!(!format!("{problems:?}").contains("key"), "{problems:?}");

        let config = StoreConfig {
            lock_wait: Duration::from_millis(10),
            ..StoreConfig::default()
        };
        problems.section("store", &config);
        assert!(
            format!("{problems:?}").contains("store.lock_wait"),
            "{problems:?}"
        );
    }
}
