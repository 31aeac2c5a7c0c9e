//! From a command to a search that finds what it did, leg by leg, beside one bulk and refresh alone on the same index.

mod legs;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rdkafka::{Message as _, message::BorrowedMessage};
use souk_documents::CATALOG;
use souk_platform::{
    clients,
    progress::{self, Progress},
};
use souk_runtime::Document;
use souk_schemas::{Aggregate, Decoder, Registry};
use tokio::{
    runtime::Handle,
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, sleep_until},
};
use uuid::Uuid;

use self::legs::{Answered, Legs, OnKafka, Searchable, legs};
use super::{
    machine::{Meter, Usage},
    market::Market,
    raw_index::{RawIndex, bulks},
    roles::{Running, start_all, stop_all},
    stats::{Aim, Findings, Latencies, Side, per_second, real},
    tell,
    topics::Tail,
    world::{PATIENCE, Servers, World},
};
use crate::args::{self, Role};

/// Commands a second, with the aims for half and for nearly all of them in milliseconds.
const PACES: [(u32, f64, f64); 2] = [(200, 40.0, 120.0), (800, 60.0, 200.0)];
/// Answers outstanding; an open loop that went on for ever would measure its own queue.
const MOST_IN_FLIGHT: usize = 2_000;
/// So many documents one search hands out.
const MOST_COPIES: usize = 10_000;
const LIMIT: Side = Side::Beside("bulk and refresh alone");
const CHECK_EVERY: Duration = Duration::from_millis(20);

pub(super) async fn measure(
    servers: &Servers,
    options: &args::Bench,
    memory: &mut Findings,
) -> anyhow::Result<Findings> {
    let world = servers.world("freshness").await?;
    let roles = start_all(&world, &Role::ALL).await?;
    tell(format!(
        "freshness: importing {} listings",
        options.listings
    ));
    let market = Arc::new(Market::open(&world, usize::try_from(options.listings)?).await?);
    let client = clients::opensearch(&world.config.opensearch)
        .context("cannot build a client for OpenSearch")?;
    let index = RawIndex::new(client, format!("{}{CATALOG}", world.config.names.prefix));
    index
        .watch(
            u64::from(options.listings),
            &serde_json::json!({"term": {"deleted": false}}),
        )
        .await?;

    let course = Course {
        world: &world,
        roles: &roles,
        market,
        index,
    };
    for (pace, ..) in PACES {
        tell(format!("freshness: warming up at {pace}/s"));
        course.pipeline(pace, options.seconds.div_ceil(2)).await?;
        course.limit(pace, options.seconds.div_ceil(2)).await?;
    }
    let mut findings = Findings::default();
    for round in 0..options.rounds {
        for (pace, ..) in PACES {
            tell(format!(
                "freshness: round {} of {} at {pace}/s",
                round + 1,
                options.rounds
            ));
            if round % 2 == 0 {
                course
                    .note_pipeline(&mut findings, pace, options.seconds)
                    .await?;
                course
                    .note_limit(&mut findings, pace, options.seconds)
                    .await?;
            } else {
                course
                    .note_limit(&mut findings, pace, options.seconds)
                    .await?;
                course
                    .note_pipeline(&mut findings, pace, options.seconds)
                    .await?;
            }
        }
    }
    for (pace, p50, p99) in PACES {
        findings.aim(
            format!("command → searchable p50 at {pace}/s"),
            "ms",
            Aim::AtMost(p50),
        );
        findings.aim(
            format!("command → searchable p99 at {pace}/s"),
            "ms",
            Aim::AtMost(p99),
        );
    }
    for (name, pid) in course.processes().await? {
        memory.note(
            Side::Ours,
            format!("{name}, after freshness"),
            "MB",
            real(Usage::of(pid)?.rss_bytes) / 1e6,
        );
    }
    stop_all(roles).await?;
    Ok(findings)
}

/// The whole pipeline, running.
struct Course<'a> {
    world: &'a World,
    roles: &'a [Running],
    market: Arc<Market>,
    index: RawIndex,
}

struct Paced {
    legs: Legs,
    rate: f64,
    refused: u64,
    /// By process, in percent of a core.
    cpu: Vec<(String, f64)>,
}

