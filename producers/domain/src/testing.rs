//! How tests tell a story: given what was decided before, when a command comes, then these events or this refusal.

use std::fmt::Debug;

use souk_schemas::{Event, Timestamp, ids::UserId};
use uuid::Uuid;

use crate::{AggregateState, Context, FieldError, Refusal};

/// 2026-01-01T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp(1_767_225_600_000_000);

/// One aggregate, and everything that happened to it.
#[derive(Debug)]
pub(crate) struct Story<S> {
    pub(crate) state: S,
    pub(crate) history: Vec<Event>,
    actor: Option<UserId>,
}

impl<S: AggregateState> Story<S> {
    /// Starts with an aggregate nothing has happened to.
    pub(crate) fn by(actor: Option<UserId>) -> Self {
        Self {
            state: S::default(),
            history: Vec::new(),
            actor,
        }
    }

    /// Lets somebody else act from here on.
    pub(crate) fn now_by(mut self, actor: Option<UserId>) -> Self {
        self.actor = actor;
        self
    }

    /// Decides and takes in what was decided, which must be accepted.
    pub(crate) fn given<E: Debug>(
        mut self,
        decide: impl FnOnce(&S, &mut Context) -> Result<Vec<S::Event>, E>,
    ) -> Self {
        self.attempt(decide).unwrap();
        self
    }

    /// Decides, and takes nothing in.
    pub(crate) fn when<E>(
        &self,
        decide: impl FnOnce(&S, &mut Context) -> Result<Vec<S::Event>, E>,
    ) -> Result<Vec<S::Event>, E> {
        let mut ctx = context(self.actor, self.state.sequence());
        decide(&self.state, &mut ctx)
    }

    /// Decides, and takes in what was decided if it was accepted.
    pub(crate) fn attempt<E>(
        &mut self,
        decide: impl FnOnce(&S, &mut Context) -> Result<Vec<S::Event>, E>,
    ) -> Result<(), E> {
        for event in self.when(decide)? {
            let event: Event = event.into();
            self.state.replay(event.clone()).unwrap();
            self.history.push(event);
        }
        Ok(())
    }

    /// Checks what holds for every history: it folds to the state that was reached, and the state can be kept.
    pub(crate) fn end(self)
    where
        S: Debug + PartialEq,
    {
        let kept: S = serde_json::from_str(&serde_json::to_string(&self.state).unwrap()).unwrap();
        assert_eq!(kept, self.state);
        assert_eq!(S::fold(self.history), Ok(self.state));
    }
}

/// A context in which ids count up, from a start of their own for each seed.
pub(crate) fn context(actor: Option<UserId>, seed: u64) -> Context {
    let mut last = u128::from(seed) << 64;
    Context::new(NOW, actor, Uuid::from_u128(1), move || {
        last += 1;
        Uuid::from_u128(last)
    })
}

/// An id that is easy to tell from others.
pub(crate) fn id<T: From<Uuid>>(number: u128) -> T {
    T::from(Uuid::from_u128(number))
}

/// The pointers and codes of a refusal's bad fields.
pub(crate) fn fields<T: Debug>(refused: Result<T, impl Refusal>) -> Vec<(String, &'static str)> {
    let refusal = refused.expect_err("a refusal");
    let violations = refusal.violations().expect("a refusal about fields");
    violations.0.iter().map(pointer_and_code).collect()
}

pub(crate) fn pointer_and_code(error: &FieldError) -> (String, &'static str) {
    (error.pointer.clone().into_owned(), error.code)
}
