use std::borrow::Cow;
use std::collections::BTreeSet;

use hashbrown::HashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use souk_documents::{Attribute, GeoPoint, Place};
use souk_runtime::Poison;
use souk_schemas::{ListingDetails, ListingDrafted, ListingEvent, Money, Stock};
use uuid::Uuid;

use crate::currency::Currency;
use crate::packed::Packed;
use crate::records;

/// The listings of one partition number, findable by seller and by category.
#[derive(Debug, Default)]
pub struct Listings {
    all: HashMap<Uuid, Listing>,
    by_seller: BTreeSet<(Uuid, Uuid)>,
    by_category: BTreeSet<(Uuid, Uuid)>,
}

impl Listings {
    pub(crate) fn get(&self, id: Uuid) -> Option<&Listing> {
        self.all.get(&id)
    }

    pub(crate) fn ids(&self) -> Vec<Uuid> {
        self.all.keys().copied().collect()
    }

    /// The published listings of a seller.
    pub(crate) fn of_seller(&self, seller: Uuid) -> impl Iterator<Item = Uuid> {
        self.published(&self.by_seller, seller)
    }

    /// The published listings whose own category this is.
    pub(crate) fn in_category(&self, category: Uuid) -> impl Iterator<Item = Uuid> {
        self.published(&self.by_category, category)
    }

    /// Takes in an event; true when it was new.
    pub(crate) fn apply(&mut self, event: &ListingEvent) -> Result<bool, Poison> {
        let meta = event.meta();
        let id = meta.aggregate_id;
        let before = self
            .all
            .get(&id)
            .map_or((0, None), |known| (known.sequence, known.category_id));
        let Some(sequence) = records::news(before.0, meta)? else {
            return Ok(false);
        };
        let at = meta.occurred_at.as_micros();
        let listing = if let ListingEvent::ListingDrafted(event) = event {
            let listing = Listing::draft(event, at)?;
            self.by_seller.insert((listing.seller_id, id));
            self.all.entry(id).insert(listing).into_mut()
        } else {
            let listing = self.all.get_mut(&id).ok_or_else(not_drafted)?;
            listing.apply(event, at)?;
            listing
        };
        listing.sequence = sequence;
        listing.updated_at = at;
        if listing.category_id != before.1 {
            if let Some(category) = before.1 {
                self.by_category.remove(&(category, id));
            }
            if let Some(category) = listing.category_id {
                self.by_category.insert((category, id));
            }
        }
        Ok(true)
    }

    fn published<'a>(
        &'a self,
        index: &'a BTreeSet<(Uuid, Uuid)>,
        group: Uuid,
    ) -> impl Iterator<Item = Uuid> + 'a {
        index
            .range((group, Uuid::nil())..=(group, Uuid::max()))
            .map(|(_, id)| *id)
            .filter(|id| {
                self.all
                    .get(id)
                    .is_some_and(|listing| listing.status == Status::Published)
            })
    }
}

/// Only the listings are stored: building the indexes by one sort is cheaper than reading them.
impl Serialize for Listings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Listings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = HashMap::<Uuid, Listing>::deserialize(deserializer)?;
        let by_seller = all
            .iter()
            .map(|(id, listing)| (listing.seller_id, *id))
            .collect();
        let by_category = all
            .iter()
            .filter_map(|(id, listing)| listing.category_id.map(|category| (category, *id)))
            .collect();
        Ok(Self {
            all,
            by_seller,
            by_category,
        })
    }
}

fn not_drafted() -> Poison {
    Poison::new(
        "not_drafted",
        "the first event of a listing is ListingDrafted",
    )
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Listing {
    pub(crate) sequence: u64,
    pub(crate) seller_id: Uuid,
    pub(crate) category_id: Option<Uuid>,
    details: Packed,
    pub(crate) price_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) quantity_available: i64,
    pub(crate) status: Status,
    pub(crate) external_id: Option<Box<str>>,
    pub(crate) created_at: i64,
    pub(crate) published_at: Option<i64>,
    pub(crate) updated_at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    Draft,
    Published,
    Paused,
    Withdrawn,
}

