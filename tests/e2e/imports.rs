//! Books of a real shop and a real catalogue, through the binary and the command path. The data is not part of the project.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::Output,
};

use flate2::read::GzDecoder;
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive as _};
use serde_json::Value;

use crate::support::{App, until_same};

/// `external_id, year, month` with the number of entries and the total in pence.
type Invoices = BTreeMap<(String, i32, u32), (u64, i64)>;

#[tokio::test(flavor = "multi_thread")]
async fn half_a_year_of_a_shop_gives_every_invoice_to_the_penny() {
    let Some(file) = shared_data("online-retail/online-retail-2010-12-to-2011-06.csv.gz") else {
        return;
    };
    let expected = invoices_of(csv::Reader::from_reader(GzDecoder::new(
        File::open(&file).expect("the file is there"),
    )));
    let app = App::start("retail").await;
    let report = import(&app, "online-retail", &file);
    assert_eq!(report["lines_read"], 245_903);
    assert_eq!(report["refused_lines"]["count"], 0);
    assert_eq!(refused(&report), 0, "{report}");
    require_invoices(&app, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn corrupt_lines_are_refused_and_a_repeated_import_doubles_nothing() {
    let app = App::start("retail-again").await;
    let good = "\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A,RED BOX,3,2010-12-31T23:30:00,0.335,17,United Kingdom
1,B,BLUE BOX,1,2010-12-31T23:30:00,2.5,17,United Kingdom
C2,A,RED BOX,-3,2011-01-01T00:10:00,0.335,17,United Kingdom
3,A,RED BOX,2,2011-06-30T23:59:00,0.85,,France
";
    let corrupt = "4,A,RED BOX,many,2011-06-30T10:00:00,0.85,17,France\n5,A\n";
    let file = app.folder().join("lines.csv");
    std::fs::write(&file, format!("{good}{corrupt}")).expect("a file can be written");

    let first = import(&app, "online-retail", &file);
    let lines: Vec<&Value> = first["refused_lines"]["lines"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|line| &line["line"])
        .collect();
    assert_eq!(lines, [6, 7]);
    let expected = BTreeMap::from([
        // 3 × 0.335 = 1.005, half a penny rounded up.
        (("online-retail:17".to_owned(), 2010, 12), (1, 101 + 250)),
        (("online-retail:17".to_owned(), 2011, 1), (1, -101)),
        (("online-retail:guest:3".to_owned(), 2011, 6), (1, 170)),
    ]);
    assert_eq!(
        expected,
        invoices_of(csv::Reader::from_reader(good.as_bytes()))
    );
    assert_eq!(expected, exported(&app), "an import ends when it is found");

    let second = import(&app, "online-retail", &file);
    for (kind, counts) in second["things"].as_object().expect("counts by kind") {
        assert_eq!(
            (&counts["created"], &counts["refused"]),
            (&0.into(), &0.into()),
            "{kind}"
        );
    }
    require_invoices(&app, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_half_year_joins_the_first() {
    const HEADER: &str =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
    let first = "\
1,85123A,HOLDER,3,2011-06-30T08:00:00,2.55,17,United Kingdom
2,85123A,HOLDER,1,2011-06-30T09:00:00,2.55,18,United Kingdom
";
    let second = "\
3,85123a,HOLDER,7,2011-07-01 08:26:00,0.125,17,United Kingdom
3,85123A,HOLDER,2,2011-07-01 08:26:00,2.95,17,United Kingdom
A4,B,Adjust bad debt,1,2011-08-12 14:50:00,11062.06,,United Kingdom
A5,B,Adjust bad debt,1,2011-08-12 14:51:00,-11062.06,,United Kingdom
C6,85123A,\"HOLDER, \"\"RED\"\"\",-1,2011-07-31 23:59:00,2.95,17,United Kingdom
";
    let app = App::start("retail-next").await;
    let file = app.folder().join("half.csv");
    std::fs::write(&file, format!("{HEADER}\n{first}")).expect("a file can be written");
    import(&app, "online-retail", &file);
    // As a program of another system writes it.
    let other = format!("\u{feff}{HEADER}\n{second}").replace('\n', "\r\n");
    std::fs::write(&file, other).expect("a file can be written");
    let report = import(&app, "online-retail", &file);
    assert_eq!(refused(&report), 0, "{report}");
    assert_eq!(report["refused_lines"]["count"], 0, "{report}");
    let listings = &report["things"]["listings"];
    assert_eq!(
        (&listings["created"], &listings["existing"]),
        (&2.into(), &1.into())
    );

    let both = format!("{HEADER}\n{first}{second}");
    let expected = invoices_of(csv::Reader::from_reader(both.as_bytes()));
    let july = expected.get(&("online-retail:17".to_owned(), 2011, 7));
    assert_eq!(july, Some(&(2, 88 + 590 - 295)));
    assert_eq!(expected, exported(&app));
}

#[tokio::test(flavor = "multi_thread")]
async fn products_of_a_catalogue_are_found() {
    let Some(file) = shared_data("catalog-relevance/products.jsonl") else {
        return;
    };
    let app = App::start("products").await;
    let some = app.folder().join("some.jsonl");
    let mut out = File::create(&some).expect("a file can be made");
    let lines = BufReader::new(File::open(&file).expect("the file is there")).lines();
    for line in lines.take(1_000) {
        writeln!(out, "{}", line.expect("the file is text")).expect("a file can be written");
    }
    let report = import(&app, "products", &some);
    assert_eq!(report["things"]["listings"]["created"], 1_000, "{report}");
    assert_eq!(refused(&report), 0, "{report}");
    let found = app
        .get(None, "/catalog/search?q=toner+cartridge&brand=Xerox", None)
        .await
        .success();
    assert!(
        found
            .items()
            .iter()
            .any(|item| item["external_id"] == "3920564"),
        "{}",
        found.body
    );
}

fn import(app: &App, what: &str, file: &Path) -> Value {
    let file = file.to_str().expect("a path is text");
    let output = succeed(app.souk(&["import", what, file, "--json"]));
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stdout)))
}

fn succeed(output: Output) -> Output {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn refused(report: &Value) -> u64 {
    let things = report["things"].as_object().expect("counts by kind");
    things
        .values()
        .filter_map(|counts| counts["refused"].as_u64())
        .sum()
}

/// Invoices follow orders through one topic more, so they are awaited.
async fn require_invoices(app: &App, expected: &Invoices) {
    until_same("the invoices", async || {
        let differences = differences(expected, &exported(app));
        (!differences.is_empty()).then_some(differences)
    })
    .await;
}

fn exported(app: &App) -> Invoices {
    let output = succeed(app.souk(&["export", "invoices", "--csv"]));
    let text = String::from_utf8(output.stdout).expect("CSV is text");
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("external_id,year,month,currency,entries,total_minor")
    );
    let mut invoices = Invoices::new();
    for line in lines {
        let [external_id, year, month, currency, entries, total] =
            line.split(',').collect::<Vec<_>>()[..]
        else {
            panic!("{line}")
        };
        assert_eq!(currency, "GBP");
        let number = |text: &str| text.parse::<i64>().expect("a number");
        let key = (
            external_id.to_owned(),
            year.parse().expect("a year"),
            month.parse().expect("a month"),
        );
        invoices.insert(key, (entries.parse().expect("a count"), number(total)));
    }
    let sorted: Vec<&str> = text.lines().skip(1).collect();
    let keys: Vec<&str> = sorted
        .iter()
        .map(|line| line.split(',').next().unwrap_or_default())
        .collect();
    assert!(keys.is_sorted(), "the export is sorted");
    invoices
}

fn differences(expected: &Invoices, found: &Invoices) -> String {
    let keys: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let different: Vec<String> = keys
        .into_iter()
        .filter(|key| expected.get(key) != found.get(key))
        .map(|key| {
            format!(
                "{key:?}: expected {:?}, found {:?}",
                expected.get(key),
                found.get(key)
            )
        })
        .collect();
    let shown: Vec<&str> = different.iter().map(String::as_str).take(5).collect();
    if different.is_empty() {
        String::new()
    } else {
        format!("{} invoices differ: {}", different.len(), shown.join("; "))
    }
}

/// The independent check: lines of the file grouped by customer and month, with nothing of ours in between.
fn invoices_of<R: std::io::Read>(mut reader: csv::Reader<R>) -> Invoices {
    let mut papers: BTreeMap<String, (String, String, i64)> = BTreeMap::new();
    for line in reader.records() {
        let line = line.expect("the file is CSV");
        let [invoice, _, _, quantity, date, price, customer, _] =
            line.iter().collect::<Vec<_>>()[..]
        else {
            panic!("{line:?}")
        };
        let amount = quantity.parse::<Decimal>().expect("a number")
            * price.parse::<Decimal>().expect("a number")
            * Decimal::ONE_HUNDRED;
        let pence = amount
            .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
            .to_i64()
            .expect("not too much money");
        let buyer = if customer.is_empty() {
            format!("online-retail:guest:{invoice}")
        } else {
            format!("online-retail:{customer}")
        };
        let paper = papers
            .entry(invoice.to_owned())
            .or_insert_with(|| (buyer, date.to_owned(), 0));
        paper.1 = paper.1.clone().min(date.to_owned());
        paper.2 += pence;
    }
    let mut invoices = Invoices::new();
    for (buyer, date, pence) in papers.into_values() {
        let mut parts = date.split('-');
        let mut next = || parts.next().expect("a date has three parts");
        let (year, month) = (
            next().parse().expect("a year"),
            next().parse().expect("a month"),
        );
        let invoice = invoices.entry((buyer, year, month)).or_default();
        invoice.0 += 1;
        invoice.1 += pence;
    }
    invoices
}

fn shared_data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED: {} is not here", path.display());
    None
}
