use jiff::tz::TimeZone;
use souk_domain::user::UserError;
use souk_domain::{FieldError, Violations};

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

/// Tells a zone that is none beside whatever else the domain finds.
pub(crate) fn with_zone<T>(
    decided: Result<T, UserError>,
    name: Option<&str>,
) -> Result<T, UserError> {
    match (decided, time_zone_exists(name)) {
        (Ok(_), Err(zone)) => Err(UserError::Invalid(zone)),
        (Err(UserError::Invalid(mut found)), Err(zone)) => {
            found.0.extend(zone.0);
            Err(UserError::Invalid(found))
        }
        (decided, _) => decided,
    }
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
