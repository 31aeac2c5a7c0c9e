use std::borrow::Cow;
use std::collections::BTreeSet;

use hashbrown::HashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use souk_documents::{Address, OrderLine, OrderStatus, PaymentStatus};
use souk_runtime::Poison;
use souk_schemas::{
    OrderEvent, OrderImported, OrderKind, OrderPlaced, PaymentEvent, PaymentMethod,
};
use uuid::Uuid;

use crate::packed::Packed;
use crate::{convert, records};

use super::timeline::{Detail, Moment, Step};

/// The orders of one partition number, findable by their parties.
#[derive(Debug, Default)]
pub struct OrderBook {
    orders: HashMap<Uuid, Order>,
    by_party: BTreeSet<(Uuid, Uuid)>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) sequence: u64,
    pub(crate) payment_sequence: u64,
    pub(crate) deal: Option<Deal>,
    pub(crate) payment: Option<PaymentState>,
    pub(crate) timeline: Vec<Moment>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Deal {
    pub(crate) buyer_id: Uuid,
    pub(crate) seller_id: Uuid,
    pub(crate) placed_at: i64,
    pub(crate) status: OrderStatus,
    paper: Packed,
}

/// What never changes about an order, as it lies in [`Packed`] bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Paper<'a> {
    #[serde(borrow)]
    pub(crate) currency: Cow<'a, str>,
    pub(crate) lines: Vec<OrderLine<'a>>,
    pub(crate) shipping_minor: i64,
    pub(crate) total_minor: i64,
    pub(crate) fee_minor: i64,
    pub(crate) address: Option<Address<'a>>,
    pub(crate) external_id: Option<Cow<'a, str>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PaymentState {
    pub(crate) status: PaymentStatus,
    pub(crate) method: Option<PaymentMethod>,
    pub(crate) amount_minor: i64,
    pub(crate) captured_minor: i64,
    pub(crate) refunded_minor: i64,
}

impl OrderBook {
    pub(crate) fn get(&self, id: Uuid) -> Option<&Order> {
        self.orders.get(&id)
    }

    pub(crate) fn ids(&self) -> Vec<Uuid> {
        self.orders.keys().copied().collect()
    }

    /// The orders a person bought or sold by.
    pub(crate) fn of_party(&self, person: Uuid) -> impl Iterator<Item = Uuid> {
        self.by_party
            .range((person, Uuid::nil())..=(person, Uuid::max()))
            .map(|(_, id)| *id)
    }

    /// Takes in an event of the order; true when it was new.
    pub(crate) fn apply_order(&mut self, event: &OrderEvent) -> Result<bool, Poison> {
        let meta = event.meta();
        let order = self.orders.entry(meta.aggregate_id).or_default();
        let Some(sequence) = records::news(order.sequence, meta)? else {
            return Ok(false);
        };
        let (step, amount_minor, detail) = match event {
            OrderEvent::OrderPlaced(event) => {
                order.deal = Some(Deal::placed(event)?);
                (Step::OrderPlaced, Some(event.total.amount_minor), None)
            }
            OrderEvent::OrderImported(event) => {
                order.deal = Some(Deal::imported(event)?);
                (Step::OrderImported, Some(event.total.amount_minor), None)
            }
            OrderEvent::OrderConfirmed(_) => {
                order.deal()?.status = OrderStatus::Confirmed;
                (Step::OrderConfirmed, None, None)
            }
            OrderEvent::OrderCancelled(event) => {
                order.deal()?.status = OrderStatus::Cancelled;
                let reason = Detail::Reason(event.reason.as_str().into());
                (
                    Step::OrderCancelled,
                    Some(event.total.amount_minor),
                    Some(reason),
                )
            }
        };
        order.sequence = sequence;
        order.timeline.push(Moment {
            at: meta.occurred_at.as_micros(),
            sequence,
            step,
            amount_minor,
            detail,
        });
        if let Some(deal) = &order.deal {
            self.by_party.insert((deal.buyer_id, meta.aggregate_id));
            self.by_party.insert((deal.seller_id, meta.aggregate_id));
        }
        Ok(true)
    }

