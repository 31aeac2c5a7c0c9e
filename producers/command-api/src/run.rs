use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use souk_payments::Simulator;
use souk_platform::auth::AuthConfig;
use souk_platform::ops::{Health, Readiness};
use souk_platform::serve::{self, ServeError};
use souk_platform::{Problem, clock};
use souk_schemas::{Decoder, Encoder};
use souk_store::{Codec, Store, StoreError, migrate, open_pool, purge_idempotency};
use sqlx::migrate::MigrateError;
use tokio::net::TcpListener;
use tokio::time::{interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::bootstrap::ensure_admin;
use crate::config::Config;
use crate::metrics;
use crate::passwords::PasswordError;
use crate::payments::PaymentManager;
use crate::router::router;

const PING_EVERY: Duration = Duration::from_secs(2);
const PURGE_EVERY: Duration = Duration::from_mins(10);
const PURGE_ROWS: u32 = 5_000;
/// Between attempts to prepare a database that is away.
const START_PAUSE: Duration = Duration::from_millis(500);

/// What the command API needs besides its own configuration.
#[derive(Clone, Debug)]
pub struct Deps {
    /// `mysql://user:password@host:port/database`
    pub database_url: SecretString,
    pub auth: AuthConfig,
    pub encoder: Arc<Encoder>,
    pub decoder: Arc<Decoder>,
    pub health: Health,
}

/// Why the command API could not be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the database schema cannot be brought up to date")]
    Migrate(#[source] MigrateError),
    #[error("passwords cannot be hashed")]
    Passwords(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the administrator cannot be created: {0}")]
    Admin(String),
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        Self::Passwords(Box::new(error))
    }
}

/// Serves commands on the configured address until `shutdown`, then lets every command end.
pub async fn run(config: Config, deps: Deps, shutdown: CancellationToken) -> Result<(), Error> {
    let listener = serve::bind(config.listen).await?;
    run_on(listener, config, deps, shutdown).await
}

/// Like [`run`], on a listener that is open already. A database that is away is waited for; readiness tells.
pub async fn run_on(
    listener: TcpListener,
    config: Config,
    deps: Deps,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let readiness = deps.health.register("mysql");
    let pool = open_pool(&config.store, &deps.database_url)?;
    let codec = Codec {
        encoder: deps.encoder,
        decoder: deps.decoder,
    };
    let store = Store::new(&config.store, pool, codec);
    let app = App::new(config, &deps.auth, store)?;
    let prepared = prepare(&app, &readiness, &shutdown).await?;
    if prepared {
        readiness.ready();
        serve_app(listener, &app, readiness, shutdown).await?;
    }
    drain(&app).await;
    Ok(())
}

/// Migrates and creates the administrator; `false` when told to stop before the database came.
async fn prepare(
    app: &App,
    readiness: &Readiness,
    shutdown: &CancellationToken,
) -> Result<bool, Error> {
    // Neither is dropped half-way: both run to their end between two looks at `shutdown`.
    while !shutdown.is_cancelled() {
        match prepare_once(app).await {
            Ok(()) => return Ok(true),
            Err(Prepare::Away(reason)) => {
                tracing::warn!(reason, "mysql is not there yet, trying again");
                readiness.not_ready("mysql does not answer");
            }
            Err(Prepare::Failed(error)) => return Err(error),
        }
        if shutdown
            .run_until_cancelled(sleep(START_PAUSE))
            .await
            .is_none()
        {
            break;
        }
    }
    Ok(false)
}

enum Prepare {
    Away(String),
    Failed(Error),
}

impl Prepare {
    /// A server may go away between two statements.
    fn of_migration(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(source) => match StoreError::from(source) {
                StoreError::Unavailable(source) => Self::Away(source.to_string()),
                error => Self::Failed(error.into()),
            },
            error => Self::Failed(Error::Migrate(error)),
        }
    }
}

