//! Data of other systems, through the command API's import door.

mod products;
mod quotes;
mod retail;
mod searchable;

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use flate2::read::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive as _};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use self::retail::{Books, Paper, Refused};
use crate::{
    Invocation,
    args::{Import, ImportFile},
    door::{Door, Imported, Outcome},
    say,
};

const RETAIL_SHOP: &str = "online-retail:shop";
const PRODUCTS_SHOP: &str = "products:shop";

/// What `--json` prints and what is said at the end.
#[derive(Debug, Default, Serialize)]
struct Report {
    lines_read: u64,
    /// By kind of thing: users, categories, listings, orders, credits.
    things: BTreeMap<&'static str, Counts>,
    refused_lines: Refused,
    refused_items: Vec<RefusedItem>,
}

#[derive(Debug, Default, Serialize)]
struct Counts {
    created: u64,
    existing: u64,
    refused: u64,
}

#[derive(Debug, Serialize)]
struct RefusedItem {
    kind: &'static str,
    external_id: String,
    reason: String,
}

/// Imports a file; succeeds when the file was read to its end, whatever was refused in it.
pub(crate) async fn import(invocation: &Invocation, import: &Import) -> anyhow::Result<ExitCode> {
    let (file, run): (&ImportFile, _) = match import {
        Import::OnlineRetail(file) => (file, Source::OnlineRetail),
        Import::Products(file) => (file, Source::Products),
    };
    let door = Door::new(&invocation.config, file.admin.command_url.as_ref())?;
    let path = file.file.clone();
    let mut importer = Importer {
        door,
        report: Report::default(),
        last: Vec::new(),
        quiet: file.json,
    };
    match run {
        Source::OnlineRetail => {
            let books = read(&path, |input| retail::read_books(input).map_err(Into::into)).await?;
            importer.import_books(books).await?;
        }
        Source::Products => {
            let products = read(&path, |input| {
                products::read_products(BufReader::new(input)).map_err(Into::into)
            })
            .await?;
            importer.import_products(products).await?;
        }
    }
    if !file.no_wait {
        searchable::wait(&invocation.config, &importer.last, file.json).await?;
    }
    if file.json {
        say(serde_json::to_string_pretty(&importer.report).context("cannot print the report")?);
    } else {
        importer.report.print();
    }
    Ok(ExitCode::SUCCESS)
}

enum Source {
    OnlineRetail,
    Products,
}

/// Reads a file, gzipped or not, away from the asynchronous threads.
async fn read<T: Send + 'static>(
    path: &Path,
    parse: impl FnOnce(Box<dyn Read>) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let path = path.to_owned();
    let reading = move || {
        let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        let input = plain(file).with_context(|| format!("cannot read {}", path.display()))?;
        parse(input).with_context(|| format!("cannot import {}", path.display()))
    };
    tokio::task::spawn_blocking(reading)
        .await
        .context("reading the file panicked")?
}

/// The text of a file, without the byte order mark that some programs put before it.
fn plain(mut file: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    let magic = first_bytes(&mut file, 2)?;
    let is_zipped = magic == [0x1f, 0x8b];
    let whole = io::Cursor::new(magic).chain(BufReader::new(file));
    let mut text: Box<dyn Read> = if is_zipped {
        Box::new(MultiGzDecoder::new(whole))
    } else {
        Box::new(whole)
    };
    let mut start = first_bytes(&mut text, 3)?;
    if start == "\u{feff}".as_bytes() {
        start.clear();
    }
    Ok(Box::new(io::Cursor::new(start).chain(text)))
}

