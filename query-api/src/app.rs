use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use serde::Serialize;
use souk_documents::{Document, Timestamp};
use souk_platform::auth::Verifier;
use souk_platform::consistency::ConsistencyTokens;
use souk_platform::http::with_edges;
use souk_platform::{Principal, Problem, clients};
use uuid::Uuid;

use crate::config::Config;
use crate::cursor::{Binding, CursorKey};
use crate::envelope::{Page, Single};
use crate::index::Index;
use crate::limits::{InFlight, limit_requests};
use crate::paging::Limit;
use crate::processor::Processor;
use crate::run::{Deps, Error};
use crate::search::Search;
use crate::visibility::Visibility;
use crate::{catalog, invoices, orders, users};

/// What handlers share.
#[derive(Clone, Debug)]
pub struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: Config,
    index: Index,
    cursors: CursorKey,
    verifier: Verifier,
    visibility: Visibility,
}

/// Where a listing is to go on, and what its cursor is good for.
#[derive(Debug)]
pub(crate) struct Paging<'a> {
    pub(crate) limit: Limit,
    pub(crate) cursor: Option<&'a str>,
    pub(crate) binding: Binding,
}

impl<'a> Paging<'a> {
    /// `parameters` serialize to what the cursor is bound to: all but cursor and limit.
    pub(crate) fn new(
        endpoint: &str,
        who: Option<&Principal>,
        parameters: &impl Serialize,
        limit: Limit,
        cursor: Option<&'a str>,
    ) -> Self {
        Self {
            limit,
            cursor,
            binding: Binding::new(endpoint, who, parameters),
        }
    }
}

impl App {
    /// Builds the state from clients that connect when they are used.
    pub fn new(config: Config, deps: &Deps, visibility: Visibility) -> Result<Self, Error> {
        let client = clients::opensearch(&deps.opensearch).map_err(Error::OpenSearch)?;
        Ok(Self(Arc::new(Shared {
            index: Index::new(client, deps.names.prefix.clone(), config.search_timeout),
            cursors: CursorKey::new(&deps.auth.secret),
            verifier: Verifier::new(&deps.auth),
            visibility,
            config,
        })))
    }

    /// Waits for the tokens' writes, then answers with one page.
    pub(crate) async fn list<D: Document>(
        &self,
        processor: Processor,
        tokens: &ConsistencyTokens,
        paging: &Paging<'_>,
        search: &Search<D>,
    ) -> Result<Page<D>, Problem> {
        let after = self.0.cursors.open(&paging.binding, paging.cursor)?;
        self.wait(processor, tokens).await?;
        let as_of = self.as_of(processor);
        let hits = self
            .0
            .index
            .find(search, paging.limit.size_to_ask(), after.as_deref())
            .await?;
        let (items, next) = paging.limit.cut(hits);
        let next_cursor = next.map(|after| self.0.cursors.seal(&paging.binding, &after));
        Ok(Page {
            items,
            next_cursor,
            as_of,
            query_id: Uuid::now_v7(),
        })
    }

    /// Waits for the tokens' writes, then answers with the one document, or with `None`.
    pub(crate) async fn find_one<D: Document>(
        &self,
        processor: Processor,
        tokens: &ConsistencyTokens,
        search: &Search<D>,
    ) -> Result<Option<Single<D>>, Problem> {
        self.wait(processor, tokens).await?;
        let as_of = self.as_of(processor);
        let hits = self.0.index.find(search, 1, None).await?;
        Ok(hits.into_iter().next().map(|hit| Single {
            item: hit.document,
            as_of,
            query_id: Uuid::now_v7(),
        }))
    }

    async fn wait(&self, processor: Processor, tokens: &ConsistencyTokens) -> Result<(), Problem> {
        self.0
            .visibility
            .wait(processor, tokens, self.0.config.consistency_wait)
            .await
    }

    /// Read before the search, so that it never promises more than the search could see.
    fn as_of(&self, processor: Processor) -> Option<Timestamp> {
        self.0
            .visibility
            .as_of(processor)
            .map(Timestamp::from_micros)
    }
}

impl FromRef<App> for Verifier {
    fn from_ref(app: &App) -> Self {
        app.0.verifier.clone()
    }
}

/// Builds all routes under `/api/v1`.
pub fn router(app: App) -> Router {
    let in_flight = InFlight::new(&app.0.config);
    let routes = Router::new()
        .route("/catalog/search", get(catalog::search_catalog))
        .route("/catalog/{listing_id}", get(catalog::get_listing))
        .route("/orders", get(orders::list_orders))
        .route("/orders/{id}", get(orders::get_order))
        .route("/orders/{id}/timeline", get(orders::get_timeline))
        .route("/invoices", get(invoices::list_invoices))
        .route("/invoices/{id}", get(invoices::get_invoice))
        .route("/users", get(users::list_users))
        .route("/users/me", get(users::get_me))
        .route("/users/{id}", get(users::get_user))
        .layer(from_fn_with_state(in_flight, limit_requests));
    with_edges(Router::new().nest("/api/v1", routes)).with_state(app)
}
