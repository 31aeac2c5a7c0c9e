use souk_schemas::{
    CategoryAttributesSet, CategoryCreated, CategoryMoved, CategoryRenamed, CategoryRetired,
    TaxonomyEvent, ids::CategoryId,
};

use super::{
    Category, MAX_DEPTH, TAXONOMY_ID, Taxonomy, TaxonomyError,
    commands::{CreateCategory, MoveCategory, RenameCategory, SetCategoryAttributes},
};
use crate::{
    context::Context,
    validation::{Checks, Violations},
};

impl Taxonomy {
    /// Adds a category.
    pub fn create_category(
        &self,
        ctx: &mut Context,
        category_id: CategoryId,
        command: &CreateCategory,
    ) -> Result<Vec<TaxonomyEvent>, TaxonomyError> {
        let name = check_name(&command.name)?;
        if self.category(category_id).is_some() {
            return Err(TaxonomyError::Exists(category_id));
        }
        self.check_place(category_id, command.parent_id, 1)?;
        self.check_name_is_free(&name, command.parent_id, category_id)?;
        let event = CategoryCreated {
            meta: ctx.next_meta(TAXONOMY_ID, self),
            category_id,
            parent_id: command.parent_id,
            name,
        };
        Ok(vec![event.into()])
    }

    /// Gives a category another name.
    pub fn rename_category(
        &self,
        ctx: &mut Context,
        category_id: CategoryId,
        command: &RenameCategory,
    ) -> Result<Vec<TaxonomyEvent>, TaxonomyError> {
        let category = self.in_use(category_id)?;
        let name = check_name(&command.name)?;
        if name == category.name {
            return Ok(Vec::new());
        }
        self.check_name_is_free(&name, category.parent_id, category_id)?;
        let event = CategoryRenamed {
            meta: ctx.next_meta(TAXONOMY_ID, self),
            category_id,
            name,
        };
        Ok(vec![event.into()])
    }

    /// Moves a category with everything below it.
    pub fn move_category(
        &self,
        ctx: &mut Context,
        category_id: CategoryId,
        command: MoveCategory,
    ) -> Result<Vec<TaxonomyEvent>, TaxonomyError> {
        let category = self.in_use(category_id)?;
        if command.parent_id == category.parent_id {
            return Ok(Vec::new());
        }
        self.check_place(category_id, command.parent_id, self.height(category_id))?;
        self.check_name_is_free(&category.name, command.parent_id, category_id)?;
        let event = CategoryMoved {
            meta: ctx.next_meta(TAXONOMY_ID, self),
            category_id,
            parent_id: command.parent_id,
        };
        Ok(vec![event.into()])
    }

    /// Takes a category out of use; nothing in use may be below it.
    pub fn retire_category(
        &self,
        ctx: &mut Context,
        category_id: CategoryId,
    ) -> Result<Vec<TaxonomyEvent>, TaxonomyError> {
        let category = self.existing(category_id)?;
        if category.retired {
            return Ok(Vec::new());
        }
        if self
            .children(Some(category_id))
            .any(|(_, child)| !child.retired)
        {
            return Err(TaxonomyError::HasChildren(category_id));
        }
        let event = CategoryRetired {
            meta: ctx.next_meta(TAXONOMY_ID, self),
            category_id,
        };
        Ok(vec![event.into()])
    }

    /// Says which attributes items of a category may have.
    pub fn set_category_attributes(
        &self,
        ctx: &mut Context,
        category_id: CategoryId,
        command: &SetCategoryAttributes,
    ) -> Result<Vec<TaxonomyEvent>, TaxonomyError> {
        let category = self.in_use(category_id)?;
        let attributes = command.check()?;
        if attributes == category.attributes {
            return Ok(Vec::new());
        }
        let event = CategoryAttributesSet {
            meta: ctx.next_meta(TAXONOMY_ID, self),
            category_id,
            attributes,
        };
        Ok(vec![event.into()])
    }

    fn existing(&self, id: CategoryId) -> Result<&Category, TaxonomyError> {
        self.category(id).ok_or(TaxonomyError::NotFound(id))
    }

    fn in_use(&self, id: CategoryId) -> Result<&Category, TaxonomyError> {
        let category = self.existing(id)?;
        if category.retired {
            return Err(TaxonomyError::Retired(id));
        }
        Ok(category)
    }

    /// Checks that a category with `height` levels, its own included, may hang below the parent.
    fn check_place(
        &self,
        id: CategoryId,
        parent_id: Option<CategoryId>,
        height: usize,
    ) -> Result<(), TaxonomyError> {
        let Some(parent_id) = parent_id else {
            return Ok(());
        };
        let parent = self
            .category(parent_id)
            .ok_or(TaxonomyError::ParentNotFound(parent_id))?;
        if parent.retired {
            return Err(TaxonomyError::Retired(parent_id));
        }
        if self.path(parent_id).any(|above| above == id) {
            return Err(TaxonomyError::Cycle(id));
        }
        if self.depth(parent_id) + height > MAX_DEPTH {
            return Err(TaxonomyError::TooDeep);
        }
        Ok(())
    }

    fn check_name_is_free(
        &self,
        name: &str,
        parent_id: Option<CategoryId>,
        id: CategoryId,
    ) -> Result<(), TaxonomyError> {
        if self.is_name_taken(name, parent_id, id) {
            return Err(TaxonomyError::NameTaken(name.to_owned()));
        }
        Ok(())
    }
}

fn check_name(name: &str) -> Result<String, Violations> {
    let mut checks = Checks::default();
    let name = checks.line(name, "/name", 1, 80);
    checks.finish()?;
    Ok(name)
}
