//! The whole category tree, one aggregate, so that its sequence grows with every change of the tree (DESIGN §5).
//!
//! An active category has only active categories above it, siblings in use differ in name, and the tree is at most
//! [`MAX_DEPTH`] deep.

mod commands;
mod decisions;
mod error;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use souk_schemas::{
    Aggregate, AttributeDefinition, CategoryCreated, Event, EventMeta, TaxonomyEvent,
    ids::CategoryId,
};
use uuid::{Uuid, uuid};

use crate::aggregate::AggregateState;

pub use commands::{
    AttributeDefinitionInput, CreateCategory, MoveCategory, RenameCategory, SetCategoryAttributes,
};
pub use error::TaxonomyError;

/// The id of the one taxonomy.
pub const TAXONOMY_ID: Uuid = uuid!("00000000-0000-7000-8000-000000000001");

/// The most categories on the way from the top to a leaf.
pub const MAX_DEPTH: usize = 8;

/// What the events of the taxonomy add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Taxonomy {
    sequence: u64,
    categories: BTreeMap<CategoryId, Category>,
}

/// One node of the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Category {
    /// The category above; absent at the top.
    pub parent_id: Option<CategoryId>,
    /// 1 to 80 characters.
    pub name: String,
    /// What items of the category may have.
    pub attributes: Vec<AttributeDefinition>,
    /// Whether it takes no new listings.
    pub retired: bool,
}

impl Taxonomy {
    /// Returns a category, retired or not.
    pub fn category(&self, id: CategoryId) -> Option<&Category> {
        self.categories.get(&id)
    }

    /// Returns all categories, retired or not.
    pub fn categories(&self) -> impl Iterator<Item = (CategoryId, &Category)> {
        self.categories.iter().map(|(id, category)| (*id, category))
    }

    fn create(&mut self, event: &CategoryCreated) {
        let category = Category {
            parent_id: event.parent_id,
            name: event.name.clone(),
            attributes: Vec::new(),
            retired: false,
        };
        self.categories.insert(event.category_id, category);
    }

    fn change(&mut self, id: CategoryId, change: impl FnOnce(&mut Category)) {
        if let Some(category) = self.categories.get_mut(&id) {
            change(category);
        }
    }
}

impl AggregateState for Taxonomy {
    const AGGREGATE: Aggregate = Aggregate::Taxonomy;
    type Event = TaxonomyEvent;

    fn own(event: Event) -> Option<TaxonomyEvent> {
        match event {
            Event::Taxonomy(event) => Some(event),
            _ => None,
        }
    }

    fn meta(event: &TaxonomyEvent) -> &EventMeta {
        event.meta()
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn apply(&mut self, event: &TaxonomyEvent) {
        self.sequence = event.meta().sequence.cast_unsigned();
        match event {
            TaxonomyEvent::CategoryCreated(event) => self.create(event),
            TaxonomyEvent::CategoryRenamed(event) => self.change(event.category_id, |category| {
                category.name.clone_from(&event.name);
            }),
            TaxonomyEvent::CategoryMoved(event) => self.change(event.category_id, |category| {
                category.parent_id = event.parent_id;
            }),
            TaxonomyEvent::CategoryRetired(event) => {
                self.change(event.category_id, |category| category.retired = true);
            }
            TaxonomyEvent::CategoryAttributesSet(event) => {
                self.change(event.category_id, |category| {
                    category.attributes.clone_from(&event.attributes);
                });
            }
        }
    }
}
