use std::sync::Arc;

use axum::extract::FromRef;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use souk_platform::auth::{AuthConfig, Issuer, Verifier};
use souk_store::Store;
use tokio::sync::Notify;

use crate::config::Config;
use crate::passwords::{PasswordError, Passwords};
use crate::throttle::LoginThrottle;

/// What handlers share.
#[derive(Clone, Debug)]
pub struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: Config,
    store: Store,
    issuer: Issuer,
    verifier: Verifier,
    passwords: Passwords,
    throttle: LoginThrottle,
    digest_key: [u8; 32],
    payments_due: Arc<Notify>,
}

impl App {
    pub(crate) fn new(
        config: Config,
        auth: &AuthConfig,
        store: Store,
    ) -> Result<Self, PasswordError> {
        let digest_key = Sha256::new()
            .chain_update("souk idempotency digest\n")
            .chain_update(auth.secret.expose_secret())
            .finalize();
        Ok(Self(Arc::new(Shared {
            store,
            issuer: Issuer::new(auth),
            verifier: Verifier::new(auth),
            passwords: Passwords::new(&config.passwords)?,
            throttle: LoginThrottle::new(config.login_throttle.clone()),
            digest_key: digest_key.into(),
            payments_due: Arc::default(),
            config,
        })))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn issuer(&self) -> &Issuer {
        &self.0.issuer
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn throttle(&self) -> &LoginThrottle {
        &self.0.throttle
    }

    /// Keys digests of requests that are kept with their answers.
    pub(crate) fn digest_key(&self) -> &[u8] {
        &self.0.digest_key
    }

    /// Wakes the payment manager: there is a task that is due now.
    pub(crate) fn payments_due(&self) -> &Arc<Notify> {
        &self.0.payments_due
    }
}

impl FromRef<App> for Verifier {
    fn from_ref(app: &App) -> Self {
        app.0.verifier.clone()
    }
}
