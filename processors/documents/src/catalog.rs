use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::document::{Document, Public};
use crate::sources::Sources;
use crate::timestamp::Timestamp;

/// A listing as everybody may see and search it. Drafts, paused and withdrawn listings are tombstones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogDocument<'a> {
    /// The listing's id, also the document's.
    pub id: Uuid,
    pub seller_id: Uuid,
    /// Absent until the seller's registration was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller_name: Option<Cow<'a, str>>,
    pub title: Cow<'a, str>,
    pub description: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_id: Option<Uuid>,
    /// From the root to the listing's own category; empty without one.
    pub category_path: Vec<Category<'a>>,
    /// The ids of the path: filtering by one of them finds its whole subtree.
    pub category_ids: Vec<Uuid>,
    /// `new`, `like_new`, `good`, `fair` or `for_parts`.
    pub condition: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<Cow<'a, str>>,
    pub attributes: Vec<Attribute<'a>>,
    /// [`attribute_pair`] of every attribute, for filters and facets.
    pub attribute_pairs: Vec<String>,
    /// Price of one piece.
    pub price_minor: i64,
    pub currency: Cow<'a, str>,
    /// Pieces neither sold nor held for an order.
    pub quantity_available: i64,
    /// Whether at least one piece can be bought now.
    pub available: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place<'a>>,
    /// The seller's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<Cow<'a, str>>,
    /// When it was first offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// When the listing itself changed last.
    pub updated_at: Timestamp,
    pub deleted: bool,
    /// `listing`, `taxonomy`, `user`.
    pub sources: Sources,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category<'a> {
    pub id: Uuid,
    pub name: Cow<'a, str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute<'a> {
    pub name: Cow<'a, str>,
    pub value: Cow<'a, str>,
}

/// Where an item is, at city level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place<'a> {
    pub city: Cow<'a, str>,
    /// ISO 3166-1 alpha-2.
    pub country: Cow<'a, str>,
    pub location: GeoPoint,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeoPoint {
    pub lat: f64,
    pub lon: f64,
}

/// Returns the term a filter for one value of an attribute looks for: `name=value` in lower case.
pub fn attribute_pair(name: &str, value: &str) -> String {
    let mut pair = String::with_capacity(name.len() + 1 + value.len());
    pair.extend(name.chars().flat_map(char::to_lowercase));
    pair.push('=');
    pair.extend(value.chars().flat_map(char::to_lowercase));
    pair
}

impl Document for CatalogDocument<'static> {
    const ALIAS: &'static str = crate::CATALOG;
    const MAPPING: &'static str = include_str!("../mappings/catalog.json");
}

impl Public for CatalogDocument<'static> {}
