//! `FULL_TRANSITIVE` compatibility, offline: every stored version of a schema can read and be read by the current one.
//!
//! The registry enforces the same rule when a schema is registered; this finds the mistake before it gets that far, names
//! all places at once, and is stricter where typed readers need it: names, logical types and defaults have to be right.

mod rules;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, path::Path};

use apache_avro::Schema;
use serde::Serialize;
use serde_json::Value;

use crate::generate::{
    GenerateError,
    source::{entries, file_stem, files, read_json, read_text},
};

/// What [`check`] found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// How many event types there are.
    pub schemas: usize,
    /// How many stored versions they were compared with.
    pub versions: usize,
    /// Everything that is wrong; empty when all is well.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `<aggregate>/<EventType>`.
    pub schema: String,
    /// Which versions do not fit, or what else was checked.
    pub check: String,
    /// Where in the schema: names of fields, separated by slashes.
    pub place: String,
    /// What is wrong there.
    pub problem: String,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_compatible(&self) -> bool {
        self.problems.is_empty()
    }

    fn add(&mut self, schema: &str, check: impl Into<String>, problem: impl Into<String>) {
        self.problems.push(Problem {
            schema: schema.to_owned(),
            check: check.into(),
            place: String::new(),
            problem: problem.into(),
        });
    }

    fn add_all(&mut self, schema: &str, check: &str, findings: Vec<rules::Finding>) {
        self.problems
            .extend(findings.into_iter().map(|finding| Problem {
                schema: schema.to_owned(),
                check: check.to_owned(),
                place: finding.place,
                problem: finding.problem,
            }));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Problem {
            schema,
            check,
            place,
            problem,
        } in &self.problems
        {
            let place = if place.is_empty() { "/" } else { place };
            writeln!(formatter, "{schema:<36}  {check:<14}  {place}: {problem}")?;
        }
        write!(
            formatter,
            "{} schemas, {} stored versions, {} problems",
            self.schemas,
            self.versions,
            self.problems.len()
        )
    }
}

/// Checks the schemas under `avro_dir` against every stored version
/// (`<aggregate>/versions/<EventType>.v<N>.avsc`), and that each version has an example in `../examples`.
pub fn check(avro_dir: &Path) -> Result<Report, GenerateError> {
    let mut report = Report::default();
    let examples_dir = avro_dir.with_file_name("examples");
    for folder in entries(avro_dir)?.into_iter().filter(|path| path.is_dir()) {
        check_aggregate(&folder, &examples_dir, &mut report)?;
    }
    Ok(report)
}

fn check_aggregate(
    folder: &Path,
    examples_dir: &Path,
    report: &mut Report,
) -> Result<(), GenerateError> {
    let aggregate = file_stem(folder);
    let mut versions = stored_versions(folder, &aggregate, report)?;
    for path in files(folder, "avsc")? {
        let event = file_stem(&path);
        let schema = format!("{aggregate}/{event}");
        let stored = versions.remove(&event).unwrap_or_default();
        report.schemas += 1;
        report.versions += stored.len();
        check_current(&schema, &path, report)?;
        check_versions(&schema, &path, &stored, report)?;
        for version in stored.keys() {
            let example = format!("{schema}.v{version}.json");
            if !examples_dir.join(&example).is_file() {
                report.add(&schema, "examples", format!("{example} is missing"));
            }
        }
    }
    for event in versions.keys() {
        let schema = format!("{aggregate}/{event}");
        report.add(
            &schema,
            "current",
            "is gone, but its events stay in the topic for ever",
        );
    }
    Ok(())
}

/// The text of every stored version, by event type and number.
type Versions = BTreeMap<String, BTreeMap<u32, String>>;

fn stored_versions(
    folder: &Path,
    aggregate: &str,
    report: &mut Report,
) -> Result<Versions, GenerateError> {
    let mut versions = Versions::new();
    let folder = folder.join("versions");
    if !folder.is_dir() {
        return Ok(versions);
    }
    for path in files(&folder, "avsc")? {
        let name = file_stem(&path);
        let number = name
            .rsplit_once(".v")
            .and_then(|(event, number)| Some((event, number.parse().ok()?)));
        match number {
            Some((event, number)) => {
                versions
                    .entry(event.to_owned())
                    .or_default()
                    .insert(number, read_text(&path)?);
            }
            None => report.add(
                &format!("{aggregate}/{name}"),
                "versions",
                "is not called <EventType>.v<N>.avsc",
            ),
        }
    }
    Ok(versions)
}

fn check_current(schema: &str, path: &Path, report: &mut Report) -> Result<(), GenerateError> {
    if let Err(error) = Schema::parse_str(&read_text(path)?) {
        report.add(schema, "current", format!("is not Avro: {error}"));
    }
    report.add_all(schema, "defaults", rules::check_defaults(&read_json(path)?));
    Ok(())
}

fn check_versions(
    schema: &str,
    path: &Path,
    stored: &BTreeMap<u32, String>,
    report: &mut Report,
) -> Result<(), GenerateError> {
    let current = read_text(path)?;
    let newest = stored.last_key_value();
    let next = newest.map_or(1, |(number, _)| number + 1);
    if newest.is_none_or(|(_, text)| *text != current) {
        report.add(
            schema,
            "versions",
            format!("the current schema is not stored: copy it to versions/ as v{next}"),
        );
    }
    if !stored.keys().copied().eq(1..next) {
        report.add(schema, "versions", "the stored versions have gaps");
    }
    let current = read_json(path)?;
    for (number, text) in stored {
        let Ok(earlier) = serde_json::from_str::<Value>(text) else {
            report.add(schema, "versions", format!("v{number} is not JSON"));
            continue;
        };
        report.add_all(
            schema,
            &format!("reads v{number}"),
            rules::can_read(&earlier, &current),
        );
        report.add_all(
            schema,
            &format!("read by v{number}"),
            rules::can_read(&current, &earlier),
        );
    }
    Ok(())
}
