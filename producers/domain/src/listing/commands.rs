use serde::{Deserialize, Serialize};
use souk_schemas::{Attribute, Condition, Place, ids::CategoryId};

use crate::{money::Amount, patch::Patch};

/// Asks for a new listing that only its seller sees.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftListing {
    /// 1 to 300 characters.
    pub title: String,
    /// At most 20,000 characters.
    #[serde(default)]
    pub description: String,
    /// A category of the taxonomy.
    #[serde(default)]
    pub category_id: Option<CategoryId>,
    /// State of the item.
    pub condition: Condition,
    /// Maker, at most 80 characters.
    #[serde(default)]
    pub brand: Option<String>,
    /// At most 256.
    #[serde(default)]
    pub attributes: Vec<AttributeInput>,
    /// Where the item is, at city level.
    #[serde(default)]
    pub place: Option<PlaceInput>,
    /// Price of one piece, above 0.
    pub price: Amount,
    /// Pieces offered; most sellers have one.
    #[serde(default = "one")]
    pub quantity: i64,
    /// The seller's own code, at most 100 characters.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// Asks for other details; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeDetails {
    /// 1 to 300 characters.
    #[serde(default)]
    pub title: Option<String>,
    /// At most 20,000 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// A category of the taxonomy, or `null` for none.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub category_id: Patch<CategoryId>,
    /// State of the item.
    #[serde(default)]
    pub condition: Option<Condition>,
    /// Maker, or `null` for none.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub brand: Patch<String>,
    /// All attributes after the change.
    #[serde(default)]
    pub attributes: Option<Vec<AttributeInput>>,
    /// Where the item is, or `null` for nowhere in particular.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub place: Patch<PlaceInput>,
}

/// Asks for another price.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangePrice {
    /// Price of one piece, above 0.
    pub price: Amount,
}

/// Says how many pieces were ever offered, those reserved and sold included.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdjustStock {
    /// At least what is reserved and sold.
    pub quantity: i64,
}

/// One property of an item.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeInput {
    /// 1 to 80 characters.
    pub name: String,
    /// 1 to 8,000 characters.
    pub value: String,
}

/// A place at city level.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceInput {
    /// Name of the city, at most 100 characters.
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
}

fn one() -> i64 {
    1
}

impl From<AttributeInput> for Attribute {
    fn from(input: AttributeInput) -> Self {
        Self {
            name: input.name,
            value: input.value,
        }
    }
}

impl From<PlaceInput> for Place {
    fn from(input: PlaceInput) -> Self {
        Self {
            city: input.city,
            country: input.country,
            latitude: input.latitude,
            longitude: input.longitude,
        }
    }
}
