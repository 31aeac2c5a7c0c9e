//! The schema registry, through Confluent's API.

use std::{error::Error as _, fmt, time::Duration};

use backon::{ExponentialBuilder, Retryable as _};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::{Client, StatusCode};
use schema_registry_converter::{
    async_impl::schema_registry::{SrSettings, get_schema_by_id, perform_sr_call, post_schema},
    error::SRCError,
    schema_registry_common::{RawError, SchemaType, SrCall, SuppliedSchema},
};
use serde::Serialize;
use serde_json::json;

use crate::{RegisteredSchema, SCHEMAS};

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How many calls are under way at once when all schemas are looked up or registered.
pub(crate) const PARALLEL_CALLS: usize = 8;

/// Every version can be read by every other, in both directions.
const COMPATIBILITY: &str = "FULL_TRANSITIVE";

/// Why the registry gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// It answered that there is no such thing.
    #[error("{what}: not found")]
    NotFound {
        /// What was asked.
        what: String,
    },
    /// It refused; asking again changes nothing.
    #[error("{what}: refused: {reason}")]
    Refused {
        /// What was asked.
        what: String,
        /// The registry's words.
        reason: String,
    },
    /// It is down, busy or starting; ask again later.
    #[error("{what}: {reason}")]
    Unavailable {
        /// What was asked.
        what: String,
        /// What went wrong.
        reason: String,
    },
}

/// A client of the schema registry.
#[derive(Clone, Debug)]
pub struct Registry {
    url: String,
    settings: SrSettings,
    http: Client,
}

impl Registry {
    /// A client of the registry whose Confluent API is at `url`; nothing is called yet.
    pub fn new(url: &str) -> Result<Self, RegistryError> {
        let url = url.trim_end_matches('/').to_owned();
        let invalid = |reason: String| RegistryError::Refused {
            what: format!("client of the schema registry at {url}"),
            reason,
        };
        // Like the brokers, the registry is reached directly, whatever proxy the environment names for the web.
        let settings = SrSettings::new_builder(url.clone())
            .no_proxy()
            .set_timeout(TIMEOUT)
            .build()
            .map_err(|error| invalid(error.to_string()))?;
        let http = Client::builder()
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| invalid(error.to_string()))?;
        Ok(Self {
            url,
            settings,
            http,
        })
    }

    /// Returns the schema of an id.
    pub async fn schema_by_id(&self, id: u32) -> Result<String, RegistryError> {
        get_schema_by_id(id, &self.settings)
            .await
            .map(|schema| schema.schema)
            .map_err(|error| classify(format!("schema {id}"), &error))
    }

    /// Returns the id of a schema under a subject; `None` when it is not registered there.
    pub async fn lookup(&self, subject: &str, json: &str) -> Result<Option<u32>, RegistryError> {
        let body = json!({ "schema": json, "schemaType": "AVRO" }).to_string();
        let call = || async {
            perform_sr_call(&self.settings, SrCall::PostForVersion(subject, &body))
                .await
                .map_err(|error| classify(subject.to_owned(), &error))
        };
        match retry(call).await {
            Ok(answer) => Ok(answer.id),
            Err(RegistryError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Registers a schema under a subject and returns its id; the subject's compatibility rule may refuse it.
    pub async fn register(&self, subject: &str, json: &str) -> Result<u32, RegistryError> {
        let call = || async {
            let schema = SuppliedSchema::new(None, SchemaType::Avro, json.to_owned());
            post_schema(&self.settings, subject.to_owned(), schema)
                .await
                .map_err(|error| classify(subject.to_owned(), &error))
        };
        retry(call).await.map(|schema| schema.id)
    }

    /// Registers every schema of this build under the topics with that prefix and guards each subject with
    /// `FULL_TRANSITIVE` compatibility; doing it again changes nothing.
    pub async fn register_all(&self, prefix: &str) -> Result<RegistrationReport, RegistryError> {
        let schemas = stream::iter(SCHEMAS)
            .map(|schema| self.register_guarded(schema, prefix))
            .buffered(PARALLEL_CALLS)
            .try_collect()
            .await?;
        Ok(RegistrationReport { schemas })
    }

    async fn register_guarded(
        &self,
        schema: &RegisteredSchema,
        prefix: &str,
    ) -> Result<Registration, RegistryError> {
        let subject = schema.subject(prefix);
        let known = self.lookup(&subject, schema.json).await?;
        // A subject without versions cannot be guarded in every registry; its first version breaks nothing.
        let guarded = self.guard(&subject).await;
        let id = match known {
            Some(id) => id,
            None => self.register(&subject, schema.json).await?,
        };
        match guarded {
            Ok(()) => {}
            Err(RegistryError::NotFound { .. }) => self.guard(&subject).await?,
            Err(error) => return Err(error),
        }
        Ok(Registration {
            subject,
            id,
            new: known.is_none(),
        })
    }

    async fn guard(&self, subject: &str) -> Result<(), RegistryError> {
        let url = format!("{}/config/{subject}", self.url);
        let body = json!({ "compatibility": COMPATIBILITY });
        retry(|| async {
            let unavailable = |error: reqwest::Error| RegistryError::Unavailable {
                what: subject.to_owned(),
                reason: error.to_string(),
            };
            let answer = self
                .http
                .put(&url)
                .json(&body)
                .send()
                .await
                .map_err(unavailable)?;
            let status = answer.status();
            if status.is_success() {
                return Ok(());
            }
            Err(refusal(
                subject.to_owned(),
                status,
                &answer.text().await.map_err(unavailable)?,
            ))
        })
        .await
    }
}

/// What [`Registry::register_all`] did.
#[derive(Clone, Debug, Serialize)]
pub struct RegistrationReport {
    /// One line a schema.
    pub schemas: Vec<Registration>,
}

/// One schema under one subject.
#[derive(Clone, Debug, Serialize)]
pub struct Registration {
    /// Where it is registered.
    pub subject: String,
    /// The id that frames carry.
    pub id: u32,
    /// Whether this run registered it.
    pub new: bool,
}

impl fmt::Display for RegistrationReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Registration { subject, id, new } in &self.schemas {
            let state = if *new { "new" } else { "known" };
            writeln!(formatter, "{id:>6}  {state:<5}  {subject}")?;
        }
        let new = self.schemas.iter().filter(|schema| schema.new).count();
        write!(
            formatter,
            "{} schemas, {new} of them new",
            self.schemas.len()
        )
    }
}

