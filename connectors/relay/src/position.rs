use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::gtid::{Gtid, GtidSet};

/// A place in a server's binary log, between two transactions. Everything before it has been acknowledged by Kafka.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// The server whose files are meant: another server's files have the same names and other contents.
    pub(crate) server: String,
    pub(crate) file: String,
    pub(crate) offset: u64,
    /// Known where the server numbers transactions; survives a change of server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gtid: Option<GtidSet>,
}

/// The end of one transaction in the binary log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) file: Arc<str>,
    pub(crate) offset: u64,
    pub(crate) gtid: Option<Gtid>,
}

impl Position {
    /// Moves to the end of the next transaction.
    pub(crate) fn advance(&mut self, mark: &Mark) {
        if *self.file != *mark.file {
            mark.file.as_ref().clone_into(&mut self.file);
        }
        self.offset = mark.offset;
        if let (Some(set), Some(gtid)) = (&mut self.gtid, &mark.gtid) {
            set.insert(gtid);
        }
    }

    /// Whether the mark is at or after this place in the same server's log.
    pub(crate) fn is_reached_by(&self, mark: &Mark) -> bool {
        // Files are numbered with six digits and then with more: compare the length first.
        let key = |file: &str| (file.len(), file.to_owned());
        (key(&mark.file), mark.offset) >= (key(&self.file), self.offset)
    }
}

/// Where the session is, written by the pump and saved by the keeper of the lease.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<Tracked>);

#[derive(Debug)]
struct Tracked {
    position: Option<Position>,
    worth_saving: bool,
}

impl Progress {
    pub(crate) fn new(position: Option<Position>) -> Self {
        Self(Mutex::new(Tracked {
            position,
            worth_saving: false,
        }))
    }

    /// Begins at a position that was captured from the server.
    pub(crate) fn start_at(&self, position: Position) {
        self.with(|tracked| {
            *tracked = Tracked {
                position: Some(position),
                worth_saving: true,
            }
        });
    }

    /// Passes a transaction. One without events is not worth a save of its own: the save is a transaction in the same log,
    /// and would be followed by another for ever.
    pub(crate) fn pass(&self, mark: &Mark, had_events: bool) {
        self.with(|tracked| {
            if let Some(position) = &mut tracked.position {
                position.advance(mark);
                tracked.worth_saving |= had_events;
            }
        });
    }

    pub(crate) fn position(&self) -> Option<Position> {
        self.with(|tracked| tracked.position.clone())
    }

    /// Tells once whether there is something to save.
    pub(crate) fn take_worth_saving(&self) -> bool {
        self.with(|tracked| std::mem::take(&mut tracked.worth_saving))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Tracked) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(file: &str, offset: u64) -> Position {
        Position {
            server: "s".to_owned(),
            file: file.to_owned(),
            offset,
            gtid: None,
        }
    }

    fn mark(file: &str, offset: u64) -> Mark {
        Mark {
            file: file.into(),
            offset,
            gtid: None,
        }
    }

    #[test]
    fn a_position_is_saved_as_readable_json_and_refuses_what_it_does_not_know() {
        let mut position = position("binlog.000002", 157);
        assert_eq!(
            serde_json::to_string(&position).unwrap(),
            r#"{"server":"s","file":"binlog.000002","offset":157}"#
        );
        position.gtid = Some("0-1-5".parse().unwrap());
        let text = serde_json::to_string(&position).unwrap();
        assert_eq!(serde_json::from_str::<Position>(&text).unwrap(), position);
        assert!(
            serde_json::from_str::<Position>(r#"{"server":"s","file":"f","offset":1,"x":2}"#)
                .is_err()
        );
    }

    #[test]
    fn places_are_ordered_by_file_number_and_offset() {
        let end = position("binlog.999999", 500);
        for (mark, reached) in [
            (mark("binlog.999999", 499), false),
            (mark("binlog.999999", 500), true),
            (mark("binlog.1000000", 4), true),
            (mark("binlog.999998", 900), false),
        ] {
            assert_eq!(end.is_reached_by(&mark), reached, "{mark:?}");
        }
    }

    #[test]
    fn only_transactions_with_events_are_worth_a_save() {
        let progress = Progress::new(Some(position("b.000001", 4)));
        progress.pass(&mark("b.000001", 100), false);
        assert!(!progress.take_worth_saving());
        progress.pass(&mark("b.000002", 200), true);
        progress.pass(&mark("b.000002", 300), false);
        assert!(progress.take_worth_saving());
        assert!(!progress.take_worth_saving());
        assert_eq!(progress.position(), Some(position("b.000002", 300)));
    }
}
