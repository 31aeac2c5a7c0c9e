use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use secrecy::SecretString;
use souk_platform::clients::KafkaConfig;
use souk_platform::ops::Readiness;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::config::Config;
use crate::database::Database;
use crate::error::{Error, Fault};
use crate::lease::Lease;
use crate::metrics;
use crate::mood::{Mood, Voice};
use crate::position::Position;
use crate::session::Session;

/// A session that lasted this long was a success, so the pauses after it begin anew.
const HEALTHY: Duration = Duration::from_secs(10);

/// What the relay works between.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The event store's address, `mysql://user:password@host:port/database`.
    pub database_url: SecretString,
    pub kafka: KafkaConfig,
    /// What goes before the names of topics.
    pub prefix: String,
    /// Told whether this relay works, or stands by while another does.
    pub readiness: Readiness,
}

/// Relays until `shutdown`. Servers that are away are waited for, for as long as it takes; only a configuration under which
/// the relay must not run is an error.
pub async fn run(config: Config, deps: Deps, shutdown: CancellationToken) -> Result<(), Error> {
    if !config.enabled {
        return Err(Error::Disabled);
    }
    let database = Database::new(&deps.database_url)?;
    let voice = Voice::new(deps.readiness.clone());
    let relay = Relay {
        pauses: pauses(&config),
        owner: Uuid::new_v4(),
        config,
        deps,
        database,
        voice,
        shutdown,
    };
    relay.run().await;
    Ok(())
}

struct Relay {
    config: Config,
    deps: Deps,
    database: Database,
    voice: Voice,
    shutdown: CancellationToken,
    owner: Uuid,
    pauses: ExponentialBackoff,
}

impl Relay {
    async fn run(mut self) {
        // Set by a log that cannot be trusted: the next session scans, whatever position is saved.
        let mut must_scan = false;
        // Since when nobody can say that all events are sent.
        let mut blind_since = Instant::now();
        while let Some(acquired) = self
            .shutdown
            .clone()
            .run_until_cancelled(self.acquire())
            .await
        {
            let started_at = Instant::now();
            let fault = match acquired {
                Ok(None) => {
                    self.voice.say(Mood::StandingBy);
                    self.pause(self.config.lease / 4).await;
                    blind_since = Instant::now();
                    continue;
                }
                Ok(Some((lease, saved))) => {
                    match self.relay(lease, saved.filter(|_| !must_scan)).await {
                        Ok(()) => break,
                        Err(fault) => fault,
                    }
                }
                Err(fault) => fault,
            };
            if started_at.elapsed() >= HEALTHY {
                self.pauses = pauses(&self.config);
                blind_since = Instant::now();
            }
            must_scan = matches!(fault, Fault::Incomplete(_));
            metrics::restarted();
            metrics::lag(blind_since.elapsed());
            self.voice.say(Mood::Failing(fault.to_string()));
            let pause = self.pauses.next().unwrap_or(self.config.backoff);
            self.pause(pause).await;
        }
        metrics::active(false);
    }

    async fn acquire(&self) -> Result<Option<(Lease, Option<Position>)>, Fault> {
        Lease::acquire(
            &self.database,
            &self.config.name,
            self.owner,
            self.config.lease,
        )
        .await
    }

    async fn relay(&self, lease: Lease, saved: Option<Position>) -> Result<(), Fault> {
        let Self {
            config,
            deps,
            database,
            voice,
            shutdown,
            ..
        } = self;
        Box::pin(
            Session {
                config,
                deps,
                database,
                voice,
                shutdown,
            }
            .run(lease, saved),
        )
        .await
    }

    async fn pause(&self, pause: Duration) {
        self.shutdown
            .run_until_cancelled(tokio::time::sleep(pause))
            .await;
    }
}

fn pauses(config: &Config) -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(100).min(config.backoff))
        .with_max_delay(config.backoff)
        .without_max_times()
        .build()
}
