//! From the words of events to those of documents, borrowing every text.

use std::borrow::Cow;

use souk_documents::{Address, OrderLine};

pub(crate) fn order_line(line: &souk_schemas::OrderLine) -> OrderLine<'_> {
    OrderLine {
        listing_id: line.listing_id.0,
        external_id: line.external_id.as_deref().map(Cow::Borrowed),
        title: Cow::Borrowed(&line.title),
        condition: line
            .condition
            .map(|condition| Cow::Borrowed(condition.as_str())),
        unit_price: Cow::Borrowed(&line.unit_price),
        quantity: line.quantity,
        amount_minor: line.amount.amount_minor,
    }
}

pub(crate) fn order_lines(lines: &[souk_schemas::OrderLine]) -> Vec<OrderLine<'_>> {
    lines.iter().map(order_line).collect()
}

pub(crate) fn address(address: &souk_schemas::Address) -> Address<'_> {
    Address {
        recipient: Cow::Borrowed(&address.recipient),
        line1: Cow::Borrowed(&address.line1),
        line2: address.line2.as_deref().map(Cow::Borrowed),
        city: Cow::Borrowed(&address.city),
        region: address.region.as_deref().map(Cow::Borrowed),
        postal_code: Cow::Borrowed(&address.postal_code),
        country: Cow::Borrowed(&address.country),
    }
}
