use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp as Instant;
use serde::Deserialize;
use souk_domain::AggregateState;
use souk_domain::listing::Listing;
use souk_domain::order::{ImportLine, ImportOrder, Order};
use souk_domain::user::UserError;
use souk_schemas::ids::{ListingId, OrderId, UserId};
use souk_schemas::{OrderKind, Timestamp};
use souk_store::Work;
use souk_store::guards::external_ids::Namespace;
use uuid::Uuid;

use super::Import;
use super::batch::{Item, Ledger, References};
use crate::error::CommandError;
use crate::listings::external_ids_of as listings_of;
use crate::users::{self, time_zone_exists};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderItem {
    /// The seller's own number.
    external_id: String,
    kind: OrderKind,
    buyer_external_id: String,
    seller_external_id: String,
    currency: String,
    time_zone: String,
    /// RFC 3339 with an offset.
    placed_at: String,
    lines: Vec<LineItem>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct LineItem {
    listing_external_id: String,
    quantity: i64,
    unit_price: String,
    /// The listing's unless given.
    #[serde(default)]
    title: Option<String>,
}

impl Import for OrderItem {
    const KIND: &'static str = "order";

    fn external_id(&self) -> &str {
        &self.external_id
    }

    async fn import(work: &mut Work, items: &[Self]) -> Result<Vec<Item>, CommandError> {
        let known = Known::load(work, items).await?;
        let names = items.iter().map(|item| {
            let seller = known
                .people
                .get(&item.seller_external_id)
                .unwrap_or_default();
            (external_ids_of(seller), item.external_id.trim())
        });
        let mut ledger = Ledger::claim(work, names.collect()).await?;
        for (place, item) in items.iter().enumerate() {
            let Some(id) = ledger.new_id(place) else {
                continue;
            };
            let answer = match item.take_over(work, OrderId(id), &known) {
                Ok(sequence) => Item::created(id, sequence),
                Err(CommandError::Store(error)) => return Err(error.into()),
                Err(error) => Item::refused(error),
            };
            ledger.answer(place, answer);
        }
        ledger.close::<Order>(work, |id| id).await
    }
}

fn external_ids_of(seller: Uuid) -> Namespace {
    Namespace {
        kind: "order",
        owner: seller,
    }
}

impl OrderItem {
    fn take_over(&self, work: &mut Work, id: OrderId, known: &Known) -> Result<u64, CommandError> {
        let buyer_id = known
            .people
            .require(&self.buyer_external_id, "/buyer_external_id")?;
        let seller_id = known
            .people
            .require(&self.seller_external_id, "/seller_external_id")?;
        time_zone_exists(Some(&self.time_zone)).map_err(UserError::Invalid)?;
        let placed_at: Instant = self.placed_at.parse().map_err(|_| {
            CommandError::field(
                "/placed_at",
                "timestamp",
                "must be a time like 2010-12-01T08:26:00Z",
            )
        })?;
        let command = ImportOrder {
            kind: self.kind,
            buyer_id: UserId(buyer_id),
            seller_id: UserId(seller_id),
            lines: self.lines(known, seller_id)?,
            currency: self.currency.clone(),
            time_zone: self.time_zone.clone(),
            placed_at: Timestamp(placed_at.as_microsecond()),
            external_id: self.external_id.clone(),
        };
        let events = Order::import(work.context(), id, command)?;
        let mut order = Order::default();
        work.record(&mut order, events)?;
        Ok(order.sequence())
    }

    fn lines(&self, known: &Known, seller_id: Uuid) -> Result<Vec<ImportLine>, CommandError> {
        let mut lines = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            let listing = known.listing(seller_id, &line.listing_external_id)?;
            let title = line
                .title
                .clone()
                .or_else(|| known.titles.get(&listing).cloned());
            lines.push(ImportLine {
                listing_id: ListingId(listing),
                external_id: Some(line.listing_external_id.clone()),
                title: title.unwrap_or_default(),
                unit_price: line.unit_price.clone(),
                quantity: line.quantity,
            });
        }
        Ok(lines)
    }
}

/// What items refer to.
struct Known {
    people: References,
    /// By seller.
    listings: HashMap<Uuid, References>,
    /// Of listings that a line names without a title.
    titles: HashMap<Uuid, String>,
}

impl Known {
    async fn load(work: &mut Work, items: &[OrderItem]) -> Result<Self, CommandError> {
        let people = items.iter().flat_map(|item| {
            [
                item.buyer_external_id.as_str(),
                item.seller_external_id.as_str(),
            ]
        });
        let people = References::resolve(work, users::EXTERNAL_IDS, people).await?;
        let sellers: BTreeSet<Uuid> = items
            .iter()
            .filter_map(|item| people.get(&item.seller_external_id))
            .collect();
        let mut listings = HashMap::new();
        for seller in sellers {
            let names = items
                .iter()
                .filter(|item| people.get(&item.seller_external_id) == Some(seller))
                .flat_map(|item| &item.lines)
                .map(|line| line.listing_external_id.as_str());
            let found = References::resolve(work, listings_of(UserId(seller)), names).await?;
            listings.insert(seller, found);
        }
        let mut known = Self {
            people,
            listings,
            titles: HashMap::new(),
        };
        known.load_titles(work, items).await?;
        Ok(known)
    }

    async fn load_titles(
        &mut self,
        work: &mut Work,
        items: &[OrderItem],
    ) -> Result<(), CommandError> {
        let mut untitled = BTreeSet::new();
        for item in items {
            let seller = self
                .people
                .get(&item.seller_external_id)
                .unwrap_or_default();
            for line in item.lines.iter().filter(|line| line.title.is_none()) {
                untitled.extend(self.listing(seller, &line.listing_external_id));
            }
        }
        let ids: Vec<Uuid> = untitled.into_iter().collect();
        let states: Vec<Listing> = work.peek_all(&ids).await?;
        let offers = states.iter().filter_map(Listing::offer);
        self.titles = offers
            .map(|offer| (offer.id.0, offer.details.title.clone()))
            .collect();
        Ok(())
    }

    fn listing(&self, seller_id: Uuid, name: &str) -> Result<Uuid, CommandError> {
        let found = self
            .listings
            .get(&seller_id)
            .and_then(|listings| listings.get(name));
        found.ok_or_else(|| {
            CommandError::field(
                "/lines",
                "listing_not_found",
                "every listing_external_id must be a listing of the seller",
            )
        })
    }
}
