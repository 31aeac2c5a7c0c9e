use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::time::Instant;
use uuid::Uuid;

use crate::database::{Database, answer};
use crate::error::Fault;
use crate::position::{Position, Progress};

/// The database's clock in microseconds: relays on machines with different clocks have to agree.
const NOW: &str = "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)";

/// The right to relay, held by one owner until the database's clock says otherwise, and the saved position that goes with it.
pub(crate) struct Lease {
    conn: Conn,
    pub(crate) holder: Holder,
    length: Duration,
    /// By our own clock, counted from before the database was asked: never later than what the database believes.
    valid_until: Instant,
}

/// Who holds which lease; what every write to it is conditional on.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    name: String,
    owner: String,
}

impl Lease {
    /// Takes the lease when nobody holds it, its time is over, or it is ours. Returns it with the saved position.
    pub(crate) async fn acquire(
        database: &Database,
        name: &str,
        owner: Uuid,
        length: Duration,
    ) -> Result<Option<(Self, Option<Position>)>, Fault> {
        let mut conn = database.connect().await?;
        // Local time repeats an hour each autumn.
        answer(
            "setting the time zone",
            conn.query_drop("SET time_zone = '+00:00'"),
        )
        .await?;
        let holder = Holder {
            name: name.to_owned(),
            owner: owner.to_string(),
        };
        let asked_at = Instant::now();
        if !holder.claim(&mut conn, length).await? {
            return Ok(None);
        }
        let query = "SELECT position FROM relay_state WHERE name = ?";
        let saved: Option<Option<String>> = answer(
            "reading the saved position",
            conn.exec_first(query, (name,)),
        )
        .await?;
        let lease = Self {
            conn,
            holder,
            length,
            valid_until: asked_at + length,
        };
        Ok(Some((
            lease,
            saved.flatten().and_then(|saved| read_position(&saved)),
        )))
    }

    /// Renews and saves until the lease is lost or the database does not answer in time. Never returns otherwise.
    pub(crate) async fn keep(&mut self, progress: &Progress, save_interval: Duration) -> Fault {
        let mut renewed_at = Instant::now();
        loop {
            tokio::time::sleep(save_interval).await;
            if !progress.take_worth_saving() && renewed_at.elapsed() < self.length / 3 {
                continue;
            }
            if let Err(fault) = self.save(progress.position().as_ref()).await {
                return fault;
            }
            renewed_at = Instant::now();
        }
    }

    /// Saves the position, if there is one, and renews; fails when another owner has taken over, and before the lease ends
    /// when there is no answer.
    pub(crate) async fn save(&mut self, position: Option<&Position>) -> Result<(), Fault> {
        let query = format!(
            "UPDATE relay_state SET lease_until = {NOW} + ?, position = COALESCE(?, position) WHERE name = ? AND owner = ?"
        );
        let asked_at = Instant::now();
        let params = (
            micros(self.length),
            position.map(write_position),
            &self.holder.name,
            &self.holder.owner,
        );
        // A tenth of the lease is left for what is already on its way.
        let stop_at = self.valid_until - self.length / 10;
        tokio::time::timeout_at(stop_at, self.conn.exec_drop(query, params))
            .await
            .map_err(|_| Fault::LeaseLost)??;
        if self.conn.affected_rows() == 0 {
            return Err(Fault::LeaseLost);
        }
        self.valid_until = asked_at + self.length;
        Ok(())
    }
}

impl Holder {
    async fn claim(&self, conn: &mut Conn, length: Duration) -> Result<bool, Fault> {
        let update = format!(
            "UPDATE relay_state SET owner = ?, lease_until = {NOW} + ? \
             WHERE name = ? AND (owner IS NULL OR owner = ? OR lease_until < {NOW})"
        );
        loop {
            let params = (&self.owner, micros(length), &self.name, &self.owner);
            answer("taking the lease", conn.exec_drop(&update, params)).await?;
            if conn.affected_rows() == 1 {
                return Ok(true);
            }
            let insert =
                "INSERT IGNORE INTO relay_state (name, owner, lease_until) VALUES (?, NULL, 0)";
            answer("creating the lease", conn.exec_drop(insert, (&self.name,))).await?;
            if conn.affected_rows() == 0 {
                return Ok(false);
            }
        }
    }

    /// Saves the last position and lets the next relay in at once. On a connection of its own: the lease's may have been
    /// left in the middle of a statement.
    pub(crate) async fn release(
        &self,
        database: &Database,
        position: Option<&Position>,
    ) -> Result<(), Fault> {
        let mut conn = database.connect().await?;
        let query = "UPDATE relay_state SET owner = NULL, lease_until = 0, position = COALESCE(?, position) \
                     WHERE name = ? AND owner = ?";
        let params = (position.map(write_position), &self.name, &self.owner);
        answer("releasing the lease", conn.exec_drop(query, params)).await
    }

    /// Commits a change of nothing that matters on the given connection. Commits become visible in the order of the binary
    /// log, so afterwards everything is visible that the log held before.
    pub(crate) async fn commit_marker(&self, conn: &mut Conn) -> Result<(), Fault> {
        let query =
            "UPDATE relay_state SET lease_until = lease_until + 1 WHERE name = ? AND owner = ?";
        answer(
            "committing a marker",
            conn.exec_drop(query, (&self.name, &self.owner)),
        )
        .await?;
        if conn.affected_rows() == 0 {
            Err(Fault::LeaseLost)
        } else {
            Ok(())
        }
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

fn write_position(position: &Position) -> String {
    serde_json::to_string(position).expect("a position has only text keys")
}

/// A position that cannot be read counts as none: the table is then scanned, which repeats events and loses none.
fn read_position(text: &str) -> Option<Position> {
    serde_json::from_str(text)
        .inspect_err(|error| tracing::warn!(%error, "the saved position cannot be read"))
        .ok()
}
