//! An offer of one seller: what is sold, for how much, and how many pieces are left.
//!
//! `drafted → published ⇄ paused`, and from each of them `→ withdrawn` for good. Selling out leaves a listing published.
//! Reserved and sold pieces together never exceed the quantity.

mod commands;
mod details;
mod error;
mod seller;
mod stock;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use souk_schemas::{
    Aggregate, Event, EventMeta, ListingDetails, ListingDrafted, ListingEvent, Money, Stock,
    ids::{ListingId, OrderId, UserId},
};

use crate::aggregate::AggregateState;

pub use commands::{
    AdjustStock, AttributeInput, ChangeDetails, ChangePrice, DraftListing, PlaceInput,
};
pub use error::ListingError;

/// What the events of a listing add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    sequence: u64,
    offer: Option<Offer>,
}

/// A listing that exists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// The listing.
    pub id: ListingId,
    /// Who sells.
    pub seller_id: UserId,
    /// The seller's own code.
    pub external_id: Option<String>,
    /// What is sold.
    pub details: ListingDetails,
    /// Price of one piece.
    pub price: Money,
    /// Pieces offered, held and sold.
    pub stock: Stock,
    /// Who sees it.
    pub status: ListingStatus,
    /// Pieces held, by order. What was released or sold is forgotten: that an order ends only once is for the order to
    /// say, and a popular listing would carry every order it ever had.
    pub reservations: BTreeMap<OrderId, i64>,
}

/// Where a listing is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListingStatus {
    /// Only its seller sees it.
    Drafted,
    /// On sale.
    Published,
    /// Suspended by its seller.
    Paused,
    /// Ended for good.
    Withdrawn,
}

impl Listing {
    /// Returns the listing, if it exists.
    pub fn offer(&self) -> Option<&Offer> {
        self.offer.as_ref()
    }
}

impl Offer {
    /// Returns how many pieces can be bought.
    pub fn available(&self) -> i64 {
        let Stock {
            quantity,
            reserved,
            sold,
        } = self.stock;
        quantity - reserved - sold
    }

    fn draft(event: &ListingDrafted) -> Self {
        Self {
            id: ListingId(event.meta.aggregate_id),
            seller_id: event.seller_id,
            external_id: event.external_id.clone(),
            details: event.details.clone(),
            price: event.price.clone(),
            stock: event.stock.clone(),
            status: ListingStatus::Drafted,
            reservations: BTreeMap::new(),
        }
    }

    fn apply(&mut self, event: &ListingEvent) {
        match event {
            ListingEvent::ListingDrafted(event) => *self = Self::draft(event),
            ListingEvent::ListingDetailsChanged(event) => self.details = event.details.clone(),
            ListingEvent::ListingPriceChanged(event) => self.price = event.price.clone(),
            ListingEvent::ListingPublished(_) | ListingEvent::ListingResumed(_) => {
                self.status = ListingStatus::Published;
            }
            ListingEvent::ListingPaused(_) => self.status = ListingStatus::Paused,
            ListingEvent::ListingWithdrawn(_) => self.status = ListingStatus::Withdrawn,
            ListingEvent::ListingStockAdjusted(event) => self.stock = event.stock.clone(),
            ListingEvent::ListingReserved(event) => {
                self.stock = event.stock.clone();
                self.reservations.insert(event.order_id, event.quantity);
            }
            ListingEvent::ListingReservationReleased(event) => {
                self.settle(event.order_id, &event.stock);
            }
            ListingEvent::ListingSold(event) => self.settle(event.order_id, &event.stock),
        }
    }

    fn settle(&mut self, order_id: OrderId, stock: &Stock) {
        self.stock = stock.clone();
        self.reservations.remove(&order_id);
    }
}

impl AggregateState for Listing {
    const AGGREGATE: Aggregate = Aggregate::Listing;
    type Event = ListingEvent;

    fn own(event: Event) -> Option<ListingEvent> {
        match event {
            Event::Listing(event) => Some(event),
            _ => None,
        }
    }

    fn meta(event: &ListingEvent) -> &EventMeta {
        event.meta()
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn apply(&mut self, event: &ListingEvent) {
        self.sequence = event.meta().sequence.cast_unsigned();
        match (&mut self.offer, event) {
            (Some(offer), event) => offer.apply(event),
            (None, ListingEvent::ListingDrafted(event)) => self.offer = Some(Offer::draft(event)),
            // A listing's first event is its draft; a stream that starts otherwise tells nothing of an offer.
            (None, _) => {}
        }
    }
}
