use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use souk_platform::Problem;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::config::Config;
use crate::metrics;

/// How many queries run at once, and how long one may take. Too many are refused at once: a queue would only age them.
#[derive(Clone, Debug)]
pub(crate) struct InFlight {
    permits: Arc<Semaphore>,
    request_timeout: Duration,
}

impl InFlight {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(config.max_in_flight)),
            request_timeout: config.request_timeout(),
        }
    }
}

/// Holds a request to the limits and measures it. A query has no effects, so it can be dropped anywhere.
pub(crate) async fn limit_requests(
    State(limits): State<InFlight>,
    request: Request,
    next: Next,
) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unknown".to_owned(), |path| path.as_str().to_owned());
    let started = Instant::now();
    let response = run_within(&limits, request, next).await;
    metrics::answered(&route, response.status().as_u16(), started.elapsed());
    response
}

async fn run_within(limits: &InFlight, request: Request, next: Next) -> Response {
    let Ok(_permit) = limits.permits.try_acquire() else {
        metrics::overloaded();
        return Problem::unavailable(1, "too many queries are running, try again").into_response();
    };
    match timeout(limits.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::unavailable(1, "the query took too long").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tokio::sync::Notify;
    use tower::ServiceExt;

    use super::*;

    fn limited(config: &Config, router: Router) -> Router {
        router.layer(from_fn_with_state(InFlight::new(config), limit_requests))
    }

    async fn ask(router: Router) -> Response {
        let request = Request::get("/").body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_query_too_many_is_refused_at_once() {
        let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (in_handler, in_release) = (entered.clone(), release.clone());
        let wait = move || async move {
            in_handler.notify_one();
            in_release.notified().await;
        };
        let config = Config {
            max_in_flight: 1,
            ..Config::default()
        };
        let router = limited(&config, Router::new().route("/", get(wait)));
        let first = tokio::spawn(ask(router.clone()));
        entered.notified().await;
        let refused = ask(router).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        release.notify_one();
        assert_eq!(first.await.unwrap().status(), StatusCode::OK);
    }
}
