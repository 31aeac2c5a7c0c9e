use axum::extract::State;
use serde::{Deserialize, Serialize};
use souk_documents::UserDocument;
use souk_platform::consistency::ConsistencyTokens;
use souk_platform::http::{Path, Query};
use souk_platform::{Principal, Problem, Role};
use uuid::Uuid;

use crate::app::{App, Paging};
use crate::envelope::{Page, Single};
use crate::paging::Limit;
use crate::processor::Processor;
use crate::scope::OwnerScope;
use crate::search::{Order, Search};

type User = UserDocument<'static>;

const STAFF: &[Role] = &[Role::Admin];

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListUsers {
    /// Exactly this e-mail address.
    email: Option<String>,
    external_id: Option<String>,
    role: Option<Role>,
    #[serde(skip_serializing)]
    limit: Limit,
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

/// The directory, by name; administrators only.
pub(crate) async fn list_users(
    State(app): State<App>,
    principal: Principal,
    tokens: ConsistencyTokens,
    Query(query): Query<ListUsers>,
) -> Result<Page<User>, Problem> {
    let scope = OwnerScope::everyone(&principal, STAFF)?;
    let paging = Paging::new(
        "users",
        Some(&principal),
        &query,
        query.limit,
        query.cursor.as_deref(),
    );
    app.list(
        Processor::Users,
        &tokens,
        &paging,
        &build_search(&scope, &query),
    )
    .await
}

fn build_search(scope: &OwnerScope, query: &ListUsers) -> Search<User> {
    Search::private(scope)
        .maybe_term(
            "email",
            query.email.as_ref().map(|email| email.to_lowercase()),
        )
        .maybe_term("external_id", query.external_id.as_ref())
        .maybe_term("roles", query.role)
        .sort("name.keyword", Order::Asc)
}

/// One person: oneself, or anyone for administrators.
pub(crate) async fn get_user(
    State(app): State<App>,
    principal: Principal,
    tokens: ConsistencyTokens,
    Path(id): Path<Uuid>,
) -> Result<Single<User>, Problem> {
    find(
        &app,
        &OwnerScope::own_unless(&principal, STAFF),
        &tokens,
        id,
    )
    .await
}

/// The signed-in person.
pub(crate) async fn get_me(
    State(app): State<App>,
    principal: Principal,
    tokens: ConsistencyTokens,
) -> Result<Single<User>, Problem> {
    find(
        &app,
        &OwnerScope::own(&principal),
        &tokens,
        principal.user_id,
    )
    .await
}

async fn find(
    app: &App,
    scope: &OwnerScope,
    tokens: &ConsistencyTokens,
    id: Uuid,
) -> Result<Single<User>, Problem> {
    let search = Search::private(scope).term("id", id);
    let found = app.find_one(Processor::Users, tokens, &search).await?;
    found.ok_or_else(|| {
        Problem::not_found("user_not_found", format!("there is no user {id} for you"))
    })
}
