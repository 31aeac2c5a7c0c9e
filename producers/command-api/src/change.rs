use std::marker::PhantomData;

use souk_domain::{AggregateState, Context};
use souk_store::{UseCase, Work};
use uuid::Uuid;

use crate::answer::Done;
use crate::error::CommandError;
use crate::input::IfMatch;

/// The use case of most commands: lock one aggregate, decide, append.
pub(crate) struct Change<S, F> {
    id: Uuid,
    if_match: IfMatch,
    decide: F,
    state: PhantomData<fn() -> S>,
}

impl<S, E, F> Change<S, F>
where
    S: AggregateState,
    E: Into<CommandError>,
    F: Fn(&S, &mut Context) -> Result<Vec<S::Event>, E> + Send + Sync + 'static,
{
    pub(crate) fn new(id: impl Into<Uuid>, if_match: IfMatch, decide: F) -> Self {
        Self {
            id: id.into(),
            if_match,
            decide,
            state: PhantomData,
        }
    }
}

impl<S, E, F> UseCase for Change<S, F>
where
    S: AggregateState,
    E: Into<CommandError> + 'static,
    F: Fn(&S, &mut Context) -> Result<Vec<S::Event>, E> + Send + Sync + 'static,
{
    type Answer = Done;
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<Done, CommandError> {
        let mut state = load_matching::<S>(work, self.id, &self.if_match).await?;
        let events = (self.decide)(&state, work.context()).map_err(Into::into)?;
        work.record(&mut state, events)?;
        Ok(Done::new(S::AGGREGATE, self.id, state.sequence()))
    }
}

/// Locks an aggregate in the state the client decided on. One that does not exist is left to the decision, which knows its name.
pub(crate) async fn load_matching<S: AggregateState>(
    work: &mut Work,
    id: impl Into<Uuid>,
    if_match: &IfMatch,
) -> Result<S, CommandError> {
    let state: S = work.load(id).await?;
    if state.sequence() != 0 {
        if_match.check(state.sequence())?;
    }
    Ok(state)
}
