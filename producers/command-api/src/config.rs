use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use souk_payments::SimulatorConfig;
use souk_platform::config::{Problems, Validate};
use souk_store::StoreConfig;

/// How commands are taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub listen: SocketAddr,
    /// A command that takes longer is answered with 503; it may still be carried out.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// How long answers are kept for repeated commands.
    #[serde(with = "humantime_serde")]
    pub idempotency_retention: Duration,
    /// Imported items of one transaction.
    pub import_batch: usize,
    pub store: StoreConfig,
    pub passwords: PasswordConfig,
    pub login_throttle: ThrottleConfig,
    pub payments: PaymentConfig,
    /// An administrator who is made sure to exist at start.
    pub bootstrap_admin: Option<BootstrapAdmin>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7401)),
            request_timeout: Duration::from_secs(10),
            idempotency_retention: Duration::from_hours(7 * 24),
            import_batch: 250,
            store: StoreConfig::default(),
            passwords: PasswordConfig::default(),
            login_throttle: ThrottleConfig::default(),
            payments: PaymentConfig::default(),
            bootstrap_admin: None,
        }
    }
}

/// What one password hash costs (argon2id); kept with each hash, so it can be raised at any time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordConfig {
    pub memory_kib: u32,
    pub iterations: u32,
    /// Hashes computed at once; each takes `memory_kib` and a core.
    pub concurrency: usize,
    /// Requests that may wait for their turn; more are refused at once.
    pub max_waiting: usize,
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            iterations: 2,
            concurrency: 2,
            max_waiting: 64,
        }
    }
}

/// How many wrong passwords one e-mail address may see.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThrottleConfig {
    pub max_failures: u32,
    #[serde(with = "humantime_serde")]
    pub window: Duration,
    /// Addresses remembered; the longest known is forgotten first.
    pub max_addresses: usize,
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self {
            max_failures: 10,
            window: Duration::from_mins(15),
            max_addresses: 10_000,
        }
    }
}

/// How the payment gateway is asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaymentConfig {
    /// How often due tasks are looked for; new ones of this process are found at once.
    #[serde(with = "humantime_serde")]
    pub poll_interval: Duration,
    /// A task whose process died is taken up again after this.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// A gateway that takes longer counts as unavailable.
    #[serde(with = "humantime_serde")]
    pub gateway_timeout: Duration,
    /// The first pause after a gateway was unavailable; it doubles up to `max_pause`.
    #[serde(with = "humantime_serde")]
    pub first_pause: Duration,
    #[serde(with = "humantime_serde")]
    pub max_pause: Duration,
    /// Tasks worked on at once.
    pub concurrency: u32,
    pub simulator: SimulatorConfig,
}

impl Default for PaymentConfig {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_millis(500),
            lease: Duration::from_secs(20),
            gateway_timeout: Duration::from_secs(10),
            first_pause: Duration::from_millis(500),
            max_pause: Duration::from_mins(5),
            concurrency: 8,
            simulator: SimulatorConfig::default(),
        }
    }
}

/// The first administrator.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BootstrapAdmin {
    pub email: String,
    pub password: SecretString,
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        problems.section("store", &self.store);
        problems.section("passwords", &self.passwords);
        problems.section("payments", &self.payments);
        let seconds = Duration::from_secs(1);
        problems.require(
            self.request_timeout >= seconds,
            "request_timeout",
            "must be at least 1s",
        );
        problems.require(
            (1..=1_000).contains(&self.import_batch),
            "import_batch",
            "must be between 1 and 1000",
        );
        problems.require(
            self.login_throttle.max_failures >= 1,
            "login_throttle.max_failures",
            "must be at least 1",
        );
        if let Some(admin) = &self.bootstrap_admin {
            let password = admin.password.expose_secret();
            problems.require(
                souk_domain::user::check_password("", password).is_ok(),
                "bootstrap_admin.password",
                "must have 8 to 128 characters that are not all the same",
            );
        }
    }
}

impl Validate for PasswordConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(self.memory_kib >= 8, "memory_kib", "must be at least 8");
        problems.require(self.iterations >= 1, "iterations", "must be at least 1");
        problems.require(self.concurrency >= 1, "concurrency", "must be at least 1");
    }
}

impl Validate for PaymentConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(
            self.lease > self.gateway_timeout,
            "lease",
            "must be longer than gateway_timeout",
        );
        problems.require(self.concurrency >= 1, "concurrency", "must be at least 1");
        problems.require(
            !self.poll_interval.is_zero(),
            "poll_interval",
            "must be above 0",
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
            import_batch: 0,
            bootstrap_admin: Some(BootstrapAdmin {
                email: "root@example.com".to_owned(),
                password: "short".into(),
            }),
            payments: PaymentConfig {
                lease: Duration::from_secs(1),
                ..PaymentConfig::default()
            },
            ..Config::default()
        };
        nonsense.validate(&mut problems);
        let text = format!("{problems:?}");
        for key in ["import_batch", "bootstrap_admin.password", "payments.lease"] {
            assert!(text.contains(key), "{key} not in {text}");
        }
    }
}
