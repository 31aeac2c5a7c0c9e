//! Questions about the shape of the tree.

use std::iter;

use souk_schemas::ids::CategoryId;

use super::{Category, Taxonomy};

impl Taxonomy {
    /// Returns a category and everything above it, the category first.
    pub fn path(&self, id: CategoryId) -> impl Iterator<Item = CategoryId> {
        iter::successors(Some(id), |id| self.category(*id)?.parent_id)
    }

    /// Returns how many categories there are from the top down to this one.
    pub(super) fn depth(&self, id: CategoryId) -> usize {
        self.path(id).count()
    }

    /// Returns how many categories there are from this one down to its deepest leaf. Counts retired ones too, so that
    /// the bound holds for every category that a document may still show.
    pub(super) fn height(&self, id: CategoryId) -> usize {
        let below = self.children(Some(id)).map(|(child, _)| self.height(child));
        1 + below.max().unwrap_or(0)
    }

    /// Returns the categories directly below one, or those at the top.
    pub(super) fn children(
        &self,
        parent_id: Option<CategoryId>,
    ) -> impl Iterator<Item = (CategoryId, &Category)> {
        self.categories()
            .filter(move |(_, category)| category.parent_id == parent_id)
    }

    /// Whether a category in use, other than `except`, has this name under the parent.
    pub(super) fn is_name_taken(
        &self,
        name: &str,
        parent_id: Option<CategoryId>,
        except: CategoryId,
    ) -> bool {
        let name = name.to_lowercase();
        self.children(parent_id).any(|(id, category)| {
            id != except && !category.retired && category.name.to_lowercase() == name
        })
    }
}
