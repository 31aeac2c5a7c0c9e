//! From MySQL to Kafka: the relay beside Debezium, on rows of the same making, in alternating rounds.

mod append;

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rdkafka::Message as _;
use serde_json::Value;
use souk_platform::clock::now_micros;
use souk_relay::debezium::{self, ConnectorOptions};
use souk_schemas::{Aggregate, Encoder, Timestamp};
use souk_stack::Server;
use sqlx::MySqlPool;
use tokio::time::sleep;
use uuid::Uuid;

use self::append::{LOADERS, Row, append, append_backlog, append_paced};
use super::{
    events::Generator,
    machine::Usage,
    roles::Running,
    stats::{Findings, Latencies, Side, micros_each, per_second},
    tell,
    topics::Tail,
    world::{PATIENCE, Servers, World, until},
};
use crate::args::{self, Role};

/// Of the paced measurement.
const EVENTS_PER_SECOND: u64 = 800;
/// Debezium's id among the replicas of the database.
const SERVER_ID: u32 = 990_001;

pub(super) async fn measure(
    servers: &Servers,
    options: &args::Bench,
    memory: &mut Findings,
) -> anyhow::Result<Findings> {
    servers.up(&[Server::Connect]).await?;
    let begun = Timestamp(now_micros());
    let relay = Lane::open(servers, Mover::Relay, begun).await?;
    let debezium = Lane::open(servers, Mover::Debezium, begun).await?;
    debezium.register().await?;
    let mut findings = Findings::default();
    for lane in [&relay, &debezium] {
        tell(format!("relay: warming up {}", lane.mover.name()));
        lane.drain(options.backlog).await?;
    }
    for round in 0..options.rounds {
        let lanes = if round % 2 == 0 {
            [&relay, &debezium]
        } else {
            [&debezium, &relay]
        };
        for lane in lanes {
            tell(format!(
                "relay: round {} of {}, {} at {EVENTS_PER_SECOND}/s",
                round + 1,
                options.rounds,
                lane.mover.name()
            ));
            let paced = lane.paced(options.seconds).await?;
            let side = lane.mover.side();
            let pace = format!("at {EVENTS_PER_SECOND}/s");
            findings.note(
                side,
                format!("commit → Kafka p50 {pace}"),
                "ms",
                paced.latencies.percentile(50),
            );
            findings.note(
                side,
                format!("commit → Kafka p99 {pace}"),
                "ms",
                paced.latencies.percentile(99),
            );
            findings.note(
                side,
                format!("CPU an event {pace}"),
                "µs",
                micros_each(paced.cpu, paced.events),
            );
            findings.note(side, format!("rate reached {pace}"), "events/s", paced.rate);
            tell(format!(
                "relay: round {} of {}, {} with a backlog of {}",
                round + 1,
                options.rounds,
                lane.mover.name(),
                options.backlog
            ));
            let drained = lane.drain(options.backlog).await?;
            findings.note(side, "saturated", "events/s", drained.rate);
            findings.note(
                side,
                "CPU an event, saturated",
                "µs",
                micros_each(drained.cpu, drained.events),
            );
            memory.note(
                side,
                "relay, after its backlog",
                "MB",
                drained.rss_megabytes,
            );
        }
    }
    relay.pool.close().await;
    debezium.pool.close().await;
    servers.end(Server::Connect).await?;
    Ok(findings)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mover {
    Relay,
    Debezium,
}

impl Mover {
    const fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Debezium => "Debezium",
        }
    }

    const fn side(self) -> Side {
        match self {
            Self::Relay => Side::Ours,
            Self::Debezium => Side::Beside("Debezium"),
        }
    }
}

/// An event store of its own with who moves its events.
struct Lane {
    world: World,
    mover: Mover,
    pool: MySqlPool,
    encoder: Encoder,
    /// Both lanes append the same events, because they make them from the same moment and the same seeds.
    begun: Timestamp,
    next_seed: AtomicU64,
}

