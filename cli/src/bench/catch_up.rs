//! From Kafka to the index: processors that start from nothing, beside the same documents written by a client that does nothing else.

use std::{fs, time::Duration};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use serde_json::{Value, json};
use souk_platform::{clients, clock::now_micros};
use souk_projections::{Catalog, Orders};
use souk_runtime::{Body, Destination, Document, Projection, Record, Rendered, Touched};
use souk_schemas::{Event, Timestamp};
use souk_stack::Server;
use tokio::task::spawn_blocking;

use super::{
    events::Generator,
    machine::{Meter, Usage},
    raw_index::{Filling, RawIndex, bulks},
    roles::Running,
    stats::{Aim, Findings, Side, micros_each, per_second, real},
    tell,
    topics::{Loader, delete_group},
    world::{Servers, World},
};
use crate::args::{self, Role};

/// Unmeasured rounds: a cold JVM costs four times as much.
const WARM_UPS: u32 = 2;
const RAW: Side = Side::Beside("raw bulk");

pub(super) async fn measure(
    servers: &Servers,
    options: &args::Bench,
    memory: &mut Findings,
) -> anyhow::Result<Findings> {
    let listings = Subject {
        name: "listings",
        aim: 0.85,
        done: json!({"term": {"deleted": false}}),
        history: |generator| generator.listing().into(),
    };
    let orders = Subject {
        name: "orders",
        aim: 0.75,
        done: json!({"bool": {"filter": [{"term": {"payment.status": "captured"}}, {"term": {"status": "confirmed"}}]}}),
        history: |generator| generator.order().into(),
    };
    let mut findings = Findings::default();
    compare(servers, options, Catalog, &listings, &mut findings, memory).await?;
    compare(servers, options, Orders, &orders, &mut findings, memory).await?;
    Ok(findings)
}

/// What is caught up on.
struct Subject {
    name: &'static str,
    /// Of our documents a second to raw bulk's.
    aim: f64,
    /// Finds the documents that are in their last state.
    done: Value,
    history: fn(&mut Generator) -> Vec<Event>,
}

async fn compare<P: Projection + Copy>(
    servers: &Servers,
    options: &args::Bench,
    projection: P,
    subject: &Subject,
    findings: &mut Findings,
    memory: &mut Findings,
) -> anyhow::Result<()> {
    let name = subject.name;
    tell(format!("catch-up: making {} {name}", options.documents));
    let race = Race::prepare(servers, projection, subject, options.documents).await?;
    let mut twin = None;
    for round in 0..WARM_UPS {
        tell(format!(
            "catch-up: warming up with {name}, {} of {WARM_UPS}",
            round + 1
        ));
        race.pipeline().await?;
        // The first run of the processor has made the index, so now it can be copied.
        let index = match twin.take() {
            Some(index) => index,
            None => race.twin().await?,
        };
        race.raw(&index).await?;
        twin = Some(race.empty(index).await?);
    }
    let mut twin = twin.context("there was no round to warm up with")?;
    let headline = format!("{name}, Kafka → index");
    for round in 0..options.rounds {
        let sides = if round % 2 == 0 {
            [Side::Ours, RAW]
        } else {
            [RAW, Side::Ours]
        };
        for side in sides {
            tell(format!(
                "catch-up: round {} of {}, {name}, {}",
                round + 1,
                options.rounds,
                if side == RAW {
                    "raw bulk"
                } else {
                    "processors"
                }
            ));
            let run = if side == RAW {
                let run = race.raw(&twin).await?;
                twin = race.empty(twin).await?;
                run
            } else {
                race.pipeline().await?
            };
            findings.note(side, headline.clone(), "docs/s", run.rate(race.documents));
            findings.note(
                side,
                format!("{name}, CPU of OpenSearch a document"),
                "µs",
                micros_each(run.opensearch_cpu, race.documents),
            );
            if let Some(usage) = run.processors {
                findings.note(
                    side,
                    format!("{name}, CPU of processors a document"),
                    "µs",
                    micros_each(usage.cpu, race.documents),
                );
                memory.note(
                    Side::Ours,
                    format!("processors, after {} {name}", options.documents),
                    "MB",
                    real(usage.rss_bytes) / 1e6,
                );
            }
        }
    }
    findings.aim(headline, "docs/s", Aim::RatioAtLeast(subject.aim));
    race.forget().await?;
    twin.delete().await
}

