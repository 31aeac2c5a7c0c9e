//! One topology: source -> decode -> project -> batch -> sink -> commit.
//!
//! A worker owns the consumers and all state, on a thread of its own. Whatever takes long (bulks, refreshes, dead letters,
//! restoring, snapshots on disk) runs elsewhere and answers with an [`Answer`]; so the thread is either busy with records or
//! asleep until the next record, answer or deadline, and nothing waits behind anything slow.

mod beginning;
mod intake;
mod output;
mod start;
mod upkeep;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt};
use rdkafka::consumer::{Consumer, DefaultConsumerContext, MessageStream, StreamConsumer};
use rdkafka::message::OwnedMessage;
use souk_schemas::{Decoder, Event};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::active::Active;
use crate::assignments::Assignments;
use crate::config::Config;
use crate::dead_letter::DeadLetter;
use crate::error::RuntimeError;
use crate::freshness::Freshness;
use crate::kafka::group::{Group, Rebalanced};
use crate::kafka::producer::Producer;
use crate::ledger::{Ledger, Report};
use crate::progress::{Publisher, SharedWaiting};
use crate::projection::{Poison, Projection};
use crate::sink::Written;
use crate::state::dimensions::Dimensions;
use crate::state::restore::Restored;
use crate::state::snapshot::Snapshots;
use crate::status::Status;
use crate::target::Target;
use crate::topology::Topology;

pub(crate) use start::start;

/// So many records at most are taken in before answers and deadlines get their turn.
const RECORDS_PER_TURN: usize = 500;

pub(crate) struct Worker<P: Projection> {
    projection: Arc<P>,
    config: Config,
    prefix: String,
    topology: Topology,
    decoder: Arc<Decoder>,
    kafka: rdkafka::ClientConfig,

    group: Arc<StreamConsumer<Group>>,
    shared: Arc<StreamConsumer<DefaultConsumerContext>>,

    dimensions: Dimensions<P::Shared, P::Change>,
    /// By shared topic and partition: where the shared topics ended when we started; empty once they are read up to there.
    shared_ends: Vec<Vec<i64>>,
    assignments: Assignments<P::Facts>,
    active: BTreeMap<i32, Active<P>>,
    /// Records that came before their partition could begin.
    early: VecDeque<OwnedMessage>,
    intake: intake::Gate,
    /// Poisoned records since the last good one.
    poison_run: u32,

    ledger: Ledger,
    target: Target,
    sizes: output::Sizes,
    bulks: Vec<output::InFlight>,
    letters: mpsc::Sender<(u64, DeadLetter)>,
    /// Dead letters on their way to `letters`.
    letters_out: VecDeque<(u64, DeadLetter)>,
    num_letters_waiting: usize,

    freshness: Freshness,
    /// Settled, not yet refreshed.
    settled: Report,
    /// Being refreshed.
    refreshing: Option<Report>,
    publisher: Publisher,
    shared_waiting: SharedWaiting,
    producer: Producer,

    upkeep: upkeep::Upkeep,
    snapshots: Snapshots,
    status: watch::Sender<Status>,

    tasks: JoinSet<()>,
    /// Where tasks run: the process's own runtime, not this thread.
    runtime: Handle,
    answers: mpsc::Receiver<Answer<P>>,
    answer: mpsc::Sender<Answer<P>>,
    shutdown: CancellationToken,
}

/// What comes back from everything that runs elsewhere.
pub(crate) enum Answer<P: Projection> {
    Written {
        batch: u64,
        result: Result<Written, RuntimeError>,
    },
    Refreshed(Duration),
    /// The books know the outcome already.
    Committed,
    DeadLettered(Result<u64, RuntimeError>),
    Restored {
        number: i32,
        epoch: u64,
        restored: Restored<P::Facts>,
    },
    Decoded {
        stalled: Stalled,
        result: Result<Box<Event>, Poison>,
    },
    Ends(upkeep::Ends),
    SnapshotDone,
}

/// A record whose schema has to be fetched first; nothing is read meanwhile.
pub(crate) enum Stalled {
    Fact { epoch: u64, message: OwnedMessage },
    Shared(OwnedMessage),
}

/// The two sources of records.
struct Sources<'a> {
    facts: MessageStream<'a, Group>,
    shared: MessageStream<'a, DefaultConsumerContext>,
}

/// Whether the sources had more when reading stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Supply {
    More,
    Dry,
}

impl<P: Projection> Worker<P> {
    /// Works until the shutdown, then drains: what was read is written, searchable and committed in the end.
    pub(crate) async fn run(&mut self) -> Result<(), RuntimeError> {
        let (group, shared) = (self.group.clone(), self.shared.clone());
        let mut sources = Sources {
            facts: group.stream(),
            shared: shared.stream(),
        };
        while !self.shutdown.is_cancelled() {
            self.follow_rebalances()?;
            let supply = self.read(&mut sources)?;
            self.work(supply)?;
            match supply {
                Supply::Dry => self.wait(&mut sources).await?,
                // Whoever drops this future shall be heard.
                Supply::More => tokio::task::yield_now().await,
            }
            self.take_answers()?;
        }
        self.drain().await
    }

