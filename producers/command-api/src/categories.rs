use axum::extract::State;
use serde::Deserialize;
use souk_domain::taxonomy::{
    AttributeDefinitionInput, CreateCategory, MoveCategory, RenameCategory, SetCategoryAttributes,
    TAXONOMY_ID, Taxonomy,
};
use souk_domain::{AggregateState, Patch};
use souk_platform::Problem;
use souk_platform::http::Path;
use souk_schemas::Aggregate;
use souk_schemas::ids::CategoryId;
use souk_store::guards::external_ids::Namespace;
use souk_store::{UseCase, Work};
use uuid::Uuid;

use crate::answer::{Accepted, Done};
use crate::app::App;
use crate::change::{Change, load_matching};
use crate::error::CommandError;
use crate::external_id::claim_external_id;
use crate::input::{IfMatch, Input, NoBody, OptionalIfMatch};
use crate::users::Admin;

/// There is one taxonomy, so there is one name space.
pub(crate) const EXTERNAL_IDS: Namespace = Namespace {
    kind: "category",
    owner: Uuid::nil(),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateCategoryBody {
    name: String,
    #[serde(default)]
    parent_id: Option<CategoryId>,
    #[serde(default)]
    attributes: Vec<AttributeDefinitionInput>,
    #[serde(default)]
    external_id: Option<String>,
}

/// `POST /categories`: an administrator.
pub(crate) async fn create_category(
    State(app): State<App>,
    Admin(principal): Admin,
    OptionalIfMatch(if_match): OptionalIfMatch,
    Input { body, origin }: Input<CreateCategoryBody>,
) -> Result<Accepted, Problem> {
    let create = Create {
        if_match,
        command: CreateCategory {
            name: body.name,
            parent_id: body.parent_id,
        },
        attributes: SetCategoryAttributes {
            attributes: body.attributes,
        },
        external_id: body.external_id,
    };
    let accepted = app.accept(&principal, &origin, create).await?;
    Ok(accepted.created("categories"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeCategoryBody {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    parent_id: Patch<CategoryId>,
    #[serde(default)]
    attributes: Option<Vec<AttributeDefinitionInput>>,
}

/// `PUT /categories/{id}`: an administrator; what is absent stays, `"parent_id": null` moves to the top.
pub(crate) async fn change_category(
    State(app): State<App>,
    Admin(principal): Admin,
    Path(id): Path<CategoryId>,
    if_match: IfMatch,
    Input { body, origin }: Input<ChangeCategoryBody>,
) -> Result<Accepted, Problem> {
    let change = ChangeCategory { id, if_match, body };
    app.accept(&principal, &origin, change).await
}

/// `DELETE /categories/{id}`: an administrator.
pub(crate) async fn retire_category(
    State(app): State<App>,
    Admin(principal): Admin,
    Path(id): Path<CategoryId>,
    if_match: IfMatch,
    Input { origin, .. }: Input<NoBody>,
) -> Result<Accepted, Problem> {
    let retire = Change::<Taxonomy, _>::new(TAXONOMY_ID, if_match, move |taxonomy, ctx| {
        taxonomy.retire_category(ctx, id)
    });
    app.accept(&principal, &origin, retire).await
}

/// Refuses a category that listings cannot be put in.
pub(crate) async fn check_category(
    work: &mut Work,
    category_id: Option<CategoryId>,
) -> Result<(), CommandError> {
    let Some(category_id) = category_id else {
        return Ok(());
    };
    let taxonomies: Vec<Taxonomy> = work.peek_all(&[TAXONOMY_ID]).await?;
    let category = taxonomies
        .first()
        .and_then(|taxonomy| taxonomy.category(category_id));
    match category {
        None => Err(CommandError::field(
            "/category_id",
            "category_not_found",
            "must be a category",
        )),
        Some(category) if category.retired => Err(CommandError::field(
            "/category_id",
            "category_retired",
            "must be a category that is not retired",
        )),
        Some(_) => Ok(()),
    }
}

struct Create {
    if_match: IfMatch,
    command: CreateCategory,
    attributes: SetCategoryAttributes,
    external_id: Option<String>,
}

impl UseCase for Create {
    type Answer = Done;
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<Done, CommandError> {
        let mut taxonomy: Taxonomy = work.load(TAXONOMY_ID).await?;
        self.if_match.check(taxonomy.sequence())?;
        let id = CategoryId(work.context().new_id());
        let events = taxonomy.create_category(work.context(), id, &self.command)?;
        work.record(&mut taxonomy, events)?;
        let events = taxonomy.set_category_attributes(work.context(), id, &self.attributes)?;
        work.record(&mut taxonomy, events)?;
        claim_external_id(work, EXTERNAL_IDS, self.external_id.as_deref(), id).await?;
        Ok(Done::new(Aggregate::Taxonomy, TAXONOMY_ID, taxonomy.sequence()).part(id))
    }
}

struct ChangeCategory {
    id: CategoryId,
    if_match: IfMatch,
    body: ChangeCategoryBody,
}

impl UseCase for ChangeCategory {
    type Answer = Done;
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<Done, CommandError> {
        let mut taxonomy: Taxonomy = load_matching(work, TAXONOMY_ID, &self.if_match).await?;
        if let Some(name) = self.body.name.clone() {
            let command = RenameCategory { name };
            let events = taxonomy.rename_category(work.context(), self.id, &command)?;
            work.record(&mut taxonomy, events)?;
        }
        let parent_id = match &self.body.parent_id {
            Patch::Keep => None,
            Patch::Clear => Some(None),
            Patch::Set(parent_id) => Some(Some(*parent_id)),
        };
        if let Some(parent_id) = parent_id {
            let command = MoveCategory { parent_id };
            let events = taxonomy.move_category(work.context(), self.id, command)?;
            work.record(&mut taxonomy, events)?;
        }
        if let Some(attributes) = self.body.attributes.clone() {
            let command = SetCategoryAttributes { attributes };
            let events = taxonomy.set_category_attributes(work.context(), self.id, &command)?;
            work.record(&mut taxonomy, events)?;
        }
        if taxonomy.category(self.id).is_none() {
            return Err(souk_domain::taxonomy::TaxonomyError::NotFound(self.id).into());
        }
        Ok(Done::new(Aggregate::Taxonomy, TAXONOMY_ID, taxonomy.sequence()).part(self.id))
    }
}
