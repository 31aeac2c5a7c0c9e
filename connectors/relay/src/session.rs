use std::time::Duration;

use souk_platform::clock::now_micros;
use souk_platform::ops::Readiness;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::database::{Database, Entry, Server, layout};
use crate::error::Fault;
use crate::lease::{Holder, Lease};
use crate::metrics;
use crate::position::{Position, Progress};
use crate::publish::Publisher;
use crate::relay::Deps;
use crate::row::Layout;
use crate::scan::{Repeats, Scan};
use crate::tail::{Assembly, Tail, Transaction};
use crate::window::Boundary;

/// How often lag and stalls are looked at.
const TICK: Duration = Duration::from_millis(250);

/// After this long without an acknowledgement somebody should know.
const STALL: Duration = Duration::from_secs(10);

/// One stretch of relaying under one lease, from a saved position until shutdown or the first fault.
pub(crate) struct Session<'a> {
    pub(crate) config: &'a Config,
    pub(crate) deps: &'a Deps,
    pub(crate) database: &'a Database,
    pub(crate) shutdown: &'a CancellationToken,
}

impl Session<'_> {
    /// Returns without a fault only at shutdown, with everything sent acknowledged, saved and the lease given back.
    pub(crate) async fn run(&self, mut lease: Lease, saved: Option<Position>) -> Result<(), Fault> {
        let holder = lease.holder.clone();
        let progress = Progress::new(saved);
        // The two share one task: when the lease is lost, the pump is dropped with its producer and sends no more.
        tokio::select! {
            fault = lease.keep(&progress, self.config.save_interval) => return Err(fault),
            outcome = self.pump(&holder, &progress) => outcome?,
        }
        holder
            .release(self.database, progress.position().as_ref())
            .await
    }

    async fn pump(&self, holder: &Holder, progress: &Progress) -> Result<(), Fault> {
        let mut conn = self.database.connect().await?;
        let server = Server::inspect(&mut conn).await?;
        let layout = layout(&mut conn, &self.database.name).await?;
        drop(conn);
        let mut publisher = Publisher::new(self.config, &self.deps.kafka, &self.deps.prefix)?;
        let saved = progress.position();
        let entry = saved.as_ref().and_then(|saved| server.entry(saved));
        if let (Some(position), Some(entry)) = (saved, entry) {
            let tail = self.open_tail(&server, layout, (&position, entry)).await?;
            return self.forward(tail, None, &mut publisher, progress).await;
        }
        let Some((position, repeats)) =
            self.scan(&server, holder, &mut publisher, progress).await?
        else {
            return Ok(());
        };
        let entry = server.entry(&position).unwrap_or(Entry::File);
        let tail = self.open_tail(&server, layout, (&position, entry)).await?;
        self.forward(tail, Some(repeats), &mut publisher, progress)
            .await
    }

    async fn open_tail(
        &self,
        server: &Server,
        layout: Layout,
        start: (&Position, Entry),
    ) -> Result<Tail, Fault> {
        let (position, entry) = start;
        tracing::info!(
            relay.file = position.file,
            relay.offset = position.offset,
            ?entry,
            "tailing the binary log"
        );
        let assembly = Assembly::new(
            &self.database.name,
            layout,
            self.config.transaction_bytes,
            &position.file,
        );
        Tail::open(
            self.database,
            server,
            start,
            assembly,
            self.config.heartbeat,
        )
        .await
    }

    /// Sends the whole table. Returns where the log continues; nothing at shutdown, which leaves the position as it was.
    async fn scan(
        &self,
        server: &Server,
        holder: &Holder,
        publisher: &mut Publisher,
        progress: &Progress,
    ) -> Result<Option<(Position, Repeats)>, Fault> {
        tracing::info!("scanning the table, the binary log does not reach back to where we were");
        let mut scan = Scan::open(self.database, server, holder, self.config.scan_rows).await?;
        let mut num_rows = 0;
        loop {
            let rows = scan.next_rows().await?;
            if rows.is_empty() {
                break;
            }
            num_rows += rows.len();
            for row in rows {
                match self
                    .shutdown
                    .run_until_cancelled(publisher.room(progress))
                    .await
                {
                    Some(room) => room?,
                    None => return Ok(None),
                }
                publisher.send(&row).await?;
            }
            observe(publisher);
        }
        tracing::info!(relay.rows = num_rows, "scanned the table");
        publisher.push_boundary(Boundary::Start(Box::new(scan.from.clone())));
        publisher.settle(progress)?;
        Ok(Some((scan.from.clone(), scan.finish())))
    }

    async fn forward(
        &self,
        mut tail: Tail,
        mut repeats: Option<Repeats>,
        publisher: &mut Publisher,
        progress: &Progress,
    ) -> Result<(), Fault> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stall = Stall::new(&self.deps.readiness);
        loop {
            let has_room = publisher.window().has_room();
            if !has_room {
                tail.listen_again();
            }
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return self.drain(publisher, progress).await,
                () = publisher.reported() => publisher.settle(progress)?,
                transaction = tail.next(), if has_room => {
                    let Transaction { mut rows, mark } = transaction?;
                    if repeats.as_ref().is_some_and(|repeats| !repeats.remove_from(&mut rows, &mark)) {
                        repeats = None;
                    }
                    for row in &rows {
                        publisher.send(row).await?;
                    }
                    publisher.push_boundary(Boundary::Commit(mark));
                    if rows.is_empty() {
                        publisher.settle(progress)?;
                    }
                }
                _ = ticks.tick() => {
                    observe(publisher);
                    stall.watch(publisher.stalled_for());
                }
            }
        }
    }

    async fn drain(&self, publisher: &mut Publisher, progress: &Progress) -> Result<(), Fault> {
        if let Ok(flushed) =
            tokio::time::timeout(self.config.drain, publisher.flush(progress)).await
        {
            return flushed;
        }
        tracing::warn!(
            relay.inflight = publisher.window().num_events(),
            "not everything was acknowledged, it will be sent again"
        );
        Ok(())
    }
}

fn observe(publisher: &Publisher) {
    let window = publisher.window();
    metrics::inflight(window.num_events());
    metrics::lag(
        window
            .oldest()
            .map_or(Duration::ZERO, |(occurred_at, sent_at)| {
                age(occurred_at, sent_at)
            }),
    );
}

/// How long ago an unacknowledged event happened; at least as long ago as it was sent, whatever the clocks say.
fn age(occurred_at: i64, sent_at: Instant) -> Duration {
    let micros = u64::try_from(now_micros() - occurred_at).unwrap_or_default();
    Duration::from_micros(micros).max(sent_at.elapsed())
}

/// Tells once when acknowledgements stop, and once when they come again.
struct Stall<'a> {
    readiness: &'a Readiness,
    stalled: bool,
}

impl<'a> Stall<'a> {
    fn new(readiness: &'a Readiness) -> Self {
        readiness.ready();
        Self {
            readiness,
            stalled: false,
        }
    }

    fn watch(&mut self, stalled_for: Duration) {
        let stalled = stalled_for > STALL;
        if stalled == self.stalled {
            return;
        }
        self.stalled = stalled;
        if stalled {
            tracing::warn!("kafka acknowledges nothing, waiting");
            self.readiness.not_ready("kafka acknowledges nothing");
        } else {
            tracing::info!("kafka acknowledges again");
            self.readiness.ready();
        }
    }
}
