use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::Method;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{patch, post, put};
use souk_platform::http::with_edges;
use tracing::Instrument;

use crate::app::App;
use crate::{accounts, categories, import, listings, metrics, orders, users};

/// An import request holds a thousand items.
const IMPORT_BODY_LIMIT: usize = 8 * 1024 * 1024;

/// Builds all routes under `/api/v1`.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .merge(of_people())
        .merge(of_things())
        .nest("/admin/import", of_imports())
        .layer(from_fn(measure));
    with_edges(Router::new().nest("/api/v1", routes)).with_state(app)
}

fn of_people() -> Router<App> {
    Router::new()
        .route("/users", post(users::create_user))
        .route("/users/register", post(users::register))
        .route("/users/login", post(users::log_in))
        .route("/users/me", put(users::change_profile))
        .route("/users/{id}/roles", post(users::change_role))
        .route("/accounts/me/addresses", post(accounts::add_address))
        .route(
            "/accounts/me/addresses/{id}",
            put(accounts::change_address).delete(accounts::remove_address),
        )
        .route(
            "/accounts/me/default-address",
            put(accounts::set_default_address),
        )
}

fn of_things() -> Router<App> {
    Router::new()
        .route("/categories", post(categories::create_category))
        .route(
            "/categories/{id}",
            put(categories::change_category).delete(categories::retire_category),
        )
        .route("/listings", post(listings::draft_listing))
        .route(
            "/listings/{id}",
            patch(listings::change_details).delete(listings::withdraw_listing),
        )
        .route("/listings/{id}/publish", post(listings::publish_listing))
        .route("/listings/{id}/pause", post(listings::pause_listing))
        .route("/listings/{id}/resume", post(listings::resume_listing))
        .route("/listings/{id}/stock", post(listings::adjust_stock))
        .route("/listings/{id}/price", post(listings::change_price))
        .route("/orders", post(orders::place_order))
        .route("/orders/{id}/cancel", post(orders::cancel_order))
        .route("/orders/{id}/refund", post(orders::refund_order))
}

fn of_imports() -> Router<App> {
    Router::new()
        .route("/users", post(import::import_users))
        .route("/categories", post(import::import_categories))
        .route("/listings", post(import::import_listings))
        .route("/orders", post(import::import_orders))
        .layer(DefaultBodyLimit::max(IMPORT_BODY_LIMIT))
}

/// Spans and measures one request. The path is left out of both: only the route is free of ids.
async fn measure(request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unknown".to_owned(), |path| path.as_str().to_owned());
    let method = name_of(request.method());
    let span = tracing::debug_span!(
        "http.request.handle",
        http.method = method,
        http.route = route
    );
    let started = Instant::now();
    let response = next.run(request).instrument(span).await;
    metrics::answered(
        &route,
        method,
        response.status().as_u16(),
        started.elapsed(),
    );
    response
}

/// Anybody may invent methods, and each would be a time series of its own.
fn name_of(method: &Method) -> &'static str {
    match method.as_str() {
        "DELETE" => "DELETE",
        "GET" => "GET",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        "POST" => "POST",
        "PUT" => "PUT",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_methods_are_all_called_the_same() {
        let name = |method: &str| name_of(&method.parse().unwrap());
        assert_eq!([name("POST"), name("PATCH")], ["POST", "PATCH"]);
        assert_eq!([name("BREW"), name("post")], ["other", "other"]);
    }
}
