use axum::extract::State;
use souk_documents::CatalogDocument;
use souk_platform::consistency::ConsistencyTokens;
use souk_platform::http::Path;
use souk_platform::{OptionalPrincipal, Problem};
use uuid::Uuid;

use crate::app::{App, Paging};
use crate::envelope::{Page, Single};
use crate::processor::Processor;
use crate::search::Search;

mod body;
mod parameters;

use body::build_search;
use parameters::SearchCatalog;

type Listing = CatalogDocument<'static>;

/// Listings that fit words and filters; for anybody.
pub(crate) async fn search_catalog(
    State(app): State<App>,
    OptionalPrincipal(principal): OptionalPrincipal,
    tokens: ConsistencyTokens,
    query: SearchCatalog,
) -> Result<Page<Listing>, Problem> {
    let paging = Paging::new(
        "catalog",
        principal.as_ref(),
        &query,
        query.limit,
        query.cursor.as_deref(),
    );
    app.list(Processor::Catalog, &tokens, &paging, &build_search(&query))
        .await
}

/// One listing on offer; for anybody.
pub(crate) async fn get_listing(
    State(app): State<App>,
    tokens: ConsistencyTokens,
    Path(id): Path<Uuid>,
) -> Result<Single<Listing>, Problem> {
    let found = app
        .find_one(
            Processor::Catalog,
            &tokens,
            &Search::public().term("id", id),
        )
        .await?;
    found.ok_or_else(|| {
        Problem::not_found(
            "listing_not_found",
            format!("there is no listing {id} on offer"),
        )
    })
}
