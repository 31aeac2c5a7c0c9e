use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use serde_avro_fast::{Schema, schema::SchemaMut};

use super::split_frame;
use crate::{
    Event, RegisteredSchema, SCHEMAS,
    event::Reader,
    registry::{Registry, RegistryError},
};

/// Why a payload gave no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The record can never be read: set it aside and go on.
    #[error(transparent)]
    Poison(#[from] Malformed),
    /// The registry could not be asked; the same record may be readable later.
    #[error("cannot ask the schema registry: {0}")]
    Unavailable(String),
}

/// What is wrong with a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There is no room for a frame's header.
    #[error("{length} bytes are too few for a frame")]
    TooShort {
        /// Of the payload.
        length: usize,
    },
    /// The first byte is not the frame's.
    #[error("the frame starts with {magic:#04x}, not 0x00")]
    WrongMagic {
        /// The first byte.
        magic: u8,
    },
    /// The registry never gave out that id.
    #[error("schema {id} is unknown to the registry")]
    UnknownSchema {
        /// The frame's schema id.
        id: u32,
    },
    /// The registry's answer is no schema we can read.
    #[error("schema {id} cannot be read: {problem}")]
    UnreadableSchema {
        /// The frame's schema id.
        id: u32,
        /// Why not.
        problem: String,
    },
    /// This build does not know the record's type.
    #[error("event type {full_name} (schema {id}) is unknown to this build")]
    UnknownType {
        /// The frame's schema id.
        id: u32,
        /// The record's full name.
        full_name: String,
    },
    /// The bytes do not fit the schema they claim.
    #[error("not a {full_name} as schema {id} writes it: {problem}")]
    Datum {
        /// The frame's schema id.
        id: u32,
        /// The record's full name.
        full_name: String,
        /// Where reading stopped.
        problem: String,
    },
}

impl Malformed {
    /// A short stable name for dead letters and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooShort { .. } | Self::WrongMagic { .. } => "not_framed",
            Self::UnknownSchema { .. } => "unknown_schema",
            Self::UnreadableSchema { .. } => "unreadable_schema",
            Self::UnknownType { .. } => "unknown_event_type",
            Self::Datum { .. } => "malformed_datum",
        }
    }
}

/// Turns frames into events.
///
/// A writer's schema is fetched once per id and kept for the life of the process: the registry is needed for schemas
/// never met before, and only for these.
pub struct Decoder {
    registry: Option<Registry>,
    writers: RwLock<HashMap<u32, Arc<Writer>>>,
}

/// The schema of an id, and what to read with it.
struct Writer {
    id: u32,
    full_name: String,
    schema: Schema,
    reader: Option<Reader>,
}

impl Decoder {
    /// A decoder that knows no schema yet.
    pub fn new(registry: Registry) -> Self {
        Self {
            registry: Some(registry),
            writers: RwLock::default(),
        }
    }

    /// A decoder without a registry that knows the schemas of this build by the ids that [`Encoder::with_ids`] was given.
    ///
    /// [`Encoder::with_ids`]: super::Encoder::with_ids
    pub fn with_ids(mut id_of: impl FnMut(&RegisteredSchema) -> u32) -> Self {
        let writers = SCHEMAS
            .iter()
            .map(|schema| Writer::own(id_of(schema), schema))
            .map(|writer| (writer.id, Arc::new(writer)))
            .collect();
        Self {
            registry: None,
            writers: RwLock::new(writers),
        }
    }

    /// Returns the event of a frame, asking the registry for a schema that was not met before.
    pub async fn decode(&self, payload: &[u8]) -> Result<Event, DecodeError> {
        let (id, datum) = split_frame(payload)?;
        let writer = match self.known(id) {
            Some(writer) => writer,
            // Two tasks may fetch one schema at the same time; they learn the same, and it happens once per process.
            None => self.fetch(id).await?,
        };
        Ok(writer.read(datum)?)
    }

    /// Returns the event of a frame without waiting; `None` when its schema has to be fetched first, by [`Self::decode`].
    pub fn decode_known(&self, payload: &[u8]) -> Option<Result<Event, DecodeError>> {
        match split_frame(payload) {
            Ok((id, datum)) => Some(self.known(id)?.read(datum).map_err(DecodeError::from)),
            Err(malformed) => Some(Err(malformed.into())),
        }
    }

    /// Takes the schema of an id from elsewhere than the registry.
    pub fn learn(&self, id: u32, json: &str) -> Result<(), Malformed> {
        self.remember(id, json).map(drop)
    }

    fn known(&self, id: u32) -> Option<Arc<Writer>> {
        self.writers
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    async fn fetch(&self, id: u32) -> Result<Arc<Writer>, DecodeError> {
        let Some(registry) = &self.registry else {
            return Err(Malformed::UnknownSchema { id }.into());
        };
        match registry.schema_by_id(id).await {
            Ok(json) => {
                let writer = self.remember(id, &json)?;
                tracing::debug!(
                    schema.id = id,
                    schema.name = writer.full_name,
                    "learned a writer's schema"
                );
                Ok(writer)
            }
            Err(RegistryError::NotFound { .. }) => Err(Malformed::UnknownSchema { id }.into()),
            Err(error) => Err(DecodeError::Unavailable(error.to_string())),
        }
    }

    fn remember(&self, id: u32, json: &str) -> Result<Arc<Writer>, Malformed> {
        let writer = Arc::new(Writer::parse(id, json)?);
        self.writers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Arc::clone(&writer));
        Ok(writer)
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Decoder")
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}

impl Writer {
    fn own(id: u32, schema: &RegisteredSchema) -> Self {
        Self::parse(id, schema.json).expect("the generator has read every schema of this build")
    }

    fn parse(id: u32, json: &str) -> Result<Self, Malformed> {
        let unreadable = |problem: String| Malformed::UnreadableSchema { id, problem };
        let schema: SchemaMut = json
            .parse()
            .map_err(|error: serde_avro_fast::schema::SchemaError| unreadable(error.to_string()))?;
        let full_name = match schema.root().type_.name() {
            Some(name) => name.fully_qualified_name().to_owned(),
            None => return Err(unreadable("it is no record".to_owned())),
        };
        Ok(Self {
            id,
            reader: RegisteredSchema::by_full_name(&full_name).map(|schema| schema.reader),
            schema: schema
                .freeze()
                .map_err(|error| unreadable(error.to_string()))?,
            full_name,
        })
    }

    fn read(&self, datum: &[u8]) -> Result<Event, Malformed> {
        let Some(reader) = self.reader else {
            return Err(Malformed::UnknownType {
                id: self.id,
                full_name: self.full_name.clone(),
            });
        };
        (reader.datum)(datum, &self.schema).map_err(|error| Malformed::Datum {
            id: self.id,
            full_name: self.full_name.clone(),
            problem: error.to_string(),
        })
    }
}
