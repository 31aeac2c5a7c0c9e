//! Puts together what was seen of each command at each place.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use uuid::Uuid;

use crate::bench::stats::Latencies;

/// A command that was answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    pub(super) listing: Uuid,
    pub(super) sequence: u64,
    /// When it had to be sent; a client that is late itself does not shorten anything.
    pub(super) due: Instant,
    pub(super) at: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Legs {
    pub(super) answer: Latencies,
    pub(super) kafka: Latencies,
    pub(super) searchable: Latencies,
    pub(super) whole: Latencies,
}

/// When which sequence of a listing became searchable, in the order of time.
pub(super) type Searchable = HashMap<Uuid, Vec<(u64, Instant)>>;
/// When which event was on its topic.
pub(super) type OnKafka = HashMap<(Uuid, u64), Instant>;

/// Joins the three by listing and sequence.
pub(super) fn legs(
    answered: &[Answered],
    on_kafka: &OnKafka,
    searchable: &Searchable,
) -> anyhow::Result<Legs> {
    let (mut answer, mut kafka, mut index, mut whole) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for command in answered {
        let seen = on_kafka
            .get(&(command.listing, command.sequence))
            .context("a change did not come to Kafka")?;
        let moments = searchable
            .get(&command.listing)
            .context("a change did not become searchable")?;
        let found = moments
            .iter()
            .find(|(sequence, _)| *sequence >= command.sequence)
            .context("a change did not become searchable")?
            .1;
        answer.push(command.at.saturating_duration_since(command.due));
        // An event can be on Kafka before the client has read its answer.
        kafka.push(seen.saturating_duration_since(command.at));
        index.push(found.saturating_duration_since(*seen));
        whole.push(found.saturating_duration_since(command.due));
    }
    let latencies = |durations: Vec<Duration>| durations.into_iter().collect();
    Ok(Legs {
        answer: latencies(answer),
        kafka: latencies(kafka),
        searchable: latencies(index),
        whole: latencies(whole),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legs_add_up_to_the_whole_way() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let listing = Uuid::from_u128(1);
        let answered = [
            Answered {
                listing,
                sequence: 3,
                due: start,
                at: at(5),
            },
            // Kafka had it before its client heard, and one refresh showed both.
            Answered {
                listing,
                sequence: 4,
                due: at(2),
                at: at(9),
            },
        ];
        let on_kafka = OnKafka::from([((listing, 3), at(7)), ((listing, 4), at(8))]);
        let searchable = Searchable::from([(listing, vec![(2, at(1)), (4, at(30))])]);
        let legs = legs(&answered, &on_kafka, &searchable).unwrap();
        let millis = |latencies: &Latencies| {
            [latencies.percentile(50), latencies.percentile(100)].map(|value| format!("{value:.0}"))
        };
        assert_eq!(millis(&legs.answer), ["5", "7"]);
        assert_eq!(millis(&legs.kafka), ["0", "2"]);
        assert_eq!(millis(&legs.searchable), ["22", "23"]);
        assert_eq!(millis(&legs.whole), ["28", "30"]);
        assert!(super::legs(&answered, &OnKafka::new(), &searchable).is_err());
    }
}
