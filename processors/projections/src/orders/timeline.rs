use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use souk_documents::{TimelineEntry, Timestamp};
use souk_schemas::PaymentMethod;

/// Something that happened to an order, in few bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Moment {
    pub(crate) at: i64,
    /// Of its aggregate.
    pub(crate) sequence: u64,
    pub(crate) step: Step,
    pub(crate) amount_minor: Option<i64>,
    pub(crate) detail: Option<Detail>,
}

/// In the order in which one causes another: at equal times the earlier step is shown first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Step {
    OrderPlaced,
    OrderImported,
    PaymentRequested,
    PaymentFailed,
    PaymentAuthorized,
    OrderConfirmed,
    PaymentCaptured,
    OrderCancelled,
    PaymentRefunded,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Detail {
    Reason(Box<str>),
    Method(PaymentMethod),
}

impl Step {
    fn event_type(self) -> &'static str {
        match self {
            Self::OrderPlaced => "OrderPlaced",
            Self::OrderImported => "OrderImported",
            Self::PaymentRequested => "PaymentRequested",
            Self::PaymentFailed => "PaymentFailed",
            Self::PaymentAuthorized => "PaymentAuthorized",
            Self::OrderConfirmed => "OrderConfirmed",
            Self::PaymentCaptured => "PaymentCaptured",
            Self::OrderCancelled => "OrderCancelled",
            Self::PaymentRefunded => "PaymentRefunded",
        }
    }
}

/// Sorts what happened by time, causes before effects.
pub(crate) fn render(moments: &[Moment]) -> Vec<TimelineEntry<'_>> {
    let mut sorted: Vec<&Moment> = moments.iter().collect();
    sorted.sort_unstable_by_key(|moment| (moment.at, moment.step, moment.sequence));
    sorted.into_iter().map(entry).collect()
}

fn entry(moment: &Moment) -> TimelineEntry<'_> {
    TimelineEntry {
        at: Timestamp::from_micros(moment.at),
        event: Cow::Borrowed(moment.step.event_type()),
        detail: moment.detail.as_ref().map(|detail| match detail {
            Detail::Reason(reason) => Cow::Borrowed(&**reason),
            Detail::Method(method) => Cow::Borrowed(method.as_str()),
        }),
        amount_minor: moment.amount_minor,
    }
}
