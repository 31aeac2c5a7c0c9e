use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::assignments::Assignments;
use crate::backoff::Backoff;
use crate::config::{Config, Deps};
use crate::dead_letter::DeadLetterQueue;
use crate::error::RuntimeError;
use crate::freshness::Freshness;
use crate::kafka::consumers::{group_config, reader_config};
use crate::kafka::group::Group;
use crate::kafka::producer::Producer;
use crate::ledger::{Ledger, Report};
use crate::progress::{Publisher, SharedWaiting};
use crate::projection::{Destination, Projection};
use crate::sink::{Client, Sink};
use crate::state::dimensions::Dimensions;
use crate::state::snapshot::Snapshots;
use crate::status::Status;
use crate::target::Target;
use crate::topology::Topology;
use crate::worker::intake::{Gate, LETTERS_WAITING};
use crate::worker::output::Sizes;
use crate::worker::upkeep::Upkeep;
use crate::worker::{Answer, Worker};

/// Prepares everything a worker needs: the index, the topics, the shared state, the membership of the group.
pub(crate) async fn start<P: Projection>(
    projection: Arc<P>,
    config: Config,
    deps: Deps,
    status: watch::Sender<Status>,
    runtime: Handle,
    shutdown: CancellationToken,
) -> Result<Worker<P>, RuntimeError> {
    let name = projection.name();
    let prefix = deps.prefix.clone();
    let snapshots = Snapshots::new(&config.state_dir, &prefix, &*projection)
        .map_err(|error| RuntimeError::StateDirectory(config.state_dir.clone(), error))?;
    let kafka = reader_config(&deps.kafka, &format!("{prefix}souk.{name}.reader"));
    let shared: StreamConsumer = kafka.create().map_err(RuntimeError::Kafka)?;
    let topology = Topology::discover(&*projection, &prefix, &shared).await?;
    let producer = Producer::new(&deps.kafka)?;
    let target = target(&*projection, &config, &deps, &producer, &runtime).await?;

    let dimensions = load_dimensions::<P>(&snapshots, &topology);
    let shared_ends = read_from(&shared, &topology, &dimensions.offsets).await?;
    let group = join_group(&deps, &config, name, &topology)?;

    let mut tasks = JoinSet::new();
    // Room for every answer that can be on its way at once; tasks wait for room, the worker never does.
    let (answer, answers) = mpsc::channel(256);
    let (letters, letters_in) = mpsc::channel(2 * LETTERS_WAITING);
    let queue = DeadLetterQueue {
        producer: producer.clone(),
        kafka: deps.kafka.clone(),
        prefix: prefix.clone(),
        processor: name,
    };
    tasks.spawn_on(
        queue.run(letters_in, answer.clone(), Answer::DeadLettered),
        &runtime,
    );

    let mut worker = Worker {
        assignments: Assignments::new(topology.fact_topics.clone()),
        active: BTreeMap::new(),
        early: VecDeque::new(),
        intake: Gate::default(),
        poison_run: 0,
        ledger: Ledger::default(),
        target,
        sizes: Sizes::new(config.bulk_bytes),
        bulks: Vec::new(),
        letters,
        letters_out: VecDeque::new(),
        num_letters_waiting: 0,
        freshness: Freshness::new(config.refresh_min, config.refresh_max),
        settled: Report::default(),
        refreshing: None,
        publisher: Publisher::new(name, &prefix, producer.clone()),
        shared_waiting: SharedWaiting::default(),
        producer,
        upkeep: Upkeep::new(Instant::now(), config.snapshot_every),
        decoder: deps.decoder,
        group: Arc::new(group),
        shared: Arc::new(shared),
        projection,
        config,
        prefix,
        topology,
        kafka,
        dimensions,
        shared_ends,
        snapshots,
        status,
        tasks,
        runtime,
        answers,
        answer,
        shutdown,
    };
    worker.check_shared_read()?;
    Ok(worker)
}

async fn target<P: Projection>(
    projection: &P,
    config: &Config,
    deps: &Deps,
    producer: &Producer,
    runtime: &Handle,
) -> Result<Target, RuntimeError> {
    match projection.destination() {
        Destination::Topic(topic) => Ok(Target::Topic {
            producer: producer.clone(),
            topic: format!("{}{topic}", deps.prefix),
        }),
        Destination::Index { alias, mapping } => {
            let client = Client::new(deps.opensearch.clone(), format!("{}{alias}", deps.prefix));
            let sink = Arc::new(Sink::new(projection.name(), client));
            let (preparing, shards, replicas) =
                (sink.clone(), config.index_shards, config.index_replicas);
            let prepared =
                runtime.spawn(async move { preparing.prepare(mapping, shards, replicas).await });
            // A connection lives on the runtime that opened it, and this thread is no place for one.
            prepared.await.map_err(|_| RuntimeError::Panicked)??;
            Ok(Target::Index(sink))
        }
    }
}

fn load_dimensions<P: Projection>(
    snapshots: &Snapshots,
    topology: &Topology,
) -> Dimensions<P::Shared, P::Change> {
    snapshots
        .load("shared")
        .filter(|dimensions: &Dimensions<P::Shared, P::Change>| {
            dimensions.fits(&topology.shared_partitions)
        })
        .unwrap_or_else(|| Dimensions::empty(&topology.shared_partitions))
}

/// Points the consumer of the shared topics at `offsets` and returns where the topics end now; empty when there is nothing to read.
async fn read_from(
    consumer: &StreamConsumer,
    topology: &Topology,
    offsets: &[Vec<i64>],
) -> Result<Vec<Vec<i64>>, RuntimeError> {
    let mut list = TopicPartitionList::new();
    let mut ends = Vec::new();
    for (topic, offsets) in topology.shared_topics.iter().zip(offsets) {
        let mut topic_ends = Vec::new();
        for (number, offset) in (0_i32..).zip(offsets) {
            list.add_partition_offset(topic, number, Offset::Offset(*offset))
                .map_err(RuntimeError::Kafka)?;
            topic_ends.push(end_of(consumer, topic, number).await);
        }
        ends.push(topic_ends);
    }
    if list.count() > 0 {
        consumer.assign(&list).map_err(RuntimeError::Kafka)?;
    }
    Ok(ends)
}

/// The end of a partition, or 0 when there is nothing to read in it; waits while Kafka is away.
async fn end_of(consumer: &StreamConsumer, topic: &str, number: i32) -> i64 {
    let mut backoff = Backoff::default();
    loop {
        match consumer.fetch_watermarks(topic, number, Duration::from_secs(10)) {
            Ok((low, high)) => return if low == high { 0 } else { high },
            Err(error) => {
                tracing::warn!(%error, topic, number, "end of a partition cannot be asked for, trying again");
            }
        }
        backoff.pause().await;
    }
}

fn join_group(
    deps: &Deps,
    config: &Config,
    name: &str,
    topology: &Topology,
) -> Result<StreamConsumer<Group>, RuntimeError> {
    let group_id = format!("{}souk.{name}", deps.prefix);
    let group: StreamConsumer<Group> = group_config(&deps.kafka, &group_id, config.group_protocol)
        .create_with_context(Group::new(topology.fact_topics.clone()))
        .map_err(RuntimeError::Kafka)?;
    let topics: Vec<&str> = topology.fact_topics.iter().map(String::as_str).collect();
    group.subscribe(&topics).map_err(RuntimeError::Kafka)?;
    Ok(group)
}
