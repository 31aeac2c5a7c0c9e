//! The lines of UCI Online Retail (Daqing Chen, 2015, CC BY 4.0) as buyers, listings, orders and credits. Pure.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use jiff::{civil::DateTime, tz::TimeZone};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::quotes::blank_unclosed;

/// The shop kept its books in London.
pub(crate) const TIME_ZONE: &str = "Europe/London";
pub(crate) const CURRENCY: &str = "GBP";
const COLUMNS: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];
/// The command API takes no longer titles.
const LONGEST_DESCRIPTION: usize = 300;
/// More reasons than this are counted, not listed.
const LISTED_REFUSALS: usize = 1_000;

/// Everything a file says, in the order in which it happened.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) num_lines: u64,
    /// External ids of buyers with their names.
    pub(crate) buyers: BTreeMap<String, String>,
    /// By stock code.
    pub(crate) listings: BTreeMap<String, StockItem>,
    /// Orders and credits by time, then number.
    pub(crate) papers: Vec<Paper>,
    pub(crate) refused: Refused,
}

/// One thing the shop sells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct StockItem {
    /// Its most frequent description; of two equally frequent ones the alphabetically first.
    pub(crate) title: String,
    /// The latest price above zero, in exact pounds.
    pub(crate) price: Decimal,
}

/// An invoice of the shop, or a credit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Paper {
    pub(crate) number: String,
    pub(crate) is_credit: bool,
    pub(crate) buyer: String,
    /// Microseconds since 1970-01-01 UTC; the earliest of its lines.
    pub(crate) placed_at: i64,
    pub(crate) lines: Vec<PaperLine>,
}

/// One line of a paper.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PaperLine {
    pub(crate) stock_code: String,
    pub(crate) description: String,
    pub(crate) quantity: i64,
    /// Exact pounds, as written.
    pub(crate) unit_price: Decimal,
}

/// Lines that were not taken, with the reason.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Refused {
    pub(crate) count: u64,
    /// The first thousand.
    pub(crate) lines: Vec<RefusedLine>,
}

/// A refused line of the file; the header is line 1.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct RefusedLine {
    pub(crate) line: u64,
    pub(crate) reason: String,
}

impl Refused {
    pub(crate) fn add(&mut self, line: u64, reason: String) {
        self.count += 1;
        if self.lines.len() < LISTED_REFUSALS {
            self.lines.push(RefusedLine { line, reason });
        }
    }
}

/// Why a file was not read at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BooksError {
    #[error("the file has no header line")]
    NoHeader,
    #[error("the header lacks the column(s) {0}; a file of UCI Online Retail is expected")]
    Columns(String),
    #[error("the file cannot be read")]
    Read(#[from] io::Error),
    #[error("the header is not readable as CSV")]
    Header(#[from] csv::Error),
}

#[derive(Debug, Deserialize)]
struct Line {
    #[serde(rename = "InvoiceNo")]
    invoice: String,
    #[serde(rename = "StockCode")]
    stock_code: String,
    #[serde(rename = "Description")]
    description: String,
    #[serde(rename = "Quantity")]
    quantity: String,
    #[serde(rename = "InvoiceDate")]
    date: String,
    #[serde(rename = "UnitPrice")]
    unit_price: String,
    #[serde(rename = "CustomerID")]
    customer: String,
}

/// Reads a whole file. A line that makes no sense is refused with its number and the rest goes on.
pub(crate) fn read_books(mut input: impl Read) -> Result<Books, BooksError> {
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    with_simple_line_ends(&mut text);
    let unclosed = blank_unclosed(&mut text);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(&text[..]);
    let headers = reader.headers()?.clone();
    check_columns(&headers)?;
    let mut books = Books::default();
    let mut shelf = Shelf::default();
    let mut papers: BTreeMap<String, Paper> = BTreeMap::new();
    let mut record = csv::StringRecord::new();
    loop {
        let line_number = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                books.num_lines += 1;
                books
                    .refused
                    .add(line_number, format!("not readable as CSV: {error}"));
                continue;
            }
        }
        books.num_lines += 1;
        let line_number = record.position().map_or(line_number, csv::Position::line);
        if unclosed.contains(&line_number) {
            let reason = "a quotation mark is not closed".to_owned();
            books.refused.add(line_number, reason);
            continue;
        }
        let taken = parse(&record, &headers).and_then(|line| take(&line, &mut papers, &mut shelf));
        if let Err(reason) = taken {
            books.refused.add(line_number, reason);
        }
    }
    books.listings = shelf.into_items();
    books.papers = papers.into_values().collect();
    books
        .papers
        .sort_by(|one, other| (one.placed_at, &one.number).cmp(&(other.placed_at, &other.number)));
    books.buyers = books
        .papers
        .iter()
        .map(|paper| (paper.buyer.clone(), buyer_name(&paper.buyer)))
        .collect();
    Ok(books)
}