    /// Ends at once: nothing is committed any more, and tasks are dropped with the worker.
    pub(crate) fn abandon(&self) {
        self.group.context().abandon();
        self.assignments.cancel_all();
    }

    /// Everything that can be done without waiting.
    fn work(&mut self, supply: Supply) -> Result<(), RuntimeError> {
        self.fan_out();
        self.flush(supply);
        self.settle();
        self.refresh();
        self.keep_up();
        self.check_tasks()
    }

    /// Takes in what the sources have, as long as there is room for it. The shared topics come first: they are small, and asking for
    /// them once a turn rather than before every record saves a tenth of a record's time.
    fn read(&mut self, sources: &mut Sources<'_>) -> Result<Supply, RuntimeError> {
        for _ in 0..RECORDS_PER_TURN {
            if !self.may_read() || !self.may_read_shared() {
                break;
            }
            match sources.shared.next().now_or_never().flatten() {
                Some(message) => self.take_shared_message(message)?,
                None => break,
            }
        }
        for _ in 0..RECORDS_PER_TURN {
            if !self.may_read() {
                return Ok(Supply::Dry);
            }
            if let Some(message) = self.early.pop_front() {
                self.take_early(&message)?;
            } else if let Some(message) = sources.facts.next().now_or_never().flatten() {
                self.take_fact_message(message)?;
            } else {
                return Ok(Supply::Dry);
            }
        }
        Ok(Supply::More)
    }

    /// Sleeps until there is something to do.
    async fn wait(&mut self, sources: &mut Sources<'_>) -> Result<(), RuntimeError> {
        let now = Instant::now();
        let polls_facts = self.intake.polls(self.may_read(), now);
        self.apply_gate();
        let polls_shared = self.may_read() && self.may_read_shared();
        let deadline = self.next_deadline(now);
        let group = self.group.clone();
        tokio::select! {
            () = self.shutdown.cancelled() => {}
            () = group.context().rebalanced.notified() => {}
            Some(answer) = self.answers.recv() => self.take_answer(answer)?,
            Some(message) = sources.shared.next(), if polls_shared => self.take_shared_message(message)?,
            Some(message) = sources.facts.next(), if polls_facts => self.take_fact_message(message)?,
            () = tokio::time::sleep_until(deadline.into()) => {}
        }
        Ok(())
    }

    fn take_answers(&mut self) -> Result<(), RuntimeError> {
        while let Ok(answer) = self.answers.try_recv() {
            self.take_answer(answer)?;
        }
        Ok(())
    }

    fn take_answer(&mut self, answer: Answer<P>) -> Result<(), RuntimeError> {
        match answer {
            Answer::Written { batch, result } => self.take_written(batch, result?),
            Answer::Refreshed(took) => self.take_refreshed(took),
            Answer::Committed => {}
            Answer::DeadLettered(number) => {
                self.num_letters_waiting -= 1;
                self.ledger.pay(number?);
            }
            Answer::Restored {
                number,
                epoch,
                restored,
            } => self.take_restored(number, epoch, restored)?,
            Answer::Decoded { stalled, result } => self.take_decoded(stalled, result)?,
            Answer::Ends(ends) => self.take_ends(&ends),
            Answer::SnapshotDone => self.upkeep.snapshot_done(),
        }
        Ok(())
    }

    fn follow_rebalances(&mut self) -> Result<(), RuntimeError> {
        while let Some(rebalanced) = self.group.context().next_rebalance() {
            match rebalanced {
                Rebalanced::Assigned(assigned) => {
                    self.upkeep.note_assignment();
                    for number in self.assignments.add(assigned) {
                        if self.active.contains_key(&number) {
                            return Err(RuntimeError::SplitAssignment(number));
                        }
                        self.restore(number);
                    }
                }
                Rebalanced::Revoked(revoked) => {
                    for (_, number) in revoked {
                        self.assignments.remove(number);
                        if self.active.remove(&number).is_some() {
                            tracing::info!(
                                processor = self.projection.name(),
                                partition = number,
                                "partition is given up"
                            );
                        }
                    }
                }
            }
            self.show_status();
        }
        Ok(())
    }

    /// A task that panicked gives no answer, and waiting for it would be for ever.
    fn check_tasks(&mut self) -> Result<(), RuntimeError> {
        while let Some(ended) = self.tasks.try_join_next() {
            ended.map_err(|_| RuntimeError::Panicked)?;
        }
        Ok(())
    }

    fn show_status(&self) {
        let ready =
            self.shared_ends.is_empty() && self.assignments.is_empty() && self.upkeep.has_joined();
        self.status.send_if_modified(|status| {
            let before = status.clone();
            status.ready = ready;
            status.partitions = self.active.keys().copied().collect();
            *status != before
        });
    }
}
