use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use souk_platform::{clock, consistency};
use tokio::time::Instant;
use tracing::Instrument;

use crate::command::Command;
use crate::error::StoreError;
use crate::idempotency::{self, Claim};
use crate::metrics;
use crate::store::Store;
use crate::work::Work;

/// Decisions made again because another command was in the way.
const MAX_CONTENDED: u32 = 10;

/// Attempts to find a living connection; after a restart of the server the pool is full of dead ones.
const MAX_UNAVAILABLE: u32 = 3;

/// What one command does inside its transaction. It may run several times, each time in a new transaction.
pub trait UseCase: Send + Sync + 'static {
    /// What the client is told, now and whenever it repeats the command.
    type Answer: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// Why the command was not carried out.
    type Error: CommandError;

    /// Loads, decides, records. Nothing is written if this fails.
    fn run(
        &self,
        work: &mut Work,
    ) -> impl Future<Output = Result<Self::Answer, Self::Error>> + Send;
}

/// An error of a use case, which may be the store's.
pub trait CommandError: From<StoreError> + Send + 'static {
    /// Hands out the store's error, if that is what it is.
    fn into_store_error(self) -> Result<StoreError, Self>;
}

/// What became of a command.
#[derive(Debug)]
pub struct Outcome<A> {
    /// What the use case returned.
    pub answer: A,
    /// What it wrote, for queries that must see it.
    pub tokens: Vec<consistency::Token>,
    /// Whether the answer was given before.
    pub replayed: bool,
}

impl Store {
    /// Carries out one command: exactly once under its idempotency key, however often it is sent and whoever hangs up.
    ///
    /// The transaction runs in a task of its own: dropping the returned future does not stop it.
    pub async fn transact<U: UseCase>(
        &self,
        command: Command,
        use_case: U,
    ) -> Result<Outcome<U::Answer>, U::Error> {
        let Ok(permit) = self.in_flight().try_acquire_owned() else {
            return Err(StoreError::Busy.into());
        };
        let store = self.clone();
        let transaction = async move {
            let outcome = store.transact_here(&command, &use_case).await;
            drop(permit);
            outcome
        };
        let span = tracing::debug_span!("store.command.transact");
        let task = self.tasks().spawn(transaction.instrument(span));
        task.await.map_err(StoreError::TaskLost)?
    }

    async fn transact_here<U: UseCase>(
        &self,
        command: &Command,
        use_case: &U,
    ) -> Result<Outcome<U::Answer>, U::Error> {
        let mut patience = Patience::new(self.resolve_timeout());
        loop {
            let error = match self.attempt(command, use_case).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error.into_store_error()?,
            };
            metrics::failed(&error);
            match patience.after(error, command.idempotency.is_some()) {
                Next::Wait(pause) => tokio::time::sleep(pause).await,
                Next::GiveUp(error) => return Err(error.into()),
            }
        }
    }

    async fn attempt<U: UseCase>(
        &self,
        command: &Command,
        use_case: &U,
    ) -> Result<Outcome<U::Answer>, U::Error> {
        let mut tx = self.pool().begin().await.map_err(StoreError::from)?;
        let now = clock::now_micros();
        if let Some(key) = &command.idempotency
            && let Claim::Answered(answer) = idempotency::claim(&mut tx, key, now).await?
        {
            return replay(&answer);
        }
        let mut work = Work::new(tx, self.codec(), command, now);
        let answer = use_case.run(&mut work).await?;
        work.flush().await?;
        let tokens = work.tokens();
        let num_events = work.num_events();
        let mut tx = work.into_transaction();
        if let Some(key) = &command.idempotency {
            let kept = Kept {
                answer: &answer,
                tokens: tokens.iter().map(ToString::to_string).collect(),
            };
            let kept = serde_json::to_vec(&kept).map_err(StoreError::from)?;
            idempotency::store_answer(&mut tx, key, &kept).await?;
        }
        tx.commit().await.map_err(commit_error)?;
        tracing::debug!(num_events, "command committed");
        Ok(Outcome {
            answer,
            tokens,
            replayed: false,
        })
    }
}

