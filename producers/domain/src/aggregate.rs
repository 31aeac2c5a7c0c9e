use serde::{Serialize, de::DeserializeOwned};
use souk_schemas::{Aggregate, Event, EventMeta};

/// The state of one aggregate: what its events add up to. The default is an aggregate nothing has happened to.
///
/// The store keeps it in the aggregate's row, so its serialized form is part of the contract.
pub trait AggregateState:
    Default + Clone + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Raised whenever the serialized form changes meaning: rows kept by another version are folded again.
    const STATE_VERSION: u32 = 1;

    /// Which aggregate this is.
    const AGGREGATE: Aggregate;

    /// Everything that can happen to it.
    type Event: Into<Event> + Clone + Send + Sync + 'static;

    /// Returns the event as one of this aggregate's, or `None` when it is another's.
    fn own(event: Event) -> Option<Self::Event>;

    /// Returns what an event of this aggregate says of itself.
    fn meta(event: &Self::Event) -> &EventMeta;

    /// Returns the sequence of the last event applied; 0 when nothing has happened yet.
    fn sequence(&self) -> u64;

    /// Takes in one event, in order. Never fails: what was decided is a fact.
    fn apply(&mut self, event: &Self::Event);

    /// Takes in the next event of a stream that was read from somewhere, and checks that it is the next.
    fn replay(&mut self, event: Event) -> Result<(), FoldError> {
        let aggregate = event.aggregate();
        let Some(event) = Self::own(event) else {
            return Err(FoldError::Foreign {
                expected: Self::AGGREGATE,
                found: aggregate,
            });
        };
        let expected = self.sequence() + 1;
        let found = Self::meta(&event).sequence;
        if found != expected.cast_signed() {
            return Err(FoldError::Gap { expected, found });
        }
        self.apply(&event);
        Ok(())
    }

    /// Folds the events of one aggregate, from its first.
    fn fold(events: impl IntoIterator<Item = Event>) -> Result<Self, FoldError> {
        let mut state = Self::default();
        for event in events {
            state.replay(event)?;
        }
        Ok(state)
    }
}

/// Why a stream of events does not add up to an aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The event belongs to another type of aggregate.
    #[error("an event of {} in a stream of {}", found.name(), expected.name())]
    Foreign {
        /// Whose stream it is.
        expected: Aggregate,
        /// Whose event it is.
        found: Aggregate,
    },
    /// An event is missing, repeated or out of order.
    #[error("event {found} where event {expected} comes next")]
    Gap {
        /// The sequence that comes next.
        expected: u64,
        /// The sequence of the event.
        found: i64,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{AggregateState, FoldError};
    use crate::{
        listing::Listing,
        testing::{Story, id},
        user::User,
    };

    #[test]
    fn a_stream_with_a_gap_or_a_repeat_or_a_stranger_is_not_folded() {
        let command = serde_json::from_value(json!({
            "title": "Lamp", "condition": "new", "price": { "amount_minor": 1, "currency": "EUR" },
        }))
        .unwrap();
        let history = Story::by(Some(id(7)))
            .given(|_, ctx| Listing::draft(ctx, id(1), id(7), command))
            .given(Listing::publish)
            .given(Listing::pause)
            .history;
        let [first, second, third] = &*history else {
            panic!("three events");
        };

        let gap = Listing::fold([first.clone(), third.clone()]);
        let repeat = Listing::fold([first.clone(), second.clone(), second.clone()]);
        let stranger = User::fold([first.clone()]);

        let expected = 2;
        assert_eq!(gap, Err(FoldError::Gap { expected, found: 3 }));
        let expected = 3;
        assert_eq!(repeat, Err(FoldError::Gap { expected, found: 2 }));
        assert!(matches!(stranger, Err(FoldError::Foreign { .. })));
    }
}
