use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Deps};
use crate::error::RuntimeError;
use crate::projection::Projection;
use crate::status::Status;
use crate::worker::start;

/// A processor at work. Aborting the task is a crash: nothing is written, committed or saved any more.
#[derive(Debug)]
pub struct Processor {
    pub task: JoinHandle<Result<(), RuntimeError>>,
    pub status: watch::Receiver<Status>,
}

/// Starts a processor on the current Tokio runtime.
pub fn spawn<P: Projection>(
    projection: P,
    config: Config,
    deps: Deps,
    shutdown: CancellationToken,
) -> Processor {
    let (sender, status) = watch::channel(Status::default());
    Processor {
        task: tokio::spawn(run(projection, config, deps, sender, shutdown)),
        status,
    }
}

/// Runs a processor until `shutdown`, then drains it; or until something is wrong that only a person can mend.
///
/// Dropping the future is a crash: nothing is written, committed or saved any more.
pub async fn run<P: Projection>(
    projection: P,
    config: Config,
    deps: Deps,
    status: watch::Sender<Status>,
    shutdown: CancellationToken,
) -> Result<(), RuntimeError> {
    let abandoned = CancellationToken::new();
    let _abandon_when_dropped = abandoned.clone().drop_guard();
    let (answer, answered) = oneshot::channel();
    let runtime = Handle::current();
    let name = projection.name();
    let body = move || {
        let result = work(
            projection, config, deps, status, &runtime, &abandoned, &shutdown,
        );
        // Nobody listens any more when the future was dropped.
        drop(answer.send(result));
    };
    thread::Builder::new()
        .name(format!("souk-{name}"))
        .spawn(body)
        .map_err(RuntimeError::Thread)?;
    answered.await.unwrap_or(Err(RuntimeError::Panicked))
}

/// The body of the worker's thread. It has a runtime of its own, so that rendering and the consumer's callbacks, which block, hold
/// up nobody else, and nobody else holds up them.
fn work<P: Projection>(
    projection: P,
    config: Config,
    deps: Deps,
    status: watch::Sender<Status>,
    runtime: &Handle,
    abandoned: &CancellationToken,
    shutdown: &CancellationToken,
) -> Result<(), RuntimeError> {
    let own = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(RuntimeError::Thread)?;
    own.block_on(async {
        let starting = start(
            Arc::new(projection),
            config,
            deps,
            status,
            runtime.clone(),
            shutdown.clone(),
        );
        let mut worker = tokio::select! {
            worker = starting => worker?,
            () = shutdown.cancelled() => return Ok(()),
            () = abandoned.cancelled() => return Ok(()),
        };
        let result = tokio::select! {
            biased;
            () = abandoned.cancelled() => Ok(()),
            result = worker.run() => result,
        };
        if abandoned.is_cancelled() || result.is_err() {
            worker.abandon();
        }
        result
    })
}
