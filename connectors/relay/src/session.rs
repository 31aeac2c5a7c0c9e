use std::time::Duration;

use souk_platform::clock::now_micros;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::database::{Database, Entry, Server, layout};
use crate::error::Fault;
use crate::lease::{Holder, Lease};
use crate::metrics;
use crate::mood::{Mood, Voice};
use crate::position::{Position, Progress};
use crate::publish::Publisher;
use crate::relay::Deps;
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
    pub(crate) voice: &'a Voice,
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
        let mut publisher = Publisher::new(self.config, &self.deps.kafka, &self.deps.prefix)?;
        // A shutdown before the tail leaves the position as it was.
        let opened = self
            .shutdown
            .run_until_cancelled(self.open(holder, &mut publisher, progress))
            .await;
        match opened.transpose()? {
            Some((tail, repeats)) => self.forward(tail, repeats, &mut publisher, progress).await,
            None => Ok(()),
        }
    }

    /// Opens the log at the saved position, or sends the whole table and opens the log where the scan began.
    async fn open(
        &self,
        holder: &Holder,
        publisher: &mut Publisher,
        progress: &Progress,
    ) -> Result<(Tail, Option<Repeats>), Fault> {
        let mut conn = self.database.connect().await?;
        let server = Server::inspect(&mut conn).await?;
        let layout = layout(&mut conn, &self.database.name).await?;
        drop(conn);
        let saved = progress.position();
        let entry = saved.as_ref().and_then(|saved| server.entry(saved));
        let (position, entry, repeats) = if let (Some(position), Some(entry)) = (saved, entry) {
            (position, entry, None)
        } else {
            let (position, repeats) = self.scan(&server, holder, publisher, progress).await?;
            let entry = server.entry(&position).unwrap_or(Entry::File);
            (position, entry, Some(repeats))
        };
        tracing::debug!(
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
        let start = (&position, entry);
        let tail = Tail::open(
            self.database,
            &server,
            start,
            assembly,
            self.config.heartbeat,
        )
        .await?;
        Ok((tail, repeats))
    }

    async fn scan(
        &self,
        server: &Server,
        holder: &Holder,
        publisher: &mut Publisher,
        progress: &Progress,
    ) -> Result<(Position, Repeats), Fault> {
        tracing::debug!("scanning the table, the binary log does not reach back to where we were");
        let mut scan = Scan::open(self.database, server, holder, self.config.scan_rows).await?;
        let mut num_rows = 0;
        loop {
            let rows = scan.next_rows().await?;
            if rows.is_empty() {
                break;
            }
            num_rows += rows.len();
            for row in rows {
                publisher.room(progress).await?;
                publisher.send(&row).await?;
            }
            observe(publisher);
        }
        tracing::info!(relay.rows = num_rows, "scanned the table");
        publisher.push_boundary(Boundary::Start(Box::new(scan.from.clone())));
        publisher.settle(progress)?;
        Ok((scan.from.clone(), scan.finish()))
    }

    async fn forward(
        &self,
        mut tail: Tail,
        mut repeats: Option<Repeats>,
        publisher: &mut Publisher,
        progress: &Progress,
    ) -> Result<(), Fault> {
        let mut ticks = interval_at(Instant::now() + TICK, TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
                    let stalled = publisher.stalled_for() > STALL;
                    self.voice.say(if stalled { Mood::Stalled } else { Mood::Relaying });
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
        let relay_inflight = publisher.window().num_events();
        tracing::warn!(
            relay_inflight,
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
