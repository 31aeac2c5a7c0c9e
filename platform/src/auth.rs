//! Who is asking: a signed bearer token (JWT, HS256) says the person's id and roles.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock;
use crate::config::{Problems, Validate};
use crate::problem::Problem;

const MIN_SECRET_BYTES: usize = 32;

/// What a person may do beyond their own things. Any user may buy and sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Buyer,
    Seller,
    Moderator,
    Analyst,
    Admin,
    Support,
}

impl Role {
    pub const ALL: [Self; 6] = [
        Self::Buyer,
        Self::Seller,
        Self::Moderator,
        Self::Analyst,
        Self::Admin,
        Self::Support,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Seller => "seller",
            Self::Moderator => "moderator",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
            Self::Support => "support",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A set of roles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    pub fn contains(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

impl<const N: usize> From<[Role; N]> for Roles {
    fn from(roles: [Role; N]) -> Self {
        Self(roles.into())
    }
}

/// The signed-in person behind a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub user_id: Uuid,
    pub roles: Roles,
}

impl Principal {
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(role)
    }

    /// Succeeds with the role, else refuses with 403 `role_required`.
    pub fn require(&self, role: Role) -> Result<(), Problem> {
        self.require_any(&[role])
    }

    /// Succeeds with at least one of the roles, else refuses with 403 `role_required`.
    pub fn require_any(&self, roles: &[Role]) -> Result<(), Problem> {
        if roles.iter().any(|role| self.has(*role)) {
            return Ok(());
        }
        let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
        Err(Problem::forbidden(
            "role_required",
            format!("this needs the role {}", names.join(" or ")),
        ))
    }
}

/// How tokens are signed.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// Shared by every role that issues or reads tokens; at least 32 bytes, no default.
    pub secret: SecretString,
    /// Named in tokens as `iss`; tokens of other issuers are refused.
    pub issuer: String,
    /// How long a token is good for.
    #[serde(with = "humantime_serde")]
    pub token_lifetime: Duration,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            secret: SecretString::default(),
            issuer: "souk".to_owned(),
            token_lifetime: Duration::from_mins(15),
        }
    }
}

impl Validate for AuthConfig {
    fn validate(&self, problems: &mut Problems) {
        let long_enough = self.secret.expose_secret().len() >= MIN_SECRET_BYTES;
        problems.require(
            long_enough,
            "secret",
            format!("must be set, with at least {MIN_SECRET_BYTES} bytes"),
        );
        problems.require(!self.issuer.is_empty(), "issuer", "must not be empty");
        problems.require(
            self.token_lifetime >= Duration::from_secs(1),
            "token_lifetime",
            "must be at least 1s",
        );
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: Uuid,
    roles: Roles,
    iat: i64,
    exp: i64,
}

/// Signs tokens; the command API has one.
#[derive(Clone)]
pub struct Issuer {
    key: Arc<EncodingKey>,
    name: String,
    lifetime: Duration,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Issuer")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Issuer {
    pub fn new(config: &AuthConfig) -> Self {
        let key = Arc::new(EncodingKey::from_secret(
            config.secret.expose_secret().as_bytes(),
        ));
        Self {
            key,
            name: config.issuer.clone(),
            lifetime: config.token_lifetime,
        }
    }

    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Signs a token for `principal` that is good from now for the configured lifetime.
    pub fn issue(&self, principal: &Principal) -> String {
        self.issue_at(principal, clock::now_seconds())
    }

    fn issue_at(&self, principal: &Principal, now: i64) -> String {
        let lifetime = i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX);
        let claims = Claims {
            iss: self.name.clone(),
            sub: principal.user_id,
            roles: principal.roles.clone(),
            iat: now,
            exp: now.saturating_add(lifetime),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.key)
            .expect("HS256 with a secret key can sign any claims")
    }
}

/// Reads tokens; kept in every API's state.
#[derive(Clone)]
pub struct Verifier {
    key: Arc<DecodingKey>,
    validation: Arc<Validation>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl Verifier {
    pub fn new(config: &AuthConfig) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[&config.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.validate_aud = false;
        validation.leeway = 5;
        let key = Arc::new(DecodingKey::from_secret(
            config.secret.expose_secret().as_bytes(),
        ));
        Self {
            key,
            validation: Arc::new(validation),
        }
    }

    /// Says whose token this is, or refuses with 401: `token_expired` or `token_invalid`.
    pub fn verify(&self, token: &str) -> Result<Principal, Problem> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation).map_err(
            |error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::ExpiredSignature => {
                    Problem::unauthorized("token_expired", "the token has expired, sign in again")
                }
                _ => Problem::unauthorized("token_invalid", "the token is not valid"),
            },
        )?;
        Ok(Principal {
            user_id: claims.claims.sub,
            roles: claims.claims.roles,
        })
    }
}

