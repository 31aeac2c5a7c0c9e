//! What the generated types lean on.

use std::fmt;

use crate::{Aggregate, Money};

/// A schema of this build, as it is registered.
#[derive(Clone, Copy, Debug)]
pub struct RegisteredSchema {
    /// The aggregate whose topic carries it.
    pub aggregate: Aggregate,
    /// Name of the record, without namespace.
    pub event_type: &'static str,
    /// The schema itself, as JSON.
    pub json: &'static str,
}

impl RegisteredSchema {
    /// Name of the record with its namespace: `souk.listing.ListingPublished`.
    pub fn full_name(&self) -> String {
        format!("souk.{}.{}", self.aggregate.name(), self.event_type)
    }

    /// The registry's subject under TopicRecordNameStrategy.
    pub fn subject(&self, prefix: &str) -> String {
        format!("{}-{}", self.aggregate.topic(prefix), self.full_name())
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

impl Money {
    /// An amount of minor units.
    pub fn new(amount_minor: i64, currency: impl Into<String>) -> Self {
        Self {
            amount_minor,
            currency: currency.into(),
        }
    }
}

/// Stands for personal data wherever an event is printed.
pub(crate) struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("<personal>")
    }
}
