use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::config::ThrottleConfig;

/// Counts wrong passwords by e-mail address, in this process and within bounds; a restart forgets them.
#[derive(Debug)]
pub(crate) struct LoginThrottle {
    config: ThrottleConfig,
    failures: Mutex<Failures>,
}

type Digested = [u8; 32];

#[derive(Debug, Default)]
struct Failures {
    by_address: HashMap<Digested, Count>,
    /// The addresses in the order their windows began.
    oldest: VecDeque<(Instant, Digested)>,
}

#[derive(Debug)]
struct Count {
    since: Instant,
    failures: u32,
}

impl LoginThrottle {
    pub(crate) fn new(config: ThrottleConfig) -> Self {
        Self {
            config,
            failures: Mutex::default(),
        }
    }

    /// Counts an attempt before the password is looked at, so that attempts at the same time cannot outrun the count.
    /// Refuses with the time to wait.
    pub(crate) fn begin(&self, email: &str, now: Instant) -> Result<(), Duration> {
        let address: Digested = Sha256::digest(email.as_bytes()).into();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.forget(now, &self.config);
        if !failures.by_address.contains_key(&address) {
            failures.oldest.push_back((now, address));
        }
        let count = failures.by_address.entry(address).or_insert(Count {
            since: now,
            failures: 0,
        });
        if count.failures >= self.config.max_failures {
            return Err((count.since + self.config.window).saturating_duration_since(now));
        }
        count.failures += 1;
        Ok(())
    }

    /// Takes back an attempt whose password nobody could look at.
    pub(crate) fn undecided(&self, email: &str) {
        let address: Digested = Sha256::digest(email.as_bytes()).into();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = failures.by_address.get_mut(&address) {
            count.failures = count.failures.saturating_sub(1);
        }
    }

    /// Forgets the failures of someone who knew the password.
    pub(crate) fn succeeded(&self, email: &str) {
        let address: Digested = Sha256::digest(email.as_bytes()).into();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = failures.by_address.get_mut(&address) {
            count.failures = 0;
        }
    }
}

impl Failures {
    /// Drops what is over, and the oldest of what is too much.
    fn forget(&mut self, now: Instant, config: &ThrottleConfig) {
        while let Some((since, address)) = self.oldest.front().copied() {
            let is_over = now.saturating_duration_since(since) >= config.window;
            if !is_over && self.oldest.len() <= config.max_addresses {
                break;
            }
            self.oldest.pop_front();
            self.by_address.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle() -> LoginThrottle {
        LoginThrottle::new(ThrottleConfig {
            max_failures: 2,
            window: Duration::from_mins(1),
            max_addresses: 3,
        })
    }

    #[test]
    fn after_enough_failures_an_address_waits_for_the_window_to_end() {
        let (throttle, start) = (throttle(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(throttle.begin("ada", at(0)), Ok(()));
        assert_eq!(throttle.begin("ada", at(10)), Ok(()));
        assert_eq!(throttle.begin("ada", at(20)), Err(Duration::from_secs(40)));
        assert_eq!(throttle.begin("bob", at(20)), Ok(()));
        assert_eq!(throttle.begin("ada", at(60)), Ok(()));
    }

    #[test]
    fn a_success_begins_anew() {
        let (throttle, start) = (throttle(), Instant::now());
        for _ in 0..5 {
            assert_eq!(throttle.begin("ada", start), Ok(()));
            throttle.succeeded("ada");
        }
    }

    #[test]
    fn no_more_addresses_are_remembered_than_allowed() {
        let (throttle, start) = (throttle(), Instant::now());
        for number in 0..100 {
            assert_eq!(throttle.begin(&format!("user{number}"), start), Ok(()));
        }
        let failures = throttle.failures.lock().unwrap();
        assert!(failures.by_address.len() <= 4);
        assert_eq!(failures.by_address.len(), failures.oldest.len());
    }
}