    /// Takes in an event of the payment, which may be known before its order; true when it was new.
    pub(crate) fn apply_payment(&mut self, event: &PaymentEvent) -> Result<bool, Poison> {
        let meta = event.meta();
        let order = self.orders.entry(meta.aggregate_id).or_default();
        let Some(sequence) = records::news(order.payment_sequence, meta)? else {
            return Ok(false);
        };
        order.payment_sequence = sequence;
        let payment = order.payment.get_or_insert(PaymentState {
            status: PaymentStatus::Requested,
            method: None,
            amount_minor: 0,
            captured_minor: 0,
            refunded_minor: 0,
        });
        let (step, amount_minor, detail) = payment.apply(event);
        order.timeline.push(Moment {
            at: meta.occurred_at.as_micros(),
            sequence,
            step,
            amount_minor: Some(amount_minor),
            detail,
        });
        Ok(true)
    }
}

/// Only the orders are stored: building the index by one sort is cheaper than reading it.
impl Serialize for OrderBook {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.orders.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for OrderBook {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let orders = HashMap::<Uuid, Order>::deserialize(deserializer)?;
        let parties = orders
            .iter()
            .filter_map(|(id, order)| Some((id, order.deal.as_ref()?)));
        let by_party = parties
            .flat_map(|(id, deal)| [(deal.buyer_id, *id), (deal.seller_id, *id)])
            .collect();
        Ok(Self { orders, by_party })
    }
}

impl Order {
    fn deal(&mut self) -> Result<&mut Deal, Poison> {
        self.deal.as_mut().ok_or_else(|| {
            Poison::new(
                "not_placed",
                "the first event of an order is OrderPlaced or OrderImported",
            )
        })
    }
}

impl Deal {
    fn placed(event: &OrderPlaced) -> Result<Self, Poison> {
        Ok(Self {
            buyer_id: event.buyer_id.0,
            seller_id: event.seller_id.0,
            placed_at: event.placed_at.as_micros(),
            status: OrderStatus::Placed,
            paper: Packed::pack(&Paper {
                currency: Cow::Borrowed(&event.total.currency),
                lines: convert::order_lines(&event.lines),
                shipping_minor: event.shipping.amount_minor,
                total_minor: event.total.amount_minor,
                fee_minor: event.fee.amount_minor,
                address: event.address.as_ref().map(convert::address),
                external_id: None,
            })?,
        })
    }

    fn imported(event: &OrderImported) -> Result<Self, Poison> {
        Ok(Self {
            buyer_id: event.buyer_id.0,
            seller_id: event.seller_id.0,
            placed_at: event.placed_at.as_micros(),
            status: match event.kind {
                OrderKind::Order => OrderStatus::Imported,
                OrderKind::Credit => OrderStatus::Credited,
            },
            paper: Packed::pack(&Paper {
                currency: Cow::Borrowed(&event.total.currency),
                lines: convert::order_lines(&event.lines),
                shipping_minor: 0,
                total_minor: event.total.amount_minor,
                fee_minor: 0,
                address: None,
                external_id: Some(Cow::Borrowed(&event.external_id)),
            })?,
        })
    }

    pub(crate) fn paper(&self) -> Option<Paper<'_>> {
        self.paper.read()
    }
}

impl PaymentState {
    fn apply(&mut self, event: &PaymentEvent) -> (Step, i64, Option<Detail>) {
        match event {
            PaymentEvent::PaymentRequested(event) => {
                self.status = PaymentStatus::Requested;
                self.method = Some(event.method);
                self.amount_minor = event.amount.amount_minor;
                (
                    Step::PaymentRequested,
                    event.amount.amount_minor,
                    Some(Detail::Method(event.method)),
                )
            }
            PaymentEvent::PaymentAuthorized(event) => {
                self.status = PaymentStatus::Authorized;
                (Step::PaymentAuthorized, event.amount.amount_minor, None)
            }
            PaymentEvent::PaymentCaptured(event) => {
                self.status = PaymentStatus::Captured;
                self.captured_minor = event.amount.amount_minor;
                (Step::PaymentCaptured, event.amount.amount_minor, None)
            }
            PaymentEvent::PaymentFailed(event) => {
                self.status = PaymentStatus::Failed;
                let reason = Detail::Reason(event.reason.as_str().into());
                (Step::PaymentFailed, event.amount.amount_minor, Some(reason))
            }
            PaymentEvent::PaymentRefunded(event) => {
                self.refunded_minor = event.refunded_total.amount_minor;
                self.status = if self.refunded_minor < self.captured_minor {
                    PaymentStatus::PartiallyRefunded
                } else {
                    PaymentStatus::Refunded
                };
                (Step::PaymentRefunded, event.amount.amount_minor, None)
            }
        }
    }
}
