use souk_schemas::ids::CategoryId;

use super::MAX_DEPTH;
use crate::{
    refusal::{Refusal, RefusalKind},
    validation::Violations,
};

/// Why a command on the taxonomy was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaxonomyError {
    /// Correct the fields.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// Ask for a category that exists.
    #[error("there is no category {0}")]
    NotFound(CategoryId),
    /// Change the category that has this id instead of creating it.
    #[error("category {0} exists already")]
    Exists(CategoryId),
    /// Use one that is not retired.
    #[error("category {0} is retired")]
    Retired(CategoryId),
    /// Choose a parent that exists.
    #[error("there is no category {0} to be the parent")]
    ParentNotFound(CategoryId),
    /// Choose another name.
    #[error("a sibling is named {0:?} already")]
    NameTaken(String),
    /// Choose a parent that is not below the category.
    #[error("category {0} would be below itself")]
    Cycle(CategoryId),
    /// Choose a parent nearer to the top.
    #[error("the tree would be more than {MAX_DEPTH} categories deep")]
    TooDeep,
    /// Retire or move what is below first.
    #[error("category {0} has categories in use below it")]
    HasChildren(CategoryId),
}

impl Refusal for TaxonomyError {
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::NotFound(_) => "category_not_found",
            Self::Exists(_) => "category_exists",
            Self::Retired(_) => "category_retired",
            Self::ParentNotFound(_) => "parent_not_found",
            Self::NameTaken(_) => "name_taken",
            Self::Cycle(_) => "category_cycle",
            Self::TooDeep => "category_too_deep",
            Self::HasChildren(_) => "category_has_children",
        }
    }

    fn kind(&self) -> RefusalKind {
        match self {
            Self::Invalid(_) => RefusalKind::Invalid,
            Self::NotFound(_) => RefusalKind::Missing,
            Self::Exists(_)
            | Self::Retired(_)
            | Self::ParentNotFound(_)
            | Self::NameTaken(_)
            | Self::Cycle(_)
            | Self::TooDeep
            | Self::HasChildren(_) => RefusalKind::Conflict,
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            Self::Invalid(violations) => Some(violations),
            _ => None,
        }
    }
}
