use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Stands in front of OpenSearch and interferes with bulk requests.
#[derive(Clone)]
pub(crate) struct Faults(Arc<Inner>);

struct Inner {
    target: String,
    client: reqwest::Client,
    url: Mutex<String>,
    plan: watch::Sender<Plan>,
    seen: watch::Sender<Seen>,
}

/// What happens to the next bulk requests.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plan {
    Pass,
    /// So many pass, all others are held for ever.
    HoldAfter(usize),
    /// The next one is held for ever, all others pass.
    HoldNext,
    /// Refreshes wait for another plan.
    HoldRefreshes,
    /// The first item of the next one is answered with this status and error type, and not written.
    FailFirstItem(u16, &'static str),
}

/// Bulk requests so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) held: usize,
    pub(crate) refreshes_held: usize,
    /// Number of documents of each bulk that was answered by OpenSearch.
    pub(crate) passed: Vec<usize>,
}

impl Faults {
    pub(crate) async fn before(opensearch_url: &str, plan: Plan) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let faults = Self(Arc::new(Inner {
            target: opensearch_url.trim_end_matches('/').to_owned(),
            client: reqwest::Client::new(),
            url: Mutex::new(url),
            plan: watch::Sender::new(plan),
            seen: watch::Sender::default(),
        }));
        let router = Router::new().fallback(handle).with_state(faults.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        faults
    }

    pub(crate) fn url(&self) -> String {
        self.0.url.lock().unwrap().clone()
    }

    pub(crate) fn plan(&self, plan: Plan) {
        self.0.plan.send_replace(plan);
    }

    pub(crate) fn seen(&self) -> Seen {
        self.0.seen.borrow().clone()
    }

    async fn bulk(&self, path: &str, body: Bytes) -> Response {
        let plan = self.next_plan();
        let hold = match plan {
            Plan::HoldAfter(0) | Plan::HoldNext => true,
            Plan::Pass | Plan::HoldRefreshes | Plan::HoldAfter(_) | Plan::FailFirstItem(..) => {
                false
            }
        };
        if hold {
            self.0.seen.send_modify(|seen| seen.held += 1);
            return std::future::pending().await;
        }
        let lines: Vec<&[u8]> = body.split_inclusive(|byte| *byte == b'\n').collect();
        let num_documents = lines.len() / 2;
        let response = if let Plan::FailFirstItem(status, kind) = plan {
            self.without_first(path, &lines, status, kind).await
        } else {
            self.forward("POST", path, "application/x-ndjson", body)
                .await
        };
        self.0
            .seen
            .send_modify(|seen| seen.passed.push(num_documents));
        response
    }

    fn next_plan(&self) -> Plan {
        let mut now = Plan::Pass;
        self.0.plan.send_modify(|plan| {
            now = *plan;
            match now {
                Plan::HoldAfter(left) => *plan = Plan::HoldAfter(left.saturating_sub(1)),
                Plan::HoldNext | Plan::FailFirstItem(..) => *plan = Plan::Pass,
                Plan::Pass | Plan::HoldRefreshes => {}
            }
        });
        now
    }

    async fn pass_refresh(&self) {
        let mut plan = self.0.plan.subscribe();
        if matches!(*plan.borrow(), Plan::HoldRefreshes) {
            self.0.seen.send_modify(|seen| seen.refreshes_held += 1);
            let changed = plan
                .wait_for(|plan| !matches!(plan, Plan::HoldRefreshes))
                .await;
            drop(changed);
        }
    }

    async fn without_first(
        &self,
        path: &str,
        lines: &[&[u8]],
        status: u16,
        kind: &str,
    ) -> Response {
        let mut items = Vec::new();
        if lines.len() > 2 {
            let rest = Bytes::from(lines[2..].concat());
            let response = self.send("POST", path, "application/x-ndjson", rest).await;
            let answer: Value = response.json().await.unwrap();
            items.clone_from(answer["items"].as_array().unwrap());
        }
        items.insert(
            0,
            json!({"index": {"status": status, "error": {"type": kind, "reason": "by the test"}}}),
        );
        axum::Json(json!({ "items": items })).into_response()
    }

    async fn forward(&self, method: &str, path: &str, content_type: &str, body: Bytes) -> Response {
        let response = self.send(method, path, content_type, body).await;
        let status = response.status();
        let mut answer = Response::new(Body::from(response.bytes().await.unwrap()));
        *answer.status_mut() = status;
        answer
            .headers_mut()
            .insert("content-type", "application/json".parse().unwrap());
        answer
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> reqwest::Response {
        let url = format!("{}{path}", self.0.target);
        let request = self.0.client.request(method.parse().unwrap(), url);
        request
            .header("content-type", content_type)
            .body(body)
            .send()
            .await
            .unwrap()
    }
}

async fn handle(State(faults): State<Faults>, request: Request) -> Response {
    let method = request.method().to_string();
    let path = request.uri().path_and_query().unwrap().to_string();
    let body = axum::body::to_bytes(request.into_body(), usize::MAX)
        .await
        .unwrap();
    if path.contains("/_bulk") {
        return faults.bulk(&path, body).await;
    }
    if path.contains("/_refresh") {
        faults.pass_refresh().await;
    }
    faults
        .forward(&method, &path, "application/json", body)
        .await
}
