use std::borrow::Cow;

use hashbrown::HashMap;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use souk_documents::{EntryKind, OrderLine};
use souk_runtime::Poison;
use souk_schemas::{OrderEvent, OrderImported, OrderKind, OrderPlaced, PaymentEvent};
use uuid::Uuid;

use crate::currency::Currency;
use crate::packed::Packed;
use crate::{convert, records};

use super::contribution::{Contribution, MonthPart};
use super::months::Months;

/// The orders of one partition number, as invoices see them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Ledger(HashMap<Uuid, OrderAccount>);

impl Ledger {
    pub(crate) fn order(&mut self, id: Uuid) -> &mut OrderAccount {
        self.0.entry(id).or_default()
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<&OrderAccount> {
        self.0.get(&id)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = Uuid> {
        self.0.keys().copied()
    }
}

/// What an event did to the invoices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was known already.
    Known,
    /// It is new, but no invoice shows it.
    Seen,
    Changed,
}

/// One order: what was charged and what was given back.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct OrderAccount {
    order_sequence: u64,
    payment_sequence: u64,
    changed: [u64; 2],
    charge: Option<Charge>,
    cancelled: Option<Moment>,
    /// In the order of sequences.
    refunds: Vec<Refund>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Charge {
    sequence: u64,
    buyer_id: Uuid,
    kind: EntryKind,
    placed_at: i64,
    total_minor: i64,
    currency: Currency,
    paper: Packed,
}

/// As it lies in [`Packed`] bytes.
#[derive(Debug, Serialize, Deserialize)]
struct Paper<'a> {
    /// IANA name, known to the time zone database.
    time_zone: &'a str,
    external_id: Option<&'a str>,
    shipping_minor: i64,
    #[serde(borrow)]
    lines: Vec<OrderLine<'a>>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Moment {
    sequence: u64,
    at: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Refund {
    happened: Moment,
    amount_minor: i64,
    currency: Currency,
}

impl OrderAccount {
    pub(crate) fn apply_order(&mut self, event: &OrderEvent) -> Result<Outcome, Poison> {
        let Some(sequence) = records::news(self.order_sequence, event.meta())? else {
            return Ok(Outcome::Known);
        };
        let outcome = match event {
            OrderEvent::OrderPlaced(event) => {
                self.charge = Some(Charge::placed(event, sequence)?);
                Outcome::Changed
            }
            OrderEvent::OrderImported(event) => {
                self.charge = Some(Charge::imported(event, sequence)?);
                Outcome::Changed
            }
            OrderEvent::OrderCancelled(event) => {
                let at = event.meta.occurred_at.as_micros();
                self.cancelled.get_or_insert(Moment { sequence, at });
                Outcome::Changed
            }
            OrderEvent::OrderConfirmed(_) => Outcome::Seen,
        };
        self.order_sequence = sequence;
        self.note(outcome);
        Ok(outcome)
    }

    pub(crate) fn apply_payment(&mut self, event: &PaymentEvent) -> Result<Outcome, Poison> {
        let Some(sequence) = records::news(self.payment_sequence, event.meta())? else {
            return Ok(Outcome::Known);
        };
        let outcome = match event {
            PaymentEvent::PaymentRefunded(event) => {
                let at = event.meta.occurred_at.as_micros();
                self.refunds.push(Refund {
                    happened: Moment { sequence, at },
                    amount_minor: event.amount.amount_minor,
                    currency: Currency::parse(&event.amount.currency)?,
                });
                Outcome::Changed
            }
            PaymentEvent::PaymentRequested(_)
            | PaymentEvent::PaymentAuthorized(_)
            | PaymentEvent::PaymentCaptured(_)
            | PaymentEvent::PaymentFailed(_) => Outcome::Seen,
        };
        self.payment_sequence = sequence;
        self.note(outcome);
        Ok(outcome)
    }

    fn note(&mut self, outcome: Outcome) {
        if outcome == Outcome::Changed {
            self.changed = [self.order_sequence, self.payment_sequence];
        }
    }

    /// The last sequences of the order and of its payment when an invoice changed last.
    pub(crate) fn changed(&self) -> [u64; 2] {
        self.changed
    }

    /// What the order means for invoices; `None` before the order itself was seen.
    pub(crate) fn contribution(&self, id: Uuid) -> Option<Contribution<'_>> {
        let charge = self.charge.as_ref()?;
        Some(Contribution {
            months: self.months(id, charge)?,
            ..self.sighting(id)?
        })
    }