async fn prepare_once(app: &App) -> Result<(), Prepare> {
    app.store().ping().await.map_err(|error| match error {
        StoreError::Unavailable(source) => Prepare::Away(source.to_string()),
        other => Prepare::Failed(other.into()),
    })?;
    migrate(app.store().pool())
        .await
        .map_err(Prepare::of_migration)?;
    let Some(admin) = &app.config().bootstrap_admin else {
        return Ok(());
    };
    ensure_admin(app, admin).await.map_err(|problem| {
        if problem.status.as_u16() == 503 {
            return Prepare::Away(problem.detail);
        }
        Prepare::Failed(Error::Admin(text_of(&problem)))
    })
}

fn text_of(problem: &Problem) -> String {
    let fields = problem.errors.iter();
    let fields: Vec<String> = fields
        .map(|error| format!("{} {}", error.pointer, error.message))
        .collect();
    format!("{} {}", problem.detail, fields.join(", "))
}

async fn serve_app(
    listener: TcpListener,
    app: &App,
    readiness: Readiness,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    tracing::info!(address = ?listener.local_addr(), "command api listens");
    let payments = PaymentManager {
        store: app.store().clone(),
        gateway: Arc::new(Simulator::new(app.config().payments.simulator.clone())),
        config: app.config().payments.clone(),
        due: Arc::clone(app.payments_due()),
    };
    let tasks = TaskTracker::new();
    tasks.spawn(payments.run(shutdown.clone()));
    tasks.spawn(watch_database(app.clone(), readiness, shutdown.clone()));
    tasks.spawn(purge(app.clone(), shutdown.clone()));
    tasks.close();
    let served = serve::serve(listener, router(app.clone()), shutdown.clone()).await;
    shutdown.cancel();
    if timeout(serve::DRAIN, tasks.wait()).await.is_err() {
        tracing::warn!("payment tasks were still worked on at the end of the drain");
    }
    Ok(served?)
}

/// Lets every command end, within the time requests have; what is left then is rolled back or committed by the server.
async fn drain(app: &App) {
    if timeout(serve::DRAIN, app.store().drain()).await.is_err() {
        tracing::warn!("commands were still running at the end of the drain");
    }
}

async fn watch_database(app: App, readiness: Readiness, shutdown: CancellationToken) {
    let mut ticks = interval(PING_EVERY);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        metrics::permits(app.store().available_permits());
        // A server that hangs does not answer either.
        match timeout(PING_EVERY, app.store().ping()).await {
            Ok(Ok(())) => readiness.ready(),
            Ok(Err(error)) => {
                tracing::debug!(%error, "mysql does not answer a ping");
                readiness.not_ready("mysql does not answer");
            }
            Err(_) => readiness.not_ready("mysql does not answer in time"),
        }
    }
}

async fn purge(app: App, shutdown: CancellationToken) {
    let retention = app.config().idempotency_retention;
    let retention = i64::try_from(retention.as_micros()).unwrap_or(i64::MAX);
    let mut ticks = interval(PURGE_EVERY);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        let before = clock::now_micros().saturating_sub(retention);
        loop {
            match purge_idempotency(app.store().pool(), before, PURGE_ROWS).await {
                Ok(deleted) if deleted == u64::from(PURGE_ROWS) && !shutdown.is_cancelled() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "old idempotency keys cannot be forgotten");
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_goes_away_while_it_is_prepared_is_waited_for() {
        let broken = || sqlx::Error::Io(std::io::ErrorKind::BrokenPipe.into());
        let away = Prepare::of_migration(MigrateError::Execute(broken()));
        assert!(matches!(away, Prepare::Away(_)));
        // What MySQL did of a migration is not known then: the next attempt says so.
        for error in [
            MigrateError::ExecuteMigration(broken(), 1),
            MigrateError::Dirty(1),
        ] {
            assert!(matches!(Prepare::of_migration(error), Prepare::Failed(_)));
        }
    }
}
