//! `souk-catalog`: listing + taxonomy + user. The listing is the primary; its own sequence covers a change of category or seller,
//! so while it stands still the inputs are fixed: one category's path and one seller's name.

mod listings;
mod taxonomy;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use souk_documents::{CatalogDocument, Document, Sources, Timestamp};
use souk_runtime::{Destination, Poison, Projection, Record, Rendered, Touched};
use souk_schemas::Event;
use uuid::Uuid;

use crate::names::Names;
use crate::{records, topics};

use listings::{Listing, Listings, Status};
use taxonomy::Taxonomy;

/// What is offered, as everybody may search it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Catalog;

/// Category tree and sellers' names.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Dimensions {
    taxonomy: Taxonomy,
    names: Names,
}

/// What listings may have to show anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    SellerName(Uuid),
    /// Paths of these categories.
    Paths(Vec<Uuid>),
}

impl Projection for Catalog {
    type Key = Uuid;
    type Facts = Listings;
    type Shared = Dimensions;
    type Change = Change;

    fn name(&self) -> &'static str {
        "catalog"
    }

    fn facts(&self) -> &'static [&'static str] {
        &[topics::LISTING]
    }

    fn shared(&self) -> &'static [&'static str] {
        &[topics::TAXONOMY, topics::USER]
    }

    fn destination(&self) -> Destination {
        Destination::Index {
            alias: CatalogDocument::ALIAS,
            mapping: CatalogDocument::MAPPING,
        }
    }

    fn apply_fact(
        &self,
        facts: &mut Listings,
        record: &Record<'_>,
        touched: &mut Touched<Uuid>,
    ) -> Result<(), Poison> {
        let Event::Listing(event) = records::event(record)? else {
            return Err(records::unexpected(record));
        };
        if facts.apply(event)? {
            touched.mark(event.meta().aggregate_id);
        }
        Ok(())
    }

    fn apply_shared(
        &self,
        shared: &mut Dimensions,
        record: &Record<'_>,
    ) -> Result<Option<Change>, Poison> {
        if record.topic == topics::TAXONOMY {
            let paths = shared.taxonomy.apply(record)?;
            return Ok((!paths.is_empty()).then_some(Change::Paths(paths)));
        }
        Ok(shared.names.apply(record)?.map(Change::SellerName))
    }

    fn affected(&self, facts: &Listings, change: &Change) -> Vec<Uuid> {
        match change {
            Change::SellerName(seller) => facts.of_seller(*seller).collect(),
            Change::Paths(categories) => categories
                .iter()
                .flat_map(|id| facts.in_category(*id))
                .collect(),
        }
    }

    fn keys(&self, facts: &Listings) -> Vec<Uuid> {
        facts.ids()
    }

    fn render(&self, facts: &Listings, shared: &Dimensions, key: &Uuid) -> Rendered {
        let Some(listing) = facts.get(*key) else {
            return Rendered::Nothing;
        };
        if listing.status == Status::Published {
            render(*key, listing, shared)
        } else {
            records::hidden(
                key.to_string(),
                listing.sequence,
                0,
                Sources::of([("listing", listing.sequence)]),
            )
        }
    }
}

fn render(id: Uuid, listing: &Listing, shared: &Dimensions) -> Rendered {
    let Some(details) = listing.details() else {
        return Rendered::Nothing;
    };
    let (seller_name, name_stamp) = shared.names.get(listing.seller_id);
    let (category_path, path_stamp) = listing
        .category_id
        .map_or_else(Default::default, |id| shared.taxonomy.path(id));
    let document = CatalogDocument {
        id,
        seller_id: listing.seller_id,
        seller_name,
        title: Cow::Borrowed(details.title),
        description: Cow::Borrowed(details.description),
        category_id: listing.category_id,
        category_ids: category_path.iter().map(|category| category.id).collect(),
        category_path,
        condition: Cow::Borrowed(details.condition),
        brand: details.brand.map(Cow::Borrowed),
        attributes: details.attributes(),
        attribute_pairs: details.attribute_pairs(),
        price_minor: listing.price_minor,
        currency: Cow::Borrowed(listing.currency.as_str()),
        quantity_available: listing.quantity_available,
        available: listing.quantity_available > 0,
        place: details.place(),
        external_id: listing.external_id.as_deref().map(Cow::Borrowed),
        published_at: listing.published_at.map(Timestamp::from_micros),
        created_at: Timestamp::from_micros(listing.created_at),
        updated_at: Timestamp::from_micros(listing.updated_at),
        deleted: false,
        sources: Sources::of([
            ("listing", listing.sequence),
            ("taxonomy", path_stamp),
            ("user", name_stamp),
        ]),
    };
    records::document(
        id.to_string(),
        listing.sequence,
        path_stamp + name_stamp,
        &document,
    )
}
