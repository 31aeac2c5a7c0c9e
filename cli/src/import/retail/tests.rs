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
    file.extend_from_slice(
        b"1,A,\xff\xfe,6,2010-12-01T08:00:00,2.00,1,UK\n2,A,BOX,6,2010-12-01T08:00:00,2.00,1,UK\n",
    );
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

#[test]
fn a_blank_between_day_and_time_is_as_good_as_a_t() {
    assert_eq!(
        parse_date("2011-07-01 08:26:00"),
        parse_date("2011-07-01T08:26:00")
    );
    assert_eq!(
        parse_date("2011-07-01 08:26"),
        parse_date("2011-07-01T08:26:00")
    );
}

#[test]
fn adjustments_of_bad_debt_are_orders_below_zero() {
    let books = books(
        "A563185,B,Adjust bad debt,1,2011-08-12 14:50:00,11062.06,,United Kingdom\n\
         A563186,B,Adjust bad debt,1,2011-08-12 14:51:00,-11062.06,,United Kingdom\n",
    );
    let [first, second] = &books.papers[..] else {
        panic!("{:?}", books.papers)
    };
    assert!(!first.is_credit && !second.is_credit);
    assert_eq!(second.buyer, "online-retail:guest:A563186");
    assert_eq!(second.lines[0].unit_price, Decimal::new(-1_106_206, 2));
    assert_eq!(books.listings["B"].price, Decimal::new(1_106_206, 2));
}

#[test]
fn a_line_the_command_api_would_refuse_does_not_take_its_invoice_along() {
    let long = "x".repeat(301);
    let books = books(&format!(
        "1,A,BOX,0,2010-12-01T08:00:00,2.00,1,UK\n\
         1,A,{long},1,2010-12-01T08:00:00,2.00,1,UK\n\
         1,A,BOX,1000000000,2010-12-01T08:00:00,1000000000,1,UK\n\
         1,\"A\tB\",BOX,1,2010-12-01T08:00:00,2.00,1,UK\n\
         1,A,BOX,1,2010-12-01T08:00:00,2.00,1,UK\n"
    ));
    let numbers: Vec<u64> = books.refused.lines.iter().map(|line| line.line).collect();
    assert_eq!(numbers, [2, 3, 4, 5], "{:?}", books.refused);
    assert_eq!(books.papers[0].lines.len(), 1);
}

#[test]
fn line_ends_of_other_systems_and_within_a_description_are_understood() {
    let file = format!(
        "{HEADER}1,A,\"RED\nBOX, \"\"BIG\"\"\",1,2010-12-01T08:00:00,2.00,1,UK\n\
         2,A,BOX,1,2010-12-01T08:00:00,2.00,1,UK\n3,A\n4,A,\"BOX\n"
    );
    for file in [file.replace('\n', "\r\n"), file] {
        let books = read_books(file.as_bytes()).unwrap();
        let numbers: Vec<u64> = books.refused.lines.iter().map(|line| line.line).collect();
        assert_eq!((books.num_lines, &numbers[..]), (4, &[5, 6][..]));
        let description = &books.papers[0].lines[0].description;
        assert!(
            !description.contains(|c: char| c.is_control()),
            "{description:?}"
        );
        assert!(description.ends_with("BOX, \"BIG\""), "{description:?}");
    }
}

#[test]
fn a_quotation_mark_that_is_not_closed_swallows_no_other_line() {
    let books = books(
        "1,A,\"RED BOX,1,2010-12-01T08:00:00,2.00,1,UK\n\
         2,A,\"RED, BLUE\",1,2010-12-01T08:00:00,2.00,1,UK\n\
         3,A,6\" BOX,1,2010-12-01T08:00:00,2.00,1,UK\n\
         4,A,\"RED BOX,1\n\
         5\n\
         6,A,BOX,1,2010-12-01T08:00:00,2.00,1,UK\n\
         7,A,\"BOX,1,2010-12-01T08:00:00,2.00,1,UK\n",
    );
    let numbers: Vec<u64> = books.refused.lines.iter().map(|line| line.line).collect();
    assert_eq!(numbers, [2, 5, 6, 8], "{:?}", books.refused);
    assert_eq!((books.num_lines, books.papers.len()), (7, 3));
}
