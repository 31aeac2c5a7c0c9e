//! What a seller does with a listing.

use souk_schemas::{
    ListingDetailsChanged, ListingDrafted, ListingEvent, ListingPaused, ListingPriceChanged,
    ListingPublished, ListingResumed, ListingStockAdjusted, ListingWithdrawn, Money, Stock,
    ids::{ListingId, UserId},
};

use super::{
    Listing, ListingError, ListingStatus, Offer,
    commands::{AdjustStock, ChangeDetails, ChangePrice, DraftListing},
    details,
};
use crate::{aggregate::AggregateState, context::Context, validation::Checks};

/// The most pieces of one listing.
const MAX_QUANTITY: i64 = 1_000_000_000;

impl Listing {
    /// Writes a listing that nobody else sees yet.
    pub fn draft(
        ctx: &mut Context,
        id: ListingId,
        seller_id: UserId,
        command: DraftListing,
    ) -> Result<Vec<ListingEvent>, ListingError> {
        let mut checks = Checks::default();
        let details = details::of_draft(&command, &mut checks);
        checks.amount(&command.price, "/price", 1);
        checks.range(command.quantity, "/quantity", 0, MAX_QUANTITY);
        let external_id = checks.optional_line(command.external_id.as_deref(), "/external_id", 100);
        checks.finish()?;
        let event = ListingDrafted {
            meta: ctx.next_meta(id, &Self::default()),
            seller_id,
            details,
            price: command.price.into(),
            stock: Stock {
                quantity: command.quantity,
                reserved: 0,
                sold: 0,
            },
            external_id,
        };
        Ok(vec![event.into()])
    }

    /// Takes over a listing of another system: drafted and published at once, whoever asks for it.
    pub fn import(
        ctx: &mut Context,
        id: ListingId,
        seller_id: UserId,
        command: DraftListing,
    ) -> Result<Vec<ListingEvent>, ListingError> {
        let mut events = Self::draft(ctx, id, seller_id, command)?;
        let mut drafted = Self::default();
        for event in &events {
            drafted.apply(event);
        }
        let offer = drafted.offer().ok_or(ListingError::NotFound)?;
        events.push(drafted.published(ctx, offer).into());
        Ok(events)
    }

    /// Changes what the listing says of the item.
    pub fn change_details(
        &self,
        ctx: &mut Context,
        command: ChangeDetails,
    ) -> Result<Vec<ListingEvent>, ListingError> {
        let offer = self.changeable(ctx)?;
        let mut checks = Checks::default();
        let details = details::after(&offer.details, command, &mut checks);
        checks.finish()?;
        if details == offer.details {
            return Ok(Vec::new());
        }
        let event = ListingDetailsChanged {
            meta: ctx.next_meta(offer.id, self),
            seller_id: offer.seller_id,
            details,
        };
        Ok(vec![event.into()])
    }

    /// Changes the price; what is ordered already keeps the old one.
    pub fn change_price(
        &self,
        ctx: &mut Context,
        command: ChangePrice,
    ) -> Result<Vec<ListingEvent>, ListingError> {
        let offer = self.changeable(ctx)?;
        let mut checks = Checks::default();
        checks.amount(&command.price, "/price", 1);
        checks.finish()?;
        let price = Money::from(command.price);
        if price == offer.price {
            return Ok(Vec::new());
        }
        let event = ListingPriceChanged {
            meta: ctx.next_meta(offer.id, self),
            seller_id: offer.seller_id,
            price,
            previous_price: offer.price.clone(),
        };
        Ok(vec![event.into()])
    }

    /// Says how many pieces there are.
    pub fn adjust_stock(
        &self,
        ctx: &mut Context,
        command: &AdjustStock,
    ) -> Result<Vec<ListingEvent>, ListingError> {
        let offer = self.changeable(ctx)?;
        let mut checks = Checks::default();
        checks.range(command.quantity, "/quantity", 0, MAX_QUANTITY);
        checks.finish()?;
        let committed = offer.stock.reserved + offer.stock.sold;
        if command.quantity < committed {
            return Err(ListingError::BelowCommitted { committed });
        }
        if command.quantity == offer.stock.quantity {
            return Ok(Vec::new());
        }
        let event = ListingStockAdjusted {
            meta: ctx.next_meta(offer.id, self),
            seller_id: offer.seller_id,
            stock: Stock {
                quantity: command.quantity,
                ..offer.stock
            },
        };
        Ok(vec![event.into()])
    }

    /// Offers a draft to everybody.
    pub fn publish(&self, ctx: &mut Context) -> Result<Vec<ListingEvent>, ListingError> {
        let offer = self.changeable(ctx)?;
        match offer.status {
            ListingStatus::Drafted => {}
            ListingStatus::Published => return Ok(Vec::new()),
            ListingStatus::Paused => return Err(ListingError::NotDrafted),
            ListingStatus::Withdrawn => return Err(ListingError::Withdrawn),
        }
        Ok(vec![self.published(ctx, offer).into()])
    }

    /// Suspends a published listing.
    pub fn pause(&self, ctx: &mut Context) -> Result<Vec<ListingEvent>, ListingError> {
        let offer = self.changeable(ctx)?;
        match offer.status {
            ListingStatus::Published => {}
            ListingStatus::Paused => return Ok(Vec::new()),
            ListingStatus::Drafted => return Err(ListingError::NotPublished),
            ListingStatus::Withdrawn => return Err(ListingError::Withdrawn),
        }
        let event = ListingPaused {
            meta: ctx.next_meta(offer.id, self),
            seller_id: offer.seller_id,
        };
        Ok(vec![event.into()])
    }

    /// Offers a paused listing again.
    pub fn resume(&self, ctx: &mut Context) -> Result<Vec<ListingEvent>, ListingError> {
        let offer = self.changeable(ctx)?;
        match offer.status {
            ListingStatus::Paused => {}
            ListingStatus::Published => return Ok(Vec::new()),
            ListingStatus::Drafted => return Err(ListingError::NotPublished),
            ListingStatus::Withdrawn => return Err(ListingError::Withdrawn),
        }
        let event = ListingResumed {
            meta: ctx.next_meta(offer.id, self),
            seller_id: offer.seller_id,
        };
        Ok(vec![event.into()])
    }

    /// Ends the offer for good; what orders hold can still be sold to them.
    pub fn withdraw(&self, ctx: &mut Context) -> Result<Vec<ListingEvent>, ListingError> {
        let offer = self.owned(ctx)?;
        if offer.status == ListingStatus::Withdrawn {
            return Ok(Vec::new());
        }
        let event = ListingWithdrawn {
            meta: ctx.next_meta(offer.id, self),
            seller_id: offer.seller_id,
        };
        Ok(vec![event.into()])
    }

    fn published(&self, ctx: &mut Context, offer: &Offer) -> ListingPublished {
        ListingPublished {
            meta: ctx.next_meta(offer.id, self),
            seller_id: offer.seller_id,
            details: offer.details.clone(),
            price: offer.price.clone(),
            stock: offer.stock.clone(),
        }
    }

    fn changeable(&self, ctx: &Context) -> Result<&Offer, ListingError> {
        let offer = self.owned(ctx)?;
        if offer.status == ListingStatus::Withdrawn {
            return Err(ListingError::Withdrawn);
        }
        Ok(offer)
    }

    fn owned(&self, ctx: &Context) -> Result<&Offer, ListingError> {
        let offer = self.offer().ok_or(ListingError::NotFound)?;
        if ctx.actor != Some(offer.seller_id) {
            return Err(ListingError::NotOwner);
        }
        Ok(offer)
    }
}
