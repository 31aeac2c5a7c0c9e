//! The binary log as committed transactions.
//!
//! What a transaction looks like in the log: MySQL writes `GTID (or ANONYMOUS_GTID) · QUERY "BEGIN" · TABLE_MAP · WRITE_ROWS … · XID`,
//! MariaDB `GTID · [ANNOTATE_ROWS] · TABLE_MAP · WRITE_ROWS_V1 … · XID`, where its GTID also begins the transaction unless it is marked as
//! standing alone. A statement outside a transaction (DDL) ends by itself. A rolled-back transaction that also wrote to a
//! table without transactions ends in `QUERY "ROLLBACK"`, so rows may be sent only once their commit is seen.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use mysql_async::binlog::EventType;
use mysql_async::binlog::events::{
    Event, EventData, GtidEvent, QueryEvent, RotateEvent, RowsEventData, TransactionPayloadEvent,
};
use mysql_async::prelude::Queryable;
use mysql_async::{BinlogStream, BinlogStreamRequest, Error as MySqlError};
use tokio::time::Instant;
use uuid::Uuid;

use crate::database::{Database, Dialect, Entry, Server, answer};
use crate::error::Fault;
use crate::gtid::{Gtid, GtidSet, Source};
use crate::position::{Mark, Position};
use crate::row::{Layout, Row, TABLE};

/// `ER_MASTER_FATAL_ERROR_READING_BINLOG`: purged, reset, or not this server's.
const CANNOT_READ_LOG: u16 = 1236;

/// Event types of MariaDB, which the client library does not know.
const MARIADB_GTID: u8 = 162;
const MARIADB_COMPRESSED: std::ops::RangeInclusive<u8> = 165..=171;
const MARIADB_STANDALONE: u8 = 1;

const CHECKSUM_BYTES: usize = 4;

/// Committed rows and where they end. Without rows, it is another table's transaction that only moves the position.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) rows: Vec<Row>,
    pub(crate) mark: Mark,
}

/// The binary log from a position on.
pub(crate) struct Tail {
    stream: BinlogStream,
    assembly: Assembly,
    heard_at: Instant,
    silence: Duration,
}

impl Tail {
    pub(crate) async fn open(
        database: &Database,
        server: &Server,
        (position, entry): (&Position, Entry),
        assembly: Assembly,
        heartbeat: Duration,
    ) -> Result<Self, Fault> {
        let mut conn = database.connect().await?;
        for statement in statements(server.dialect, (position, entry), heartbeat) {
            answer("preparing the binary log", conn.query_drop(statement)).await?;
        }
        // A server ends the older of two replicas with one id; a random one meets nobody else's.
        let replica_id = Uuid::new_v4().as_fields().0 | 0x8000_0000;
        let request = BinlogStreamRequest::new(replica_id);
        let request = match (server.dialect, entry) {
            (Dialect::MySql, Entry::Gtid) => request.with_gtid().with_gtid_set(
                position
                    .gtid
                    .as_ref()
                    .map(GtidSet::sids)
                    .unwrap_or_default(),
            ),
            // MariaDB takes its GTIDs from the session's variables.
            (Dialect::MariaDb, Entry::Gtid) => request,
            (_, Entry::File) => request
                .with_filename(position.file.as_bytes())
                .with_pos(position.offset),
        };
        let stream = answer("opening the binary log", conn.get_binlog_stream(request)).await?;
        let assembly = Assembly {
            unknown_checksums: server.checksums,
            ..assembly
        };
        Ok(Self {
            stream,
            assembly,
            heard_at: Instant::now(),
            silence: 3 * heartbeat,
        })
    }