/// Asks again for a few seconds while the registry starts or stumbles.
async fn retry<T, F>(call: impl FnMut() -> F) -> Result<T, RegistryError>
where
    F: Future<Output = Result<T, RegistryError>>,
{
    call.retry(
        ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_max_times(5)
            .with_jitter(),
    )
    .when(|error| matches!(error, RegistryError::Unavailable { .. }))
    .await
}

/// The registry's own error codes start with the HTTP status they stand for. An answer without such a code does not
/// come from a registry that is up, even if it says 404.
fn classify(what: String, error: &SRCError) -> RegistryError {
    let answer = error
        .source()
        .and_then(|source| source.downcast_ref::<RawError>())
        .filter(|answer| answer.error_code > 0);
    match answer {
        Some(answer) => by_code(what, answer.error_code, answer.message.clone()),
        None => RegistryError::Unavailable {
            what,
            reason: match &error.cause {
                Some(cause) => format!("{}: {cause}", error.error),
                None => error.error.clone(),
            },
        },
    }
}

fn refusal(what: String, status: StatusCode, body: &str) -> RegistryError {
    match serde_json::from_str::<RawError>(body) {
        Ok(answer) => by_code(what, answer.error_code, answer.message),
        Err(_) => RegistryError::Unavailable {
            what,
            reason: format!("HTTP {status}"),
        },
    }
}

fn by_code(what: String, code: u32, reason: String) -> RegistryError {
    let status = if code > 999 { code / 100 } else { code };
    match status {
        404 => RegistryError::NotFound { what },
        400..=499 if status != 408 && status != 429 => RegistryError::Refused { what, reason },
        _ => RegistryError::Unavailable { what, reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_outages() {
        for (code, expected) in [
            (404, "not found"),
            (40403, "not found"),
            (409, "refused"),
            (42201, "refused"),
            (401, "refused"),
            (429, "busy"),
            (50001, "busy"),
            (503, "busy"),
        ] {
            let error = by_code("a".to_owned(), code, "busy".to_owned());
            assert!(error.to_string().contains(expected), "{code}: {error}");
        }
    }

    #[test]
    fn a_404_that_is_not_the_registrys_own_is_an_outage() {
        let starting = refusal("a".to_owned(), StatusCode::NOT_FOUND, "<html>");
        assert!(matches!(starting, RegistryError::Unavailable { .. }));
    }

    #[tokio::test]
    async fn a_closed_port_is_an_outage() {
        let registry = Registry::new("http://127.0.0.1:9/apis/ccompat/v7").unwrap();
        let error = registry.schema_by_id(1).await.unwrap_err();
        assert!(
            matches!(error, RegistryError::Unavailable { .. }),
            "{error}"
        );
    }
}
