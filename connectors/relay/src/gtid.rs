use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use mysql_async::Sid;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name of one transaction, as its server gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gtid {
    MySql {
        source: Source,
        number: u64,
    },
    MariaDb {
        domain: u32,
        server: u32,
        number: u64,
    },
}

/// Who numbers transactions in MySQL: a server, and since 8.3 a tag beside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    pub(crate) server: Uuid,
    pub(crate) tag: Option<Box<str>>,
}

/// Every transaction that is behind us, in the text form of the server it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum GtidSet {
    /// Inclusive intervals of numbers, ascending and apart.
    MySql(BTreeMap<Source, Vec<(u64, u64)>>),
    /// The last transaction of each domain.
    MariaDb(BTreeMap<u32, (u32, u64)>),
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is not a set of GTIDs")]
pub(crate) struct BadGtidSet(String);

impl GtidSet {
    /// Adds a transaction. One of the other dialect's is ignored: a server has only one.
    pub(crate) fn insert(&mut self, gtid: &Gtid) {
        match (self, gtid) {
            (Self::MySql(sources), Gtid::MySql { source, number }) => match sources.get_mut(source)
            {
                Some(intervals) => insert_number(intervals, *number),
                None => drop(sources.insert(source.clone(), vec![(*number, *number)])),
            },
            (
                Self::MariaDb(domains),
                Gtid::MariaDb {
                    domain,
                    server,
                    number,
                },
            ) => {
                domains.insert(*domain, (*server, *number));
            }
            _ => {}
        }
    }

    /// The form in which MySQL's dump command takes the set; empty for MariaDB.
    pub(crate) fn sids(&self) -> Vec<Sid<'static>> {
        let Self::MySql(_) = self else {
            return Vec::new();
        };
        let text = self.to_string();
        text.split(',')
            .filter_map(|part| part.parse().ok())
            .collect()
    }
}

fn insert_number(intervals: &mut Vec<(u64, u64)>, number: u64) {
    // Transactions nearly always come in order, so the place is at the end.
    let index = intervals
        .iter()
        .rposition(|(start, _)| *start <= number)
        .map_or(0, |index| index + 1);
    let joins_left = index > 0 && intervals[index - 1].1 + 1 >= number;
    let joins_right = index < intervals.len() && intervals[index].0 == number + 1;
    match (joins_left, joins_right) {
        (true, true) if intervals[index - 1].1 < number => {
            intervals[index - 1].1 = intervals[index].1;
            intervals.remove(index);
        }
        (true, _) => intervals[index - 1].1 = intervals[index - 1].1.max(number),
        (false, true) => intervals[index].0 = number,
        (false, false) => intervals.insert(index, (number, number)),
    }
}

impl fmt::Display for GtidSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        match self {
            Self::MySql(sources) => {
                for (source, intervals) in sources {
                    write!(formatter, "{separator}{}", source.server)?;
                    if let Some(tag) = &source.tag {
                        write!(formatter, ":{tag}")?;
                    }
                    for (start, end) in intervals {
                        if start == end {
                            write!(formatter, ":{start}")?;
                        } else {
                            write!(formatter, ":{start}-{end}")?;
                        }
                    }
                    separator = ",";
                }
            }
            Self::MariaDb(domains) => {
                for (domain, (server, number)) in domains {
                    write!(formatter, "{separator}{domain}-{server}-{number}")?;
                    separator = ",";
                }
            }
        }
        Ok(())
    }
}

impl FromStr for GtidSet {
    type Err = BadGtidSet;

    /// Reads what `@@gtid_executed` or `@@gtid_binlog_pos` say. The empty text is MySQL's empty set.
    fn from_str(text: &str) -> Result<Self, BadGtidSet> {
        let parts = || {
            text.split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
        };
        let set = if parts().all(|part| part.contains(':')) {
            read_mysql(parts())
        } else {
            parts()
                .map(read_mariadb)
                .collect::<Option<_>>()
                .map(Self::MariaDb)
        };
        set.ok_or_else(|| BadGtidSet(text.to_owned()))
    }
}

