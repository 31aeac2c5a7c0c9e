use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use souk_command_api::{BootstrapAdmin, Config, Deps, PasswordConfig, run_on};
use souk_platform::auth::{AuthConfig, Issuer};
use souk_platform::ops::Health;
use souk_platform::{Principal, Role, Roles, consistency};
use souk_schemas::{Decoder, Encoder, Registry};
use souk_stack::{Space, TestStack, eventually};
use sqlx::{MySqlPool, Row as _};
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) const DEADLINE: Duration = Duration::from_mins(2);
pub(crate) const ADMIN_EMAIL: &str = "root@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A command API of the test's own, with a database and schemas of its own.
pub(crate) struct TestApp {
    pub(crate) space: Space,
    pub(crate) pool: MySqlPool,
    pub(crate) address: SocketAddr,
    pub(crate) health: Health,
    http: reqwest::Client,
    shutdown: CancellationToken,
    server: JoinHandle<()>,
}

/// Who sends a request.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) token: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

/// A configuration that does not make tests wait.
pub(crate) fn config() -> Config {
    let mut config = Config {
        request_timeout: Duration::from_mins(1),
        passwords: PasswordConfig {
            memory_kib: 8,
            iterations: 1,
            ..PasswordConfig::default()
        },
        bootstrap_admin: Some(BootstrapAdmin {
            email: ADMIN_EMAIL.to_owned(),
            password: PASSWORD.into(),
        }),
        ..Config::default()
    };
    config.store.acquire_timeout = Duration::from_mins(1);
    config.store.lock_wait = Duration::from_mins(1);
    config.store.max_connections = 8;
    config.payments.poll_interval = Duration::from_millis(20);
    config.payments.first_pause = Duration::from_millis(1);
    config.payments.max_pause = Duration::from_millis(20);
    config
}

impl TestApp {
    pub(crate) async fn start(name: &str) -> Self {
        Self::start_with(name, config()).await
    }

    pub(crate) async fn start_on_mariadb(name: &str) -> Self {
        let space = TestStack::mariadb().await.space(name).await;
        Self::start_in(space, config()).await
    }

    pub(crate) async fn start_with(name: &str, config: Config) -> Self {
        let space = TestStack::get().await.space(name).await;
        Self::start_in(space, config).await
    }

    /// Starts in a space that may have data.
    pub(crate) async fn start_in(space: Space, config: Config) -> Self {
        let url = space.mysql_url.clone();
        Self::start_through(space, &url, config).await
    }

    /// Starts with another way to the database than the test's own.
    pub(crate) async fn start_through(space: Space, database_url: &str, config: Config) -> Self {
        let registry = Registry::new(&space.registry_url).unwrap();
        let encoder = encoder(&registry, &space.prefix).await;
        let health = Health::new();
        let deps = Deps {
            database_url: database_url.into(),
            auth: auth(),
            encoder,
            decoder: Arc::new(Decoder::new(registry)),
            health: health.clone(),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let server = tokio::spawn(async move {
            run_on(listener, config, deps, stop).await.unwrap();
        });
        let pool = MySqlPool::connect(&space.mysql_url).await.unwrap();
        let app = Self {
            space,
            pool,
            address,
            health,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            shutdown,
            server,
        };
        eventually(DEADLINE, "the command api to be ready", async || {
            app.health.is_ready().then_some(())
        })
        .await;
        app
    }

    /// Stops as on a signal, and hands back the space.
    pub(crate) async fn stop(mut self) -> Space {
        self.shutdown.cancel();
        (&mut self.server).await.unwrap();
        self.space.clone()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}/api/v1{path}", self.address);
        self.http.request(method, url)
    }

    /// A POST under a key of its own.
    pub(crate) fn post(&self, person: &Person, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
            .bearer_auth(&person.token)
            .header("idempotency-key", Uuid::now_v7().to_string())
    }

    /// A change of something that is at `sequence`.
    pub(crate) fn change(
        &self,
        method: Method,
        person: &Person,
        path: &str,
        sequence: u64,
    ) -> RequestBuilder {
        self.request(method, path)
            .bearer_auth(&person.token)
            .header("idempotency-key", Uuid::now_v7().to_string())
            .header("if-match", format!("\"{sequence}\""))
    }

    pub(crate) async fn admin(&self) -> Person {
        self.log_in(ADMIN_EMAIL).await
    }

    /// Registers somebody and logs them in.
    pub(crate) async fn somebody(&self) -> Person {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let email = format!("person{number}@example.com");
        let body =
            json!({"email": email, "password": PASSWORD, "name": format!("Person {number}")});
        let request = self
            .request(Method::POST, "/users/register")
            .header("idempotency-key", email.clone());
        send(request.json(&body)).await.expect(201);
        self.log_in(&email).await
    }

    pub(crate) async fn log_in(&self, email: &str) -> Person {
        let body = json!({"email": email, "password": PASSWORD});
        let reply = send(self.request(Method::POST, "/users/login").json(&body)).await;
        let session = reply.expect(200);
        Person {
            id: session["user_id"].as_str().unwrap().parse().unwrap(),
            token: session["access_token"].as_str().unwrap().to_owned(),
        }
    }