/// An answer as it is kept under its key.
#[derive(Serialize, Deserialize)]
struct Kept<A> {
    answer: A,
    tokens: Vec<String>,
}

fn replay<A: DeserializeOwned, E: From<StoreError>>(kept: &[u8]) -> Result<Outcome<A>, E> {
    let kept: Kept<A> = serde_json::from_slice(kept).map_err(StoreError::from)?;
    let tokens = kept.tokens.iter();
    Ok(Outcome {
        answer: kept.answer,
        tokens: tokens
            .filter_map(|token| consistency::Token::decode(token).ok())
            .collect(),
        replayed: true,
    })
}

/// A server that answers COMMIT with a deadlock has rolled back. After anything else, silence above all, nobody knows.
fn commit_error(error: sqlx::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Unavailable(source) | StoreError::Database(source) => {
            StoreError::OutcomeUnknown(source)
        }
        error => error,
    }
}

enum Next {
    Wait(Duration),
    GiveUp(StoreError),
}

/// Counts what went wrong with one command and says how long to go on.
struct Patience {
    resolve_timeout: Duration,
    /// Set once a COMMIT went unanswered: from then on no error may claim that nothing was done.
    unknown_since: Option<Instant>,
    contended: u32,
    unavailable: u32,
}

impl Patience {
    fn new(resolve_timeout: Duration) -> Self {
        Self {
            resolve_timeout,
            unknown_since: None,
            contended: 0,
            unavailable: 0,
        }
    }

    /// Says what follows an error of the store. With a key, an unanswered COMMIT is resolved by sending the command again:
    /// claiming the key waits for the lost transaction to end, then finds its answer or does the work.
    fn after(&mut self, error: StoreError, has_key: bool) -> Next {
        match error {
            StoreError::OutcomeUnknown(_) if !has_key => Next::GiveUp(error),
            StoreError::OutcomeUnknown(source) => {
                self.unknown_since.get_or_insert_with(Instant::now);
                self.unavailable += 1;
                self.wait_or(StoreError::OutcomeUnknown(source), u32::MAX)
            }
            StoreError::Unavailable(source) => {
                self.unavailable += 1;
                // A pool that is exhausted has let the command wait already.
                let exhausted = matches!(source, sqlx::Error::PoolTimedOut);
                let limit = if exhausted { 0 } else { MAX_UNAVAILABLE };
                if self.unknown_since.is_some() {
                    return self.wait_or(StoreError::OutcomeUnknown(source), u32::MAX);
                }
                self.wait_or(StoreError::Unavailable(source), limit)
            }
            StoreError::Contended(source) if self.unknown_since.is_some() => {
                self.contended += 1;
                self.wait_or(StoreError::OutcomeUnknown(source), u32::MAX)
            }
            StoreError::Contended(_) => {
                self.contended += 1;
                if self.contended > MAX_CONTENDED {
                    return Next::GiveUp(error);
                }
                Next::Wait(pause(self.contended))
            }
            StoreError::InProgress if self.unknown_since.is_some() => {
                self.wait_or(StoreError::InProgress, u32::MAX)
            }
            error => Next::GiveUp(error),
        }
    }

    fn wait_or(&self, error: StoreError, limit: u32) -> Next {
        let out_of_time = self
            .unknown_since
            .is_some_and(|since| since.elapsed() >= self.resolve_timeout);
        if self.unavailable > limit || out_of_time {
            return Next::GiveUp(error);
        }
        Next::Wait(pause(self.unavailable))
    }
}

/// Doubles from 2 ms to 512 ms; the lowest bits of a fresh id spread commands that failed together.
fn pause(attempt: u32) -> Duration {
    let base = 2_u64 << attempt.min(8);
    let spread = u64::from(uuid::Uuid::now_v7().as_bytes()[15]) * base / 256;
    Duration::from_millis(base + spread)
}

#[cfg(test)]
mod tests;
