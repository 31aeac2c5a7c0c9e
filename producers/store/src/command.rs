use souk_schemas::ids::UserId;
use uuid::Uuid;

use crate::idempotency::IdempotencyKey;

/// What every command carries besides what it asks for.
#[derive(Clone, Debug)]
pub struct Command {
    /// Who asks; absent when the system acts.
    pub actor: Option<UserId>,
    /// Makes a repeat safe. Without one, a lost answer to COMMIT stays an unknown outcome.
    pub idempotency: Option<IdempotencyKey>,
    /// The same for everything that one request led to.
    pub correlation_id: Uuid,
    /// The event or command that led to this one.
    pub causation_id: Option<Uuid>,
    /// W3C trace context of the request.
    pub traceparent: Option<String>,
}

impl Command {
    /// A command the system gives itself.
    pub fn of_system(correlation_id: Uuid) -> Self {
        Self {
            actor: None,
            idempotency: None,
            correlation_id,
            causation_id: None,
            traceparent: None,
        }
    }
}
