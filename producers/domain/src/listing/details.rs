use souk_schemas::{Attribute, ListingDetails, Place};

use super::commands::{ChangeDetails, DraftListing};
use crate::validation::Checks;

const MAX_TITLE: usize = 300;
const MAX_DESCRIPTION: usize = 20_000;
const MAX_ATTRIBUTES: usize = 256;
const MAX_ATTRIBUTE_VALUE: usize = 8_000;

/// Returns the details of a new listing, tidied and checked.
pub(super) fn of_draft(command: &DraftListing, checks: &mut Checks) -> ListingDetails {
    let details = ListingDetails {
        title: command.title.clone(),
        description: command.description.clone(),
        category_id: command.category_id,
        condition: command.condition,
        brand: command.brand.clone(),
        attributes: command
            .attributes
            .iter()
            .cloned()
            .map(Attribute::from)
            .collect(),
        place: command.place.clone().map(Place::from),
    };
    check(details, checks)
}

/// Returns the details after a change, tidied and checked as a whole.
pub(super) fn after(
    current: &ListingDetails,
    command: ChangeDetails,
    checks: &mut Checks,
) -> ListingDetails {
    let details = ListingDetails {
        title: command.title.unwrap_or_else(|| current.title.clone()),
        description: command
            .description
            .unwrap_or_else(|| current.description.clone()),
        category_id: command.category_id.over(current.category_id),
        condition: command.condition.unwrap_or(current.condition),
        brand: command.brand.over(current.brand.clone()),
        attributes: command.attributes.map_or_else(
            || current.attributes.clone(),
            |attributes| attributes.into_iter().map(Attribute::from).collect(),
        ),
        place: command.place.map(Place::from).over(current.place.clone()),
    };
    check(details, checks)
}

fn check(details: ListingDetails, checks: &mut Checks) -> ListingDetails {
    checks.count(details.attributes.len(), "/attributes", 0, MAX_ATTRIBUTES);
    ListingDetails {
        title: checks.line(&details.title, "/title", 1, MAX_TITLE),
        description: checks.text(&details.description, "/description", 0, MAX_DESCRIPTION),
        brand: checks.optional_line(details.brand.as_deref(), "/brand", 80),
        attributes: details
            .attributes
            .iter()
            .enumerate()
            .map(|(index, attribute)| Attribute {
                name: checks.line(&attribute.name, format!("/attributes/{index}/name"), 1, 80),
                value: checks.text(
                    &attribute.value,
                    format!("/attributes/{index}/value"),
                    1,
                    MAX_ATTRIBUTE_VALUE,
                ),
            })
            .collect(),
        place: details.place.map(|place| check_place(place, checks)),
        ..details
    }
}

fn check_place(place: Place, checks: &mut Checks) -> Place {
    checks.country(&place.country, "/place/country");
    checks.range(place.latitude, "/place/latitude", -90.0, 90.0);
    checks.range(place.longitude, "/place/longitude", -180.0, 180.0);
    Place {
        city: checks.line(&place.city, "/place/city", 1, 100),
        ..place
    }
}