    /// Returns the next committed transaction. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Transaction, Fault> {
        loop {
            let next =
                tokio::time::timeout_at(self.heard_at + self.silence, self.stream.next()).await;
            let event = match next {
                Ok(Some(Ok(event))) => event,
                Ok(Some(Err(MySqlError::Server(error)))) if error.code == CANNOT_READ_LOG => {
                    return Err(Fault::Incomplete(error.message));
                }
                Ok(Some(Err(error))) => return Err(error.into()),
                Ok(None) => return Err(Fault::LogEnded),
                Err(_) => return Err(Fault::Silent(self.silence)),
            };
            self.heard_at = Instant::now();
            if let Some(transaction) = self.assembly.take(&event, &self.stream)? {
                return Ok(transaction);
            }
        }
    }

    /// Starts the wait for the server's voice again, after a time in which nobody listened.
    pub(crate) fn listen_again(&mut self) {
        self.heard_at = Instant::now();
    }
}

fn statements(
    dialect: Dialect,
    (position, entry): (&Position, Entry),
    heartbeat: Duration,
) -> Vec<String> {
    let nanos = heartbeat.as_nanos();
    let mut statements = vec![
        format!("SET @master_heartbeat_period = {nanos}"),
        // While Kafka is away nobody reads; the server gives up on such a connection after a minute otherwise.
        "SET SESSION net_write_timeout = 3600".to_owned(),
    ];
    match dialect {
        Dialect::MySql => {
            statements.push(format!("SET @source_heartbeat_period = {nanos}"));
            // The client library cuts checksums off without looking at them, so they need not be sent.
            statements.push("SET @source_binlog_checksum = 'NONE'".to_owned());
        }
        Dialect::MariaDb => {
            // A replica that does not say that it understands GTIDs is not sent any.
            statements.push("SET @mariadb_slave_capability = 4".to_owned());
            if let (Entry::Gtid, Some(gtid)) = (entry, &position.gtid) {
                statements.push(format!("SET @slave_connect_state = '{gtid}'"));
                statements.push("SET @slave_gtid_strict_mode = 0".to_owned());
                statements.push("SET @slave_gtid_ignore_duplicates = 0".to_owned());
            }
        }
    }
    statements
}

/// Puts events together to transactions.
pub(crate) struct Assembly {
    database: String,
    layout: Layout,
    max_bytes: usize,
    /// Whether the next event ends in a checksum that the client library does not know of.
    unknown_checksums: bool,
    file: Arc<str>,
    gtid: Option<Gtid>,
    in_transaction: bool,
    rows: Vec<Row>,
    bytes: usize,
    /// Where a compressed transaction ends; the events inside it do not know.
    payload_end: Option<u64>,
}

impl Assembly {
    pub(crate) fn new(database: &str, layout: Layout, max_bytes: usize, file: &str) -> Self {
        Self {
            database: database.to_owned(),
            layout,
            max_bytes,
            unknown_checksums: false,
            file: file.into(),
            gtid: None,
            in_transaction: false,
            rows: Vec::new(),
            bytes: 0,
            payload_end: None,
        }
    }

    fn take(&mut self, event: &Event, stream: &BinlogStream) -> Result<Option<Transaction>, Fault> {
        let raw_type = event.header().event_type_raw();
        if raw_type == MARIADB_GTID {
            self.begin_mariadb(event)?;
            return Ok(None);
        }
        if MARIADB_COMPRESSED.contains(&raw_type) {
            return Err(unreadable(
                &"compressed events, log_bin_compress must be OFF",
            ));
        }
        let Ok(event_type) = EventType::try_from(raw_type) else {
            return Ok(None);
        };
        match event_type {
            EventType::ROTATE_EVENT => return self.rotate(event),
            EventType::FORMAT_DESCRIPTION_EVENT => self.unknown_checksums = false,
            EventType::GTID_EVENT | EventType::GTID_TAGGED_LOG_EVENT => {
                let gtid = event
                    .read_event::<GtidEvent>()
                    .map_err(|error| unreadable(&error))?;
                self.begin(Some(mysql_gtid(&gtid)), false);
            }
            EventType::ANONYMOUS_GTID_EVENT => self.begin(None, false),
            EventType::QUERY_EVENT => return self.query(event),
            EventType::WRITE_ROWS_EVENT | EventType::WRITE_ROWS_EVENT_V1 => {
                self.write_rows(event, stream)?;
            }
            EventType::TRANSACTION_PAYLOAD_EVENT => {
                // The library goes on silently when it cannot decompress.
                event
                    .read_event::<TransactionPayloadEvent<'_>>()
                    .map_err(|error| unreadable(&error))?;
                self.payload_end = Some(event.header().log_pos().into());
            }
            EventType::XID_EVENT => return Ok(Some(self.commit(event))),
            EventType::XA_PREPARE_LOG_EVENT if !self.rows.is_empty() => {
                return Err(unreadable(&"events in an XA transaction"));
            }
            EventType::INCIDENT_EVENT => {
                return Err(Fault::Incomplete("the server noted an incident".to_owned()));
            }
            _ => {}
        }
        Ok(None)
    }