fn read_mysql<'a>(parts: impl Iterator<Item = &'a str>) -> Option<GtidSet> {
    let mut sources: BTreeMap<Source, Vec<(u64, u64)>> = BTreeMap::new();
    for part in parts {
        let mut pieces = part.split(':').map(str::trim);
        let mut source = Source {
            server: pieces.next()?.parse().ok()?,
            tag: None,
        };
        for piece in pieces {
            if !piece.starts_with(|first: char| first.is_ascii_digit()) {
                source.tag = Some(piece.into());
                continue;
            }
            let (start, end) = piece.split_once('-').unwrap_or((piece, piece));
            let interval = (start.parse().ok()?, end.parse().ok()?);
            sources.entry(source.clone()).or_default().push(interval);
        }
    }
    for intervals in sources.values_mut() {
        intervals.sort_unstable();
    }
    Some(GtidSet::MySql(sources))
}

fn read_mariadb(part: &str) -> Option<(u32, (u32, u64))> {
    let mut pieces = part.split('-');
    let read = (
        pieces.next()?.parse().ok()?,
        (pieces.next()?.parse().ok()?, pieces.next()?.parse().ok()?),
    );
    pieces.next().is_none().then_some(read)
}

impl TryFrom<String> for GtidSet {
    type Error = BadGtidSet;

    fn try_from(text: String) -> Result<Self, BadGtidSet> {
        text.parse()
    }
}

impl From<GtidSet> for String {
    fn from(set: GtidSet) -> Self {
        set.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
    const B: &str = "4350f323-7565-4e59-8763-4b1b83a0ce0e";

    fn mysql(server: &str, number: u64) -> Gtid {
        Gtid::MySql {
            source: Source {
                server: server.parse().unwrap(),
                tag: None,
            },
            number,
        }
    }

    #[test]
    fn sets_are_read_and_written_in_the_servers_own_words() {
        for (text, canonical) in [
            (format!("{A}:1-5"), format!("{A}:1-5")),
            (format!("{A}:1-5:7,\n{B}:2"), format!("{A}:1-5:7,{B}:2")),
            (format!("{A}:1-5:tag:3-4"), format!("{A}:1-5,{A}:tag:3-4")),
            ("0-1-100,3-2-7".to_owned(), "0-1-100,3-2-7".to_owned()),
            (String::new(), String::new()),
        ] {
            let set: GtidSet = text.parse().unwrap();
            assert_eq!(set.to_string(), canonical);
            assert_eq!(serde_json::to_value(&set).unwrap(), canonical);
        }
        for bad in ["x", "0-1", "0-1-2-3", "nobody:1-2"] {
            assert!(bad.parse::<GtidSet>().is_err(), "{bad}");
        }
    }

    #[test]
    fn transactions_join_the_intervals_they_touch_in_any_order() {
        let mut set: GtidSet = format!("{A}:1-3").parse().unwrap();
        for (number, text) in [
            (4, "1-4"),
            (7, "1-4:7"),
            (6, "1-4:6-7"),
            (5, "1-7"),
            (5, "1-7"),
            (9, "1-7:9"),
            (2, "1-7:9"),
        ] {
            set.insert(&mysql(A, number));
            assert_eq!(set.to_string(), format!("{A}:{text}"));
        }
        set.insert(&mysql(B, 1));
        assert_eq!(set.to_string(), format!("{A}:1-7:9,{B}:1"));
    }

    #[test]
    fn a_mariadb_domain_keeps_its_last_transaction() {
        let mut set: GtidSet = "0-1-100".parse().unwrap();
        set.insert(&Gtid::MariaDb {
            domain: 0,
            server: 2,
            number: 101,
        });
        set.insert(&Gtid::MariaDb {
            domain: 1,
            server: 1,
            number: 1,
        });
        assert_eq!(set.to_string(), "0-2-101,1-1-1");
        assert!(set.sids().is_empty());
    }

    #[test]
    fn the_dump_command_gets_every_source() {
        let set: GtidSet = format!("{A}:1-5:7,{B}:tag:2").parse().unwrap();
        let sids: Vec<String> = set.sids().iter().map(ToString::to_string).collect();
        assert_eq!(sids, [format!("{A}:1-5:7"), format!("{B}:tag:2")]);
    }
}
