use std::time::Duration;

use serde::Deserialize;
use souk_platform::config::{Problems, Validate};

/// How the relay works; the defaults fit a server on the same machine as well as one across a data centre.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// False when a Debezium connector publishes the same table: the relay then refuses to start.
    pub enabled: bool,
    /// The row of `relay_state` that relays of one event store share.
    pub name: String,
    /// How long an owner that died keeps the others waiting.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// How often a changed position is saved: what a crash repeats at most.
    #[serde(with = "humantime_serde")]
    pub save_interval: Duration,
    /// How often the database says something on an idle binary log; three silent intervals mean the connection is dead.
    #[serde(with = "humantime_serde")]
    pub heartbeat: Duration,
    /// How long Kafka's client waits for company before it sends an event.
    #[serde(with = "humantime_serde")]
    pub linger: Duration,
    /// Events sent and not yet acknowledged; at the limit the binary log is not read further.
    pub in_flight_events: usize,
    /// Bytes sent and not yet acknowledged; at the limit the binary log is not read further.
    pub in_flight_bytes: usize,
    /// The largest transaction that is accepted: its rows are held until its commit is seen.
    pub transaction_bytes: usize,
    /// Rows read at once when the table has to be scanned.
    pub scan_rows: usize,
    /// How long acknowledgements are awaited at shutdown.
    #[serde(with = "humantime_serde")]
    pub drain: Duration,
    /// The longest pause between attempts while a server is away.
    #[serde(with = "humantime_serde")]
    pub backoff: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: true,
            name: "events".to_owned(),
            lease: Duration::from_secs(5),
            save_interval: Duration::from_millis(200),
            heartbeat: Duration::from_secs(5),
            linger: Duration::from_millis(1),
            in_flight_events: 10_000,
            in_flight_bytes: 32 * 1024 * 1024,
            transaction_bytes: 256 * 1024 * 1024,
            scan_rows: 1_000,
            drain: Duration::from_secs(5),
            backoff: Duration::from_secs(3),
        }
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        let name_fits = (1..=64).contains(&self.name.len()) && self.name.is_ascii();
        problems.require(name_fits, "name", "must be 1 to 64 ASCII characters");
        let lease_fits =
            self.lease >= Duration::from_secs(1) && self.lease >= 3 * self.save_interval;
        problems.require(
            lease_fits,
            "lease",
            "must be at least 1s and three times save_interval",
        );
        for (key, duration) in [
            ("save_interval", self.save_interval),
            ("heartbeat", self.heartbeat),
            ("backoff", self.backoff),
        ] {
            problems.require(!duration.is_zero(), key, "must be above 0");
        }
        for (key, limit) in [
            ("in_flight_events", self.in_flight_events),
            ("in_flight_bytes", self.in_flight_bytes),
            ("transaction_bytes", self.transaction_bytes),
            ("scan_rows", self.scan_rows),
        ] {
            problems.require(limit > 0, key, "must be above 0");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_for_people_and_unknown_keys_are_refused() {
        let config: Config = serde_json::from_str(r#"{"lease": "3s", "linger": "500us"}"#).unwrap();
        assert_eq!(config.lease, Duration::from_secs(3));
        assert_eq!(config.linger, Duration::from_micros(500));
        assert!(serde_json::from_str::<Config>(r#"{"leese": "3s"}"#).is_err());
    }

    #[test]
    fn a_lease_shorter_than_its_renewals_is_refused() {
        let mut problems = Problems::default();
        Config::default().validate(&mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        let config = Config {
            save_interval: Duration::from_secs(2),
            ..Config::default()
        };
        config.validate(&mut problems);
        assert!(format!("{problems:?}").contains("lease"), "{problems:?}");
    }
}
