use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use souk_documents::{EntryKind, InvoiceEntry, Timestamp};
use uuid::Uuid;

use crate::currency::Currency;
use crate::invoices::Period;

use super::contribution::MonthPart;

/// Collects the entries of one order by the months of its time zone.
pub(super) struct Months<'a> {
    order_id: Uuid,
    zone: TimeZone,
    parts: BTreeMap<Period, Part<'a>>,
}

#[derive(Default)]
struct Part<'a> {
    /// The last sequences of order and payment that mattered to this month.
    stamps: [u64; 2],
    entries: Vec<InvoiceEntry<'a>>,
}

impl<'a> Months<'a> {
    /// `time_zone` is known to the database; otherwise UTC is taken.
    pub(super) fn new(order_id: Uuid, time_zone: &str) -> Self {
        Self {
            order_id,
            zone: TimeZone::get(time_zone).unwrap_or(TimeZone::UTC),
            parts: BTreeMap::new(),
        }
    }

    pub(super) fn entry(
        &self,
        at: i64,
        kind: EntryKind,
        description: String,
        amount_minor: i64,
    ) -> InvoiceEntry<'a> {
        InvoiceEntry {
            order_id: self.order_id,
            kind,
            date: Cow::Owned(self.day(at).to_string()),
            at: Timestamp::from_micros(at),
            description: Cow::Owned(description),
            lines: Vec::new(),
            shipping_minor: 0,
            amount_minor,
        }
    }

    /// Files an entry under its month, with the sequences of the order and payment events it comes from. A credit of nothing is
    /// not shown, but its month stays one the order had to do with.
    pub(super) fn add(&mut self, currency: Currency, entry: InvoiceEntry<'a>, stamps: [u64; 2]) {
        let day = self.day(entry.at.as_micros());
        let period = Period {
            year: day.year(),
            month: day.month(),
            currency,
        };
        let part = self.parts.entry(period).or_default();
        let [order, payment] = part.stamps;
        part.stamps = [order.max(stamps[0]), payment.max(stamps[1])];
        if entry.amount_minor != 0 || !entry.lines.is_empty() {
            part.entries.push(entry);
        }
    }

    pub(super) fn into_parts(self) -> Vec<MonthPart<'a>> {
        let part = |(period, part): (Period, Part<'a>)| MonthPart {
            year: period.year,
            month: period.month,
            currency: Cow::Owned(period.currency.as_str().to_owned()),
            sequence: part.stamps.iter().sum(),
            entries: part.entries,
        };
        self.parts.into_iter().map(part).collect()
    }

    fn day(&self, at: i64) -> Date {
        let time = jiff::Timestamp::from_microsecond(at).unwrap_or(jiff::Timestamp::MAX);
        self.zone.to_datetime(time).date()
    }
}