    /// Drafts and publishes a listing; it is at sequence 2 then.
    pub(crate) async fn listing(&self, seller: &Person, price_minor: i64, quantity: i64) -> Uuid {
        let reply = send(
            self.post(seller, "/listings")
                .json(&lamp(price_minor, quantity)),
        )
        .await;
        let id = reply.id_of(201);
        let path = format!("/listings/{id}/publish");
        send(self.change(Method::POST, seller, &path, 1))
            .await
            .expect(200);
        id
    }

    /// Orders pieces of one listing.
    pub(crate) async fn order(&self, buyer: &Person, listing: Uuid, quantity: i64) -> Reply {
        let body = json!({
            "lines": [{"listing_id": listing, "quantity": quantity}],
            "payment_method": "credit_card",
        });
        send(self.post(buyer, "/orders").json(&body)).await
    }

    /// The types of an aggregate's events, in order.
    pub(crate) async fn events(&self, aggregate: &str, id: Uuid) -> Vec<String> {
        let rows = sqlx::query(
            "SELECT event_type FROM events WHERE aggregate_type = ? AND aggregate_id = ? ORDER BY sequence",
        )
        .bind(aggregate)
        .bind(id.to_string())
        .fetch_all(&self.pool)
        .await
        .unwrap();
        rows.iter().map(|row| row.get("event_type")).collect()
    }

    /// Waits until an aggregate's events end with this one.
    pub(crate) async fn until_event(&self, aggregate: &str, id: Uuid, last: &str) -> Vec<String> {
        eventually(
            DEADLINE,
            &format!("{last} of {aggregate} {id}"),
            async || {
                let events = self.events(aggregate, id).await;
                (events.last().is_some_and(|event| event == last)).then_some(events)
            },
        )
        .await
    }

    /// The stock of a listing: offered, reserved, sold.
    pub(crate) async fn stock(&self, listing: Uuid) -> (i64, i64, i64) {
        let state: Vec<u8> = sqlx::query_scalar(
            "SELECT state FROM aggregates WHERE aggregate_type = 'listing' AND aggregate_id = ?",
        )
        .bind(listing.to_string())
        .fetch_one(&self.pool)
        .await
        .unwrap();
        let state: souk_domain::listing::Listing = serde_json::from_slice(&state).unwrap();
        let stock = &state.offer().unwrap().stock;
        (stock.quantity, stock.reserved, stock.sold)
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Registers the schemas once for all tests: under the first one's prefix, which only the registry sees.
async fn encoder(registry: &Registry, prefix: &str) -> Arc<Encoder> {
    static ENCODER: OnceCell<Arc<Encoder>> = OnceCell::const_new();
    let connect = async || {
        registry.register_all(prefix).await.unwrap();
        Arc::new(Encoder::connect(registry, prefix).await.unwrap())
    };
    Arc::clone(ENCODER.get_or_init(connect).await)
}

pub(crate) fn auth() -> AuthConfig {
    AuthConfig {
        secret: "a secret of thirty-two bytes, ok".into(),
        ..AuthConfig::default()
    }
}

/// Somebody with a token but nothing else.
pub(crate) fn stranger(roles: impl IntoIterator<Item = Role>) -> Person {
    let principal = Principal {
        user_id: Uuid::now_v7(),
        roles: Roles::from_iter(roles),
    };
    Person {
        id: principal.user_id,
        token: Issuer::new(&auth()).issue(&principal),
    }
}

pub(crate) fn lamp(price_minor: i64, quantity: i64) -> Value {
    json!({
        "title": "A lamp",
        "condition": "good",
        "price": {"amount_minor": price_minor, "currency": "EUR"},
        "quantity": quantity,
    })
}

pub(crate) async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let bytes = response.bytes().await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Reply {
        status,
        headers,
        body,
    }
}

impl Reply {
    /// The body, if the status is this one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.body);
        &self.body
    }

    #[track_caller]
    pub(crate) fn id_of(&self, status: u16) -> Uuid {
        self.expect(status)["id"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The aggregates and sequences of the consistency tokens.
    pub(crate) fn tokens(&self) -> Vec<(String, Uuid, u64)> {
        let tokens = consistency::Token::decode_list(self.header("souk-consistency")).unwrap();
        tokens
            .into_iter()
            .map(|token| (token.aggregate, token.aggregate_id, token.sequence))
            .collect()
    }
}

/// Checks that a reply is a problem document with this status and code, and returns the pointers of its errors.
#[track_caller]
pub(crate) fn assert_problem(reply: &Reply, status: u16, code: &str) -> Vec<String> {
    assert_eq!(
        (reply.status, reply.body["code"].as_str()),
        (status, Some(code)),
        "{}",
        reply.body
    );
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(reply.body["status"], status);
    let errors = reply.body["errors"].as_array().cloned().unwrap_or_default();
    errors
        .iter()
        .map(|error| error["pointer"].as_str().unwrap().to_owned())
        .collect()
}
