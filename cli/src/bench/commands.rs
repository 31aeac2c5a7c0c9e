//! What the event costs a command: the same transactions with and without its append, in a closed loop; and over HTTP.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use souk_domain::{
    AggregateState as _, Amount,
    listing::{ChangePrice, DraftListing, Listing, ListingError},
};
use souk_schemas::{
    Condition, Decoder, Registry,
    ids::{ListingId, UserId},
};
use souk_stack::Server;
use souk_store::{
    Codec, Command, CommandError, IdempotencyKey, Store, StoreConfig, StoreError, UseCase, Work,
};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{
    machine::Usage,
    market::Market,
    roles::{start_all, stop_all},
    stats::{Aim, Findings, Side, micros_each, per_second},
    tell,
    world::{Servers, World},
};
use crate::args::{self, Role};

/// Clients that each send the next command when the last is answered.
const CLIENTS: u64 = 16;
/// Listings of each client, so that no command waits for another's lock.
const LISTINGS_EACH: u64 = 8;
const SELLER: UserId = UserId(Uuid::from_u128(1));
const WITHOUT: Side = Side::Beside("without the event");

pub(super) async fn measure(
    servers: &Servers,
    options: &args::Bench,
    memory: &mut Findings,
) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    transactions(servers, options, &mut findings).await?;
    over_http(servers, options, &mut findings, memory).await?;
    Ok(findings)
}

async fn transactions(
    servers: &Servers,
    options: &args::Bench,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let world = servers.world("commands").await?;
    let store = store(&world).await?;
    let listings = Arc::new(offer(&store, CLIENTS * LISTINGS_EACH).await?);
    tell("commands: warming up");
    for appends in [true, false] {
        run(&store, &listings, options.commands.div_ceil(2), appends).await?;
    }
    for round in 0..options.rounds {
        tell(format!(
            "commands: round {} of {}",
            round + 1,
            options.rounds
        ));
        let order = if round % 2 == 0 {
            [true, false]
        } else {
            [false, true]
        };
        for appends in order {
            let side = if appends { Side::Ours } else { WITHOUT };
            let before = Usage::of(world.pid(Server::Mysql).await?)?.cpu;
            let elapsed = run(&store, &listings, options.commands, appends).await?;
            let used = Usage::of(world.pid(Server::Mysql).await?)?
                .cpu
                .saturating_sub(before);
            findings.note(
                side,
                "transactions with the event",
                "commands/s",
                per_second(options.commands, elapsed),
            );
            findings.note(
                side,
                "CPU of MySQL a command",
                "µs",
                micros_each(used, options.commands),
            );
        }
    }
    findings.aim(
        "transactions with the event",
        "commands/s",
        Aim::RatioAtLeast(0.85),
    );
    store.drain().await;
    Ok(())
}

async fn over_http(
    servers: &Servers,
    options: &args::Bench,
    findings: &mut Findings,
    memory: &mut Findings,
) -> anyhow::Result<()> {
    let world = servers.world("http").await?;
    let roles = start_all(&world, &[Role::CommandApi]).await?;
    let market = Arc::new(Market::open(&world, usize::try_from(CLIENTS * LISTINGS_EACH)?).await?);
    tell("commands: warming up over HTTP");
    send(&market, options.commands.div_ceil(2)).await?;
    for round in 0..options.rounds {
        tell(format!(
            "commands: round {} of {} over HTTP",
            round + 1,
            options.rounds
        ));
        let pid = roles.first().context("the command API does not run")?.pid();
        let before = Usage::of(pid)?.cpu;
        let elapsed = send(&market, options.commands).await?;
        let used = Usage::of(pid)?;
        findings.note(
            Side::Ours,
            "over HTTP",
            "commands/s",
            per_second(options.commands, elapsed),
        );
        findings.note(
            Side::Ours,
            "CPU of the command API a command",
            "µs",
            micros_each(used.cpu.saturating_sub(before), options.commands),
        );
        memory.note(
            Side::Ours,
            "command-api, after its commands",
            "MB",
            super::stats::real(used.rss_bytes) / 1e6,
        );
    }
    stop_all(roles).await
}

async fn store(world: &World) -> anyhow::Result<Store> {
    let registry =
        Registry::new(world.config.registry.url.as_str()).context("cannot use the registry")?;
    let codec = Codec {
        encoder: Arc::new(world.encoder().await?),
        decoder: Arc::new(Decoder::new(registry)),
    };
    let config = StoreConfig {
        max_connections: u32::try_from(CLIENTS)?,
        ..StoreConfig::default()
    };
    let pool = souk_store::open_pool(&config, &world.config.mysql.url)
        .context("cannot open connections to MySQL")?;
    Ok(Store::new(&config, pool, codec))
}

