//! The first stage of the invoices: order + payment (co-partitioned), sent on to the buyer's partition.
//!
//! The invoice rule (DOMAIN §2) lives here. What an order means is computed from all that is known of it, whatever came first:
//! - its total in the month it was placed, in its own time zone (an imported credit likewise, with a negative total);
//! - each refund as a credit in the month it happened, unless the order had been cancelled before;
//! - a cancellation as a credit of what had not been refunded before, in the month it happened.
//!
//! A month the order ever had to do with stays part of its contribution, if need be without entries: so the set of orders an
//! invoice is built from only grows. Each month is stamped with the last order event and the last payment event that mattered to
//! it: so a refund leaves the invoice of the order's own month as it is.

mod contribution;
mod ledger;
mod months;

use souk_runtime::{Destination, Poison, Projection, Record, Rendered, Touched};
use souk_schemas::Event;
use uuid::Uuid;

use crate::{records, topics};

pub(crate) use contribution::Contribution;
use ledger::{Ledger, Outcome};

/// What orders and their payments mean for invoices.
#[derive(Clone, Copy, Debug, Default)]
pub struct InvoiceEntries;

/// What a record tells the next stage about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Telling {
    /// All that it means for invoices.
    Whole(Uuid),
    /// Only that events were seen which change no invoice: somebody may be waiting for them.
    Seen {
        order_id: Uuid,
        /// The last sequences of order and payment when an invoice changed last.
        since: [u64; 2],
    },
}

impl Projection for InvoiceEntries {
    type Key = Telling;
    type Facts = Ledger;
    type Shared = ();
    type Change = ();

    fn name(&self) -> &'static str {
        "invoice-entries"
    }

    fn facts(&self) -> &'static [&'static str] {
        &[topics::ORDER, topics::PAYMENT]
    }

    fn shared(&self) -> &'static [&'static str] {
        &[]
    }

    fn destination(&self) -> Destination {
        Destination::Topic(topics::INVOICE_ENTRIES)
    }

    fn apply_fact(
        &self,
        facts: &mut Ledger,
        record: &Record<'_>,
        touched: &mut Touched<Telling>,
    ) -> Result<(), Poison> {
        let event = records::event(record)?;
        let id = event.meta().aggregate_id;
        let order = facts.order(id);
        let outcome = match event {
            Event::Order(event) => order.apply_order(event)?,
            Event::Payment(event) => order.apply_payment(event)?,
            _ => return Err(records::unexpected(record)),
        };
        let whole = Telling::Whole(id);
        match outcome {
            Outcome::Known => {}
            Outcome::Changed => touched.mark(whole),
            // The whole is told in this batch, and with it everything until now; a sighting must not overtake it.
            Outcome::Seen if touched.contains(&whole) => {}
            Outcome::Seen => touched.mark(Telling::Seen {
                order_id: id,
                since: order.changed(),
            }),
        }
        Ok(())
    }

    fn apply_shared(&self, (): &mut (), record: &Record<'_>) -> Result<Option<()>, Poison> {
        Err(records::unexpected(record))
    }

    fn affected(&self, _facts: &Ledger, (): &()) -> Vec<Telling> {
        Vec::new()
    }

    fn keys(&self, facts: &Ledger) -> Vec<Telling> {
        facts.ids().map(Telling::Whole).collect()
    }

    fn render(&self, facts: &Ledger, (): &(), key: &Telling) -> Rendered {
        // Without the order itself there is no buyer to tell.
        let contribution = match *key {
            Telling::Whole(id) => facts.get(id).and_then(|order| order.contribution(id)),
            Telling::Seen { order_id, since } => facts
                .get(order_id)
                // Otherwise the whole is told in this batch too.
                .filter(|order| order.changed() == since)
                .and_then(|order| order.sighting(order_id)),
        };
        let Some(contribution) = contribution else {
            return Rendered::Nothing;
        };
        match serde_json::to_vec(&contribution) {
            Ok(value) => Rendered::Record {
                key: contribution.buyer_id.to_string(),
                value,
            },
            Err(_) => Rendered::Nothing,
        }
    }
}
