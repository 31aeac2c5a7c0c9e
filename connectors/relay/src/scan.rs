use std::collections::{HashSet, VecDeque};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row as TableRow, Value};

use crate::database::{Database, Server, answer};
use crate::error::Fault;
use crate::lease::Holder;
use crate::position::{Mark, Position};
use crate::row::{COLUMNS, Row, TABLE};

/// How many of the last scanned rows are remembered to drop their repeats from the log.
const REMEMBERED: usize = 100_000;

/// Reads the whole table in one snapshot, for when the binary log does not reach back to the saved position.
///
/// The order of the first four steps is what loses nothing and keeps the order per aggregate:
/// 1. `from`, the end of the log, is captured. Tailing begins there.
/// 2. We commit a marker. A transaction is written to the log before it becomes visible; one may be in between at step 1.
///    Commits become visible in the order of the log, so after the marker everything before `from` is visible.
/// 3. The snapshot is opened: it holds everything before `from`, and each aggregate without gaps. What it does not hold was
///    committed after `from` and will be tailed, whatever its primary key: keys become visible out of order.
/// 4. `until`, the end of the log, is captured again. What is tailed after it cannot have been scanned.
///
/// There is no checkpoint within the table, because below any key a transaction may still be open.
pub(crate) struct Scan {
    conn: Conn,
    rows_at_once: usize,
    last: u64,
    pub(crate) from: Position,
    until: Position,
    recent: Recent,
}

impl Scan {
    pub(crate) async fn open(
        database: &Database,
        server: &Server,
        holder: &Holder,
        rows_at_once: usize,
    ) -> Result<Self, Fault> {
        let mut conn = database.connect().await?;
        let from = server.log_end(&mut conn).await?;
        holder.commit_marker(&mut conn).await?;
        for statement in [
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT",
        ] {
            answer("opening a snapshot", conn.query_drop(statement)).await?;
        }
        let until = server.log_end(&mut database.connect().await?).await?;
        Ok(Self {
            conn,
            rows_at_once,
            last: 0,
            from,
            until,
            recent: Recent::new(REMEMBERED),
        })
    }

    /// Returns the next rows in the order of the primary key; none at the end.
    pub(crate) async fn next_rows(&mut self) -> Result<Vec<Row>, Fault> {
        let query = format!(
            "SELECT {} FROM {TABLE} WHERE position > ? ORDER BY position LIMIT {}",
            COLUMNS.join(", "),
            self.rows_at_once
        );
        let rows: Vec<TableRow> =
            answer("scanning the table", self.conn.exec(query, (self.last,))).await?;
        let rows = rows
            .into_iter()
            .map(read_row)
            .collect::<Result<Vec<_>, _>>()?;
        for row in &rows {
            self.last = row.position;
            self.recent.insert(row.position);
        }
        Ok(rows)
    }

    /// Ends the snapshot and returns what may still be repeated by the log.
    pub(crate) fn finish(self) -> Repeats {
        Repeats {
            recent: self.recent,
            until: self.until,
        }
    }
}

fn read_row(row: TableRow) -> Result<Row, Fault> {
    let values: Vec<Value> = row.unwrap();
    let values = values
        .try_into()
        .map_err(|_| Fault::Table("a scanned row has other columns than asked for".to_owned()))?;
    Row::from_values(values)
}

/// The scanned rows that the log may repeat because they were committed after its end was captured.
#[derive(Debug)]
pub(crate) struct Repeats {
    recent: Recent,
    until: Position,
}

impl Repeats {
    /// Drops the rows of a tailed transaction that were scanned. Returns false when no later transaction can have any.
    pub(crate) fn remove_from(&self, rows: &mut Vec<Row>, mark: &Mark) -> bool {
        rows.retain(|row| !self.recent.contains(row.position));
        !self.until.is_reached_by(mark)
    }
}

/// The last so many positions, which are the highest ones: an older one that is repeated is a harmless duplicate.
#[derive(Debug)]
struct Recent {
    order: VecDeque<u64>,
    positions: HashSet<u64>,
    limit: usize,
}

impl Recent {
    fn new(limit: usize) -> Self {
        Self {
            order: VecDeque::new(),
            positions: HashSet::new(),
            limit,
        }
    }

    fn insert(&mut self, position: u64) {
        if self.order.len() == self.limit {
            let oldest = self.order.pop_front();
            oldest.map(|oldest| self.positions.remove(&oldest));
        }
        self.order.push_back(position);
        self.positions.insert(position);
    }

    fn contains(&self, position: u64) -> bool {
        self.positions.contains(&position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::tests::values;

    fn row(position: u64) -> Row {
        Row {
            position,
            ..Row::from_values(values()).unwrap()
        }
    }

    #[test]
    fn scanned_rows_are_dropped_from_the_log_until_its_second_end() {
        let mut recent = Recent::new(2);
        for position in [1, 2, 3] {
            recent.insert(position);
        }
        let until = Position {
            server: String::new(),
            file: "b.000001".to_owned(),
            offset: 200,
            gtid: None,
        };
        let repeats = Repeats { recent, until };
        let mark = |offset| Mark {
            file: "b.000001".into(),
            offset,
            gtid: None,
        };

        let mut rows = vec![row(1), row(2), row(3), row(4)];
        assert!(repeats.remove_from(&mut rows, &mark(100)));
        // The set is bounded, so the oldest may come twice.
        assert_eq!(rows, [row(1), row(4)]);
        assert!(!repeats.remove_from(&mut rows, &mark(200)));
    }
}
