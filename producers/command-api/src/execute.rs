use std::time::Instant;

use souk_platform::{Principal, Problem};
use souk_store::{Outcome, StoreError};
use tokio::time::timeout;

use crate::answer::{Accepted, Done};
use crate::app::App;
use crate::error::{Operation, of_store, outcome_unknown};
use crate::input::Origin;
use crate::metrics;

impl App {
    /// Carries out a command that changes one thing.
    pub(crate) async fn accept<U: Operation<Answer = Done>>(
        &self,
        principal: &Principal,
        origin: &Origin,
        operation: U,
    ) -> Result<Accepted, Problem> {
        let command = origin.command(Some(principal));
        self.execute(command, operation).await.map(Accepted::new)
    }

    /// Reads outside of any command, within the time a request has. A read can be dropped anywhere.
    pub(crate) async fn read<T>(
        &self,
        reading: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Problem> {
        match timeout(self.config().request_timeout, reading).await {
            Ok(read) => read.map_err(of_store),
            Err(_) => Err(Problem::unavailable(2, "the event store does not answer")),
        }
    }

    /// Carries out a command. One that takes too long goes on without its client, in the store's own task.
    pub(crate) async fn execute<U: Operation>(
        &self,
        command: souk_store::Command,
        operation: U,
    ) -> Result<Outcome<U::Answer>, Problem> {
        let started = Instant::now();
        let transaction = Box::pin(self.store().transact(command, operation));
        let Ok(result) = timeout(self.config().request_timeout, transaction).await else {
            metrics::timed_out();
            return Err(outcome_unknown());
        };
        let outcome = result.map_err(Problem::from)?;
        metrics::carried_out(outcome.replayed, started.elapsed());
        Ok(outcome)
    }
}
