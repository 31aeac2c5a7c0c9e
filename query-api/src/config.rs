use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;
use souk_platform::config::{Problems, Validate};

/// How the query API listens and how long it waits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub listen: SocketAddr,
    /// How long a query with a consistency token waits for the write before it answers 503 `pending`.
    #[serde(with = "humantime_serde")]
    pub consistency_wait: Duration,
    /// How long OpenSearch may take for one search.
    #[serde(with = "humantime_serde")]
    pub search_timeout: Duration,
    /// Queries above this number at once are refused with 503 instead of queueing.
    pub max_in_flight: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7402)),
            consistency_wait: Duration::from_secs(2),
            search_timeout: Duration::from_secs(5),
            max_in_flight: 256,
        }
    }
}

impl Config {
    /// No answer takes longer.
    pub(crate) fn request_timeout(&self) -> Duration {
        self.consistency_wait + self.search_timeout + Duration::from_secs(1)
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        let minute = Duration::from_mins(1);
        problems.require(
            self.consistency_wait <= minute,
            "consistency_wait",
            "must be at most 1m",
        );
        let bounded = !self.search_timeout.is_zero() && self.search_timeout <= minute;
        problems.require(bounded, "search_timeout", "must be above 0 and at most 1m");
        problems.require(
            self.max_in_flight > 0,
            "max_in_flight",
            "must be at least 1",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_nonsense_is_not() {
        let mut problems = Problems::default();
        Config::default().validate(&mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        let nonsense = Config {
            search_timeout: Duration::ZERO,
            max_in_flight: 0,
            ..Config::default()
        };
        nonsense.validate(&mut problems);
        let text = format!("{problems:?}");
        assert!(
            text.contains("search_timeout") && text.contains("max_in_flight"),
            "{text}"
        );
    }
}
