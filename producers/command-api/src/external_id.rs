use souk_store::Work;
use souk_store::guards::external_ids::{self, Namespace};
use uuid::Uuid;

use crate::error::CommandError;

pub(crate) const MAX_EXTERNAL_ID: usize = 100;

/// Takes the external id of a new thing, if it has one; refuses one that something else has.
pub(crate) async fn claim_external_id(
    work: &mut Work,
    namespace: Namespace,
    external_id: Option<&str>,
    id: impl Into<Uuid>,
) -> Result<(), CommandError> {
    let Some(external_id) = external_id.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(());
    };
    if external_id.chars().count() > MAX_EXTERNAL_ID {
        return Err(CommandError::field(
            "/external_id",
            "too_long",
            "must have at most 100 characters",
        ));
    }
    let proposed = [(external_id, id.into())];
    let claimed = external_ids::claim(work.connection(), namespace, &proposed).await?;
    if claimed.iter().all(|claimed| claimed.is_new) {
        Ok(())
    } else {
        Err(CommandError::ExternalIdTaken)
    }
}
