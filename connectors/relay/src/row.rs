use std::fmt;

use mysql_async::Value;
use mysql_async::binlog::events::TableMapEvent;
use mysql_async::binlog::row::BinlogRow;
use mysql_async::binlog::value::BinlogValue;

use crate::error::Fault;

pub(crate) const TABLE: &str = "events";

/// What the relay reads of a row, in the order in which [`Row::from_values`] takes it.
pub(crate) const COLUMNS: [&str; 9] = [
    "position",
    "event_id",
    "aggregate_type",
    "aggregate_id",
    "sequence",
    "event_type",
    "payload",
    "traceparent",
    "occurred_at",
];

/// A committed event, as the table or the binary log holds it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) position: u64,
    pub(crate) event_id: String,
    pub(crate) aggregate_type: String,
    pub(crate) aggregate_id: String,
    pub(crate) sequence: u64,
    pub(crate) event_type: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) traceparent: Option<String>,
    pub(crate) occurred_at: i64,
}

/// Where the columns are in a row of the binary log, which names none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout([usize; COLUMNS.len()]);

impl Row {
    /// What a row in flight costs in memory, near enough: the payload, our texts and the client's bookkeeping.
    pub(crate) fn num_bytes(&self) -> usize {
        self.payload.len() + 512
    }

    /// Reads the values of [`COLUMNS`].
    pub(crate) fn from_values(values: [Value; COLUMNS.len()]) -> Result<Self, Fault> {
        let [
            position,
            event_id,
            aggregate_type,
            aggregate_id,
            sequence,
            event_type,
            payload,
            traceparent,
            occurred_at,
        ] = values;
        Ok(Self {
            position: unsigned("position", &position)?,
            event_id: text("event_id", event_id)?,
            aggregate_type: text("aggregate_type", aggregate_type)?,
            aggregate_id: text("aggregate_id", aggregate_id)?,
            sequence: unsigned("sequence", &sequence)?,
            event_type: text("event_type", event_type)?,
            payload: bytes("payload", payload)?,
            traceparent: match traceparent {
                Value::NULL => None,
                value => Some(text("traceparent", value)?),
            },
            occurred_at: unsigned("occurred_at", &occurred_at)?.cast_signed(),
        })
    }

    /// Reads a row of the binary log. Columns may have been appended to the table since, or be missing yet.
    pub(crate) fn from_binlog(
        mut row: BinlogRow,
        layout: &Layout,
        map: &TableMapEvent<'_>,
    ) -> Result<Self, Fault> {
        if row.len() as u64 != map.columns_count() {
            return Err(Fault::Table(
                "the binary log holds partial rows, binlog_row_image must be FULL".to_owned(),
            ));
        }
        let mut values = [const { Value::NULL }; COLUMNS.len()];
        for (value, index) in values.iter_mut().zip(layout.0) {
            *value = match row.take(index) {
                Some(BinlogValue::Value(taken)) => taken,
                _ => {
                    return Err(Fault::Table(format!(
                        "a row of the binary log has no plain column {index}"
                    )));
                }
            };
        }
        Self::from_values(values)
    }
}

/// Says which event it is; the payload may hold personal data.
impl fmt::Debug for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {}/{}/{} {}",
            self.position, self.aggregate_type, self.aggregate_id, self.sequence, self.event_type
        )
    }
}

impl Layout {
    /// Finds [`COLUMNS`] among the table's columns, given in the table's order.
    pub(crate) fn find(table: &[String]) -> Result<Self, Fault> {
        let mut indexes = [0; COLUMNS.len()];
        for (index, name) in indexes.iter_mut().zip(COLUMNS) {
            *index = table
                .iter()
                .position(|column| column.eq_ignore_ascii_case(name))
                .ok_or_else(|| Fault::Table(format!("column {name} is missing")))?;
        }
        Ok(Self(indexes))
    }
}

/// The binary log does not say whether a number is unsigned, so the bits are taken.
fn unsigned(column: &str, value: &Value) -> Result<u64, Fault> {
    match value {
        Value::UInt(number) => Ok(*number),
        Value::Int(number) => Ok(number.cast_unsigned()),
        _ => Err(unexpected(column)),
    }
}

fn bytes(column: &str, value: Value) -> Result<Vec<u8>, Fault> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(unexpected(column)),
    }
}

fn text(column: &str, value: Value) -> Result<String, Fault> {
    String::from_utf8(bytes(column, value)?).map_err(|_| unexpected(column))
}

fn unexpected(column: &str) -> Fault {
    Fault::Table(format!(
        "column {column} is not of the type the relay knows"
    ))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn values() -> [Value; COLUMNS.len()] {
        [
            Value::Int(7),
            Value::Bytes(b"0190b5a0-0000-7000-8000-000000000001".to_vec()),
            Value::Bytes(b"listing".to_vec()),
            Value::Bytes(b"0190b5a0-0000-7000-8000-000000000002".to_vec()),
            Value::UInt(3),
            Value::Bytes(b"ListingPublished".to_vec()),
            Value::Bytes(vec![0, 0, 0, 0, 9, 255]),
            Value::NULL,
            Value::Int(-5),
        ]
    }

    #[test]
    fn a_row_is_read_from_either_signedness_and_any_bytes() {
        let row = Row::from_values(values()).unwrap();
        assert_eq!((row.position, row.sequence, row.occurred_at), (7, 3, -5));
        assert_eq!(row.payload, [0, 0, 0, 0, 9, 255]);
        assert_eq!(row.traceparent, None);
        let mut beyond_signed = values();
        beyond_signed[0] = Value::Int(-1);
        assert_eq!(Row::from_values(beyond_signed).unwrap().position, u64::MAX);
    }

    #[test]
    fn a_column_of_another_type_is_refused_by_name() {
        for (index, name) in COLUMNS.iter().enumerate() {
            let mut values = values();
            values[index] = Value::Double(1.0);
            let error = Row::from_values(values).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn columns_are_found_wherever_they_are_and_a_missing_one_is_named() {
        let mut table: Vec<String> = COLUMNS
            .iter()
            .rev()
            .map(|name| name.to_ascii_uppercase())
            .collect();
        table.push("actor".to_owned());
        assert_eq!(
            Layout::find(&table).unwrap(),
            Layout([8, 7, 6, 5, 4, 3, 2, 1, 0])
        );
        table.remove(2);
        let error = Layout::find(&table).unwrap_err().to_string();
        assert!(error.contains("payload"), "{error}");
    }
}
