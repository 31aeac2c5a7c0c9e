//! Percentiles, medians, and the table they are printed in.

use std::time::Duration;

use serde_json::{Value, json};

/// Whose value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    /// The limit or the peer measured in the same round, by name.
    Beside(&'static str),
}

/// What we want to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Aim {
    AtMost(f64),
    /// Of our value to the one beside it.
    RatioAtLeast(f64),
}

/// What one figure found; rows are in the order in which they were first noted.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    rows: Vec<Row>,
}

/// One quantity, measured once a round.
#[derive(Debug)]
struct Row {
    what: String,
    unit: &'static str,
    ours: Vec<f64>,
    beside: Option<(&'static str, Vec<f64>)>,
    aim: Option<Aim>,
}

impl Findings {
    /// Notes one round's value.
    pub(crate) fn note(
        &mut self,
        side: Side,
        what: impl Into<String>,
        unit: &'static str,
        value: f64,
    ) {
        let row = self.row(what.into(), unit);
        match side {
            Side::Ours => row.ours.push(value),
            Side::Beside(name) => row.beside.get_or_insert((name, Vec::new())).1.push(value),
        }
    }

    /// Says what the row's median is measured against.
    pub(crate) fn aim(&mut self, what: impl Into<String>, unit: &'static str, aim: Aim) {
        self.row(what.into(), unit).aim = Some(aim);
    }

    /// A table in Markdown, so that it can go into `docs/PERFORMANCE.md` as it is.
    pub(crate) fn table(&self, title: &str) -> String {
        let mut cells: Vec<[String; 5]> = vec![[
            title.to_owned(),
            "measured".to_owned(),
            "beside it".to_owned(),
            "ratio".to_owned(),
            "aim".to_owned(),
        ]];
        cells.extend(self.rows.iter().map(Row::cells));
        render(&cells)
    }

    pub(crate) fn json(&self) -> Value {
        self.rows.iter().map(Row::json).collect()
    }

    fn row(&mut self, what: String, unit: &'static str) -> &mut Row {
        let place = self
            .rows
            .iter()
            .position(|row| row.what == what)
            .unwrap_or_else(|| {
                self.rows.push(Row {
                    what,
                    unit,
                    ours: Vec::new(),
                    beside: None,
                    aim: None,
                });
                self.rows.len() - 1
            });
        &mut self.rows[place]
    }
}

impl Row {
    fn cells(&self) -> [String; 5] {
        let beside = self
            .beside
            .as_ref()
            .map(|(name, values)| format!("{name}: {}", quantity(values, self.unit)));
        [
            self.what.clone(),
            quantity(&self.ours, self.unit),
            beside.unwrap_or_default(),
            self.ratio()
                .map(|ratio| format!("{ratio:.2}"))
                .unwrap_or_default(),
            self.verdict().unwrap_or_default(),
        ]
    }

    /// The median of the rounds' ratios: what disturbs the machine for a while disturbs both sides of a round.
    fn ratio(&self) -> Option<f64> {
        let (_, beside) = self.beside.as_ref()?;
        let ratios: Vec<f64> = self
            .ours
            .iter()
            .zip(beside)
            .filter(|(_, beside)| **beside > 0.0)
            .map(|(ours, beside)| ours / beside)
            .collect();
        median(&ratios)
    }

    /// By how much the aim is missed; 0 when it is reached.
    fn missed_by(&self) -> Option<f64> {
        let missed = match self.aim? {
            Aim::AtMost(limit) => median(&self.ours)? / limit - 1.0,
            Aim::RatioAtLeast(least) => 1.0 - self.ratio()? / least,
        };
        Some(missed.max(0.0))
    }

    fn verdict(&self) -> Option<String> {
        let aim = match self.aim? {
            Aim::AtMost(limit) => format!("≤ {} {}", number(limit), self.unit),
            Aim::RatioAtLeast(least) => format!("ratio ≥ {least:.2}"),
        };
        Some(match self.missed_by() {
            None => aim,
            Some(missed) if missed > 0.0 => {
                format!("{aim}: missed by {:.0} %", (missed * 100.0).max(1.0))
            }
            Some(_) => format!("{aim}: met"),
        })
    }

    fn json(&self) -> Value {
        let beside = self.beside.as_ref().map(
            |(name, values)| json!({"what": name, "median": median(values), "rounds": values}),
        );
        let aim = self.aim.map(|aim| match aim {
            Aim::AtMost(limit) => json!({"at_most": limit}),
            Aim::RatioAtLeast(least) => json!({"ratio_at_least": least}),
        });
        json!({
            "what": self.what,
            "unit": self.unit,
            "median": median(&self.ours),
            "rounds": self.ours,
            "beside": beside,
            "ratio": self.ratio(),
            "aim": aim,
            "missed_by": self.missed_by(),
        })
    }
}

/// The middle value; of an even number, the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        Some(upper)
    } else {
        Some(f64::midpoint(sorted[middle - 1], upper))
    }
}

