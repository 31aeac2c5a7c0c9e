//! One way to be configured: built-in defaults, one TOML file, environment variables `SOUK__SECTION__KEY`; read once, at start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::FieldError;
use crate::shape;

/// Checks what types cannot say; notes every problem instead of stopping at the first.
pub trait Validate {
    fn validate(&self, problems: &mut Problems);
}

/// Problems of a configuration, each with its dotted key.
#[derive(Debug, Default)]
pub struct Problems {
    prefix: String,
    found: Vec<ConfigProblem>,
}

/// One problem of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    pub key: String,
    pub message: String,
}

impl Problems {
    /// Notes a problem of `key`, relative to the section being validated.
    pub fn add(&mut self, key: &str, message: impl Into<String>) {
        self.found.push(ConfigProblem {
            key: format!("{}{key}", self.prefix),
            message: message.into(),
        });
    }

    /// Notes the problem when `holds` is false.
    pub fn require(&mut self, holds: bool, key: &str, message: impl Into<String>) {
        if !holds {
            self.add(key, message);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Succeeds when nothing was noted.
    pub fn into_result(self) -> Result<(), ConfigErrors> {
        if self.found.is_empty() {
            Ok(())
        } else {
            Err(ConfigErrors::Invalid(self.found))
        }
    }

    /// Validates a section under its key.
    pub fn section(&mut self, key: &str, section: &impl Validate) {
        let outer = self.prefix.clone();
        self.prefix = format!("{outer}{key}.");
        section.validate(self);
        self.prefix = outer;
    }
}

/// Why the configuration was refused: all problems found.
#[derive(Debug, thiserror::Error)]
pub enum ConfigErrors {
    #[error("cannot read the configuration file {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the configuration is not valid TOML: {0}")]
    Syntax(Box<figment::Error>),
    #[error("the configuration has {} problem(s):{}", .0.len(), List(.0))]
    Invalid(Vec<ConfigProblem>),
}

struct List<'a>(&'a [ConfigProblem]);

impl fmt::Display for List<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|problem| write!(formatter, "\n  {}: {}", problem.key, problem.message))
    }
}

/// Reads the configuration. `T` takes its defaults from `#[serde(default)]` and refuses unknown keys by `deny_unknown_fields`.
pub fn load<T: DeserializeOwned + Validate>(file: Option<&Path>) -> Result<T, ConfigErrors> {
    let toml = match file {
        Some(path) => fs::read_to_string(path).map_err(|source| ConfigErrors::File {
            path: path.to_owned(),
            source,
        })?,
        None => String::new(),
    };
    let environment = Env::prefixed("SOUK__").split("__");
    parse(
        &toml,
        &environment
            .iter()
            .map(|(key, text)| (key.to_string(), text))
            .collect(),
    )
}

/// Keys of `environment` are dotted and in lower case.
fn parse<T: DeserializeOwned + Validate>(
    toml: &str,
    environment: &BTreeMap<String, String>,
) -> Result<T, ConfigErrors> {
    let mut figment = Figment::from(Toml::string(toml));
    for (key, text) in environment {
        let Ok(value) = text.parse::<figment::value::Value>();
        figment = figment.merge((key, value));
    }
    let value: Value = figment
        .extract()
        .map_err(|error| ConfigErrors::Syntax(Box::new(error)))?;
    // Figment reads `SOUK__X__PASSWORD=123` as a number; where a text is wanted, the variable's own text is meant.
    let text_at = |pointer: &str| environment.get(&dotted(pointer)).cloned().map(Value::from);
    let config: T = shape::read_all_or(value, text_at).map_err(|errors| {
        let problem = |error: FieldError| ConfigProblem {
            message: without_values(&error.message, environment),
            key: dotted(&error.pointer),
        };
        ConfigErrors::Invalid(errors.into_iter().map(problem).collect())
    })?;
    let mut problems = Problems::default();
    config.validate(&mut problems);
    problems.into_result()?;
    Ok(config)
}

fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

/// Keeps values of the environment, where secrets come from, out of messages that quote them.
fn without_values(message: &str, environment: &BTreeMap<String, String>) -> String {
    let quoted = environment.values().filter(|text| text.len() > 3);
    quoted.fold(message.to_owned(), |message, text| {
        message.replace(text.as_str(), "[hidden]")
    })
}

#[cfg(test)]
mod tests;
