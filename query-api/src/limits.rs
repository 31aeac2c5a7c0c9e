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