    /// Starts a group. What is left of one before it was never committed.
    fn begin(&mut self, gtid: Option<Gtid>, in_transaction: bool) {
        self.gtid = gtid;
        self.in_transaction = in_transaction;
        self.payload_end = None;
        self.discard_rows();
    }

    /// Layout: number (8 bytes), domain (4), flags (1), all little-endian; the server is in the header.
    fn begin_mariadb(&mut self, event: &Event) -> Result<(), Fault> {
        let data = event.data();
        let (Some(number), Some(domain), Some(flags)) = (
            data.first_chunk::<8>(),
            data.get(8..12).and_then(|bytes| bytes.first_chunk::<4>()),
            data.get(12),
        ) else {
            return Err(unreadable(&"a GTID that is cut off"));
        };
        let gtid = Gtid::MariaDb {
            domain: u32::from_le_bytes(*domain),
            server: event.header().server_id(),
            number: u64::from_le_bytes(*number),
        };
        self.begin(Some(gtid), flags & MARIADB_STANDALONE == 0);
        Ok(())
    }

    /// Turns to another file. The event that the server makes up at the start of a stream only tells the name.
    fn rotate(&mut self, event: &Event) -> Result<Option<Transaction>, Fault> {
        let rotate = event
            .read_event::<RotateEvent<'_>>()
            .map_err(|error| unreadable(&error))?;
        let mut name = rotate.name_raw();
        // The made-up event comes before the one that says that events end in checksums, so its own is still there.
        if self.unknown_checksums {
            name = name
                .split_last_chunk::<CHECKSUM_BYTES>()
                .map_or(name, |(name, _)| name);
        }
        let name = String::from_utf8_lossy(name);
        if *name == *self.file {
            return Ok(None);
        }
        self.file = name.as_ref().into();
        self.begin(None, false);
        if event.header().log_pos() == 0 {
            return Ok(None);
        }
        Ok(Some(Transaction {
            rows: Vec::new(),
            mark: Mark {
                file: Arc::clone(&self.file),
                offset: rotate.position(),
                gtid: None,
            },
        }))
    }

    fn query(&mut self, event: &Event) -> Result<Option<Transaction>, Fault> {
        let query = event
            .read_event::<QueryEvent<'_>>()
            .map_err(|error| unreadable(&error))?;
        let text = query.query_raw();
        if text == b"BEGIN" || text.starts_with(b"XA START") {
            self.discard_rows();
            self.in_transaction = true;
        } else if text == b"COMMIT" {
            return Ok(Some(self.commit(event)));
        } else if text == b"ROLLBACK" {
            self.discard_rows();
            return Ok(Some(self.commit(event)));
        } else if inserts_events(text) && *query.schema_raw() == *self.database.as_bytes() {
            // Somebody set binlog_format for a session: the log holds the statement and not the rows.
            return Err(Fault::Incomplete(
                "events were written by a statement, not by rows".to_owned(),
            ));
        } else if !self.in_transaction {
            return Ok(Some(self.commit(event)));
        }
        Ok(None)
    }