struct Measured {
    latencies: Latencies,
    events: u64,
    rate: f64,
    cpu: Duration,
    rss_megabytes: f64,
}

/// Records that arrived, by their key.
#[derive(Debug, Default)]
struct Arrivals {
    at: HashMap<Uuid, Instant>,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Arrivals {
    fn elapsed(&self) -> Duration {
        self.last
            .zip(self.first)
            .map_or(Duration::ZERO, |(last, first)| last.duration_since(first))
    }
}

impl Lane {
    async fn open(servers: &Servers, mover: Mover, begun: Timestamp) -> anyhow::Result<Self> {
        let world = servers.world(&mover.name().to_lowercase()).await?;
        let pool = world.pool(u32::try_from(LOADERS).unwrap_or(u32::MAX))?;
        let encoder = world.encoder().await?;
        Ok(Self {
            world,
            mover,
            pool,
            encoder,
            begun,
            next_seed: AtomicU64::new(1),
        })
    }

    /// Appends at a steady pace while the events are moved.
    async fn paced(&self, seconds: u64) -> anyhow::Result<Measured> {
        let tail = self.tail()?;
        let moving = self.start().await?;
        // Once these have come, whoever moves has read all that was in the log before, and is warm.
        append_paced(&self.pool, self.rows(EVENTS_PER_SECOND), EVENTS_PER_SECOND).await?;
        until(PATIENCE, "the first events", || {
            tail.count() >= EVENTS_PER_SECOND
        })
        .await?;

        let events = EVENTS_PER_SECOND * seconds;
        let before = Usage::of(moving.pid)?;
        let started = Instant::now();
        let committed = append_paced(&self.pool, self.rows(events), EVENTS_PER_SECOND).await?;
        let elapsed = started.elapsed();
        until(PATIENCE, "every event", || {
            tail.count() >= EVENTS_PER_SECOND + events
        })
        .await?;
        let after = Usage::of(moving.pid)?;
        self.stop(moving).await?;
        let arrivals = tail.finish()?;
        // An event can be on Kafka before its writer hears that it is committed.
        let waited = committed
            .iter()
            .filter_map(|(id, at)| Some(arrivals.at.get(id)?.saturating_duration_since(*at)));
        let latencies: Latencies = waited.collect();
        if u64::try_from(latencies.len()).ok() != Some(events) {
            bail!(
                "{events} events were committed, {} of them came",
                latencies.len()
            );
        }
        Ok(Measured {
            latencies,
            events,
            rate: per_second(events, elapsed),
            cpu: after.cpu.saturating_sub(before.cpu),
            rss_megabytes: megabytes(after),
        })
    }

    /// Appends while nobody moves anything, then takes the time from the first event that comes to the last.
    async fn drain(&self, events: u64) -> anyhow::Result<Measured> {
        let rows = self.rows(events);
        append_backlog(&self.pool, rows).await?;
        let tail = self.tail()?;
        let before = match self.mover {
            Mover::Relay => Duration::ZERO,
            Mover::Debezium => Usage::of(self.world.pid(Server::Connect).await?)?.cpu,
        };
        let moving = self.start().await?;
        until(PATIENCE, "the backlog", || tail.count() >= events).await?;
        let after = Usage::of(moving.pid)?;
        self.stop(moving).await?;
        let elapsed = tail.finish()?.elapsed();
        Ok(Measured {
            latencies: Latencies::default(),
            events,
            rate: per_second(events, elapsed),
            cpu: after.cpu.saturating_sub(before),
            rss_megabytes: megabytes(after),
        })
    }

    /// Each event is the first of a listing of its own, so that its key names it.
    fn rows(&self, count: u64) -> Vec<Row> {
        let mut generator =
            Generator::new(self.next_seed.fetch_add(1, Ordering::Relaxed), self.begun);
        let drafted = (0..count).map(|_| {
            let [event, _] = generator.listing();
            let payload = self.encoder.encode(&event);
            Row { event, payload }
        });
        drafted.collect()
    }