/// Both sides' start: events on the topics, the same documents ready to be written.
struct Race<'a> {
    world: World,
    subject: &'a Subject,
    processor: &'static str,
    index: RawIndex,
    documents: u64,
    bulks: Vec<Bytes>,
}

struct Run {
    filling: Filling,
    opensearch_cpu: Duration,
    processors: Option<Usage>,
}

impl Run {
    /// Start-up is left out on both sides: counted from the first documents seen to the last.
    fn rate(&self, documents: u64) -> f64 {
        per_second(documents - self.filling.already, self.filling.elapsed)
    }
}

impl<'a> Race<'a> {
    async fn prepare<P: Projection + Copy>(
        servers: &Servers,
        projection: P,
        subject: &'a Subject,
        documents: u64,
    ) -> anyhow::Result<Self> {
        let Destination::Index { alias, .. } = projection.destination() else {
            bail!("{} has no index", projection.name())
        };
        let world = servers.world(subject.name).await?;
        let prefix = world.config.names.prefix.clone();
        let loader = Loader::new(&world.kafka(), &prefix, world.encoder().await?)?;
        let history = subject.history;
        let rendered = spawn_blocking(move || load(projection, loader, history, documents))
            .await
            .context("loading panicked")??;
        if u64::try_from(rendered.len()).ok() != Some(documents) {
            bail!(
                "{documents} {} make {} documents",
                subject.name,
                rendered.len()
            );
        }
        let bulks = bulks(&rendered, world.config.processors.bulk_bytes);
        let client = clients::opensearch(&world.config.opensearch)
            .context("cannot build a client for OpenSearch")?;
        let index = RawIndex::new(client, format!("{prefix}{alias}"));
        Ok(Self {
            world,
            subject,
            processor: projection.name(),
            index,
            documents,
            bulks,
        })
    }

    /// The processors role, with this one processor, from nothing until the index has everything.
    async fn pipeline(&self) -> anyhow::Result<Run> {
        self.forget().await?;
        let meter = self.meter().await?;
        let only = format!("[\"{}\"]", self.processor);
        let role = Running::start(
            &self.world,
            Role::Processors,
            &[("PROJECTIONS__ONLY", &only)],
        )?;
        let filling = self.index.watch(self.documents, &self.subject.done).await?;
        let processors = Usage::of(role.pid())?;
        let opensearch_cpu = opensearch_cpu(&meter)?;
        role.stop().await?;
        Ok(Run {
            filling,
            opensearch_cpu,
            processors: Some(processors),
        })
    }

    /// The same documents into an index that is the same and empty.
    async fn raw(&self, index: &RawIndex) -> anyhow::Result<Run> {
        let config = &self.world.config.processors;
        let meter = self.meter().await?;
        let (filled, filling) = tokio::join!(
            index.fill(&self.bulks, config.bulks_in_flight, config.refresh_max),
            index.watch(self.documents, &self.subject.done)
        );
        filled?;
        Ok(Run {
            filling: filling?,
            opensearch_cpu: opensearch_cpu(&meter)?,
            processors: None,
        })
    }

    async fn twin(&self) -> anyhow::Result<RawIndex> {
        self.index.twin(format!("{}-raw", self.index.name)).await
    }

    /// The same index, empty again.
    async fn empty(&self, index: RawIndex) -> anyhow::Result<RawIndex> {
        let spare = index.twin(format!("{}-raw-spare", self.index.name)).await?;
        index.delete().await?;
        let empty = spare.twin(&index.name).await?;
        spare.delete().await?;
        Ok(empty)
    }

