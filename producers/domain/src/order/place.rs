use std::{collections::HashSet, fmt};

use souk_schemas::{
    Address, Money, OrderEvent, OrderLine, OrderPlaced,
    ids::{OrderId, UserId},
};

use super::{
    Order, OrderError,
    commands::{PlaceLine, PlaceOrder},
    totals::{fee, sum_of_lines},
};
use crate::{
    context::Context,
    listing::{Listing, Offer},
    money::major_units,
    validation::{Checks, Violations},
};

const MAX_LINES: usize = 100;
const MAX_QUANTITY: i64 = 10_000;

/// What an order keeps of its buyer.
#[derive(Clone)]
pub struct Buyer {
    /// The buyer.
    pub id: UserId,
    /// IANA name; invoices are cut by it.
    pub time_zone: String,
    /// Where the order goes.
    pub address: Option<Address>,
}

impl Order {
    /// Orders from one seller, at the prices of `listings` as they are now. Whether there are pieces left is for each
    /// listing to say, when they are reserved.
    pub fn place(
        ctx: &mut Context,
        id: OrderId,
        buyer: Buyer,
        command: PlaceOrder,
        listings: &[Listing],
    ) -> Result<Vec<OrderEvent>, OrderError> {
        check_shape(&command)?;
        let offers = find_offers(&command.lines, listings)?;
        let (seller_id, currency) = check_offers(&offers, &buyer, &command)?;
        let lines = offers
            .iter()
            .zip(&command.lines)
            .map(|(offer, line)| order_line(offer, line.quantity))
            .collect::<Option<Vec<_>>>()
            .ok_or(OrderError::TooLarge)?;
        let lines_total = Money::new(
            sum_of_lines(&lines).ok_or(OrderError::TooLarge)?,
            &*currency,
        );
        let shipping = command
            .shipping
            .map_or_else(|| Money::new(0, &*currency), Money::from);
        let total = lines_total
            .amount_minor
            .checked_add(shipping.amount_minor)
            .ok_or(OrderError::TooLarge)?;
        let event = OrderPlaced {
            meta: ctx.next_meta(id, &Self::default()),
            buyer_id: buyer.id,
            seller_id,
            lines,
            shipping,
            total: Money::new(total, currency),
            fee: fee(&lines_total),
            address: buyer.address,
            time_zone: buyer.time_zone,
            placed_at: ctx.now,
        };
        Ok(vec![event.into()])
    }
}

fn check_shape(command: &PlaceOrder) -> Result<(), Violations> {
    let mut checks = Checks::default();
    checks.count(command.lines.len(), "/lines", 1, MAX_LINES);
    let mut seen = HashSet::new();
    for (index, line) in command.lines.iter().enumerate() {
        checks.range(
            line.quantity,
            format!("/lines/{index}/quantity"),
            1,
            MAX_QUANTITY,
        );
        checks.require(
            seen.insert(line.listing_id),
            format!("/lines/{index}/listing_id"),
            "duplicate",
            "must be another listing on each line",
        );
    }
    if let Some(shipping) = &command.shipping {
        checks.amount(shipping, "/shipping", 0);
    }
    checks.finish()
}

fn find_offers<'a>(
    lines: &[PlaceLine],
    listings: &'a [Listing],
) -> Result<Vec<&'a Offer>, Violations> {
    let mut checks = Checks::default();
    let mut found = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let offer = listings
            .iter()
            .filter_map(Listing::offer)
            .find(|offer| offer.id == line.listing_id);
        checks.require(
            offer.is_some(),
            format!("/lines/{index}/listing_id"),
            "listing_not_found",
            "must be a listing",
        );
        found.extend(offer);
    }
    checks.finish()?;
    Ok(found)
}

/// Checks that one seller, who is not the buyer, sells everything in one currency; returns both.
fn check_offers(
    offers: &[&Offer],
    buyer: &Buyer,
    command: &PlaceOrder,
) -> Result<(UserId, String), Violations> {
    let first = offers.first().expect("an order was checked to have a line");
    let currency = &first.price.currency;
    let mut checks = Checks::default();
    for (index, offer) in offers.iter().enumerate() {
        let pointer = format!("/lines/{index}/listing_id");
        checks.require(
            offer.seller_id != buyer.id,
            pointer.clone(),
            "own_listing",
            "must not be the buyer's own listing",
        );
        checks.require(
            offer.seller_id == first.seller_id,
            pointer.clone(),
            "other_seller",
            "must be of the same seller as the first line",
        );
        checks.require(
            offer.price.currency == *currency,
            pointer,
            "other_currency",
            "must be priced in the same currency as the first line",
        );
    }
    if let Some(shipping) = &command.shipping {
        checks.require(
            shipping.currency == *currency,
            "/shipping/currency",
            "other_currency",
            "must be the currency of the lines",
        );
    }
    checks.finish()?;
    Ok((first.seller_id, currency.clone()))
}

fn order_line(offer: &Offer, quantity: i64) -> Option<OrderLine> {
    let amount = offer.price.amount_minor.checked_mul(quantity)?;
    Some(OrderLine {
        listing_id: offer.id,
        external_id: offer.external_id.clone(),
        title: offer.details.title.clone(),
        condition: Some(offer.details.condition),
        unit_price: major_units(&offer.price),
        quantity,
        amount: Money::new(amount, offer.price.currency.clone()),
    })
}

/// Personal data stays out of logs.
impl fmt::Debug for Buyer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Buyer")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
