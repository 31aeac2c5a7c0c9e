//! Runs one role in this process.

use std::{io, sync::Arc, thread, time::Duration};

use anyhow::{Context as _, bail};
use souk_platform::{
    clients,
    ops::{Health, Readiness, ops_router, run_metrics_upkeep},
    serve,
    shutdown::token_on_signals,
    telemetry,
};
use souk_projections::{Catalog, InvoiceEntries, Invoices, Orders, Users};
use souk_runtime::{Projection, Status};
use souk_schemas::{Decoder, Encoder, Registry};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{args::Role, config::Config};

const REGISTRY_POLL: Duration = Duration::from_secs(1);

/// Runs until a signal, then drains. A supervised role drains as well when its supervisor is gone.
pub(crate) async fn run(config: Config, role: Role, supervised: bool) -> anyhow::Result<()> {
    let shutdown = token_on_signals();
    if supervised {
        end_with_input(shutdown.clone());
    }
    let health = Health::new();
    let metrics = telemetry::metrics();
    // Until the role registers its own checks, nothing is ready.
    let starting = health.register("start");
    let ops = serve::bind(config.ops.of(role))
        .await
        .context("cannot open the operations port")?;
    // The operations port outlives the drain, so that whoever watches sees the role draining.
    let ops_stop = CancellationToken::new();
    let ops_server = tokio::spawn(serve::serve(
        ops,
        ops_router(metrics.clone(), health.clone()),
        ops_stop.clone(),
    ));
    let upkeep = tokio::spawn(run_metrics_upkeep(metrics, ops_stop.clone()));
    let outcome = match role {
        Role::CommandApi => command_api(config, health, starting, shutdown).await,
        Role::Relay => relay(config, health, starting, shutdown).await,
        Role::Processors => processors(config, health, starting, shutdown).await,
        Role::QueryApi => query_api(config, health, starting, shutdown).await,
    };
    ops_stop.cancel();
    upkeep.await.context("the upkeep of metrics panicked")?;
    ops_server
        .await
        .context("the operations server panicked")?
        .context("the operations server failed")?;
    outcome
}

/// Waits for the end of standard input on a thread of its own: such a read cannot be cancelled.
fn end_with_input(shutdown: CancellationToken) {
    thread::spawn(move || {
        // Nobody writes; an error says as well as the end that the supervisor is gone.
        io::copy(&mut io::stdin(), &mut io::sink()).unwrap_or_default();
        if !shutdown.is_cancelled() {
            tracing::warn!("the supervisor is gone, draining");
            shutdown.cancel();
        }
    });
}

async fn command_api(
    config: Config,
    health: Health,
    starting: Readiness,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let registry = registry(&config)?;
    let connecting = connect_encoder(&registry, &config.names.prefix);
    let Some(encoder) = shutdown.run_until_cancelled(connecting).await else {
        return Ok(());
    };
    starting.ready();
    let deps = souk_command_api::Deps {
        database_url: config.mysql.url.clone(),
        auth: config.auth.clone(),
        encoder: Arc::new(encoder),
        decoder: Arc::new(Decoder::new(registry)),
        health,
    };
    souk_command_api::run(config.command_api, deps, shutdown)
        .await
        .context("the command API failed")
}

async fn relay(
    config: Config,
    health: Health,
    starting: Readiness,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    if config.debezium.enabled {
        bail!(
            "debezium.enabled is true: Debezium has the events table, and both on one table are refused"
        );
    }
    let deps = souk_relay::Deps {
        database_url: config.mysql.url.clone(),
        kafka: config.kafka.clone(),
        prefix: config.names.prefix.clone(),
        readiness: health.register("relay"),
    };
    starting.ready();
    souk_relay::run(config.relay, deps, shutdown)
        .await
        .context("the relay failed")
}

async fn query_api(
    config: Config,
    health: Health,
    starting: Readiness,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let deps = souk_query_api::Deps {
        auth: config.auth.clone(),
        kafka: config.kafka.clone(),
        opensearch: config.opensearch.clone(),
        names: config.names.clone(),
        health,
    };
    starting.ready();
    souk_query_api::run(config.query_api, deps, shutdown)
        .await
        .context("the query API failed")
}

/// Every projection is registered here, in one line.
async fn processors(
    config: Config,
    health: Health,
    starting: Readiness,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let deps = souk_runtime::Deps {
        prefix: config.names.prefix.clone(),
        kafka: clients::kafka_config(&config.kafka),
        opensearch: clients::opensearch(&config.opensearch)
            .context("cannot build a client for OpenSearch")?,
        decoder: Arc::new(Decoder::new(registry(&config)?)),
    };
    let mut group = Processors {
        config: config.processors,
        only: config.projections.only,
        deps,
        health,
        shutdown,
        running: JoinSet::new(),
    };
    group.add(Catalog);
    group.add(Orders);
    group.add(InvoiceEntries);
    group.add(Invoices);
    group.add(Users);
    if group.running.is_empty() {
        bail!(
            "projections.only names no projection: {}",
            group.only.join(", ")
        );
    }
    starting.ready();
    group.run().await
}

/// Processors of one process: when one fails, all end, and the process with them.
struct Processors {
    config: souk_runtime::Config,
    /// Names of those that run here; all of them when empty.
    only: Vec<String>,
    deps: souk_runtime::Deps,
    health: Health,
    shutdown: CancellationToken,
    running: JoinSet<anyhow::Result<()>>,
}

impl Processors {
    fn add<P: Projection>(&mut self, projection: P) {
        let name = projection.name();
        if !self.only.is_empty() && self.only.iter().all(|wanted| wanted != name) {
            return;
        }
        let readiness = self.health.register(name);
        let (status, mut changes) = watch::channel(Status::default());
        tokio::spawn(async move {
            while changes.changed().await.is_ok() {
                if changes.borrow_and_update().ready {
                    readiness.ready();
                } else {
                    readiness.not_ready("reading its state");
                }
            }
        });
        let (config, deps, shutdown) = (
            self.config.clone(),
            self.deps.clone(),
            self.shutdown.clone(),
        );
        self.running.spawn(async move {
            souk_runtime::run(projection, config, deps, status, shutdown)
                .await
                .with_context(|| format!("processor {name} failed"))
        });
    }

    async fn run(mut self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        while let Some(ended) = self.running.join_next().await {
            let ended = ended.context("a processor panicked").flatten();
            if ended.is_err() {
                self.shutdown.cancel();
                outcome = outcome.and(ended);
            }
        }
        outcome
    }
}

fn registry(config: &Config) -> anyhow::Result<Registry> {
    Registry::new(config.registry.url.as_str()).context("cannot use the registry")
}

/// The registry may still be starting, or the schemas may not be registered yet.
async fn connect_encoder(registry: &Registry, prefix: &str) -> Encoder {
    loop {
        match Encoder::connect(registry, prefix).await {
            Ok(encoder) => return encoder,
            Err(error) => {
                tracing::warn!(error = %format!("{:#}", anyhow::Error::new(error)), "the registry does not know our schemas yet, asking again");
            }
        }
        tokio::time::sleep(REGISTRY_POLL).await;
    }
}
