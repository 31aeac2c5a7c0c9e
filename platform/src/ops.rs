//! The operations port: `/livez`, `/readyz`, `/startupz`, `/metrics`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

/// Named readiness checks; a process is ready when all of them are.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    checks: Mutex<BTreeMap<String, Check>>,
    started: AtomicBool,
}

#[derive(Clone, Debug, Serialize)]
struct Check {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// One readiness check, held by who knows the answer. Not ready until told otherwise.
#[derive(Clone, Debug)]
pub struct Readiness {
    name: String,
    health: Health,
}

impl Health {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check that starts as not ready.
    pub fn register(&self, name: impl Into<String>) -> Readiness {
        let readiness = Readiness {
            name: name.into(),
            health: self.clone(),
        };
        readiness.not_ready("starting");
        readiness
    }

    pub fn is_ready(&self) -> bool {
        self.checks().values().all(|check| check.ready)
    }

    fn checks(&self) -> MutexGuard<'_, BTreeMap<String, Check>> {
        self.0.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, name: &str, check: Check) {
        let mut checks = self.checks();
        checks.insert(name.to_owned(), check);
        if checks.values().all(|check| check.ready) {
            self.0.started.store(true, Ordering::Relaxed);
        }
    }

    fn report(&self, good: bool) -> Response {
        let status = if good {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        let checks = self.checks().clone();
        (
            status,
            Json(serde_json::json!({ "ready": good, "checks": checks })),
        )
            .into_response()
    }
}

impl Readiness {
    pub fn ready(&self) {
        self.health.set(
            &self.name,
            Check {
                ready: true,
                reason: None,
            },
        );
    }

    /// The reason is shown to operators; it must hold no secrets.
    pub fn not_ready(&self, reason: impl Into<String>) {
        self.health.set(
            &self.name,
            Check {
                ready: false,
                reason: Some(reason.into()),
            },
        );
    }
}

/// Builds the operations endpoints; serve them on a port of their own.
pub fn ops_router(metrics: PrometheusHandle, health: Health) -> Router {
    let readyz = |State(health): State<Health>| async move { health.report(health.is_ready()) };
    let startupz = |State(health): State<Health>| async move {
        health.report(health.0.started.load(Ordering::Relaxed))
    };
    let render = move || async move {
        (
            [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
            metrics.render(),
        )
    };
    Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(readyz))
        .route("/startupz", get(startupz))
        .route("/metrics", get(render))
        .with_state(health)
}

/// Keeps the recorder's memory bounded while nobody scrapes; run it beside the operations port.
pub async fn run_metrics_upkeep(metrics: PrometheusHandle, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        metrics.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;
    use crate::telemetry;

    async fn status(health: &Health, path: &str) -> StatusCode {
        let router = ops_router(telemetry::metrics(), health.clone());
        router
            .oneshot(Request::get(path).body(Body::empty()).unwrap())
            .await
            .unwrap()
            .status()
    }

    #[tokio::test]
    async fn readiness_follows_the_checks_and_startup_is_remembered() {
        let health = Health::new();
        let (kafka, search) = (health.register("kafka"), health.register("opensearch"));
        kafka.ready();
        assert_eq!(
            status(&health, "/readyz").await,
            StatusCode::SERVICE_UNAVAILABLE
        );
        assert_eq!(
            status(&health, "/startupz").await,
            StatusCode::SERVICE_UNAVAILABLE
        );
        search.ready();
        assert_eq!(status(&health, "/readyz").await, StatusCode::OK);
        kafka.not_ready("no broker answers");
        assert_eq!(
            status(&health, "/readyz").await,
            StatusCode::SERVICE_UNAVAILABLE
        );
        assert_eq!(status(&health, "/startupz").await, StatusCode::OK);
        assert_eq!(status(&health, "/livez").await, StatusCode::OK);
        assert_eq!(status(&health, "/metrics").await, StatusCode::OK);
    }
}
