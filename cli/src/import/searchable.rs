//! Waits until what was imported can be found.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use anyhow::{Context as _, bail};
use jiff::{Timestamp, tz::TimeZone};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::retail::{self, Paper};
use crate::{
    config::Config,
    door::{Imported, Outcome},
    index::{Index, Wanted},
    say,
};

/// Nothing may stand still for longer.
const STANDSTILL: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(250);
/// Ids asked for in one request.
const ASKED_AT_ONCE: usize = 1_000;

/// Something that was created, and the index where it appears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Created {
    alias: &'static str,
    document: Wanted,
}

impl Created {
    /// Categories have no documents of their own, and what existed before is not waited for.
    pub(crate) fn of(kind: &str, imported: &Imported) -> Option<Self> {
        let alias = match kind {
            "users" => "souk-users",
            "listings" => "souk-catalog",
            "orders" | "credits" => "souk-orders",
            _ => return None,
        };
        let id = imported
            .id
            .filter(|_| imported.outcome == Outcome::Created)?;
        let document = Wanted {
            id: id.to_string(),
            num_entries: 0,
        };
        Some(Self { alias, document })
    }
}

/// The invoices on which new papers appear, by month, with as many entries as they have papers of this file. `papers` come with
/// what became of them, `buyers` by their external ids.
pub(crate) fn invoices<'a>(
    papers: impl IntoIterator<Item = (&'a Paper, &'a Imported)>,
    buyers: &HashMap<&str, Uuid>,
) -> anyhow::Result<Vec<Created>> {
    let zone = TimeZone::get(retail::TIME_ZONE).context("there is no time zone of London")?;
    let mut months: BTreeMap<(i16, i8, Uuid), (u64, bool)> = BTreeMap::new();
    for (paper, imported) in papers {
        let Some(buyer) = buyers.get(paper.buyer.as_str()) else {
            continue;
        };
        if imported.outcome == Outcome::Refused {
            continue;
        }
        let placed_at = Timestamp::from_microsecond(paper.placed_at)
            .context("an invoice has a date beyond what can be written")?;
        let day = zone.to_datetime(placed_at).date();
        let (num_entries, is_new) = months.entry((day.year(), day.month(), *buyer)).or_default();
        *num_entries += 1;
        *is_new |= imported.outcome == Outcome::Created;
    }
    let news = months.into_iter().filter(|(_, (_, is_new))| *is_new);
    let invoice = |((year, month, buyer), (num_entries, _)): ((i16, i8, Uuid), _)| Created {
        alias: souk_documents::INVOICES,
        document: Wanted {
            id: format!("{buyer}-{year:04}-{month:02}-{}", retail::CURRENCY),
            num_entries,
        },
    };
    Ok(news.map(invoice).collect())
}

/// Returns when every created thing is in its index; fails when nothing moves for two minutes.
pub(crate) async fn wait(config: &Config, created: &[Created], quiet: bool) -> anyhow::Result<()> {
    let index = Index::new(config)?;
    let mut missing: BTreeMap<&'static str, Vec<Wanted>> = BTreeMap::new();
    for thing in created {
        let wanted = missing.entry(thing.alias).or_default();
        wanted.push(thing.document.clone());
    }
    for (alias, ids) in missing {
        wait_for(&index, alias, ids, quiet).await?;
    }
    Ok(())
}

async fn wait_for(
    index: &Index,
    alias: &'static str,
    mut missing: Vec<Wanted>,
    quiet: bool,
) -> anyhow::Result<()> {
    let mut moved = Instant::now();
    let mut told = Instant::now();
    while !missing.is_empty() {
        // What was written in order appears in order: the oldest are asked for first.
        let asked = missing.len().min(ASKED_AT_ONCE);
        let still = index
            .missing(alias, missing.get(..asked).unwrap_or_default())
            .await
            .context("cannot ask the index")?;
        let stands_still = still.len() == asked;
        missing.splice(..asked, still);
        if !stands_still {
            moved = Instant::now();
            continue;
        }
        if moved.elapsed() > STANDSTILL {
            bail!(
                "{} documents of {alias} are not searchable and nothing has moved for {} s; `souk status` says what is down",
                missing.len(),
                STANDSTILL.as_secs()
            );
        }
        if !quiet && told.elapsed() > Duration::from_secs(2) {
            say(format!(
                "{} documents of {alias} are not searchable yet",
                missing.len()
            ));
            told = Instant::now();
        }
        sleep(POLL).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper(number: &str, buyer: &str, placed_at: &str) -> Paper {
        let placed_at: Timestamp = placed_at.parse().unwrap();
        Paper {
            number: number.to_owned(),
            is_credit: number.starts_with('C'),
            buyer: buyer.to_owned(),
            placed_at: placed_at.as_microsecond(),
            lines: Vec::new(),
        }
    }

    #[test]
    fn an_invoice_is_waited_for_until_it_has_every_paper_of_the_file() {
        let imported = |outcome| Imported {
            external_id: String::new(),
            id: None,
            outcome,
            problem: None,
        };
        let [created, existing, refused] =
            [Outcome::Created, Outcome::Existing, Outcome::Refused].map(imported);
        let papers = [
            // After midnight in London.
            (paper("1", "a", "2011-06-30T23:30:00Z"), &created),
            (paper("C2", "a", "2011-07-02T10:00:00Z"), &existing),
            (paper("3", "a", "2011-07-03T10:00:00Z"), &refused),
            (paper("4", "a", "2011-08-01T10:00:00Z"), &existing),
            (paper("5", "refused", "2011-08-01T10:00:00Z"), &refused),
        ];
        let buyers = HashMap::from([("a", Uuid::nil())]);
        let papers = papers.iter().map(|(paper, imported)| (paper, *imported));
        let document = Wanted {
            id: "00000000-0000-0000-0000-000000000000-2011-07-GBP".to_owned(),
            num_entries: 2,
        };
        let alias = souk_documents::INVOICES;
        assert_eq!(
            invoices(papers, &buyers).unwrap(),
            [Created { alias, document }]
        );
    }
}
