//! A marketplace behind the command API, whose sellers change their prices.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicI64, Ordering},
};

use anyhow::{Context as _, bail};
use reqwest::header;
use serde_json::{Value, json};
use souk_platform::{Principal, Role, Roles, auth::Issuer, clock::now_micros};
use souk_schemas::Timestamp;
use uuid::Uuid;

use super::{events::Generator, world::World};
use crate::{
    args::origin,
    door::{Door, Imported, Outcome},
};

const SELLERS: usize = 100;
const CATEGORIES: usize = 20;
const FIRST_PRICE: i64 = 1_000;

/// Listings on sale, and who may change them.
#[derive(Debug)]
pub(super) struct Market {
    listings: Vec<(Uuid, String)>,
    base: String,
    http: reqwest::Client,
    /// Every change is to a price that was never asked before.
    price: AtomicI64,
}

impl Market {
    /// Brings listings in by the import door; the command API must be running.
    pub(super) async fn open(world: &World, listings: usize) -> anyhow::Result<Self> {
        let config = &world.config;
        let door = Door::new(config, None)?;
        let sellers = (0..SELLERS).map(|number| {
            let name = format!("Seller {number}");
            json!({"external_id": seller(number), "email": format!("seller{number}@bench.invalid"), "name": name, "time_zone": "Europe/Lisbon"})
        });
        let sellers = import(&door, "users", sellers.collect()).await?;
        let categories = (0..CATEGORIES).map(
            |number| json!({"external_id": category(number), "name": format!("Category {number}")}),
        );
        import(&door, "categories", categories.collect()).await?;
        let mut generator = Generator::new(5, Timestamp(now_micros()));
        let items = (0..listings).map(|number| listing(&mut generator, number));
        let imported = import(&door, "listings", items.collect()).await?;

        let issuer = Issuer::new(&config.auth);
        let roles = Roles::from_iter([Role::Buyer, Role::Seller]);
        let tokens: HashMap<String, String> = sellers
            .into_iter()
            .filter_map(|item| {
                Some((
                    item.external_id,
                    issuer.issue(&Principal {
                        user_id: item.id?,
                        roles: roles.clone(),
                    }),
                ))
            })
            .collect();
        let mut owned = Vec::with_capacity(imported.len());
        for (number, item) in imported.iter().enumerate() {
            let token = tokens
                .get(&seller(number % SELLERS))
                .context("a seller has no id")?;
            owned.push((item.id.context("a listing has no id")?, token.clone()));
        }
        let http = reqwest::Client::builder()
            .timeout(std::time::Duration::from_secs(30))
            .pool_max_idle_per_host(256)
            .build()
            .context("cannot build an HTTP client")?;
        let base = format!("{}/api/v1", origin(config.command_api.listen));
        Ok(Self {
            listings: owned,
            base,
            http,
            price: AtomicI64::new(FIRST_PRICE),
        })
    }

    /// Changes the price of a listing (they are taken in turn) and returns its id and its new sequence.
    pub(super) async fn change_price(&self, number: usize) -> anyhow::Result<(Uuid, u64)> {
        let (id, token) = &self.listings[number % self.listings.len()];
        let price = self.price.fetch_add(1, Ordering::Relaxed) + FIRST_PRICE;
        let answer = self
            .http
            .post(format!("{}/listings/{id}/price", self.base))
            .bearer_auth(token)
            .header("Idempotency-Key", Uuid::new_v4().simple().to_string())
            .header(header::IF_MATCH, "*")
            .json(&json!({"price": {"amount_minor": price, "currency": "EUR"}}))
            .send()
            .await
            .context("the command API does not answer")?;
        let status = answer.status();
        let body: Value = answer
            .json()
            .await
            .context("cannot read an answer of the command API")?;
        if !status.is_success() {
            bail!("the command API answers {status}: {}", body["detail"]);
        }
        let sequence = body["sequence"]
            .as_u64()
            .context("an answer has no sequence")?;
        Ok((*id, sequence))
    }
}

async fn import(door: &Door, kind: &str, items: Vec<Value>) -> anyhow::Result<Vec<Imported>> {
    let imported = door.import(kind, items, |_| {}).await?;
    if let Some(refused) = imported
        .iter()
        .find(|item| item.outcome == Outcome::Refused)
    {
        bail!(
            "{kind} {} is refused: {}",
            refused.external_id,
            refused.reason()
        );
    }
    Ok(imported)
}

fn listing(generator: &mut Generator, number: usize) -> Value {
    let details = generator.details();
    json!({
        "external_id": format!("bench:item:{number}"),
        "seller_external_id": seller(number % SELLERS),
        "category_external_id": category(number % CATEGORIES),
        "title": details.title,
        "description": details.description,
        "condition": details.condition,
        "brand": details.brand,
        "attributes": details.attributes,
        "place": details.place,
        "price": {"amount_minor": FIRST_PRICE, "currency": "EUR"},
        "quantity": 1,
    })
}

fn seller(number: usize) -> String {
    format!("bench:seller:{number}")
}

fn category(number: usize) -> String {
    format!("bench:category:{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_name_a_seller_and_a_category_and_no_id_of_ours() {
        let mut generator = Generator::new(1, Timestamp(2_000_000_000_000_000));
        let item = listing(&mut generator, 107);
        assert_eq!(item["seller_external_id"], "bench:seller:7");
        assert_eq!(item["category_external_id"], "bench:category:7");
        assert!(item.get("category_id").is_none());
        assert_eq!(item["attributes"][0]["name"], "Finish");
    }
}