impl Course<'_> {
    async fn note_pipeline(
        &self,
        findings: &mut Findings,
        pace: u32,
        seconds: u64,
    ) -> anyhow::Result<()> {
        let paced = self.pipeline(pace, seconds).await?;
        let legs = &paced.legs;
        for (what, latencies) in [
            ("command → answer", &legs.answer),
            ("answer → Kafka", &legs.kafka),
            ("Kafka → searchable", &legs.searchable),
            ("command → searchable", &legs.whole),
        ] {
            for percent in [50, 99] {
                findings.note(
                    Side::Ours,
                    format!("{what} p{percent} at {pace}/s"),
                    "ms",
                    latencies.percentile(percent),
                );
            }
        }
        findings.note(
            Side::Ours,
            format!("rate answered at {pace}/s"),
            "commands/s",
            paced.rate,
        );
        if paced.refused > 0 {
            findings.note(
                Side::Ours,
                format!("refused or dropped at {pace}/s"),
                "commands",
                real(paced.refused),
            );
        }
        for (name, percent) in paced.cpu {
            findings.note(
                Side::Ours,
                format!("CPU of {name} at {pace}/s"),
                "% of a core",
                percent,
            );
        }
        Ok(())
    }

    async fn note_limit(
        &self,
        findings: &mut Findings,
        pace: u32,
        seconds: u64,
    ) -> anyhow::Result<()> {
        let latencies = self.limit(pace, seconds).await?;
        for percent in [50, 99] {
            findings.note(
                LIMIT,
                format!("command → searchable p{percent} at {pace}/s"),
                "ms",
                latencies.percentile(percent),
            );
        }
        Ok(())
    }

    /// Changes prices open loop and follows each change to the index.
    async fn pipeline(&self, pace: u32, seconds: u64) -> anyhow::Result<Paced> {
        let on_kafka = self.tail_events()?;
        let newest: Arc<Mutex<HashMap<Uuid, u64>>> = Arc::default();
        let searchable = self.tail_progress(Arc::clone(&newest))?;
        let meter = Meter::start(self.processes().await?)?;
        let begun = Instant::now();
        let (answered, refused) = self.send(pace, seconds).await?;
        let elapsed = begun.elapsed();
        let cpu = meter
            .percent()?
            .into_iter()
            .map(|(name, percent)| (name.to_owned(), percent))
            .collect();
        wait_searchable(&answered, &newest).await?;
        let legs = legs(&answered, &on_kafka.finish()?, &searchable.finish()?)?;
        Ok(Paced {
            legs,
            rate: per_second(real_len(answered.len()), elapsed),
            refused,
            cpu,
        })
    }

    async fn send(&self, pace: u32, seconds: u64) -> anyhow::Result<(Vec<Answered>, u64)> {
        let start = tokio::time::Instant::now();
        let gap = Duration::from_secs(1) / pace;
        let in_flight = Arc::new(Semaphore::new(MOST_IN_FLIGHT));
        let mut commands = JoinSet::new();
        let mut refused = 0;
        for number in 0..pace * u32::try_from(seconds)? {
            let due = start + gap * number;
            sleep_until(due).await;
            let Ok(permit) = Arc::clone(&in_flight).try_acquire_owned() else {
                refused += 1;
                continue;
            };
            let market = Arc::clone(&self.market);
            commands.spawn(async move {
                let changed = market.change_price(usize::try_from(number)?).await;
                drop(permit);
                let (listing, sequence) = changed?;
                anyhow::Ok(Answered {
                    listing,
                    sequence,
                    due: due.into_std(),
                    at: Instant::now(),
                })
            });
        }
        let mut answered = Vec::new();
        while let Some(command) = commands.join_next().await {
            match command.context("a command panicked")? {
                Ok(command) => answered.push(command),
                Err(error) => {
                    tracing::debug!(error = %format!("{error:#}"), "a command was refused");
                    refused += 1;
                }
            }
        }
        if answered.is_empty() {
            bail!("none of {refused} commands was accepted");
        }
        Ok((answered, refused))
    }

    /// The least there can be: whatever has come is written and refreshed, again and again, and nothing else happens.
    async fn limit(&self, pace: u32, seconds: u64) -> anyhow::Result<Latencies> {
        let count = pace * u32::try_from(seconds)?;
        let copies = self
            .index
            .newer_copies(usize::try_from(count)?.min(MOST_COPIES))
            .await?;
        let start = tokio::time::Instant::now();
        let gap = Duration::from_secs(1) / pace;
        let mut latencies = Vec::new();
        let mut next = 0;
        while next < count {
            sleep_until(start + gap * next).await;
            let due = (next..count)
                .take_while(|number| start + gap * *number <= tokio::time::Instant::now());
            let batch: Vec<u32> = due.collect();
            let documents: Vec<Document> =
                batch.iter().map(|number| copy(&copies, *number)).collect();
            for bulk in bulks(&documents, usize::MAX) {
                self.index.bulk(bulk).await?;
            }
            self.index.refresh().await?;
            let now = tokio::time::Instant::now();
            latencies.extend(batch.iter().map(|number| now - (start + gap * *number)));
            next += u32::try_from(batch.len())?;
        }
        Ok(latencies.into_iter().collect())
    }

    fn tail_events(&self) -> anyhow::Result<Tail<OnKafka>> {
        let registry = Registry::new(self.world.config.registry.url.as_str())
            .context("cannot use the registry")?;
        let (decoder, runtime) = (Decoder::new(registry), Handle::current());
        Tail::start(
            &self.world.kafka(),
            &[self.world.topic(Aggregate::Listing)],
            OnKafka::new(),
            move |on_kafka, message, now| {
                if let Some((listing, sequence)) = read_event(&decoder, &runtime, message) {
                    on_kafka.entry((listing, sequence)).or_insert(now);
                }
            },
        )
    }

    fn tail_progress(
        &self,
        newest: Arc<Mutex<HashMap<Uuid, u64>>>,
    ) -> anyhow::Result<Tail<Searchable>> {
        let topic = format!("{}{}", self.world.config.names.prefix, progress::TOPIC);
        Tail::start(
            &self.world.kafka(),
            &[topic],
            Searchable::new(),
            move |searchable, message, now| {
                let Some(progress) = message
                    .payload()
                    .and_then(|payload| serde_json::from_slice::<Progress>(payload).ok())
                else {
                    return;
                };
                if progress.processor != "catalog" {
                    return;
                }
                let mut newest = newest.lock().unwrap_or_else(PoisonError::into_inner);
                for (_, listing, sequence) in progress
                    .applied
                    .into_iter()
                    .filter(|(aggregate, ..)| aggregate == Aggregate::Listing.name())
                {
                    searchable.entry(listing).or_default().push((sequence, now));
                    let known = newest.entry(listing).or_default();
                    *known = sequence.max(*known);
                }
            },
        )
    }

    /// Everything that runs: roles, servers, and the bench itself, which sends and reads on the same cores.
    async fn processes(&self) -> anyhow::Result<Vec<(String, u32)>> {
        let mut processes: Vec<(String, u32)> = self
            .roles
            .iter()
            .map(|role| (role.name().to_owned(), role.pid()))
            .collect();
        processes.extend(self.world.servers().await?);
        processes.push(("the bench".to_owned(), std::process::id()));
        Ok(processes)
    }
}

