use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{FutureProducer, FutureRecord};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use souk_documents::Document;
use souk_platform::auth::{AuthConfig, Issuer};
use souk_platform::clients::{KafkaConfig, NamesConfig, OpenSearchConfig};
use souk_platform::consistency::{HEADER, Token};
use souk_platform::ops::Health;
use souk_platform::progress::{Progress, TOPIC};
use souk_platform::{Principal, Role, Roles};
use souk_query_api::{Config, Deps, run_on};
use souk_stack::{Space, TestStack, eventually};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

pub(crate) const DEADLINE: Duration = Duration::from_mins(2);

/// A query API with indices and a progress topic of its own, serving until dropped.
pub(crate) struct TestApp {
    base: String,
    http: reqwest::Client,
    issuer: Issuer,
    space: Space,
    _shutdown: DropGuard,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(patient_config(Duration::from_millis(200))).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        let space = TestStack::get().await.space("query").await;
        create_progress_topic(&space).await;
        let opensearch = OpenSearchConfig {
            url: space.opensearch_url.parse().unwrap(),
            ..OpenSearchConfig::default()
        };
        Self::start_in(space, config, opensearch).await
    }

    /// An API whose OpenSearch does not exist.
    pub(crate) async fn start_without_opensearch() -> Self {
        let space = TestStack::get().await.space("query").await;
        let opensearch = OpenSearchConfig {
            url: "http://127.0.0.1:1".parse().unwrap(),
            ..OpenSearchConfig::default()
        };
        Self::start_in(space, Config::default(), opensearch).await
    }

    async fn start_in(space: Space, config: Config, opensearch: OpenSearchConfig) -> Self {
        let auth = AuthConfig {
            secret: "the secret of the query api's tests".into(),
            ..AuthConfig::default()
        };
        let issuer = Issuer::new(&auth);
        let deps = Deps {
            auth,
            kafka: KafkaConfig {
                bootstrap: space.kafka.clone(),
                ..KafkaConfig::default()
            },
            opensearch,
            names: NamesConfig {
                prefix: space.prefix.clone(),
            },
            health: Health::new(),
        };
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .await
            .unwrap();
        let base = format!("http://{}/api/v1", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        tokio::spawn(run_on(listener, config, deps, shutdown.clone()));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            base,
            http,
            issuer,
            space,
            _shutdown: shutdown.drop_guard(),
        }
    }

    /// Creates the index of a type with these documents in it.
    pub(crate) async fn index<D: Document>(&self, documents: &[D]) {
        let values = documents
            .iter()
            .map(|document| serde_json::to_value(document).unwrap())
            .collect();
        self.index_values::<D>(values).await;
    }

    pub(crate) async fn index_values<D: Document>(&self, documents: Vec<Value>) {
        let alias = format!("{}{}", self.space.prefix, D::ALIAS);
        let index = format!(
            "{}/{alias}-000001",
            self.space.opensearch_url.trim_end_matches('/')
        );
        let mut body: Value = serde_json::from_str(D::MAPPING).unwrap();
        body["aliases"][&alias] = Value::Object(serde_json::Map::new());
        succeed(self.http.put(&index).json(&body)).await;
        for document in documents {
            let url = format!("{index}/_doc/{}", document["id"].as_str().unwrap());
            succeed(self.http.put(&url).json(&document)).await;
        }
        succeed(self.http.post(format!("{index}/_refresh"))).await;
    }

    /// Publishes a report as a processor would.
    pub(crate) async fn publish(&self, progress: &Progress) {
        let producer: FutureProducer = kafka(&self.space).create().unwrap();
        let (topic, payload) = (
            progress_topic(&self.space),
            serde_json::to_vec(progress).unwrap(),
        );
        let record = FutureRecord::<(), _>::to(&topic).payload(&payload);
        producer
            .send(record, DEADLINE)
            .await
            .map_err(|(error, _)| error)
            .unwrap();
    }

    pub(crate) fn get(&self, path: &str) -> Query {
        Query(self.http.get(format!("{}{path}", self.base)))
    }

    pub(crate) fn get_as(&self, person: Uuid, roles: &[Role], path: &str) -> Query {
        let roles: Roles = roles.iter().copied().collect();
        let token = self.issuer.issue(&Principal {
            user_id: person,
            roles,
        });
        Query(self.get(path).0.bearer_auth(token))
    }
}

/// A request to the query API.
pub(crate) struct Query(RequestBuilder);

impl Query {
    pub(crate) fn consistent_with(self, token: &Token) -> Self {
        Self(self.0.header(HEADER.as_str(), token.to_string()))
    }

    pub(crate) async fn ok(self) -> Value {
        let (status, body) = self.send().await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    /// Sends and expects a problem document with this status and code.
    pub(crate) async fn refused(self, status: u16, code: &str) -> Value {
        let (got, body) = self.send().await;
        assert_eq!(
            (got.as_u16(), body["code"].as_str()),
            (status, Some(code)),
            "{body}"
        );
        body
    }

    pub(crate) async fn send(self) -> (StatusCode, Value) {
        let response = self.0.send().await.unwrap();
        let status = response.status();
        let headers = response.headers().clone();
        let body = response.json().await.unwrap();
        if !status.is_success() {
            assert_eq!(
                headers["content-type"], "application/problem+json",
                "{body}"
            );
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(headers["retry-after"], "1", "{body}");
        }
        (status, body)
    }
}

/// A configuration for machines under load: only the wait for tokens is short, where a test wants to see its end.
pub(crate) fn patient_config(consistency_wait: Duration) -> Config {
    Config {
        consistency_wait,
        search_timeout: Duration::from_mins(1),
        ..Config::default()
    }
}

/// The ids of a page's items, in order.
pub(crate) fn ids(page: &Value) -> Vec<String> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn succeed(request: RequestBuilder) {
    let response = request.send().await.unwrap();
    let status = response.status();
    assert!(
        status.is_success(),
        "{status}: {}",
        response.text().await.unwrap()
    );
}

fn progress_topic(space: &Space) -> String {
    format!("{}{TOPIC}", space.prefix)
}

fn kafka(space: &Space) -> ClientConfig {
    souk_platform::clients::kafka_config(&KafkaConfig {
        bootstrap: space.kafka.clone(),
        ..KafkaConfig::default()
    })
}

async fn create_progress_topic(space: &Space) {
    let admin: AdminClient<DefaultClientContext> = kafka(space).create().unwrap();
    let topic = progress_topic(space);
    eventually(DEADLINE, "the progress topic is created", async || {
        let new = NewTopic::new(&topic, 1, TopicReplication::Fixed(1));
        let results = admin
            .create_topics(&[new], &AdminOptions::new())
            .await
            .ok()?;
        let is_there =
            |result: Result<String, (String, rdkafka::types::RDKafkaErrorCode)>| match result {
                Ok(_) => true,
                Err((_, code)) => code == rdkafka::types::RDKafkaErrorCode::TopicAlreadyExists,
            };
        results.into_iter().all(is_there).then_some(())
    })
    .await;
}
