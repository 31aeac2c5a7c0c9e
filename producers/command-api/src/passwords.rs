use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use souk_platform::Problem;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::config::PasswordConfig;

/// Hashes and checks passwords (argon2id), few at a time and off the runtime's threads.
#[derive(Clone)]
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    /// One for each hash that is computed.
    permits: Arc<Semaphore>,
    /// One for each hash that is computed or waits.
    places: Arc<Semaphore>,
    /// Checked when there is no hash, so that nobody can tell by the clock whether an address is known.
    decoy: Arc<str>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("the parameters of argon2 are not valid")]
    Params(#[source] argon2::Error),
    #[error("a password cannot be hashed")]
    Hash(#[source] argon2::password_hash::Error),
    #[error("too many passwords are being hashed")]
    Busy,
    #[error("the hashing task was lost")]
    Lost,
}

impl Passwords {
    pub(crate) fn new(config: &PasswordConfig) -> Result<Self, PasswordError> {
        let params = Params::new(config.memory_kib, config.iterations, 1, None)
            .map_err(PasswordError::Params)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash_with(&argon2, b"nobody has this password")?.into();
        Ok(Self {
            argon2,
            permits: Arc::new(Semaphore::new(config.concurrency)),
            places: Arc::new(Semaphore::new(config.concurrency + config.max_waiting)),
            decoy,
        })
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        let argon2 = self.argon2.clone();
        self.run(move || hash_with(&argon2, password.expose_secret().as_bytes()))
            .await?
    }

    /// Whether the password belongs to the hash; without a hash it takes as long and is false.
    pub(crate) async fn verify(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        let argon2 = self.argon2.clone();
        let is_decoy = hash.is_none();
        let hash = hash.unwrap_or_else(|| self.decoy.to_string());
        self.run(move || {
            let parsed = PasswordHash::new(&hash);
            parsed.is_ok_and(|parsed| {
                let password = password.expose_secret().as_bytes();
                argon2.verify_password(password, &parsed).is_ok() && !is_decoy
            })
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _place = self.places.try_acquire().map_err(|_| PasswordError::Busy)?;
        let permits = Arc::clone(&self.permits);
        let permit = permits
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Lost)?;
        spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        })
        .await
        .map_err(|_| PasswordError::Lost)
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::unavailable(1, "too many passwords are being checked"),
            error @ (PasswordError::Params(_) | PasswordError::Hash(_) | PasswordError::Lost) => {
                Self::internal(error)
            }
        }
    }
}

fn hash_with(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, PasswordError> {
    let hash = argon2
        .hash_password(password)
        .map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

impl fmt::Debug for Passwords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Passwords").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(&PasswordConfig {
            memory_kib: 8,
            iterations: 1,
            concurrency: 1,
            max_waiting: 1,
        })
        .unwrap()
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_only() {
        let passwords = passwords();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$") && !hash.contains("horse"),
            "{hash}"
        );
        for (password, known) in [("correct horse", true), ("battery staple", false)] {
            let verified = passwords.verify(password.into(), Some(hash.clone())).await;
            assert_eq!(verified.unwrap(), known);
        }
    }

    #[tokio::test]
    async fn nobody_has_the_decoy_password() {
        let verified = passwords()
            .verify("nobody has this password".into(), None)
            .await;
        assert!(!verified.unwrap());
    }

    #[tokio::test]
    async fn more_than_may_wait_are_refused_at_once() {
        let passwords = passwords();
        let _all = passwords.places.acquire_many(2).await.unwrap();
        let refused = passwords.hash("correct horse".into()).await.unwrap_err();
        assert!(matches!(refused, PasswordError::Busy));
        assert_eq!(Problem::from(refused).status, 503);
    }
}
