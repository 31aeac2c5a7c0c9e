use jiff::tz::TimeZone;
use souk_domain::user::UserError;
use souk_domain::{FieldError, Violations};
use souk_platform::Problem;

use crate::error::CommandError;

/// Checks that the zone is one: the domain knows only what such a name looks like.
pub(crate) fn time_zone_exists(name: Option<&str>) -> Result<(), Violations> {
    match name {
        Some(name) if TimeZone::get(name).is_err() => Err(Violations(vec![FieldError {
            pointer: "/time_zone".into(),
            code: "time_zone",
            message: "must be an IANA time zone name, for example Europe/London".into(),
        }])),
        _ => Ok(()),
    }
}

/// As [`time_zone_exists`], for whoever checks nothing else beforehand.
pub(crate) fn check_time_zone(name: Option<&str>) -> Result<(), Problem> {
    time_zone_exists(name)
        .map_err(|violations| CommandError::from(UserError::Invalid(violations)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zones_that_exist_are_accepted() {
        for (name, exists) in [
            (None, true),
            (Some("Europe/London"), true),
            (Some("UTC"), true),
            (Some("Mars/Olympus"), false),
        ] {
            assert_eq!(time_zone_exists(name).is_ok(), exists, "{name:?}");
        }
    }
}
