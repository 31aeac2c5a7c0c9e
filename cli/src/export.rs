//! Data from the index, for programs.

use std::{io, process::ExitCode};

use anyhow::Context as _;
use serde::Serialize;
use souk_documents::InvoiceDocument;

use crate::{Invocation, args::Export, index::Index};

/// One invoice; ordered as printed.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Row {
    external_id: String,
    year: i16,
    month: i8,
    currency: String,
    entries: u32,
    total_minor: i64,
}

/// Prints `external_id,year,month,currency,entries,total_minor` for every invoice, sorted.
pub(crate) async fn export(invocation: &Invocation, export: &Export) -> anyhow::Result<ExitCode> {
    let Export::Invoices { csv: _ } = export;
    let mut rows = Vec::new();
    let index = Index::new(&invocation.config)?;
    index
        .scan(souk_documents::INVOICES, |document| {
            let invoice: InvoiceDocument<'static> = serde_json::from_value(document)
                .context("an invoice of the index cannot be read")?;
            rows.push(row(invoice));
            Ok(())
        })
        .await?;
    rows.sort();
    let mut out = csv::Writer::from_writer(io::stdout().lock());
    if rows.is_empty() {
        out.write_record([
            "external_id",
            "year",
            "month",
            "currency",
            "entries",
            "total_minor",
        ])
        .context("cannot print")?;
    }
    for row in &rows {
        out.serialize(row).context("cannot print")?;
    }
    out.flush().context("cannot print")?;
    Ok(ExitCode::SUCCESS)
}

/// A buyer who was not imported is named by our own id.
fn row(invoice: InvoiceDocument<'static>) -> Row {
    Row {
        external_id: invoice.buyer_external_id.map_or_else(
            || invoice.buyer_id.to_string(),
            std::borrow::Cow::into_owned,
        ),
        year: invoice.year,
        month: invoice.month,
        currency: invoice.currency.into_owned(),
        entries: invoice.num_entries,
        total_minor: invoice.total_minor,
    }
}