    fn write_rows(&mut self, event: &Event, stream: &BinlogStream) -> Result<(), Fault> {
        let data = event.read_data().map_err(|error| unreadable(&error))?;
        let Some(EventData::RowsEvent(
            rows @ (RowsEventData::WriteRowsEvent(_) | RowsEventData::WriteRowsEventV1(_)),
        )) = data
        else {
            return Ok(());
        };
        let Some(map) = stream.get_tme(rows.table_id()) else {
            return Err(unreadable(&"rows of a table that was not announced"));
        };
        if map.table_name_raw() != TABLE.as_bytes()
            || map.database_name_raw() != self.database.as_bytes()
        {
            return Ok(());
        }
        for row in rows.rows(map) {
            let (_, after) = row.map_err(|error| unreadable(&error))?;
            let after = after.ok_or_else(|| unreadable(&"an inserted row without values"))?;
            let row = Row::from_binlog(after, &self.layout, map)?;
            self.bytes += row.num_bytes();
            self.rows.push(row);
        }
        if self.bytes > self.max_bytes {
            let limit = self.max_bytes;
            return Err(unreadable(&format!(
                "a transaction of more than {limit} bytes, raise relay.transaction_bytes"
            )));
        }
        Ok(())
    }

    fn commit(&mut self, event: &Event) -> Transaction {
        let offset = self
            .payload_end
            .take()
            .unwrap_or_else(|| event.header().log_pos().into());
        self.in_transaction = false;
        self.bytes = 0;
        Transaction {
            rows: std::mem::take(&mut self.rows),
            mark: Mark {
                file: Arc::clone(&self.file),
                offset,
                gtid: self.gtid.take(),
            },
        }
    }

    fn discard_rows(&mut self) {
        self.rows.clear();
        self.bytes = 0;
    }
}

fn mysql_gtid(event: &GtidEvent) -> Gtid {
    let tag = event.tag().map(|tag| tag.as_str().into());
    Gtid::MySql {
        source: Source {
            server: Uuid::from_bytes(event.sid()),
            tag,
        },
        number: event.gno(),
    }
}

/// Whether a statement puts rows into our table. Too often yes costs a scan, too often no would lose events.
fn inserts_events(statement: &[u8]) -> bool {
    let text = String::from_utf8_lossy(statement).to_ascii_lowercase();
    let writes = ["insert", "replace", "load"]
        .iter()
        .any(|verb| text.trim_start().starts_with(verb));
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    writes
        && text
            .split(|character| !is_word(character))
            .any(|word| word == TABLE)
}

fn unreadable(what: &dyn std::fmt::Display) -> Fault {
    Fault::Unreadable(what.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_write_events_are_told_from_others() {
        for (statement, writes) in [
            ("INSERT INTO events (position) VALUES (1)", true),
            ("  insert ignore into `souk`.`events` select 1", true),
            ("REPLACE INTO events VALUES (1)", true),
            ("INSERT INTO events_archive VALUES (1)", false),
            ("UPDATE events SET actor = NULL", false),
            ("CREATE TABLE events (position BIGINT)", false),
        ] {
            assert_eq!(inserts_events(statement.as_bytes()), writes, "{statement}");
        }
    }

    #[test]
    fn mariadb_is_told_where_to_start_by_gtid_and_mysql_is_asked_for_no_checksums() {
        let position = Position {
            server: String::new(),
            file: "b.000001".to_owned(),
            offset: 4,
            gtid: Some("0-1-100".parse().unwrap()),
        };
        let heartbeat = Duration::from_secs(5);
        let mariadb = statements(Dialect::MariaDb, (&position, Entry::Gtid), heartbeat).join(";");
        assert!(
            mariadb.contains("@slave_connect_state = '0-1-100'"),
            "{mariadb}"
        );
        assert!(
            mariadb.contains("@master_heartbeat_period = 5000000000"),
            "{mariadb}"
        );
        let by_file = statements(Dialect::MariaDb, (&position, Entry::File), heartbeat).join(";");
        assert!(!by_file.contains("slave_connect_state"), "{by_file}");
    }
}
