use std::fmt;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_avro_fast::{Schema, ser::SerializerConfig};

use super::frame_header;
use crate::{
    Event, RegisteredSchema, SCHEMAS,
    registry::{PARALLEL_CALLS, Registry, RegistryError},
};

/// Why an encoder cannot know the ids of its schemas.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The registry lacks schemas of this build.
    #[error(
        "the schema registry lacks {} of {} schemas, first {first}: run `souk schemas register`",
        .missing, SCHEMAS.len()
    )]
    NotRegistered {
        /// How many it lacks.
        missing: usize,
        /// Subject of the first of them.
        first: String,
    },
    /// The registry did not answer, or refused.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// Turns events into frames. It knows the id of every schema of this build, so it never waits.
pub struct Encoder {
    writers: Vec<Writer>,
}

struct Writer {
    id: u32,
    schema: Schema,
}

impl Encoder {
    /// Looks up the ids of all schemas under the subjects of topics with that prefix.
    pub async fn connect(registry: &Registry, prefix: &str) -> Result<Self, ConnectError> {
        let ids: Vec<Option<u32>> = stream::iter(SCHEMAS)
            .map(|schema| async { registry.lookup(&schema.subject(prefix), schema.json).await })
            .buffered(PARALLEL_CALLS)
            .try_collect()
            .await?;
        let missing: Vec<&RegisteredSchema> = SCHEMAS
            .iter()
            .zip(&ids)
            .filter_map(|(schema, id)| id.is_none().then_some(schema))
            .collect();
        if let Some(first) = missing.first() {
            return Err(ConnectError::NotRegistered {
                missing: missing.len(),
                first: first.subject(prefix),
            });
        }
        let writers = SCHEMAS.iter().zip(ids.into_iter().flatten());
        Ok(Self {
            writers: writers
                .map(|(schema, id)| Writer::new(id, schema))
                .collect(),
        })
    }

    /// An encoder without a registry: `id_of` names the id of each schema, asked in the order of [`SCHEMAS`].
    pub fn with_ids(mut id_of: impl FnMut(&RegisteredSchema) -> u32) -> Self {
        Self {
            writers: SCHEMAS
                .iter()
                .map(|schema| Writer::new(id_of(schema), schema))
                .collect(),
        }
    }

    /// Returns the whole frame of an event.
    pub fn encode(&self, event: &Event) -> Vec<u8> {
        self.writers[event.schema_index()].write(event)
    }

    /// The id that events of that type are written with.
    pub fn id_of(&self, event: &Event) -> u32 {
        self.writers[event.schema_index()].id
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Encoder").finish_non_exhaustive()
    }
}

impl Writer {
    fn new(id: u32, schema: &RegisteredSchema) -> Self {
        Self {
            id,
            schema: schema
                .json
                .parse()
                .expect("the generator has read every schema of this build"),
        }
    }

    fn write(&self, event: &Event) -> Vec<u8> {
        event
            .write_datum(
                frame_header(self.id),
                &mut SerializerConfig::new(&self.schema),
            )
            .expect("generated types have the shape of the schema they were generated from")
    }
}