    fn tail(&self) -> anyhow::Result<Tail<Arrivals>> {
        Tail::start(
            &self.world.kafka(),
            &[self.world.topic(Aggregate::Listing)],
            Arrivals::default(),
            |arrivals, message, now| {
                arrivals.first.get_or_insert(now);
                arrivals.last = Some(now);
                if let Some(id) = message
                    .key()
                    .and_then(|key| Uuid::try_parse_ascii(key).ok())
                {
                    arrivals.at.insert(id, now);
                }
            },
        )
    }

    async fn start(&self) -> anyhow::Result<Moving> {
        match self.mover {
            Mover::Relay => {
                let role = Running::start(&self.world, Role::Relay, &[])?;
                Ok(Moving {
                    pid: role.pid(),
                    role: Some(role),
                })
            }
            Mover::Debezium => {
                let pid = self.world.pid(Server::Connect).await?;
                self.put("resume").await?;
                Ok(Moving { pid, role: None })
            }
        }
    }

    async fn stop(&self, moving: Moving) -> anyhow::Result<()> {
        match moving.role {
            Some(role) => role.stop().await,
            None => self.pause_debezium().await,
        }
    }

    /// Registers the connector, waits until it has taken its first look at the database, and stops it.
    async fn register(&self) -> anyhow::Result<()> {
        let config = &self.world.config;
        let options = ConnectorOptions {
            database_url: config.mysql.url.clone(),
            kafka_bootstrap: config.kafka.bootstrap.clone(),
            prefix: config.names.prefix.clone(),
            server_id: SERVER_ID,
        };
        debezium::register(&config.debezium.connect_url, &options)
            .await
            .context("cannot register Debezium")?;
        let tail = self.tail()?;
        let mut generator = Generator::new(0, self.begun);
        let [event, _] = generator.listing();
        let payload = self.encoder.encode(&event);
        append(&self.pool, &Row { event, payload }).await?;
        until(PATIENCE, "Debezium's first event", || tail.count() >= 1).await?;
        tail.finish()?;
        self.pause_debezium().await
    }

    /// Ends the connector's task; its offsets stay.
    async fn pause_debezium(&self) -> anyhow::Result<()> {
        self.put("stop").await?;
        let started = Instant::now();
        while !self.is_stopped().await? {
            if started.elapsed() > PATIENCE {
                bail!("Kafka Connect does not stop Debezium");
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    async fn is_stopped(&self) -> anyhow::Result<bool> {
        let answer = self
            .world
            .http
            .get(self.connector("status"))
            .send()
            .await
            .context("Kafka Connect does not answer")?;
        let status: Value = answer.json().await.unwrap_or_default();
        Ok(status["connector"]["state"] == "STOPPED"
            && status["tasks"].as_array().is_some_and(Vec::is_empty))
    }

    async fn put(&self, verb: &str) -> anyhow::Result<()> {
        let answer = self
            .world
            .http
            .put(self.connector(verb))
            .send()
            .await
            .context("Kafka Connect does not answer")?;
        if !answer.status().is_success() {
            bail!("Kafka Connect answers {} to {verb}", answer.status());
        }
        Ok(())
    }

    fn connector(&self, verb: &str) -> String {
        let config = &self.world.config;
        let base = config.debezium.connect_url.as_str().trim_end_matches('/');
        format!(
            "{base}/connectors/{}/{verb}",
            debezium::connector_name(&config.names.prefix)
        )
    }
}

/// Whoever moves events now.
struct Moving {
    pid: u32,
    role: Option<Running>,
}

fn megabytes(usage: Usage) -> f64 {
    super::stats::real(usage.rss_bytes) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_backlog_is_from_its_first_event_to_its_last() {
        let now = Instant::now();
        let arrivals = Arrivals {
            first: Some(now),
            last: Some(now + Duration::from_secs(2)),
            ..Arrivals::default()
        };
        assert_eq!(arrivals.elapsed(), Duration::from_secs(2));
        assert_eq!(Arrivals::default().elapsed(), Duration::ZERO);
    }
}
