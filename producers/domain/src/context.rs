use std::fmt;

use souk_schemas::{
    EventMeta, Timestamp,
    ids::{EventId, UserId},
};
use uuid::Uuid;

use crate::aggregate::AggregateState;

/// What a decision may know besides the state and the command: who asks, when, why, and where new ids come from.
pub struct Context {
    /// When the decision is made.
    pub now: Timestamp,
    /// Whose command it is; absent when the system acts.
    pub actor: Option<UserId>,
    /// The same for everything that one request led to.
    pub correlation_id: Uuid,
    /// The event or command that led to this one.
    pub causation_id: Option<Uuid>,
    ids: Box<dyn FnMut() -> Uuid + Send>,
}

impl Context {
    /// Builds a context; `ids` returns a new id at each call.
    pub fn new(
        now: Timestamp,
        actor: Option<UserId>,
        correlation_id: Uuid,
        ids: impl FnMut() -> Uuid + Send + 'static,
    ) -> Self {
        Self {
            now,
            actor,
            correlation_id,
            causation_id: None,
            ids: Box::new(ids),
        }
    }

    /// Says what led to the decision.
    #[must_use]
    pub fn caused_by(mut self, causation_id: Uuid) -> Self {
        self.causation_id = Some(causation_id);
        self
    }

    /// Returns an id that was not given out before.
    pub fn new_id(&mut self) -> Uuid {
        (self.ids)()
    }

    /// Describes the event that follows everything in `state`.
    pub(crate) fn next_meta<S: AggregateState>(
        &mut self,
        aggregate_id: impl Into<Uuid>,
        state: &S,
    ) -> EventMeta {
        EventMeta {
            event_id: EventId(self.new_id()),
            aggregate_id: aggregate_id.into(),
            sequence: (state.sequence() + 1).cast_signed(),
            occurred_at: self.now,
            actor: self.actor.map(Uuid::from),
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Context")
            .field("now", &self.now)
            .field("actor", &self.actor)
            .field("correlation_id", &self.correlation_id)
            .field("causation_id", &self.causation_id)
            .finish_non_exhaustive()
    }
}
