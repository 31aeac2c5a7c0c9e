use std::collections::VecDeque;

use tokio::time::Instant;

use crate::position::{Mark, Position};

/// What was sent and not yet acknowledged, in the order of sending, with the ends of transactions in between.
///
/// The front decides: the position passes a boundary only when everything before it has been acknowledged.
#[derive(Debug)]
pub(crate) struct Window {
    /// The ticket of the front item; tickets are given out in order.
    first: usize,
    items: VecDeque<Item>,
    events: usize,
    bytes: usize,
    max_items: usize,
    max_bytes: usize,
}

#[derive(Debug)]
enum Item {
    Sent(Sent),
    Boundary(Boundary),
}

#[derive(Debug)]
struct Sent {
    bytes: usize,
    occurred_at: i64,
    since: Instant,
    acknowledged: bool,
}

/// A place in the binary log that is reached once everything before it is acknowledged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// A scan is complete; the log begins here.
    Start(Box<Position>),
    Commit(Mark),
}

/// What left the front of the window.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Event,
    Boundary(Boundary),
}

impl Window {
    pub(crate) fn new(max_items: usize, max_bytes: usize) -> Self {
        Self {
            first: 0,
            items: VecDeque::new(),
            events: 0,
            bytes: 0,
            max_items,
            max_bytes,
        }
    }

    /// Whether another transaction may be sent; a transaction is let in whole.
    pub(crate) fn has_room(&self) -> bool {
        self.items.len() < self.max_items && self.bytes < self.max_bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn num_events(&self) -> usize {
        self.events
    }

    /// When the oldest unacknowledged event happened and when it was sent.
    pub(crate) fn oldest(&self) -> Option<(i64, Instant)> {
        self.items.iter().find_map(|item| match item {
            Item::Sent(sent) => Some((sent.occurred_at, sent.since)),
            Item::Boundary(_) => None,
        })
    }

    /// Notes an event and returns the ticket to acknowledge it by.
    pub(crate) fn push_event(&mut self, bytes: usize, occurred_at: i64, sent_at: Instant) -> usize {
        self.events += 1;
        self.bytes += bytes;
        self.items.push_back(Item::Sent(Sent {
            bytes,
            occurred_at,
            since: sent_at,
            acknowledged: false,
        }));
        self.first.wrapping_add(self.items.len() - 1)
    }

    pub(crate) fn push_boundary(&mut self, boundary: Boundary) {
        self.items.push_back(Item::Boundary(boundary));
    }

    pub(crate) fn acknowledge(&mut self, ticket: usize) {
        if let Some(Item::Sent(sent)) = self.items.get_mut(ticket.wrapping_sub(self.first)) {
            sent.acknowledged = true;
        }
    }

    /// Takes the front off when it waits for nothing.
    pub(crate) fn settle(&mut self) -> Option<Settled> {
        if let Some(Item::Sent(Sent {
            acknowledged: false,
            ..
        })) = self.items.front()
        {
            return None;
        }
        let item = self.items.pop_front()?;
        self.first = self.first.wrapping_add(1);
        Some(match item {
            Item::Sent(sent) => {
                self.events -= 1;
                self.bytes -= sent.bytes;
                Settled::Event
            }
            Item::Boundary(boundary) => Settled::Boundary(boundary),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(offset: u64) -> Boundary {
        Boundary::Commit(Mark {
            file: "b.000001".into(),
            offset,
            gtid: None,
        })
    }

    fn settle_all(window: &mut Window) -> Vec<Settled> {
        std::iter::from_fn(|| window.settle()).collect()
    }

    #[tokio::test]
    async fn a_boundary_is_passed_only_when_all_before_it_is_acknowledged() {
        let mut window = Window::new(10, 1_000);
        let now = Instant::now();
        let first = window.push_event(10, 1, now);
        let second = window.push_event(10, 2, now);
        window.push_boundary(commit(100));
        let third = window.push_event(10, 3, now);
        window.push_boundary(commit(200));

        window.acknowledge(third);
        window.acknowledge(second);
        assert_eq!(settle_all(&mut window), []);
        assert_eq!(window.oldest(), Some((1, now)));

        window.acknowledge(first);
        let expected = [
            Settled::Event,
            Settled::Event,
            Settled::Boundary(commit(100)),
            Settled::Event,
            Settled::Boundary(commit(200)),
        ];
        assert_eq!(settle_all(&mut window), expected);
        assert!(window.is_empty() && window.has_room());
        assert_eq!(window.oldest(), None);
    }

    #[tokio::test]
    async fn boundaries_without_events_pass_at_once() {
        let mut window = Window::new(10, 1_000);
        window.push_boundary(commit(100));
        assert_eq!(settle_all(&mut window), [Settled::Boundary(commit(100))]);
    }

    #[tokio::test]
    async fn there_is_room_until_a_limit_is_reached_and_again_after_acknowledgement() {
        let now = Instant::now();
        for (max_items, max_bytes) in [(2, 1_000), (100, 20)] {
            let mut window = Window::new(max_items, max_bytes);
            let first = window.push_event(10, 1, now);
            assert!(window.has_room());
            window.push_event(10, 2, now);
            assert!(!window.has_room());
            window.acknowledge(first);
            assert_eq!(settle_all(&mut window), [Settled::Event]);
            assert!(window.has_room());
            assert_eq!(window.num_events(), 1);
        }
    }
}