impl Listing {
    fn draft(event: &ListingDrafted, at: i64) -> Result<Self, Poison> {
        Ok(Self {
            sequence: 0,
            seller_id: event.seller_id.0,
            category_id: event.details.category_id.map(|id| id.0),
            details: Details::pack(&event.details)?,
            price_minor: event.price.amount_minor,
            currency: Currency::parse(&event.price.currency)?,
            quantity_available: available(&event.stock),
            status: Status::Draft,
            external_id: event.external_id.as_deref().map(Into::into),
            created_at: at,
            published_at: None,
            updated_at: at,
        })
    }

    pub(crate) fn details(&self) -> Option<Details<'_>> {
        self.details.read()
    }

    fn apply(&mut self, event: &ListingEvent, at: i64) -> Result<(), Poison> {
        match event {
            // A second draft of one listing does not exist: `Listings::apply` takes the first.
            ListingEvent::ListingDrafted(_) => {}
            ListingEvent::ListingDetailsChanged(event) => self.describe(&event.details)?,
            ListingEvent::ListingPriceChanged(event) => self.set_price(&event.price)?,
            ListingEvent::ListingPublished(event) => {
                self.set_price(&event.price)?;
                self.describe(&event.details)?;
                self.quantity_available = available(&event.stock);
                self.status = Status::Published;
                self.published_at.get_or_insert(at);
            }
            ListingEvent::ListingPaused(_) => self.status = Status::Paused,
            ListingEvent::ListingResumed(_) => self.status = Status::Published,
            ListingEvent::ListingWithdrawn(_) => self.status = Status::Withdrawn,
            ListingEvent::ListingStockAdjusted(event) => {
                self.quantity_available = available(&event.stock);
            }
            ListingEvent::ListingReserved(event) => {
                self.quantity_available = available(&event.stock);
            }
            ListingEvent::ListingReservationReleased(event) => {
                self.quantity_available = available(&event.stock);
            }
            ListingEvent::ListingSold(event) => self.quantity_available = available(&event.stock),
        }
        Ok(())
    }

    fn describe(&mut self, details: &ListingDetails) -> Result<(), Poison> {
        self.details = Details::pack(details)?;
        self.category_id = details.category_id.map(|id| id.0);
        Ok(())
    }

    fn set_price(&mut self, price: &Money) -> Result<(), Poison> {
        self.currency = Currency::parse(&price.currency)?;
        self.price_minor = price.amount_minor;
        Ok(())
    }
}

fn available(stock: &Stock) -> i64 {
    stock
        .quantity
        .saturating_sub(stock.reserved)
        .saturating_sub(stock.sold)
        .max(0)
}

/// What the seller says of the item, as it lies in [`Packed`] bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Details<'a> {
    pub(crate) title: &'a str,
    pub(crate) description: &'a str,
    pub(crate) condition: &'a str,
    pub(crate) brand: Option<&'a str>,
    #[serde(borrow)]
    attributes: Vec<(&'a str, &'a str)>,
    place: Option<(&'a str, &'a str, f64, f64)>,
}

impl<'a> Details<'a> {
    fn pack(details: &ListingDetails) -> Result<Packed, Poison> {
        let pairs = details.attributes.iter();
        let place = details.place.as_ref();
        Packed::pack(&Details {
            title: &details.title,
            description: &details.description,
            condition: details.condition.as_str(),
            brand: details.brand.as_deref(),
            attributes: pairs
                .map(|attribute| (&*attribute.name, &*attribute.value))
                .collect(),
            place: place.map(|place| {
                (
                    &*place.city,
                    &*place.country,
                    place.latitude,
                    place.longitude,
                )
            }),
        })
    }

    pub(crate) fn attribute_pairs(&self) -> Vec<String> {
        let pairs = self.attributes.iter();
        pairs
            .map(|(name, value)| souk_documents::attribute_pair(name, value))
            .collect()
    }

    pub(crate) fn attributes(&self) -> Vec<Attribute<'a>> {
        let attribute = |&(name, value): &(&'a str, &'a str)| Attribute {
            name: Cow::Borrowed(name),
            value: Cow::Borrowed(value),
        };
        self.attributes.iter().map(attribute).collect()
    }

    pub(crate) fn place(&self) -> Option<Place<'a>> {
        self.place.map(|(city, country, lat, lon)| Place {
            city: Cow::Borrowed(city),
            country: Cow::Borrowed(country),
            location: GeoPoint { lat, lon },
        })
    }
}
