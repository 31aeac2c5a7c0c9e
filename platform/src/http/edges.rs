use std::any::Any;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;

use crate::problem::Problem;

/// Bodies above this many bytes are refused with 413.
pub const BODY_LIMIT: usize = 64 * 1024;

/// Puts the edges round a finished router: unknown routes and methods, the body limit, and panics become problem documents.
/// A route with a body limit of its own layers `DefaultBodyLimit` itself, which wins.
pub fn with_edges<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::custom(caught_panic))
}

async fn unknown_route(uri: Uri) -> Problem {
    Problem::not_found("route_unknown", "there is nothing at this path").instance(uri.path())
}

async fn unknown_method(method: Method, uri: Uri) -> Problem {
    let detail = format!("{method} is not possible here");
    Problem::new(
        axum::http::StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        detail,
    )
    .instance(uri.path())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature is tower-http's"
)]
fn caught_panic(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(
        panic = text.unwrap_or("of unknown kind"),
        "handler panicked"
    );
    Problem::hidden().into_response()
}
