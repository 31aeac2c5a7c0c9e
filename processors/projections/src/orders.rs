//! `souk-orders`: order + payment (co-partitioned) + the names of both parties. The order is the primary; its parties never change.

mod book;
mod timeline;

use std::borrow::Cow;

use souk_documents::{Document, Ledger, OrderDocument, Payment, Sources, Timestamp, Totals};
use souk_runtime::{Destination, Poison, Projection, Record, Rendered, Touched};
use souk_schemas::Event;
use uuid::Uuid;

use crate::names::Names;
use crate::{records, topics};

use book::{Deal, Order, OrderBook, Paper, PaymentState};

/// Orders with their payments, for the two parties.
#[derive(Clone, Copy, Debug, Default)]
pub struct Orders;

impl Projection for Orders {
    type Key = Uuid;
    type Facts = OrderBook;
    type Shared = Names;
    /// The person whose name changed.
    type Change = Uuid;

    fn name(&self) -> &'static str {
        "orders"
    }

    fn facts(&self) -> &'static [&'static str] {
        &[topics::ORDER, topics::PAYMENT]
    }

    fn shared(&self) -> &'static [&'static str] {
        &[topics::USER]
    }

    fn destination(&self) -> Destination {
        Destination::Index {
            alias: OrderDocument::ALIAS,
            mapping: OrderDocument::MAPPING,
        }
    }

    fn apply_fact(
        &self,
        facts: &mut OrderBook,
        record: &Record<'_>,
        touched: &mut Touched<Uuid>,
    ) -> Result<(), Poison> {
        let event = records::event(record)?;
        let new = match event {
            Event::Order(event) => facts.apply_order(event)?,
            Event::Payment(event) => facts.apply_payment(event)?,
            _ => return Err(records::unexpected(record)),
        };
        if new {
            touched.mark(event.meta().aggregate_id);
        }
        Ok(())
    }

    fn apply_shared(
        &self,
        shared: &mut Names,
        record: &Record<'_>,
    ) -> Result<Option<Uuid>, Poison> {
        shared.apply(record)
    }

    fn affected(&self, facts: &OrderBook, change: &Uuid) -> Vec<Uuid> {
        facts.of_party(*change).collect()
    }

    fn keys(&self, facts: &OrderBook) -> Vec<Uuid> {
        facts.ids()
    }

    fn render(&self, facts: &OrderBook, shared: &Names, key: &Uuid) -> Rendered {
        let Some(order) = facts.get(*key) else {
            return Rendered::Nothing;
        };
        // The payment may be seen first; there is nothing to show before the order itself.
        let Some(deal) = &order.deal else {
            return Rendered::Nothing;
        };
        let Some(paper) = deal.paper() else {
            return Rendered::Nothing;
        };
        render(*key, order, deal, paper, shared)
    }
}

fn render(id: Uuid, order: &Order, deal: &Deal, paper: Paper<'_>, names: &Names) -> Rendered {
    let (buyer_name, buyer_stamp) = names.get(deal.buyer_id);
    let (seller_name, seller_stamp) = names.get(deal.seller_id);
    let lines_minor = paper.lines.iter().map(|line| line.amount_minor).sum();
    let document = OrderDocument {
        id,
        buyer_id: deal.buyer_id,
        buyer_name,
        seller_id: deal.seller_id,
        seller_name,
        status: deal.status,
        lines: paper.lines,
        totals: Totals {
            currency: paper.currency,
            lines_minor,
            shipping_minor: paper.shipping_minor,
            total_minor: paper.total_minor,
            fee_minor: paper.fee_minor,
        },
        address: paper.address,
        payment: order.payment.as_ref().map(payment),
        placed_at: Timestamp::from_micros(deal.placed_at),
        external_id: paper.external_id,
        timeline: timeline::render(&order.timeline),
        deleted: false,
        sources: Sources::of([
            ("order", order.sequence),
            ("payment", order.payment_sequence),
            ("buyer", buyer_stamp),
            ("seller", seller_stamp),
        ]),
    };
    let others = order.payment_sequence + buyer_stamp + seller_stamp;
    records::document(id.to_string(), order.sequence, others, &document)
}

fn payment(payment: &PaymentState) -> Payment<'static> {
    let held = payment.captured_minor - payment.refunded_minor;
    Payment {
        status: payment.status,
        method: payment.method.map(|method| Cow::Borrowed(method.as_str())),
        amount_minor: payment.amount_minor,
        refunded_minor: payment.refunded_minor,
        ledger: Ledger {
            buyer_minor: -held,
            escrow_minor: held,
            seller_minor: 0,
            fee_minor: 0,
        },
    }
}
