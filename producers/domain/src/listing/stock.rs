//! What orders do with a listing's pieces. An order reserves when it is placed and then sells or releases once; its own
//! state, locked in the same transaction, says which of these has happened.

use souk_schemas::{
    ListingEvent, ListingReservationReleased, ListingReserved, ListingSold, Stock, ids::OrderId,
};

use super::{Listing, ListingError, ListingStatus};
use crate::{context::Context, validation::Checks};

impl Listing {
    /// Holds pieces for an order.
    pub fn reserve(
        &self,
        ctx: &mut Context,
        order_id: OrderId,
        quantity: i64,
    ) -> Result<Vec<ListingEvent>, ListingError> {
        let offer = self.offer().ok_or(ListingError::NotFound)?;
        let mut checks = Checks::default();
        checks.at_least(quantity, "/quantity", 1);
        checks.finish()?;
        match offer.reservations.get(&order_id) {
            None => {}
            Some(&held) if held == quantity => return Ok(Vec::new()),
            Some(&held) => return Err(ListingError::ReservedOtherwise { order_id, held }),
        }
        match offer.status {
            ListingStatus::Published => {}
            ListingStatus::Withdrawn => return Err(ListingError::Withdrawn),
            ListingStatus::Drafted | ListingStatus::Paused => {
                return Err(ListingError::NotPublished);
            }
        }
        let available = offer.available();
        if quantity > available {
            return Err(ListingError::OutOfStock {
                asked: quantity,
                available,
            });
        }
        let event = ListingReserved {
            meta: ctx.next_meta(offer.id, self),
            seller_id: offer.seller_id,
            order_id,
            quantity,
            stock: Stock {
                reserved: offer.stock.reserved + quantity,
                ..offer.stock
            },
        };
        Ok(vec![event.into()])
    }

    /// Frees what an order holds; an order that holds nothing has nothing to free.
    pub fn release_reservation(
        &self,
        ctx: &mut Context,
        order_id: OrderId,
    ) -> Result<Vec<ListingEvent>, ListingError> {
        let offer = self.offer().ok_or(ListingError::NotFound)?;
        let Some(&quantity) = offer.reservations.get(&order_id) else {
            return Ok(Vec::new());
        };
        let event = ListingReservationReleased {
            meta: ctx.next_meta(offer.id, self),
            seller_id: offer.seller_id,
            order_id,
            quantity,
            stock: Stock {
                reserved: offer.stock.reserved - quantity,
                ..offer.stock
            },
        };
        Ok(vec![event.into()])
    }

    /// Sells what an order holds, whatever became of the offer meanwhile.
    pub fn commit_sale(
        &self,
        ctx: &mut Context,
        order_id: OrderId,
    ) -> Result<Vec<ListingEvent>, ListingError> {
        let offer = self.offer().ok_or(ListingError::NotFound)?;
        let quantity = *offer
            .reservations
            .get(&order_id)
            .ok_or(ListingError::NotReserved(order_id))?;
        let event = ListingSold {
            meta: ctx.next_meta(offer.id, self),
            seller_id: offer.seller_id,
            order_id,
            quantity,
            stock: Stock {
                reserved: offer.stock.reserved - quantity,
                sold: offer.stock.sold + quantity,
                ..offer.stock
            },
        };
        Ok(vec![event.into()])
    }
}
