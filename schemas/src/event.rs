//! What the generated types lean on.

use std::{fmt, io::BufRead as _};

use serde::de::{DeserializeOwned, Error as _};
use serde_avro_fast::de::{DeError, DeserializerState};

use crate::{Aggregate, Event, Money, SCHEMAS};

/// A schema of this build, as it is registered.
#[derive(Clone, Copy, Debug)]
pub struct RegisteredSchema {
    /// The aggregate whose topic carries it.
    pub aggregate: Aggregate,
    /// Name of the record, without namespace.
    pub event_type: &'static str,
    /// The schema itself, as JSON.
    pub json: &'static str,
    pub(crate) reader: Reader,
}

impl RegisteredSchema {
    /// Name of the record with its namespace: `souk.listing.ListingPublished`.
    pub fn full_name(&self) -> String {
        format!("souk.{}.{}", self.aggregate.name(), self.event_type)
    }

    /// The registry's subject under `TopicRecordNameStrategy`.
    pub fn subject(&self, prefix: &str) -> String {
        format!("{}-{}", self.aggregate.topic(prefix), self.full_name())
    }

    /// The schema of the record with that full name, if this build knows it.
    pub fn by_full_name(full_name: &str) -> Option<&'static Self> {
        SCHEMAS
            .iter()
            .find(|schema| schema.full_name() == full_name)
    }
}

impl Aggregate {
    /// The topic that carries this aggregate's events.
    pub fn topic(self, prefix: &str) -> String {
        format!("{prefix}souk.{}.events.v1", self.name())
    }

    /// The aggregate of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|aggregate| aggregate.name() == name)
    }
}

impl Event {
    /// The schema this build writes the event with.
    pub fn schema(&self) -> &'static RegisteredSchema {
        &SCHEMAS[self.schema_index()]
    }
}

impl Money {
    /// An amount of minor units.
    pub fn new(amount_minor: i64, currency: impl Into<String>) -> Self {
        Self {
            amount_minor,
            currency: currency.into(),
        }
    }
}

/// How one type of event is read; found once per schema, so that no name is compared per record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    /// From an Avro datum, with the schema it was written with.
    pub(crate) datum: fn(&[u8], &serde_avro_fast::Schema) -> Result<Event, DeError>,
    /// From an example.
    pub(crate) json: fn(serde_json::Value) -> Result<Event, serde_json::Error>,
}

impl Reader {
    /// The reader of events of type `E`, which happen to aggregates of `A`.
    pub(crate) const fn of<A, E>() -> Self
    where
        A: From<E>,
        E: DeserializeOwned,
        Event: From<A>,
    {
        Self {
            datum: |datum, schema| {
                read_datum::<E>(datum, schema).map(|event| A::from(event).into())
            },
            json: |json| serde_json::from_value::<E>(json).map(|event| A::from(event).into()),
        }
    }
}

/// Reads the whole datum; bytes that are left over mean that it was written with another schema.
fn read_datum<E: DeserializeOwned>(
    datum: &[u8],
    schema: &serde_avro_fast::Schema,
) -> Result<E, DeError> {
    let mut state = DeserializerState::from_slice(datum, schema);
    let event = E::deserialize(state.deserializer())?;
    let left = state.fill_buf().map_or(0, <[u8]>::len);
    if left > 0 {
        return Err(DeError::custom(format_args!(
            "{left} bytes follow the datum"
        )));
    }
    Ok(event)
}

/// Stands for personal data wherever an event is printed.
pub(crate) struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("<personal>")
    }
}