/// The signed-in person, or nobody when no token was sent. A token that is not valid is refused all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionalPrincipal(pub Option<Principal>);

impl<S> FromRequestParts<S> for OptionalPrincipal
where
    S: Send + Sync,
    Verifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
            return Ok(Self(None));
        };
        let token = value.to_str().ok().and_then(bearer_token);
        let token = token.ok_or_else(|| {
            Problem::unauthorized("token_invalid", "Authorization must be `Bearer <token>`")
        })?;
        Verifier::from_ref(state)
            .verify(token)
            .map(|principal| Self(Some(principal)))
    }
}

fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl<S> FromRequestParts<S> for Principal
where
    S: Send + Sync,
    Verifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let OptionalPrincipal(principal) =
            OptionalPrincipal::from_request_parts(parts, state).await?;
        principal.ok_or_else(|| {
            Problem::unauthorized(
                "token_missing",
                "sign in and send the token as `Authorization: Bearer <token>`",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn config(secret: &str) -> AuthConfig {
        AuthConfig {
            secret: secret.into(),
            ..AuthConfig::default()
        }
    }

    fn ada() -> Principal {
        Principal {
            user_id: Uuid::from_u128(1),
            roles: Roles::from([Role::Buyer, Role::Analyst]),
        }
    }

    async fn extract(header: Option<&str>) -> Result<Principal, Problem> {
        let mut request = Request::builder();
        if let Some(header) = header {
            request = request.header(header::AUTHORIZATION, header);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        Principal::from_request_parts(
            &mut parts,
            &Verifier::new(&config("a secret of thirty-two bytes, ok")),
        )
        .await
    }

    #[tokio::test]
    async fn an_issued_token_is_read_back_as_the_same_person() {
        let token = Issuer::new(&config("a secret of thirty-two bytes, ok")).issue(&ada());
        assert_eq!(extract(Some(&format!("Bearer {token}"))).await, Ok(ada()));
        assert_eq!(extract(Some(&format!("bearer {token}"))).await, Ok(ada()));
    }

    #[tokio::test]
    async fn bad_tokens_are_refused_with_their_reason() {
        let own = Issuer::new(&config("a secret of thirty-two bytes, ok"));
        let foreign = Issuer::new(&config("another secret of 32 bytes......"));
        let other_name = Issuer::new(&AuthConfig {
            issuer: "bazaar".to_owned(),
            ..config("a secret of thirty-two bytes, ok")
        });
        let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIwIn0.";
        let rows = [
            (None, "token_missing"),
            (Some("Basic eDp5".to_owned()), "token_invalid"),
            (Some(format!("Bearer {unsigned}")), "token_invalid"),
            (
                Some(format!("Bearer {}", foreign.issue(&ada()))),
                "token_invalid",
            ),
            (
                Some(format!("Bearer {}", other_name.issue(&ada()))),
                "token_invalid",
            ),
            (
                Some(format!("Bearer {}", own.issue_at(&ada(), 1_700_000_000))),
                "token_expired",
            ),
        ];
        for (header, code) in rows {
            let problem = extract(header.as_deref()).await.unwrap_err();
            assert_eq!(
                (problem.status.as_u16(), problem.code.as_ref()),
                (401, code)
            );
        }
    }

    #[test]
    fn a_missing_role_is_a_403() {
        assert_eq!(ada().require(Role::Analyst), Ok(()));
        assert_eq!(ada().require_any(&[Role::Admin, Role::Buyer]), Ok(()));
        let problem = ada().require(Role::Admin).unwrap_err();
        assert_eq!(
            (problem.status.as_u16(), problem.code.as_ref()),
            (403, "role_required")
        );
    }

    #[test]
    fn a_short_secret_is_a_problem_of_the_configuration() {
        let mut problems = Problems::default();
        problems.section("auth", &AuthConfig::default());
        assert!(format!("{problems:?}").contains("auth.secret"));
    }
}
