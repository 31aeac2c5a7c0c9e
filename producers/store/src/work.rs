use std::fmt;

use souk_domain::{AggregateState, Context};
use souk_platform::consistency;
use souk_schemas::{Event, EventMeta, Timestamp};
use sqlx::{MySql, MySqlConnection, Transaction};
use uuid::Uuid;

use crate::aggregates::{self, SavedState};
use crate::command::Command;
use crate::error::StoreError;
use crate::events::{self, NewEvent};
use crate::store::Codec;

/// One transaction of one command: what it loaded is locked, what it records is written when the use case has returned.
pub struct Work {
    tx: Transaction<'static, MySql>,
    codec: Codec,
    context: Context,
    traceparent: Option<String>,
    events: Vec<NewEvent>,
    states: Vec<SavedState>,
}

impl Work {
    pub(crate) fn new(
        tx: Transaction<'static, MySql>,
        codec: Codec,
        command: &Command,
        now_micros: i64,
    ) -> Self {
        let mut context = Context::new(
            Timestamp(now_micros),
            command.actor,
            command.correlation_id,
            Uuid::now_v7,
        );
        if let Some(causation_id) = command.causation_id {
            context = context.caused_by(causation_id);
        }
        Self {
            tx,
            codec,
            context,
            traceparent: command.traceparent.clone(),
            events: Vec::new(),
            states: Vec::new(),
        }
    }

    /// Returns what decisions may know of time, ids and the asking person.
    pub fn context(&mut self) -> &mut Context {
        &mut self.context
    }

    /// Returns the transaction's connection, for guard tables.
    pub fn connection(&mut self) -> &mut MySqlConnection {
        &mut self.tx
    }

    /// Locks an aggregate until the transaction ends and returns its state; the default state if nothing has happened to it yet.
    pub async fn load<S: AggregateState>(&mut self, id: impl Into<Uuid>) -> Result<S, StoreError> {
        aggregates::load_locked(&mut self.tx, &self.codec, id.into()).await
    }

    /// Locks several aggregates in the order of their ids, so that two commands never wait for each other; the states come in
    /// the order of `ids`.
    pub async fn load_all<S: AggregateState>(
        &mut self,
        ids: &[Uuid],
    ) -> Result<Vec<S>, StoreError> {
        aggregates::load_all(&mut self.tx, &self.codec, ids, true).await
    }

    /// Returns the states of aggregates that are only looked at, without a lock.
    pub async fn peek_all<S: AggregateState>(
        &mut self,
        ids: &[Uuid],
    ) -> Result<Vec<S>, StoreError> {
        aggregates::load_all(&mut self.tx, &self.codec, ids, false).await
    }

    /// Takes decided events into the state of their aggregate and notes both for writing.
    pub fn record<S: AggregateState>(
        &mut self,
        state: &mut S,
        events: impl IntoIterator<Item = S::Event>,
    ) -> Result<(), StoreError> {
        match self.apply(state, events) {
            Some(id) => self.keep(id, state),
            None => Ok(()),
        }
    }

    /// Takes decided events into the state and notes them; returns their aggregate's id. Who decides often on one large state
    /// calls this each time and [`keep`](Self::keep) once at the end.
    pub fn apply<S: AggregateState>(
        &mut self,
        state: &mut S,
        events: impl IntoIterator<Item = S::Event>,
    ) -> Option<Uuid> {
        let mut aggregate_id = None;
        for event in events {
            state.apply(&event);
            aggregate_id = Some(S::meta(&event).aggregate_id);
            self.note(&event.into());
        }
        aggregate_id
    }

    /// Notes the state that belongs to the events noted before.
    pub fn keep<S: AggregateState>(
        &mut self,
        id: impl Into<Uuid>,
        state: &S,
    ) -> Result<(), StoreError> {
        let saved = SavedState::of(id.into(), state)?;
        let is_same =
            |other: &SavedState| other.aggregate == saved.aggregate && other.id == saved.id;
        match self.states.iter().rposition(is_same) {
            Some(index) => self.states[index] = saved,
            None => self.states.push(saved),
        }
        Ok(())
    }

    fn note(&mut self, event: &Event) {
        let payload = self.codec.encoder.encode(event);
        self.events.push(NewEvent {
            aggregate: event.aggregate(),
            event_type: event.event_type(),
            meta: EventMeta::clone(event.meta()),
            payload,
            traceparent: self.traceparent.clone(),
        });
    }

    /// Returns a token for each aggregate written so far, in the order of their recording.
    pub fn tokens(&self) -> Vec<consistency::Token> {
        self.states
            .iter()
            .take(consistency::MAX_TOKENS)
            .map(|state| consistency::Token {
                aggregate: state.aggregate.name().to_owned(),
                aggregate_id: state.id,
                sequence: state.sequence,
                micros: self.context.now.as_micros(),
            })
            .collect()
    }

    /// Writes what was recorded: the events first, because their unique sequence is what refuses a second writer.
    pub(crate) async fn flush(&mut self) -> Result<(), StoreError> {
        events::append(&mut self.tx, &self.events).await?;
        aggregates::save(&mut self.tx, &self.states).await
    }

    pub(crate) fn num_events(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn into_transaction(self) -> Transaction<'static, MySql> {
        self.tx
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Work")
            .field("context", &self.context)
            .field("num_events", &self.events.len())
            .finish_non_exhaustive()
    }
}
