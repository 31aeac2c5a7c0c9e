use std::{sync::Arc, time::Duration};

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use reqwest::{Method, header};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::ledger::Ledger;
use crate::support::{Answer, App, PATIENCE, Person, listing_body};

/// People and the first listing of each, which all of them fight for.
#[derive(Debug)]
pub(super) struct Market {
    people: Vec<Person>,
    hot: Vec<String>,
}

/// Signs everybody up and opens the market, before anything is killed.
pub(super) async fn open_market(app: &App, ledger: &Ledger, num_people: u64) -> Arc<Market> {
    let mut market = Market {
        people: Vec::new(),
        hot: Vec::new(),
    };
    for number in 0..num_people {
        let person = app.register(&format!("Writer {number}")).await;
        let client = Client {
            app,
            ledger,
            person: &person,
        };
        market
            .hot
            .push(client.publish(&format!("Hot {number}"), 40).await);
        market.people.push(person);
    }
    Arc::new(market)
}

/// One person's commands, one after the other, each until it has an answer.
pub(super) async fn write(
    app: Arc<App>,
    ledger: Arc<Ledger>,
    market: Arc<Market>,
    seed: u64,
    number: u64,
    until: Instant,
) {
    let mut random = SmallRng::seed_from_u64(seed * 1_000 + number);
    let own = usize::try_from(number).expect("there are few writers");
    let client = Client {
        app: &app,
        ledger: &ledger,
        person: &market.people[own],
    };
    let mut listings: Vec<String> = vec![market.hot[own].clone()];
    let mut turn = 0;
    while Instant::now() < until {
        turn += 1;
        let listing = listings[random.random_range(0..listings.len())].clone();
        match random.random_range(0..100) {
            0..10 => listings.push(client.publish(&format!("Thing {number}-{turn}"), 3).await),
            10..50 => {
                let price = json!({"price": {"amount_minor": random.random_range(100..100_000), "currency": "EUR"}});
                client
                    .change(Method::POST, &format!("/listings/{listing}/price"), price)
                    .await;
            }
            50..60 => {
                let quantity = json!({"quantity": random.random_range(40..80)});
                client
                    .change(
                        Method::POST,
                        &format!("/listings/{listing}/stock"),
                        quantity,
                    )
                    .await;
            }
            60..64 if listings.len() > 3 => {
                let listing = listings.remove(random.random_range(1..listings.len()));
                client.withdraw(&listing).await;
            }
            64..67 => client.rename(&format!("Writer {number} {turn}")).await,
            _ => {
                let other = (own + random.random_range(1..market.hot.len())) % market.hot.len();
                client
                    .order(&market.hot[other], random.random_range(1..4))
                    .await;
            }
        }
    }
}

/// A person at work, with the ledger open.
struct Client<'a> {
    app: &'a App,
    ledger: &'a Ledger,
    person: &'a Person,
}

impl Client<'_> {
    async fn publish(&self, title: &str, quantity: i64) -> String {
        let draft = self
            .insist(
                Method::POST,
                "/listings",
                Some(listing_body(title, 1_500, quantity)),
            )
            .await
            .created();
        self.ledger.acknowledge(&draft);
        self.ledger.drafted(&self.person.id);
        let id = draft.id();
        let published = self
            .insist(Method::POST, &format!("/listings/{id}/publish"), None)
            .await
            .success();
        self.ledger.acknowledge(&published);
        id
    }

    /// The domain may say no, for example to less stock than is reserved; it then says so with a 4xx.
    async fn change(&self, method: Method, path: &str, body: Value) {
        let answer = self.insist(method, path, Some(body)).await;
        if answer.status.is_success() {
            self.ledger.acknowledge(&answer);
        }
    }

    async fn withdraw(&self, listing: &str) {
        let answer = self
            .insist(Method::DELETE, &format!("/listings/{listing}"), None)
            .await;
        if answer.status.is_success() {
            self.ledger.acknowledge(&answer);
        }
    }

    async fn rename(&self, name: &str) {
        let profile = json!({"name": name});
        self.change(Method::PUT, "/users/me", profile).await;
    }

    async fn order(&self, listing: &str, quantity: i64) {
        let order = json!({"lines": [{"listing_id": listing, "quantity": quantity}], "payment_method": "credit_card"});
        let answer = self.insist(Method::POST, "/orders", Some(order)).await;
        if answer.status.is_success() {
            self.ledger.acknowledge(&answer);
            self.ledger.ordered(&self.person.id);
        }
    }

    /// Sends one command under one key until there is an answer that is final.
    async fn insist(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let key = Uuid::new_v4().to_string();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut request = self
                .app
                .raw(method.clone(), path)
                .header("Idempotency-Key", &key)
                .header(header::IF_MATCH, "*");
            if let Some(body) = &body {
                request = request.json(body);
            }
            if let Some(answer) = self
                .app
                .try_send(self.person, request.timeout(Duration::from_secs(20)))
                .await
            {
                let again = answer.status.is_server_error()
                    || answer.status == 429
                    || answer.body["code"] == "in_progress";
                if !again {
                    return answer;
                }
            }
            assert!(
                Instant::now() < deadline,
                "no answer to {method} {path} for {PATIENCE:?}"
            );
            sleep(Duration::from_millis(100)).await;
        }
    }
}