fn first_bytes(input: &mut impl Read, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

struct Importer {
    door: Door,
    report: Report,
    /// Things whose visibility says that everything before is visible too: see [`searchable`].
    last: Vec<searchable::Created>,
    quiet: bool,
}

impl Importer {
    async fn import_books(&mut self, books: Books) -> anyhow::Result<()> {
        self.report.lines_read = books.num_lines;
        self.report.refused_lines = books.refused;
        let mut users = vec![user(RETAIL_SHOP, "Online Retail", retail::TIME_ZONE)];
        users.extend(
            books
                .buyers
                .iter()
                .map(|(external_id, name)| user(external_id, name, retail::TIME_ZONE)),
        );
        let users = self.import_items("users", "users", users).await?;
        let listings = books.listings.iter().map(|(code, item)| {
            json!({
                "external_id": code,
                "seller_external_id": RETAIL_SHOP,
                "title": item.title,
                "condition": "new",
                "price": {"amount_minor": pence(item.price).max(1), "currency": retail::CURRENCY},
                "quantity": 0,
            })
        });
        self.import_items("listings", "listings", listings.collect())
            .await?;
        // Orders and credits go side by side: each has its own date, and invoices do not depend on who comes first.
        let (credits, orders): (Vec<&Paper>, Vec<&Paper>) =
            books.papers.iter().partition(|paper| paper.is_credit);
        let buyers: HashMap<&str, Uuid> = users
            .iter()
            .filter_map(|user| Some((user.external_id.as_str(), user.id?)))
            .collect();
        let mut papers = Vec::with_capacity(books.papers.len());
        for (kind, some) in [("orders", orders), ("credits", credits)] {
            let items: Vec<Value> = some.iter().copied().map(order).collect::<Result<_, _>>()?;
            let imported = self.import_items("orders", kind, items).await?;
            papers.extend(some.into_iter().zip(imported));
        }
        let papers = papers.iter().map(|(paper, imported)| (*paper, imported));
        self.last.extend(searchable::invoices(papers, &buyers)?);
        Ok(())
    }

    async fn import_products(&mut self, read: products::Products) -> anyhow::Result<()> {
        self.report.lines_read = read.num_lines;
        self.report.refused_lines = read.refused;
        self.import_items(
            "users",
            "users",
            vec![user(PRODUCTS_SHOP, "Products", "UTC")],
        )
        .await?;
        let names: std::collections::BTreeSet<&str> = read
            .items
            .iter()
            .filter_map(products::Product::category)
            .collect();
        let categories = names
            .iter()
            .map(|name| json!({"external_id": category_id(name), "name": name}));
        self.import_items("categories", "categories", categories.collect())
            .await?;
        let listings = read.items.iter().map(|product| {
            let attributes: Vec<Value> = product
                .pairs()
                .into_iter()
                .map(|(name, value)| json!({"name": name, "value": value}))
                .collect();
            let mut item = json!({
                "external_id": product.id,
                "seller_external_id": PRODUCTS_SHOP,
                "title": product.title,
                "description": product.description.as_deref().unwrap_or_default(),
                "condition": "new",
                "attributes": attributes,
                "price": {"amount_minor": product.price, "currency": products::CURRENCY},
            });
            if let Some(brand) = product
                .brand
                .as_deref()
                .filter(|brand| !brand.trim().is_empty())
            {
                item["brand"] = brand.into();
            }
            if let Some(category) = product.category() {
                item["category_external_id"] = category_id(category).into();
            }
            item
        });
        self.import_items("listings", "listings", listings.collect())
            .await?;
        Ok(())
    }

    async fn import_items(
        &mut self,
        door: &'static str,
        kind: &'static str,
        items: Vec<Value>,
    ) -> anyhow::Result<Vec<Imported>> {
        let bar = if self.quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(items.len() as u64)
        };
        let style = ProgressStyle::with_template("{msg:>12} {bar:40} {pos}/{len} {per_sec} {eta}")
            .context("a progress bar's template is wrong")?;
        bar.set_style(style);
        bar.set_message(kind);
        let imported = self.door.import(door, items, |done| bar.inc(done)).await?;
        bar.finish();
        self.count(kind, &imported);
        self.last.extend(
            imported
                .iter()
                .filter_map(|item| searchable::Created::of(kind, item)),
        );
        Ok(imported)
    }

    fn count(&mut self, kind: &'static str, imported: &[Imported]) {
        let counts = self.report.things.entry(kind).or_default();
        for item in imported {
            match item.outcome {
                Outcome::Created => counts.created += 1,
                Outcome::Existing => counts.existing += 1,
                Outcome::Refused => {
                    counts.refused += 1;
                    self.report.refused_items.push(RefusedItem {
                        kind,
                        external_id: item.external_id.clone(),
                        reason: item.reason(),
                    });
                }
            }
        }
    }
}

impl Report {
    fn print(&self) {
        say(format!("{} lines read", self.lines_read));
        for (kind, counts) in &self.things {
            say(format!(
                "{:>12}: {} created, {} existed, {} refused",
                kind, counts.created, counts.existing, counts.refused
            ));
        }
        say(format!(
            "{:>12}: {} refused",
            "lines", self.refused_lines.count
        ));
        for line in &self.refused_lines.lines {
            say(format!("  line {}: {}", line.line, line.reason));
        }
        for item in &self.refused_items {
            say(format!(
                "  {} {}: {}",
                item.kind, item.external_id, item.reason
            ));
        }
    }
}

fn user(external_id: &str, name: &str, time_zone: &str) -> Value {
    let email = format!(
        "{}@import.invalid",
        external_id.replace(':', ".").to_lowercase()
    );
    json!({"external_id": external_id, "email": email, "name": name, "time_zone": time_zone})
}

fn order(paper: &Paper) -> anyhow::Result<Value> {
    let Ok(placed_at) = Timestamp::from_microsecond(paper.placed_at) else {
        bail!(
            "invoice {} has a date beyond what can be written",
            paper.number
        );
    };
    let lines: Vec<Value> = paper
        .lines
        .iter()
        .map(|line| {
            let mut value = json!({
                "listing_external_id": line.stock_code,
                "quantity": line.quantity,
                "unit_price": line.unit_price.to_string(),
            });
            if !line.description.is_empty() {
                value["title"] = line.description.as_str().into();
            }
            value
        })
        .collect();
    Ok(json!({
        "external_id": paper.number,
        "kind": if paper.is_credit { "credit" } else { "order" },
        "buyer_external_id": paper.buyer,
        "seller_external_id": RETAIL_SHOP,
        "currency": retail::CURRENCY,
        "time_zone": retail::TIME_ZONE,
        "placed_at": placed_at.to_string(),
        "lines": lines,
    }))
}

fn pence(pounds: Decimal) -> i64 {
    let pence = (pounds * Decimal::ONE_HUNDRED)
        .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    pence.to_i64().unwrap_or_default()
}

fn category_id(name: &str) -> String {
    format!("products:{}", name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_text() {
        let marked = "\u{feff}InvoiceNo\n".as_bytes();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(marked).unwrap();
        let zipped = encoder.finish().unwrap();
        for (file, expected) in [
            (marked.to_vec(), "InvoiceNo\n"),
            (zipped, "InvoiceNo\n"),
            (b"I".to_vec(), "I"),
            (Vec::new(), ""),
        ] {
            let mut text = String::new();
            let mut input = plain(io::Cursor::new(file)).unwrap();
            input.read_to_string(&mut text).unwrap();
            assert_eq!(text, expected);
        }
    }
}