async fn wait_searchable(
    answered: &[Answered],
    newest: &Mutex<HashMap<Uuid, u64>>,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let missing = {
            let newest = newest.lock().unwrap_or_else(PoisonError::into_inner);
            answered
                .iter()
                .filter(|command| {
                    newest
                        .get(&command.listing)
                        .is_none_or(|known| *known < command.sequence)
                })
                .count()
        };
        if missing == 0 {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            bail!(
                "{missing} of {} changes are not searchable after {} s",
                answered.len(),
                PATIENCE.as_secs()
            );
        }
        sleep(CHECK_EVERY).await;
    }
}

fn read_event(
    decoder: &Decoder,
    runtime: &Handle,
    message: &BorrowedMessage<'_>,
) -> Option<(Uuid, u64)> {
    let payload = message.payload()?;
    let event = match decoder.decode_known(payload) {
        Some(event) => event.ok()?,
        None => runtime.block_on(decoder.decode(payload)).ok()?,
    };
    let meta = event.meta();
    Some((meta.aggregate_id, u64::try_from(meta.sequence).ok()?))
}

/// The document to write as the `number`th; every turn through the copies has the next version.
fn copy(copies: &[Document], number: u32) -> Document {
    let number = u64::from(number);
    let count = real_len(copies.len()).max(1);
    let place = usize::try_from(number % count).unwrap_or_default();
    let original = &copies[place];
    Document {
        version: original.version + number / count,
        ..original.clone()
    }
}

fn real_len(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_turn_through_the_copies_is_newer() {
        let copies: Vec<Document> = (0..3)
            .map(|version| Document {
                id: version.to_string(),
                version: 10 * version,
                body: Vec::new(),
            })
            .collect();
        assert_eq!(
            (copy(&copies, 1).id.as_str(), copy(&copies, 1).version),
            ("1", 10)
        );
        assert_eq!(
            (copy(&copies, 7).id.as_str(), copy(&copies, 7).version),
            ("1", 12)
        );
    }
}
