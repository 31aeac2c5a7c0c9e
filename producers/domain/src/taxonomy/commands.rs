use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use souk_schemas::{AttributeDefinition, AttributeKind, ids::CategoryId};

use crate::validation::{Checks, Violations};

const MAX_ATTRIBUTES: usize = 100;
const MAX_ALLOWED_VALUES: usize = 500;

/// Asks for a new category.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateCategory {
    /// 1 to 80 characters; no sibling in use has it.
    pub name: String,
    /// The category above; absent at the top.
    #[serde(default)]
    pub parent_id: Option<CategoryId>,
}

/// Asks for another name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenameCategory {
    /// 1 to 80 characters; no sibling in use has it.
    pub name: String,
}

/// Asks for another place in the tree.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveCategory {
    /// The category above; absent at the top.
    #[serde(default)]
    pub parent_id: Option<CategoryId>,
}

/// Says which attributes items of a category may have.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetCategoryAttributes {
    /// All of them, at most 100.
    pub attributes: Vec<AttributeDefinitionInput>,
}

/// An attribute that items of a category may have.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeDefinitionInput {
    /// 1 to 80 characters, unique within the category.
    pub name: String,
    /// How values are read.
    pub kind: AttributeKind,
    /// Unit of numbers, at most 20 characters.
    #[serde(default)]
    pub unit: Option<String>,
    /// Of a choice, at least one; empty otherwise.
    #[serde(default)]
    pub allowed_values: Vec<String>,
    /// Whether buyers filter by it.
    #[serde(default)]
    pub facet: bool,
}

impl SetCategoryAttributes {
    pub(super) fn check(&self) -> Result<Vec<AttributeDefinition>, Violations> {
        let mut checks = Checks::default();
        checks.count(self.attributes.len(), "/attributes", 0, MAX_ATTRIBUTES);
        let attributes: Vec<_> = self
            .attributes
            .iter()
            .enumerate()
            .map(|(index, attribute)| attribute.check(index, &mut checks))
            .collect();
        let mut names = HashSet::new();
        for (index, attribute) in attributes.iter().enumerate() {
            checks.require(
                names.insert(attribute.name.to_lowercase()),
                format!("/attributes/{index}/name"),
                "duplicate",
                "must be unique within the category",
            );
        }
        checks.finish()?;
        Ok(attributes)
    }
}

impl AttributeDefinitionInput {
    fn check(&self, index: usize, checks: &mut Checks) -> AttributeDefinition {
        let pointer = |field: &str| format!("/attributes/{index}/{field}");
        let definition = AttributeDefinition {
            name: checks.line(&self.name, pointer("name"), 1, 80),
            kind: self.kind,
            unit: checks.optional_line(self.unit.as_deref(), pointer("unit"), 20),
            allowed_values: self
                .allowed_values
                .iter()
                .enumerate()
                .map(|(value_index, value)| {
                    let pointer = pointer(&format!("allowed_values/{value_index}"));
                    checks.line(value, pointer, 1, 200)
                })
                .collect(),
            facet: self.facet,
        };
        checks.require(
            definition.unit.is_none() || self.kind == AttributeKind::Number,
            pointer("unit"),
            "unit_without_number",
            "is for numbers only",
        );
        check_allowed_values(&definition, &pointer("allowed_values"), checks);
        definition
    }
}

fn check_allowed_values(definition: &AttributeDefinition, pointer: &str, checks: &mut Checks) {
    let values = &definition.allowed_values;
    if definition.kind != AttributeKind::Choice {
        checks.require(
            values.is_empty(),
            pointer.to_owned(),
            "values_without_choice",
            "are for choices only",
        );
        return;
    }
    checks.count(values.len(), pointer.to_owned(), 1, MAX_ALLOWED_VALUES);
    let distinct: HashSet<_> = values.iter().map(|value| value.to_lowercase()).collect();
    checks.require(
        distinct.len() == values.len(),
        pointer.to_owned(),
        "duplicate",
        "must differ from each other",
    );
}
