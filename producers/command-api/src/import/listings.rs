use serde::Deserialize;
use souk_domain::listing::{AttributeInput, DraftListing, Listing, PlaceInput};
use souk_domain::taxonomy::{TAXONOMY_ID, Taxonomy};
use souk_domain::{AggregateState, Amount};
use souk_schemas::Condition;
use souk_schemas::ids::{CategoryId, ListingId, UserId};
use souk_store::Work;
use uuid::Uuid;

use super::Import;
use super::batch::{Item, Ledger, References};
use crate::error::CommandError;
use crate::listings::external_ids_of;
use crate::{categories, users};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListingItem {
    /// The seller's own code.
    external_id: String,
    seller_external_id: String,
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    category_external_id: Option<String>,
    condition: Condition,
    #[serde(default)]
    brand: Option<String>,
    #[serde(default)]
    attributes: Vec<AttributeInput>,
    #[serde(default)]
    place: Option<PlaceInput>,
    price: Amount,
    #[serde(default = "one")]
    quantity: i64,
}

fn one() -> i64 {
    1
}

impl Import for ListingItem {
    const KIND: &'static str = "listing";

    fn external_id(&self) -> &str {
        &self.external_id
    }

    async fn import(work: &mut Work, items: &[Self]) -> Result<Vec<Item>, CommandError> {
        let sellers = items.iter().map(|item| item.seller_external_id.as_str());
        let sellers = References::resolve(work, users::EXTERNAL_IDS, sellers).await?;
        let categories = Categories::load(work, items).await?;
        // The name space of a seller who does not exist is the nil UUID's; the item is refused below.
        let names = items.iter().map(|item| {
            let seller = sellers.get(&item.seller_external_id).unwrap_or_default();
            (external_ids_of(UserId(seller)), item.external_id.trim())
        });
        let mut ledger = Ledger::claim(work, names.collect()).await?;
        for (place, item) in items.iter().enumerate() {
            let Some(id) = ledger.new_id(place) else {
                continue;
            };
            let answer = match item.offer(work, ListingId(id), &sellers, &categories) {
                Ok(sequence) => Item::created(id, sequence),
                Err(CommandError::Store(error)) => return Err(error.into()),
                Err(error) => Item::refused(error),
            };
            ledger.answer(place, answer);
        }
        ledger.close::<Listing>(work, |id| id).await
    }
}

impl ListingItem {
    /// Drafts and publishes in one; returns the sequence.
    fn offer(
        &self,
        work: &mut Work,
        id: ListingId,
        sellers: &References,
        categories: &Categories,
    ) -> Result<u64, CommandError> {
        let seller_id = sellers.require(&self.seller_external_id, "/seller_external_id")?;
        let seller_id = UserId(seller_id);
        let category_id = categories.find(self.category_external_id.as_deref())?;
        let command = DraftListing {
            title: self.title.clone(),
            description: self.description.clone(),
            category_id,
            condition: self.condition,
            brand: self.brand.clone(),
            attributes: self.attributes.clone(),
            place: self.place.clone(),
            price: self.price.clone(),
            quantity: self.quantity,
            external_id: Some(self.external_id.clone()),
        };
        let events = Listing::import(work.context(), id, seller_id, command)?;
        let mut listing = Listing::default();
        work.record(&mut listing, events)?;
        Ok(listing.sequence())
    }
}

/// The categories that items name.
struct Categories {
    ids: References,
    taxonomy: Taxonomy,
}

impl Categories {
    async fn load(work: &mut Work, items: &[ListingItem]) -> Result<Self, CommandError> {
        let names = items
            .iter()
            .filter_map(|item| item.category_external_id.as_deref());
        let ids = References::resolve(work, categories::EXTERNAL_IDS, names).await?;
        let taxonomies: Vec<Taxonomy> = work.peek_all(&[TAXONOMY_ID]).await?;
        Ok(Self {
            ids,
            taxonomy: taxonomies.into_iter().next().unwrap_or_default(),
        })
    }

    fn find(&self, name: Option<&str>) -> Result<Option<CategoryId>, CommandError> {
        let Some(name) = name else {
            return Ok(None);
        };
        let id: Uuid = self.ids.require(name, "/category_external_id")?;
        let is_retired = self
            .taxonomy
            .category(CategoryId(id))
            .is_none_or(|category| category.retired);
        if is_retired {
            return Err(CommandError::field(
                "/category_external_id",
                "category_retired",
                "must be a category that is not retired",
            ));
        }
        Ok(Some(CategoryId(id)))
    }
}