/// Where a line ends in two characters, a reader counts lines one too few.
fn with_simple_line_ends(text: &mut Vec<u8>) {
    let mut last = 0;
    let mut kept = Vec::with_capacity(text.len());
    for byte in text.drain(..) {
        if byte == b'\n' && last == b'\r' {
            kept.pop();
        }
        kept.push(byte);
        last = byte;
    }
    *text = kept;
}

fn check_columns(headers: &csv::StringRecord) -> Result<(), BooksError> {
    if headers.is_empty() {
        return Err(BooksError::NoHeader);
    }
    let missing: Vec<&str> = COLUMNS
        .into_iter()
        .filter(|column| !headers.iter().any(|header| header == *column))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(BooksError::Columns(missing.join(", ")))
    }
}

struct Parsed {
    invoice: String,
    is_credit: bool,
    buyer: String,
    at: i64,
    line: PaperLine,
}

fn parse(record: &csv::StringRecord, headers: &csv::StringRecord) -> Result<Parsed, String> {
    if record.len() != headers.len() {
        return Err(format!(
            "has {} fields instead of {}",
            record.len(),
            headers.len()
        ));
    }
    let line: Line = record
        .deserialize(Some(headers))
        .map_err(|error| error.to_string())?;
    let invoice = line.invoice.trim().to_owned();
    require_code("InvoiceNo", &invoice, 50)?;
    let stock_code = line.stock_code.trim().to_owned();
    require_code("StockCode", &stock_code, 100)?;
    // A field may go on in the next line, a title may not.
    let description = line.description.trim().replace(char::is_control, " ");
    if description.chars().count() > LONGEST_DESCRIPTION {
        return Err(format!(
            "Description is longer than {LONGEST_DESCRIPTION} characters"
        ));
    }
    let quantity: i64 = parse_field("Quantity", &line.quantity)?;
    if quantity == 0 || quantity.unsigned_abs() > 1_000_000_000 {
        return Err(format!("Quantity {quantity} is 0 or beyond a billion"));
    }
    let unit_price: Decimal = parse_field("UnitPrice", &line.unit_price)?;
    if unit_price.abs() > Decimal::from(1_000_000_000) || unit_price.scale() > 9 {
        return Err(format!(
            "UnitPrice {unit_price} is beyond a billion or has more than 9 decimals"
        ));
    }
    if (unit_price * Decimal::from(quantity)).abs() > Decimal::from(1_000_000_000_000_i64) {
        return Err(format!(
            "Quantity {quantity} at UnitPrice {unit_price} is beyond a million million"
        ));
    }
    let at = parse_date(line.date.trim())?;
    let customer = line.customer.trim();
    // A number that went through a spreadsheet ends in ".0".
    let customer = customer.strip_suffix(".0").unwrap_or(customer);
    let buyer = if customer.is_empty() {
        format!("online-retail:guest:{invoice}")
    } else {
        require_code("CustomerID", customer, 50)?;
        format!("online-retail:{customer}")
    };
    Ok(Parsed {
        is_credit: invoice.starts_with('C'),
        invoice,
        buyer,
        at,
        line: PaperLine {
            stock_code,
            description,
            quantity,
            unit_price,
        },
    })
}

