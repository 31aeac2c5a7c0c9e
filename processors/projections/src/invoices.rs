//! `souk-invoices`: invoice entries + user + account, all keyed by the buyer. There is no primary: the version is the sum over the
//! orders that ever had to do with the month (they only become more), the buyer's name and the address.

mod buyer;

use std::borrow::Cow;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use souk_documents::{Document, InvoiceDocument, Sources};
use souk_runtime::{Body, Destination, Poison, Projection, Record, Rendered, Touched};
use souk_schemas::Event;
use uuid::Uuid;

use crate::currency::Currency;
use crate::invoice_entries::Contribution;
use crate::{records, topics};

use buyer::{Buyer, Invoice};

/// Everything a buyer was charged and credited, by month and currency.
#[derive(Clone, Copy, Debug, Default)]
pub struct Invoices;

/// Names an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvoiceKey {
    buyer: Uuid,
    period: Period,
}

/// A month in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Period {
    pub(crate) year: i16,
    pub(crate) month: i8,
    pub(crate) currency: Currency,
}

/// The buyers of one partition number.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Buyers(HashMap<Uuid, Buyer>);

impl Projection for Invoices {
    type Key = InvoiceKey;
    type Facts = Buyers;
    type Shared = ();
    type Change = ();

    fn name(&self) -> &'static str {
        "invoices"
    }

    fn facts(&self) -> &'static [&'static str] {
        &[topics::INVOICE_ENTRIES, topics::USER, topics::ACCOUNT]
    }

    fn shared(&self) -> &'static [&'static str] {
        &[]
    }

    fn destination(&self) -> Destination {
        Destination::Index {
            alias: InvoiceDocument::ALIAS,
            mapping: InvoiceDocument::MAPPING,
        }
    }

    fn apply_fact(
        &self,
        facts: &mut Buyers,
        record: &Record<'_>,
        touched: &mut Touched<InvoiceKey>,
    ) -> Result<(), Poison> {
        let (buyer, periods) = match record.body {
            Body::Event(Event::User(event)) => {
                let id = event.meta().aggregate_id;
                (id, facts.0.entry(id).or_default().apply_user(event)?)
            }
            Body::Event(Event::Account(event)) => {
                let id = event.meta().aggregate_id;
                (id, facts.0.entry(id).or_default().apply_account(event)?)
            }
            Body::Json(value) if record.topic == topics::INVOICE_ENTRIES => {
                let contribution = Contribution::parse(value)?;
                let id = contribution.buyer_id;
                (
                    id,
                    facts
                        .0
                        .entry(id)
                        .or_default()
                        .apply_entries(&contribution)?,
                )
            }
            _ => return Err(records::unexpected(record)),
        };
        for period in periods {
            touched.mark(InvoiceKey { buyer, period });
        }
        Ok(())
    }

    fn apply_shared(&self, (): &mut (), record: &Record<'_>) -> Result<Option<()>, Poison> {
        Err(records::unexpected(record))
    }

    fn affected(&self, _facts: &Buyers, (): &()) -> Vec<InvoiceKey> {
        Vec::new()
    }

    fn keys(&self, facts: &Buyers) -> Vec<InvoiceKey> {
        let mut keys = Vec::new();
        for (id, buyer) in &facts.0 {
            keys.extend(
                buyer
                    .periods()
                    .map(|period| InvoiceKey { buyer: *id, period }),
            );
        }
        keys
    }

    fn render(&self, facts: &Buyers, (): &(), key: &InvoiceKey) -> Rendered {
        let Some(buyer) = facts.0.get(&key.buyer) else {
            return Rendered::Nothing;
        };
        let Some(invoice) = buyer.invoice(key.period) else {
            return Rendered::Nothing;
        };
        render(key, buyer, &invoice)
    }
}

fn render(key: &InvoiceKey, buyer: &Buyer, invoice: &Invoice<'_>) -> Rendered {
    let Period {
        year,
        month,
        currency,
    } = key.period;
    let currency = currency.as_str();
    let id = format!("{}-{year:04}-{month:02}-{currency}", key.buyer);
    let profile = buyer.profile();
    let sources = Sources::of([
        ("entries", invoice.sequence),
        ("user", buyer.user_stamp()),
        ("account", invoice.account_stamp),
    ]);
    let version = sources.sum();
    if invoice.entries.is_empty() {
        // Every amount of the month was taken over by another entry, as a refund that came after its order's cancellation.
        return records::hidden(id, 0, version, sources);
    }
    let document = InvoiceDocument {
        number: format!("INV-{year:04}{month:02}-{}-{currency}", short(key.buyer)),
        id,
        buyer_id: key.buyer,
        buyer_external_id: profile.external_id.map(Cow::Borrowed),
        buyer_name: profile.name.map(Cow::Borrowed),
        buyer_email: profile.email.map(Cow::Borrowed),
        year,
        month,
        currency: Cow::Borrowed(currency),
        address: invoice.address.clone(),
        num_entries: u32::try_from(invoice.entries.len()).unwrap_or(u32::MAX),
        total_minor: invoice.entries.iter().map(|entry| entry.amount_minor).sum(),
        entries: invoice.entries.clone(),
        deleted: false,
        sources,
    };
    records::document(document.id.clone(), 0, version, &document)
}

/// The end of an id: its beginning is the time, which people who joined together share.
fn short(id: Uuid) -> String {
    let (_, low) = id.as_u64_pair();
    format!("{:012X}", low & 0xffff_ffff_ffff)
}
