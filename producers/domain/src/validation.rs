use std::{borrow::Cow, fmt};

use serde::Serialize;

/// One bad field of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// JSON pointer into the command: `/price/amount_minor`.
    pub pointer: Cow<'static, str>,
    /// Stable, for programs: `required`, `too_long`, `out_of_range`.
    pub code: &'static str,
    /// For people.
    pub message: Cow<'static, str>,
}

/// Every bad field of a command; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(transparent)]
pub struct Violations(pub Vec<FieldError>);

impl Violations {
    /// Gathers the bad fields of several checks of one command.
    pub fn gather(checks: impl IntoIterator<Item = Result<(), Self>>) -> Result<(), Self> {
        let errors: Vec<_> = checks
            .into_iter()
            .filter_map(Result::err)
            .flat_map(|violations| violations.0)
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self(errors))
        }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("invalid fields: ")?;
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(
                formatter,
                "{separator}{} {}",
                error.pointer.trim_start_matches('/'),
                error.message
            )?;
        }
        Ok(())
    }
}

/// Collects the bad fields of one command, so that the caller learns of all of them at once.
#[derive(Debug, Default)]
pub(crate) struct Checks(Vec<FieldError>);

impl Checks {
    pub(crate) fn require(
        &mut self,
        holds: bool,
        pointer: impl Into<Cow<'static, str>>,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) {
        if !holds {
            self.0.push(FieldError {
                pointer: pointer.into(),
                code,
                message: message.into(),
            });
        }
    }

    /// Returns a single line of text trimmed, having checked its length in characters.
    pub(crate) fn line(
        &mut self,
        value: &str,
        pointer: impl Into<Cow<'static, str>>,
        min: usize,
        max: usize,
    ) -> String {
        let (value, pointer) = (value.trim(), pointer.into());
        self.require(
            !value.contains(|character: char| character.is_ascii_control()),
            pointer.clone(),
            "control_character",
            "must not contain control characters",
        );
        self.length(value, pointer, min, max);
        value.to_owned()
    }

    /// Returns text of several lines trimmed, having checked its length in characters.
    pub(crate) fn text(
        &mut self,
        value: &str,
        pointer: impl Into<Cow<'static, str>>,
        min: usize,
        max: usize,
    ) -> String {
        let (value, pointer) = (value.trim(), pointer.into());
        self.require(
            !value.contains(|character: char| {
                character.is_ascii_control() && !matches!(character, '\n' | '\r' | '\t')
            }),
            pointer.clone(),
            "control_character",
            "must not contain control characters other than line breaks and tabs",
        );
        self.length(value, pointer, min, max);
        value.to_owned()
    }

    /// As [`Checks::line`], where empty text counts as absent.
    pub(crate) fn optional_line(
        &mut self,
        value: Option<&str>,
        pointer: impl Into<Cow<'static, str>>,
        max: usize,
    ) -> Option<String> {
        let value = self.line(value?, pointer, 0, max);
        (!value.is_empty()).then_some(value)
    }

    /// Checks a length in characters.
    pub(crate) fn length(
        &mut self,
        value: &str,
        pointer: impl Into<Cow<'static, str>>,
        min: usize,
        max: usize,
    ) {
        let length = value.chars().count();
        if length < min {
            let (code, message) = if length == 0 {
                ("required", Cow::Borrowed("must not be empty"))
            } else {
                (
                    "too_short",
                    format!("must have at least {min} characters").into(),
                )
            };
            self.require(false, pointer, code, message);
        } else if length > max {
            self.require(
                false,
                pointer,
                "too_long",
                format!("must have at most {max} characters"),
            );
        }
    }

    /// Checks that a number lies within a range, bounds included.
    pub(crate) fn range<T: PartialOrd + fmt::Display + Copy>(
        &mut self,
        value: T,
        pointer: impl Into<Cow<'static, str>>,
        min: T,
        max: T,
    ) {
        self.require(
            value >= min && value <= max,
            pointer,
            "out_of_range",
            format!("must be between {min} and {max}"),
        );
    }

    /// Checks a number that has a lower bound only.
    pub(crate) fn at_least(&mut self, value: i64, pointer: impl Into<Cow<'static, str>>, min: i64) {
        self.require(
            value >= min,
            pointer,
            "out_of_range",
            format!("must be at least {min}"),
        );
    }

    /// Checks how many things a list holds.
    pub(crate) fn count(
        &mut self,
        found: usize,
        pointer: impl Into<Cow<'static, str>>,
        min: usize,
        max: usize,
    ) {
        let code = if found < min { "too_few" } else { "too_many" };
        self.require(
            found >= min && found <= max,
            pointer,
            code,
            format!("must have between {min} and {max} entries"),
        );
    }

    /// Checks the shape of an ISO 3166-1 alpha-2 code.
    pub(crate) fn country(&mut self, value: &str, pointer: impl Into<Cow<'static, str>>) {
        self.require(
            value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase()),
            pointer,
            "country",
            "must be an ISO 3166 country code of two upper-case letters",
        );
    }

    /// Checks the shape of an IANA time zone name; whether there is such a zone is checked where a zone table is at hand.
    pub(crate) fn time_zone(&mut self, value: &str, pointer: impl Into<Cow<'static, str>>) {
        let well_formed = value.len() <= 64
            && value.split('/').count() <= 3
            && value.split('/').all(|part| {
                !part.is_empty()
                    && part
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"_-+".contains(&byte))
            });
        self.require(
            well_formed,
            pointer,
            "time_zone",
            "must be an IANA time zone name, for example Europe/London",
        );
    }

    pub(crate) fn finish(self) -> Result<(), Violations> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Violations(self.0))
        }
    }
}