/// Durations in milliseconds at some percentiles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest value that at least `percent` of all do not exceed (nearest rank); 0 when there are none.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0
            .get(rank - 1)
            .copied()
            .unwrap_or_default()
            .as_secs_f64()
            * 1_000.0
    }
}

impl FromIterator<Duration> for Latencies {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Self {
        let mut sorted: Vec<Duration> = durations.into_iter().collect();
        sorted.sort_unstable();
        Self(sorted)
    }
}

/// A count as a real number.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a measurement are far below 2^52"
)]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// How many a second.
pub(crate) fn per_second(count: u64, elapsed: Duration) -> f64 {
    real(count) / elapsed.as_secs_f64().max(1e-9)
}

/// Microseconds for each of `count`.
pub(crate) fn micros_each(total: Duration, count: u64) -> f64 {
    total.as_secs_f64() * 1e6 / real(count.max(1))
}

/// Median, and the range when there were several rounds.
fn quantity(values: &[f64], unit: &str) -> String {
    let Some(median) = median(values) else {
        return "not measured".to_owned();
    };
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = if values.len() > 1 {
        format!(" ({}–{})", number(lowest), number(highest))
    } else {
        String::new()
    };
    format!("{} {unit}{range}", number(median))
}

/// Three digits or so, thousands apart.
fn number(value: f64) -> String {
    match value.abs() {
        100.0.. => {
            let digits = format!("{value:.0}");
            let count = digits.chars().count();
            let apart = digits.chars().enumerate().flat_map(|(place, digit)| {
                let comma =
                    place > 0 && (count - place).is_multiple_of(3) && digit.is_ascii_digit();
                comma.then_some(',').into_iter().chain([digit])
            });
            apart.collect()
        }
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn render(cells: &[[String; 5]]) -> String {
    let width = |column: usize| {
        cells
            .iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or_default()
            .max(3)
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let line = |row: &[String]| {
        let padded: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("| {} |\n", padded.join(" | "))
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut lines = cells.iter().map(|row| line(row));
    let head = lines.next().unwrap_or_default();
    head + &line(&rule) + &lines.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_value() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let latencies: Latencies = (1..=200).rev().map(Duration::from_millis).collect();
        for (percent, expected) in [(1, 2.0), (50, 100.0), (99, 198.0), (100, 200.0)] {
            assert!(
                (latencies.percentile(percent) - expected).abs() < 1e-9,
                "{percent}"
            );
        }
        assert_eq!(
            Latencies::default().percentile(50).total_cmp(&0.0),
            std::cmp::Ordering::Equal
        );
        let one: Latencies = [Duration::from_millis(7)].into_iter().collect();
        assert!((one.percentile(1) - 7.0).abs() < 1e-9);
    }

    #[test]
    fn numbers_have_about_three_digits() {
        for (value, text) in [
            (0.1234, "0.12"),
            (9.876, "9.88"),
            (12.34, "12.3"),
            (123.4, "123"),
            (1234.0, "1,234"),
            (1_234_567.0, "1,234,567"),
            (-1234.0, "-1,234"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_row_shows_medians_the_ratio_of_its_rounds_and_the_verdict() {
        let mut findings = Findings::default();
        for (ours, beside) in [(80.0, 100.0), (90.0, 100.0), (30.0, 60.0)] {
            findings.note(Side::Beside("raw"), "catch-up", "docs/s", beside);
            findings.note(Side::Ours, "catch-up", "docs/s", ours);
        }
        findings.aim("catch-up", "docs/s", Aim::RatioAtLeast(0.85));
        findings.note(Side::Ours, "p50", "ms", 30.0);
        findings.aim("p50", "ms", Aim::AtMost(40.0));
        let table = findings.table("figure");
        let lines: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split('|').map(str::trim).collect())
            .collect();
        assert_eq!(
            lines[0],
            ["", "figure", "measured", "beside it", "ratio", "aim", ""]
        );
        assert!(lines[1][1].starts_with("---"), "{table}");
        let catch_up = [
            "",
            "catch-up",
            "80.0 docs/s (30.0–90.0)",
            "raw: 100 docs/s (60.0–100)",
            "0.80",
            "ratio ≥ 0.85: missed by 6 %",
            "",
        ];
        assert_eq!(lines[2], catch_up);
        assert_eq!(
            lines[3],
            ["", "p50", "30.0 ms", "", "", "≤ 40.0 ms: met", ""]
        );
        let widths: Vec<usize> = table.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{table}");
        let json = findings.json();
        assert_eq!(json[0]["median"], 80.0);
        assert_eq!(json[0]["ratio"], 0.8);
        assert_eq!(json[1]["missed_by"], 0.0);
    }
}
