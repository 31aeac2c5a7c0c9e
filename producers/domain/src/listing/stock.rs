//! What orders do with a listing's pieces. Each command may be repeated: a repeat has nothing to add.

use souk_schemas::{
    ListingEvent, ListingReservationReleased, ListingReserved, ListingSold, Stock, ids::OrderId,
};

use super::{Listing, ListingError, ListingStatus, Offer, Reservation, ReservationState};
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
        if let Some(reservation) = offer.reservations.get(&order_id) {
            return repeat(order_id, reservation, quantity);
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
        let Some(&Reservation { quantity, state }) = offer.reservations.get(&order_id) else {
            return Ok(Vec::new());
        };
        match state {
            ReservationState::Held => {}
            ReservationState::Released => return Ok(Vec::new()),
            ReservationState::Sold => return Err(ListingError::Sold(order_id)),
        }
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
        let Reservation { quantity, state } = held_by(offer, order_id)?;
        match state {
            ReservationState::Held => {}
            ReservationState::Sold => return Ok(Vec::new()),
            ReservationState::Released => return Err(ListingError::Released(order_id)),
        }
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

fn repeat(
    order_id: OrderId,
    reservation: &Reservation,
    quantity: i64,
) -> Result<Vec<ListingEvent>, ListingError> {
    match reservation.state {
        // An order is over once its pieces were released; a late repeat must not hold them for ever.
        ReservationState::Released => Err(ListingError::Released(order_id)),
        ReservationState::Held | ReservationState::Sold if reservation.quantity == quantity => {
            Ok(Vec::new())
        }
        ReservationState::Held | ReservationState::Sold => Err(ListingError::ReservedOtherwise {
            order_id,
            held: reservation.quantity,
        }),
    }
}

fn held_by(offer: &Offer, order_id: OrderId) -> Result<Reservation, ListingError> {
    offer
        .reservations
        .get(&order_id)
        .copied()
        .ok_or(ListingError::NotReserved(order_id))
}