    /// Makes the processor start from nothing: no documents, no offsets, no state.
    async fn forget(&self) -> anyhow::Result<()> {
        self.index.delete().await?;
        let group = format!("{}souk.{}", self.world.config.names.prefix, self.processor);
        delete_group(&self.world.kafka(), &group).await?;
        let state = &self.world.config.processors.state_dir;
        if state.exists() {
            fs::remove_dir_all(state)
                .with_context(|| format!("cannot delete {}", state.display()))?;
        }
        Ok(())
    }

    async fn meter(&self) -> anyhow::Result<Meter> {
        Meter::start(vec![(
            "opensearch".to_owned(),
            self.world.pid(Server::Opensearch).await?,
        )])
    }
}

fn opensearch_cpu(meter: &Meter) -> anyhow::Result<Duration> {
    Ok(meter.used()?.into_iter().map(|(_, used)| used).sum())
}

/// Puts a history on the topics and computes its documents on the way.
fn load<P: Projection>(
    projection: P,
    mut loader: Loader,
    history: fn(&mut Generator) -> Vec<Event>,
    count: u64,
) -> anyhow::Result<Vec<Document>> {
    let mut generator = Generator::new(1, Timestamp(now_micros()));
    let mut renderer = Renderer::new(projection);
    for event in generator.dimensions() {
        renderer.take(&event)?;
        loader.send(&event)?;
    }
    for _ in 0..count {
        for event in history(&mut generator) {
            renderer.take(&event)?;
            loader.send(&event)?;
        }
    }
    loader.finish()?;
    Ok(renderer.documents())
}

/// A projection that has everything in one partition.
struct Renderer<P: Projection> {
    projection: P,
    facts: P::Facts,
    shared: P::Shared,
}

impl<P: Projection> Renderer<P> {
    fn new(projection: P) -> Self {
        Self {
            projection,
            facts: P::Facts::default(),
            shared: P::Shared::default(),
        }
    }

    fn take(&mut self, event: &Event) -> anyhow::Result<()> {
        let (topic, key) = (
            event.aggregate().topic(""),
            event.meta().aggregate_id.to_string(),
        );
        let record = Record {
            topic: &topic,
            key: &key,
            body: Body::Event(event),
        };
        if self.projection.shared().contains(&record.topic) {
            self.projection.apply_shared(&mut self.shared, &record)?;
        }
        if self.projection.facts().contains(&record.topic) {
            self.projection
                .apply_fact(&mut self.facts, &record, &mut Touched::default())?;
        }
        Ok(())
    }

    fn documents(&self) -> Vec<Document> {
        let keys = self.projection.keys(&self.facts);
        let rendered = keys
            .iter()
            .map(|key| self.projection.render(&self.facts, &self.shared, key));
        rendered
            .filter_map(|rendered| match rendered {
                Rendered::Document(document) => Some(document),
                Rendered::Nothing | Rendered::Record { .. } => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listing_and_order_becomes_a_document_in_its_last_state() {
        let mut generator = Generator::new(3, Timestamp(2_000_000_000_000_000));
        let (mut catalog, mut orders) = (Renderer::new(Catalog), Renderer::new(Orders));
        let mut events = generator.dimensions();
        for _ in 0..20 {
            events.extend(generator.listing());
            events.extend(generator.order());
        }
        for event in &events {
            catalog.take(event).unwrap();
            orders.take(event).unwrap();
        }
        let bodies = |documents: Vec<Document>| {
            documents
                .iter()
                .map(|document| serde_json::from_slice(&document.body).unwrap())
                .collect::<Vec<Value>>()
        };
        let (listings, orders) = (bodies(catalog.documents()), bodies(orders.documents()));
        assert_eq!((listings.len(), orders.len()), (20, 20));
        assert!(
            listings
                .iter()
                .all(|listing| listing["deleted"] == false && listing["seller_name"].is_string()),
            "{}",
            listings[0]
        );
        assert!(
            orders
                .iter()
                .all(|order| order["payment"]["status"] == "captured"
                    && order["status"] == "confirmed"),
            "{}",
            orders[0]
        );
    }
}
