use serde::Serialize;
use souk_documents::version;
use souk_documents::{Sources, Tombstone};
use souk_runtime::{Body, Document, Poison, Record, Rendered};
use souk_schemas::{Event, EventMeta};

/// The event of a record from an events topic.
pub(crate) fn event<'a>(record: &Record<'a>) -> Result<&'a Event, Poison> {
    match record.body {
        Body::Event(event) => Ok(event),
        Body::Json(_) | Body::Deleted => Err(unexpected(record)),
    }
}

/// Says that a record has no business on its topic.
pub(crate) fn unexpected(record: &Record<'_>) -> Poison {
    Poison::new(
        "unexpected_record",
        format!(
            "the projection cannot use this kind of record on {}",
            record.topic
        ),
    )
}

/// Returns the sequence of an event that is the next of its aggregate, `None` for one already known.
pub(crate) fn news(known: u64, meta: &EventMeta) -> Result<Option<u64>, Poison> {
    let found = u64::try_from(meta.sequence).unwrap_or_default();
    if found <= known {
        return Ok(None);
    }
    if found != known + 1 {
        return Err(Poison::gap(known.cast_signed() + 1, meta.sequence));
    }
    Ok(Some(found))
}

/// Renders a document whose version is `primary` over the sum of `others`.
pub(crate) fn document(id: String, primary: u64, others: u64, body: &impl Serialize) -> Rendered {
    match serde_json::to_vec(body) {
        Ok(body) => Rendered::Document(Document {
            id,
            version: version(primary, others),
            body,
        }),
        // Writing plain structs to memory does not fail; a document is rather left as it was than written wrong.
        Err(_) => Rendered::Nothing,
    }
}

/// Renders a document that is not to be shown.
pub(crate) fn hidden(id: String, primary: u64, others: u64, sources: Sources) -> Rendered {
    let tombstone: Tombstone = souk_documents::tombstone(id.clone(), sources);
    document(id, primary, others, &tombstone)
}
