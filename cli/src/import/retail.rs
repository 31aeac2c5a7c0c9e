//! The lines of UCI Online Retail (Daqing Chen, 2015, CC BY 4.0) as buyers, listings, orders and credits. Pure.

use std::{collections::BTreeMap, io::Read};

use jiff::{civil::DateTime, tz::TimeZone};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

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
    Read(#[from] csv::Error),
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
pub(crate) fn read_books(input: impl Read) -> Result<Books, BooksError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
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
            Err(error) if matches!(error.kind(), csv::ErrorKind::Io(_)) => return Err(error.into()),
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
    if invoice.is_empty() || invoice.len() > 50 {
        return Err(format!(
            "InvoiceNo {invoice:?} is empty or longer than 50 characters"
        ));
    }
    let stock_code = line.stock_code.trim().to_owned();
    if stock_code.is_empty() || stock_code.len() > 100 {
        return Err(format!(
            "StockCode {stock_code:?} is empty or longer than 100 characters"
        ));
    }
    let quantity: i64 = parse_field("Quantity", &line.quantity)?;
    if quantity.unsigned_abs() > 1_000_000_000 {
        return Err(format!("Quantity {quantity} is beyond a billion"));
    }
    let unit_price: Decimal = parse_field("UnitPrice", &line.unit_price)?;
    if unit_price.abs() > Decimal::from(1_000_000_000) || unit_price.scale() > 9 {
        return Err(format!(
            "UnitPrice {unit_price} is beyond a billion or has more than 9 decimals"
        ));
    }
    let at = parse_date(line.date.trim())?;
    let customer = line.customer.trim();
    // A number that went through a spreadsheet ends in ".0".
    let customer = customer.strip_suffix(".0").unwrap_or(customer);
    let buyer = match customer {
        "" => format!("online-retail:guest:{invoice}"),
        number if number.len() <= 50 => format!("online-retail:{number}"),
        _ => return Err("CustomerID is longer than 50 characters".to_owned()),
    };
    Ok(Parsed {
        is_credit: invoice.starts_with('C'),
        invoice,
        buyer,
        at,
        line: PaperLine {
            stock_code,
            description: line.description.trim().to_owned(),
            quantity,
            unit_price,
        },
    })
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
mod tests {
    use super::*;

    const HEADER: &str =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

    fn books(lines: &str) -> Books {
        read_books(format!("{HEADER}{lines}").as_bytes()).unwrap()
    }

    #[test]
    fn lines_of_one_invoice_become_one_paper_at_its_earliest_minute() {
        let books = books(
            "536365,71053,LANTERN,6,2010-12-01T08:27:00,3.39,17850,United Kingdom\n\
             536365,85123A,HOLDER,2,2010-12-01T08:26:00,2.55,17850,United Kingdom\n",
        );
        assert_eq!(books.num_lines, 2);
        let [paper] = &books.papers[..] else {
            panic!("{:?}", books.papers)
        };
        assert_eq!(
            (paper.placed_at, paper.lines.len()),
            (1_291_191_960_000_000, 2)
        );
        assert_eq!(paper.buyer, "online-retail:17850");
        assert!(!paper.is_credit);
    }

    #[test]
    fn credits_and_guests_are_told_by_their_numbers() {
        let books = books(
            "C536379,D,Discount,-1,2010-12-01T09:41:00,27.50,14527,United Kingdom\n\
             536414,22139,,56,2010-12-01T11:52:00,0.0,,United Kingdom\n",
        );
        assert!(books.papers[0].is_credit);
        assert_eq!(books.papers[1].buyer, "online-retail:guest:536414");
        assert_eq!(books.listings["22139"].title, "22139");
    }

    #[test]
    fn a_listing_has_its_most_frequent_description_and_latest_price() {
        let books = books(
            "1,A,RED BOX,1,2010-12-03T08:00:00,2.00,1,UK\n\
             2,A,RED BOX,1,2010-12-01T08:00:00,1.00,1,UK\n\
             3,A,damaged,1,2010-12-04T08:00:00,0.0,1,UK\n",
        );
        assert_eq!(
            books.listings["A"],
            StockItem {
                title: "RED BOX".to_owned(),
                price: Decimal::new(200, 2)
            }
        );
        let numbers: Vec<&str> = books
            .papers
            .iter()
            .map(|paper| paper.number.as_str())
            .collect();
        assert_eq!(numbers, ["2", "1", "3"], "in time order");
    }

    #[test]
    fn a_corrupt_line_is_refused_with_its_number_and_the_rest_goes_on() {
        let books = books(
            "1,A,BOX,six,2010-12-01T08:00:00,2.00,1,UK\n\
             2,A,BOX,6\n\
             3,A,BOX,6,yesterday,2.00,1,UK\n\
             4,A,BOX,6,2010-12-01T08:00:00,cheap,1,UK\n\
             ,A,BOX,6,2010-12-01T08:00:00,2.00,1,UK\n\
             6,A,BOX,6,2010-12-01T08:00:00,2.00,1,UK\n\
             6,A,BOX,6,2010-12-01T08:00:00,2.00,2,UK\n",
        );
        let numbers: Vec<u64> = books.refused.lines.iter().map(|line| line.line).collect();
        assert_eq!(numbers, [2, 3, 4, 5, 6, 8]);
        assert_eq!((books.num_lines, books.papers.len()), (7, 1));
    }

    #[test]
    fn bytes_that_are_not_text_refuse_their_line_only() {
        let mut file = HEADER.as_bytes().to_vec();
        file.extend_from_slice(b"1,A,\xff\xfe,6,2010-12-01T08:00:00,2.00,1,UK\n2,A,BOX,6,2010-12-01T08:00:00,2.00,1,UK\n");
        let books = read_books(&file[..]).unwrap();
        assert_eq!((books.refused.count, books.papers.len()), (1, 1));
    }

    #[test]
    fn another_file_is_refused_at_once() {
        let error = read_books("name,price\nx,1\n".as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains("InvoiceNo"), "{error}");
    }

    #[test]
    fn summer_time_in_london_is_an_hour_earlier_in_utc() {
        assert_eq!(
            parse_date("2011-06-30T20:08:00").unwrap(),
            parse_date("2011-01-01T00:00:00").unwrap()
                + (180 * 86_400 + 19 * 3_600 + 8 * 60) * 1_000_000
        );
    }
}
