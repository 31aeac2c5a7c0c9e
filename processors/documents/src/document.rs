use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::sources::Sources;

/// A type of document: one index behind one alias.
pub trait Document: Serialize + DeserializeOwned {
    /// Without the prefix of a deployment.
    const ALIAS: &'static str;
    /// The JSON body the index is created with: a strict mapping and its analysers. Shards and replicas are the operator's.
    const MAPPING: &'static str;
}

/// A document anybody may read.
pub trait Public: Document {}

/// A document only its parties (and support) may read.
pub trait Private: Document {
    /// Keyword fields that hold the ids of the parties: an owner's query matches one of them.
    const OWNER_FIELDS: &'static [&'static str];

    /// The people the document belongs to: the values of [`Self::OWNER_FIELDS`].
    fn parties(&self) -> Vec<Uuid>;
}

/// What stays of a document that is not to be shown (any more). It keeps the version: OpenSearch forgets those of deleted ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    pub id: String,
    /// Always true.
    pub deleted: bool,
    pub sources: Sources,
}

/// Returns the body of the document that hides `id`, valid under every mapping of this crate.
pub fn tombstone(id: impl Into<String>, sources: Sources) -> Tombstone {
    Tombstone {
        id: id.into(),
        deleted: true,
        sources,
    }
}

/// Reads a stored document; `None` when it is a tombstone.
pub fn parse<D: Document>(source: &[u8]) -> Result<Option<D>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Mark {
        #[serde(default)]
        deleted: bool,
    }
    if serde_json::from_slice::<Mark>(source)?.deleted {
        return Ok(None);
    }
    serde_json::from_slice(source).map(Some)
}