async fn offer(store: &Store, count: u64) -> anyhow::Result<Vec<ListingId>> {
    let mut listings = Vec::new();
    for _ in 0..count {
        let id = ListingId(Uuid::now_v7());
        store
            .transact(command(), Offer(id))
            .await
            .context("cannot offer a listing")?;
        listings.push(id);
    }
    Ok(listings)
}

/// Changes prices in a closed loop; returns how long it took.
async fn run(
    store: &Store,
    listings: &Arc<Vec<ListingId>>,
    commands: u64,
    appends: bool,
) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (store, listings) = (store.clone(), Arc::clone(listings));
        clients.spawn(async move {
            for turn in 0..share(commands, client) {
                let place = client * LISTINGS_EACH + turn % LISTINGS_EACH;
                let id = listings[usize::try_from(place)?];
                store
                    .transact(command(), Reprice { id, appends })
                    .await
                    .context("a command failed")?;
            }
            anyhow::Ok(())
        });
    }
    join(clients).await?;
    Ok(begun.elapsed())
}

/// The same over HTTP.
async fn send(market: &Arc<Market>, commands: u64) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let market = Arc::clone(market);
        clients.spawn(async move {
            for turn in 0..share(commands, client) {
                let place = client * LISTINGS_EACH + turn % LISTINGS_EACH;
                market.change_price(usize::try_from(place)?).await?;
            }
            anyhow::Ok(())
        });
    }
    join(clients).await?;
    Ok(begun.elapsed())
}

async fn join(mut clients: JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(client) = clients.join_next().await {
        client.context("a client panicked")??;
    }
    Ok(())
}

/// How many of all commands one client sends.
fn share(commands: u64, client: u64) -> u64 {
    commands / CLIENTS + u64::from(client < commands % CLIENTS)
}

fn command() -> Command {
    let key = IdempotencyKey {
        actor: SELLER.0,
        key: Uuid::new_v4().simple().to_string(),
        request_hash: [7; 32],
    };
    Command {
        actor: Some(SELLER),
        idempotency: Some(key),
        ..Command::of_system(Uuid::now_v7())
    }
}

/// Drafts and publishes a listing.
struct Offer(ListingId);

/// Changes a price; the statements are those of the command API, with or without the append.
struct Reprice {
    id: ListingId,
    appends: bool,
}

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Listing(#[from] ListingError),
}

impl CommandError for Refused {
    fn into_store_error(self) -> Result<StoreError, Self> {
        match self {
            Self::Store(error) => Ok(error),
            other @ Self::Listing(_) => Err(other),
        }
    }
}

impl UseCase for Offer {
    type Answer = u64;
    type Error = Refused;

    async fn run(&self, work: &mut Work) -> Result<u64, Refused> {
        let mut listing: Listing = work.load(self.0).await?;
        let command = DraftListing {
            title: "Nordhavn rain jacket, navy".to_owned(),
            description: "Kept dry, used twice.".to_owned(),
            category_id: None,
            condition: Condition::Good,
            brand: None,
            attributes: Vec::new(),
            place: None,
            price: euros(1_000),
            quantity: 1,
            external_id: None,
        };
        let events = Listing::import(work.context(), self.0, SELLER, command)?;
        work.record(&mut listing, events)?;
        Ok(listing.sequence())
    }
}

impl UseCase for Reprice {
    type Answer = u64;
    type Error = Refused;

    async fn run(&self, work: &mut Work) -> Result<u64, Refused> {
        let mut listing: Listing = work.load(self.id).await?;
        let before = listing.offer().map_or(0, |offer| offer.price.amount_minor);
        let events = listing.change_price(
            work.context(),
            ChangePrice {
                price: euros(before + 1),
            },
        )?;
        if self.appends {
            work.record(&mut listing, events)?;
        } else {
            for event in &events {
                listing.apply(event);
            }
            work.keep(self.id, &listing)?;
        }
        Ok(listing.sequence())
    }
}

fn euros(amount_minor: i64) -> Amount {
    Amount {
        amount_minor,
        currency: "EUR".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_share_all_commands() {
        for commands in [0, 1, 15, 16, 17, 10_000] {
            assert_eq!(
                (0..CLIENTS)
                    .map(|client| share(commands, client))
                    .sum::<u64>(),
                commands
            );
        }
    }
}
