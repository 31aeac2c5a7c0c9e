use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use souk_documents::InvoiceEntry;
use souk_runtime::Poison;
use uuid::Uuid;

use crate::currency::Currency;
use crate::invoices::Period;

/// What one order means for its buyer's invoices: a record of `souk.invoice-entries.v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contribution<'a> {
    pub(crate) order_id: Uuid,
    pub(crate) buyer_id: Uuid,
    /// Microseconds since 1970-01-01 UTC.
    pub(crate) placed_at: i64,
    /// Every month the order ever had to do with.
    pub(crate) months: Vec<MonthPart<'a>>,
    /// Aggregate, id and highest sequence this record is built from, for those who wait until they are searchable.
    pub(crate) applied: Vec<(Cow<'a, str>, Uuid, u64)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MonthPart<'a> {
    pub(crate) year: i16,
    pub(crate) month: i8,
    pub(crate) currency: Cow<'a, str>,
    /// Grows with every change of the month: the sum of the sequences of the last order event and the last payment event that
    /// mattered to it.
    pub(crate) sequence: u64,
    pub(crate) entries: Vec<InvoiceEntry<'a>>,
}

impl Contribution<'_> {
    pub(crate) fn parse(value: &[u8]) -> Result<Self, Poison> {
        serde_json::from_slice(value)
            .map_err(|error| Poison::new("invalid_entries", error.to_string()))
    }
}

impl MonthPart<'_> {
    pub(crate) fn period(&self) -> Result<Period, Poison> {
        Ok(Period {
            year: self.year,
            month: self.month,
            currency: Currency::parse(&self.currency)?,
        })
    }
}