    /// Says only which events were seen; `None` before the order itself was seen.
    pub(crate) fn sighting(&self, id: Uuid) -> Option<Contribution<'_>> {
        let charge = self.charge.as_ref()?;
        let names = ["order", "payment"].map(Cow::Borrowed);
        let seen = [self.order_sequence, self.payment_sequence];
        let applied = names
            .into_iter()
            .zip(seen)
            .map(|(name, sequence)| (name, id, sequence));
        Some(Contribution {
            order_id: id,
            buyer_id: charge.buyer_id,
            placed_at: charge.placed_at,
            months: Vec::new(),
            applied: applied.filter(|(_, _, sequence)| *sequence > 0).collect(),
        })
    }

    fn months<'a>(&self, id: Uuid, charge: &'a Charge) -> Option<Vec<MonthPart<'a>>> {
        let paper: Paper<'_> = charge.paper.read()?;
        let reference = paper
            .external_id
            .map_or_else(|| id.to_string(), str::to_owned);
        let mut months = Months::new(id, paper.time_zone);

        let word = match charge.kind {
            EntryKind::Order => "Order",
            EntryKind::Credit => "Credit",
        };
        let description = format!("{word} {reference}");
        let mut charged = months.entry(
            charge.placed_at,
            charge.kind,
            description,
            charge.total_minor,
        );
        charged.shipping_minor = paper.shipping_minor;
        charged.lines = paper.lines;
        months.add(charge.currency, charged, [charge.sequence, 0]);

        let cancelled_sequence = self.cancelled.map_or(0, |cancelled| cancelled.sequence);
        let mut left_minor = charge.total_minor;
        let mut counted_sequence = 0;
        for refund in &self.refunds {
            let mut amount_minor = 0;
            if self.is_before_cancellation(refund) {
                amount_minor = refund.amount_minor;
                left_minor = left_minor.saturating_sub(amount_minor).max(0);
                counted_sequence = refund.happened.sequence;
            }
            let description = format!("Refund of order {reference}");
            let credit = months.entry(
                refund.happened.at,
                EntryKind::Credit,
                description,
                -amount_minor,
            );
            months.add(
                refund.currency,
                credit,
                [cancelled_sequence, refund.happened.sequence],
            );
        }
        if let Some(cancelled) = self.cancelled {
            let description = format!("Cancellation of order {reference}");
            let credit = months.entry(cancelled.at, EntryKind::Credit, description, -left_minor);
            months.add(
                charge.currency,
                credit,
                [cancelled.sequence, counted_sequence],
            );
        }
        Some(months.into_parts())
    }

    /// A refund after the cancellation, or at the same moment, pays out what the cancellation credited.
    fn is_before_cancellation(&self, refund: &Refund) -> bool {
        self.cancelled
            .is_none_or(|cancelled| refund.happened.at < cancelled.at)
    }
}

impl Charge {
    fn placed(event: &OrderPlaced, sequence: u64) -> Result<Self, Poison> {
        Ok(Self {
            sequence,
            buyer_id: event.buyer_id.0,
            kind: EntryKind::Order,
            placed_at: event.placed_at.as_micros(),
            total_minor: event.total.amount_minor,
            currency: Currency::parse(&event.total.currency)?,
            paper: Packed::pack(&Paper {
                time_zone: known_zone(&event.time_zone)?,
                external_id: None,
                shipping_minor: event.shipping.amount_minor,
                lines: convert::order_lines(&event.lines),
            })?,
        })
    }

    fn imported(event: &OrderImported, sequence: u64) -> Result<Self, Poison> {
        Ok(Self {
            sequence,
            buyer_id: event.buyer_id.0,
            kind: match event.kind {
                OrderKind::Order => EntryKind::Order,
                OrderKind::Credit => EntryKind::Credit,
            },
            placed_at: event.placed_at.as_micros(),
            total_minor: event.total.amount_minor,
            currency: Currency::parse(&event.total.currency)?,
            paper: Packed::pack(&Paper {
                time_zone: known_zone(&event.time_zone)?,
                external_id: Some(&event.external_id),
                shipping_minor: 0,
                lines: convert::order_lines(&event.lines),
            })?,
        })
    }
}

fn known_zone(name: &str) -> Result<&str, Poison> {
    match TimeZone::get(name) {
        Ok(_) => Ok(name),
        Err(_) => Err(Poison::new(
            "unknown_time_zone",
            format!("there is no time zone {name}"),
        )),
    }
}
