use std::time::Duration;

use opensearch::OpenSearch;
use opensearch::http::transport::BuildError;
use souk_platform::auth::AuthConfig;
use souk_platform::clients::{self, KafkaConfig, NamesConfig, OpenSearchConfig};
use souk_platform::ops::{Health, Readiness};
use souk_platform::serve::{self, ServeError};
use tokio::net::TcpListener;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, router};
use crate::config::Config;
use crate::tail::Tail;
use crate::visibility::Visibility;

const PING_EVERY: Duration = Duration::from_secs(2);

/// What the query API needs besides its own configuration.
#[derive(Clone, Debug)]
pub struct Deps {
    pub auth: AuthConfig,
    pub kafka: KafkaConfig,
    pub opensearch: OpenSearchConfig,
    pub names: NamesConfig,
    pub health: Health,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the OpenSearch client cannot be built")]
    OpenSearch(#[source] BuildError),
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Serves queries on the configured address until `shutdown`, then drains.
pub async fn run(config: Config, deps: Deps, shutdown: CancellationToken) -> Result<(), Error> {
    let listener = serve::bind(config.listen).await?;
    run_on(listener, config, deps, shutdown).await
}

/// Like [`run`], on a listener that is open already. Kafka or OpenSearch being away is waited out; readiness tells.
pub async fn run_on(
    listener: TcpListener,
    config: Config,
    deps: Deps,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let visibility = Visibility::default();
    let app = App::new(config, &deps, visibility.clone())?;
    let client = clients::opensearch(&deps.opensearch).map_err(Error::OpenSearch)?;
    tracing::info!(address = ?listener.local_addr(), "query api listens");

    let tasks = TaskTracker::new();
    let tail = Tail::new(
        clients::kafka_config(&deps.kafka),
        &deps.names.prefix,
        visibility,
        deps.health.register("progress"),
    );
    // Tasks outlive the listener: draining queries still wait for their tokens.
    let drained = CancellationToken::new();
    tasks.spawn(tail.run(drained.clone()));
    tasks.spawn(watch_opensearch(
        client,
        deps.health.register("opensearch"),
        drained.clone(),
    ));
    tasks.close();

    let served = serve::serve(listener, router(app), shutdown).await;
    drained.cancel();
    tasks.wait().await;
    Ok(served?)
}

async fn watch_opensearch(client: OpenSearch, readiness: Readiness, shutdown: CancellationToken) {
    let mut ticks = interval(PING_EVERY);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        match client.ping().request_timeout(PING_EVERY).send().await {
            Ok(response) if response.status_code().is_success() => readiness.ready(),
            Ok(response) => {
                readiness.not_ready(format!("opensearch answers {}", response.status_code()));
            }
            Err(error) => {
                tracing::debug!(%error, "opensearch does not answer a ping");
                readiness.not_ready("opensearch does not answer");
            }
        }
    }
}
