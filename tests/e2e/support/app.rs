use std::{
    collections::BTreeMap,
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use souk_stack::{Space, TestStack, eventually};
use uuid::Uuid;

/// The bound on anything that ought to happen; machines are shared and slow at times.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
pub(crate) const ROLES: [&str; 4] = ["command-api", "relay", "processors", "query-api"];
const ADMIN: (&str, &str) = ("admin@souk.test", "an admin of tests only");
const PASSWORD: &str = "a password of tests only";

/// A whole pipeline of its own on shared servers: every role is a process.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) space: Space,
    command: String,
    query: String,
    settings: Vec<(String, String)>,
    ops: BTreeMap<&'static str, String>,
    folder: PathBuf,
    roles: Mutex<BTreeMap<&'static str, Child>>,
    http: reqwest::Client,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    /// Of the registration: names follow it into documents.
    pub(crate) since: Option<String>,
    token: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) etag: Option<String>,
    pub(crate) consistency: Option<String>,
    pub(crate) content_type: String,
}

impl App {
    /// Starts every role on the shared servers.
    pub(crate) async fn start(name: &str) -> Self {
        let stack = TestStack::get().await;
        let app = Self::prepare(stack.space(name).await, &[]);
        app.start_roles(&ROLES).await;
        app
    }

    /// Makes tables, schemas and topics; starts nothing.
    pub(crate) fn prepare(space: Space, settings: &[(&str, &str)]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&space.prefix);
        std::fs::create_dir_all(&folder).expect("a folder for logs and state can be made");
        let (command, query) = (free_address(), free_address());
        let ops: BTreeMap<&str, String> = ROLES
            .into_iter()
            .map(|role| (role, free_address()))
            .collect();
        let mut all = vec![
            ("NAMES__PREFIX".to_owned(), space.prefix.clone()),
            ("MYSQL__URL".to_owned(), space.mysql_url.clone()),
            ("KAFKA__BOOTSTRAP".to_owned(), space.kafka.clone()),
            ("REGISTRY__URL".to_owned(), space.registry_url.clone()),
            ("OPENSEARCH__URL".to_owned(), space.opensearch_url.clone()),
            (
                "AUTH__SECRET".to_owned(),
                "a secret of tests, of more than 32 bytes".to_owned(),
            ),
            ("AUTH__TOKEN_LIFETIME".to_owned(), "2h".to_owned()),
            ("COMMAND_API__LISTEN".to_owned(), command.clone()),
            (
                "COMMAND_API__BOOTSTRAP_ADMIN__EMAIL".to_owned(),
                ADMIN.0.to_owned(),
            ),
            (
                "COMMAND_API__BOOTSTRAP_ADMIN__PASSWORD".to_owned(),
                ADMIN.1.to_owned(),
            ),
            ("QUERY_API__LISTEN".to_owned(), query.clone()),
            ("QUERY_API__CONSISTENCY_WAIT".to_owned(), "60s".to_owned()),
            (
                "PROCESSORS__STATE_DIR".to_owned(),
                folder.join("state").display().to_string(),
            ),
        ];
        all.extend(ops.iter().map(|(role, address)| {
            (
                format!("OPS__{}", role.replace('-', "_").to_uppercase()),
                address.clone(),
            )
        }));
        all.extend(
            settings
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        );
        let app = Self {
            space,
            command: format!("http://{command}/api/v1"),
            query: format!("http://{query}/api/v1"),
            settings: all,
            ops,
            folder,
            roles: Mutex::default(),
            http: reqwest::Client::builder()
                .timeout(PATIENCE)
                .build()
                .expect("an HTTP client can be built"),
        };
        for verb in [
            &["migrate"][..],
            &["schemas", "register"],
            &["topics", "apply"],
        ] {
            let output = app.souk(verb);
            assert!(
                output.status.success(),
                "souk {verb:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        app
    }

    /// Runs a verb of the binary against this pipeline and returns when it ended.
    pub(crate) fn souk(&self, arguments: &[&str]) -> std::process::Output {
        self.binary()
            .args(arguments)
            .output()
            .expect("the binary runs")
    }

    fn binary(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_souk"));
        command.arg("--home").arg(&self.folder);
        for (key, value) in &self.settings {
            command.env(format!("SOUK__{key}"), value);
        }
        command
    }

    /// Starts roles that are down and waits until they are ready.
    pub(crate) async fn start_roles(&self, names: &[&'static str]) {
        for name in names {
            self.spawn_role(name);
        }
        for name in names {
            self.wait_ready(name).await;
        }
    }

    pub(crate) fn spawn_role(&self, name: &'static str) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log(name))
            .expect("a log can be opened");
        let child = self
            .binary()
            .args(["run", name])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let before = self
            .roles
            .lock()
            .expect("no test thread panicked while holding the roles")
            .insert(name, child);
        assert!(before.is_none(), "{name} was running already");
    }

    pub(crate) async fn wait_ready(&self, name: &str) {
        let url = format!("http://{}/readyz", self.ops[name]);
        let what = format!("{name} to be ready, see {}", self.log(name).display());
        eventually(PATIENCE, &what, async || {
            let answer = self
                .http
                .get(&url)
                .timeout(Duration::from_secs(5))
                .send()
                .await
                .ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    /// Ends a role as a crash would.
    pub(crate) fn kill_role(&self, name: &str) {
        let child = self
            .roles
            .lock()
            .expect("no test thread panicked while holding the roles")
            .remove(name);
        let mut child = child.unwrap_or_else(|| panic!("{name} is not running"));
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
    }

    fn log(&self, role: &str) -> PathBuf {
        self.folder.join(format!("{role}.log"))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Signs a new person up and in.
    pub(crate) async fn register(&self, name: &str) -> Person {
        let email = format!("{}@souk.test", Uuid::new_v4().simple());
        let body = json!({"email": email, "name": name, "password": PASSWORD});
        let registered = self.post(None, "/users/register", body).await.created();
        Person {
            since: registered.consistency,
            ..self.log_in(&email, PASSWORD).await
        }
    }

    pub(crate) async fn admin(&self) -> Person {
        self.log_in(ADMIN.0, ADMIN.1).await
    }

    async fn log_in(&self, email: &str, password: &str) -> Person {
        let body = json!({"email": email, "password": password});
        let answer = self.post(None, "/users/login", body).await.success();
        let text = |key: &str| {
            answer.body[key]
                .as_str()
                .unwrap_or_else(|| panic!("{key} in {}", answer.body))
                .to_owned()
        };
        Person {
            id: text("user_id"),
            email: email.to_owned(),
            since: None,
            token: text("access_token"),
        }
    }

    /// A command that creates.
    pub(crate) async fn post(&self, person: Option<&Person>, path: &str, body: Value) -> Answer {
        self.command(person, Method::POST, path, None, Some(body))
            .await
    }

    /// A command that changes an aggregate at the version named.
    pub(crate) async fn change(
        &self,
        person: &Person,
        method: Method,
        path: &str,
        etag: &str,
        body: Option<Value>,
    ) -> Answer {
        self.command(Some(person), method, path, Some(etag), body)
            .await
    }

    pub(crate) async fn command(
        &self,
        person: Option<&Person>,
        method: Method,
        path: &str,
        etag: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.command))
            .header("Idempotency-Key", Uuid::new_v4().to_string());
        if let Some(etag) = etag {
            request = request.header(header::IF_MATCH, etag);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.send(person, request).await
    }

    /// A query that waits for what the token names.
    pub(crate) async fn get(
        &self,
        person: Option<&Person>,
        path: &str,
        consistency: Option<&str>,
    ) -> Answer {
        let mut request = self.http.get(format!("{}{path}", self.query));
        if let Some(token) = consistency {
            request = request.header("Souk-Consistency", token);
        }
        self.send(person, request).await
    }

    /// A request of the test's own making to the command API.
    pub(crate) fn raw(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.command))
    }

    pub(crate) async fn send(
        &self,
        person: Option<&Person>,
        request: reqwest::RequestBuilder,
    ) -> Answer {
        receive(person, request).await.expect("an API answers")
    }

    /// The same where an API may be dead.
    pub(crate) async fn try_send(
        &self,
        person: &Person,
        request: reqwest::RequestBuilder,
    ) -> Option<Answer> {
        receive(Some(person), request).await.ok()
    }

    /// Where an aggregate's events are.
    pub(crate) fn topic(&self, aggregate: &str) -> String {
        format!("{}souk.{aggregate}.events.v1", self.space.prefix)
    }
}

/// An address nobody else is given: a port that the system picks is given again as soon as it is let go of, and a role binds its
/// port only later. The range lies below the ports that systems give away by themselves, and beside those of the servers.
fn free_address() -> String {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first = 12_000 + u16::try_from(std::process::id() % 20).expect("less than 20") * 200;
    loop {
        let number = GIVEN.fetch_add(1, Ordering::Relaxed);
        assert!(number < 200, "a run of the tests has ports enough");
        let address = format!("127.0.0.1:{}", first + number);
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

async fn receive(
    person: Option<&Person>,
    mut request: reqwest::RequestBuilder,
) -> reqwest::Result<Answer> {
    if let Some(person) = person {
        request = request.bearer_auth(&person.token);
    }
    let answer = request.send().await?;
    let text = |name: &str| {
        answer
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let (status, etag, consistency) = (answer.status(), text("etag"), text("souk-consistency"));
    let content_type = text("content-type").unwrap_or_default();
    let bytes = answer.bytes().await?;
    let body = serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    Ok(Answer {
        status,
        body,
        etag,
        consistency,
        content_type,
    })
}

impl Drop for App {
    fn drop(&mut self) {
        let Ok(mut roles) = self.roles.lock() else {
            return;
        };
        for child in roles.values_mut() {
            child
                .kill()
                .and_then(|()| child.wait())
                .map_or_else(|error| eprintln!("cannot end a role: {error}"), |_| ());
        }
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        self
    }

    #[track_caller]
    pub(crate) fn created(self) -> Self {
        assert_eq!(self.status, StatusCode::CREATED, "{}", self.body);
        self
    }

    /// A refusal has a stable code and nothing of our insides.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status.as_u16(), self.body["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.body
        );
        assert!(
            self.content_type.starts_with("application/problem+json"),
            "{}",
            self.content_type
        );
        self
    }

    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("an id in {}", self.body))
            .to_owned()
    }

    #[track_caller]
    pub(crate) fn etag(&self) -> &str {
        self.etag
            .as_deref()
            .unwrap_or_else(|| panic!("an ETag beside {}", self.body))
    }

    #[track_caller]
    pub(crate) fn token(&self) -> &str {
        self.consistency
            .as_deref()
            .unwrap_or_else(|| panic!("a consistency token beside {}", self.body))
    }

    /// This answer's token and that of somebody's registration.
    #[track_caller]
    pub(crate) fn token_and(&self, person: &Person) -> String {
        let since = person.since.as_deref().expect("somebody registered");
        format!("{},{since}", self.token())
    }

    /// Ids of the items of a list.
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.items()
            .iter()
            .filter_map(|item| item["id"].as_str())
            .collect()
    }

    #[track_caller]
    pub(crate) fn items(&self) -> &[Value] {
        self.body["items"]
            .as_array()
            .unwrap_or_else(|| panic!("items in {}", self.body))
    }
}