fn require_code(column: &str, code: &str, longest: usize) -> Result<(), String> {
    if code.is_empty() || code.len() > longest || code.contains(char::is_control) {
        return Err(format!(
            "{column} {code:?} is empty, longer than {longest} characters or not plain text"
        ));
    }
    Ok(())
}

fn parse_field<T: std::str::FromStr<Err: std::fmt::Display>>(
    column: &str,
    text: &str,
) -> Result<T, String> {
    text.trim()
        .parse()
        .map_err(|error| format!("{column} {text:?} is not a number: {error}"))
}

/// A London wall-clock time. Where the clock was put back, the earlier of the two.
fn parse_date(text: &str) -> Result<i64, String> {
    let refused = |error: jiff::Error| {
        format!("InvoiceDate {text:?} is not a time like 2010-12-01T08:26:00: {error}")
    };
    let wall: DateTime = text.parse().map_err(refused)?;
    let zone = TimeZone::get(TIME_ZONE).map_err(refused)?;
    let zoned = zone
        .to_ambiguous_zoned(wall)
        .compatible()
        .map_err(refused)?;
    Ok(zoned.timestamp().as_microsecond())
}

fn take(
    parsed: &Parsed,
    papers: &mut BTreeMap<String, Paper>,
    shelf: &mut Shelf,
) -> Result<(), String> {
    let paper = papers
        .entry(parsed.invoice.clone())
        .or_insert_with(|| Paper {
            number: parsed.invoice.clone(),
            is_credit: parsed.is_credit,
            buyer: parsed.buyer.clone(),
            placed_at: parsed.at,
            lines: Vec::new(),
        });
    if paper.buyer != parsed.buyer {
        return Err(format!(
            "invoice {} belongs to another customer",
            parsed.invoice
        ));
    }
    paper.placed_at = paper.placed_at.min(parsed.at);
    let line = &parsed.line;
    shelf.see(line, parsed.at);
    paper.lines.push(PaperLine {
        stock_code: line.stock_code.clone(),
        description: line.description.clone(),
        ..*line
    });
    Ok(())
}

/// What has been seen of each stock code.
#[derive(Debug, Default)]
struct Shelf(BTreeMap<String, Seen>);

#[derive(Debug, Default)]
struct Seen {
    descriptions: BTreeMap<String, u64>,
    price: Decimal,
    priced_at: i64,
}

impl Shelf {
    fn see(&mut self, line: &PaperLine, at: i64) {
        let seen = self.0.entry(line.stock_code.clone()).or_default();
        if !line.description.is_empty() {
            *seen
                .descriptions
                .entry(line.description.clone())
                .or_default() += 1;
        }
        if line.unit_price > Decimal::ZERO && at >= seen.priced_at {
            seen.price = line.unit_price;
            seen.priced_at = at;
        }
    }

    fn into_items(self) -> BTreeMap<String, StockItem> {
        let item = |(code, seen): (String, Seen)| {
            let title = most_frequent(&seen.descriptions)
                .unwrap_or(&code)
                .to_owned();
            (
                code,
                StockItem {
                    title,
                    price: seen.price,
                },
            )
        };
        self.0.into_iter().map(item).collect()
    }
}

fn most_frequent(descriptions: &BTreeMap<String, u64>) -> Option<&str> {
    let mut best: Option<(&str, u64)> = None;
    for (description, count) in descriptions {
        if best.is_none_or(|(_, most)| *count > most) {
            best = Some((description, *count));
        }
    }
    best.map(|(description, _)| description)
}

fn buyer_name(external_id: &str) -> String {
    let rest = external_id.trim_start_matches("online-retail:");
    match rest.strip_prefix("guest:") {
        Some(invoice) => format!("Guest of invoice {invoice}"),
        None => format!("Customer {rest}"),
    }
}

#[cfg(test)]
mod tests;
