use std::fmt;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use souk_domain::user::{User, fold_email};
use souk_platform::{Principal, Problem, Role, Roles, http};
use souk_schemas::ids::UserId;
use souk_store::guards::logins;
use uuid::Uuid;

use crate::app::App;
use crate::metrics;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginBody {
    email: String,
    password: SecretString,
}

/// A token and how long it is good for.
#[derive(Serialize)]
pub(crate) struct Session {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    user_id: Uuid,
}

/// `POST /users/login`: changes nothing, so it needs no idempotency key. Wrong passwords and unknown addresses look and take the same.
pub(crate) async fn log_in(
    State(app): State<App>,
    http::Json(body): http::Json<LoginBody>,
) -> Result<Json<Session>, Problem> {
    let email = fold_email(&body.email);
    if let Err(wait) = app.throttle().begin(&email, Instant::now()) {
        metrics::login("throttled");
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).max(1);
        return Err(Problem::too_many_requests(
            seconds,
            "too many wrong passwords for this address, wait",
        ));
    }
    let checked = check(&app, &email, body.password).await;
    let checked = checked.inspect_err(|_| app.throttle().undecided(&email))?;
    let Some(user_id) = checked else {
        metrics::login("refused");
        return Err(Problem::unauthorized(
            "login_failed",
            "the e-mail address or the password is wrong",
        ));
    };
    app.throttle().succeeded(&email);
    metrics::login("succeeded");
    let user: User = app.read(app.store().peek(user_id)).await?;
    let principal = Principal {
        user_id: user_id.0,
        roles: roles_of(&user),
    };
    Ok(Json(Session {
        access_token: app.issuer().issue(&principal),
        token_type: "Bearer",
        expires_in: app.issuer().lifetime().as_secs(),
        user_id: principal.user_id,
    }))
}

/// Whose address and password these are, if they are anybody's.
async fn check(app: &App, email: &str, password: SecretString) -> Result<Option<UserId>, Problem> {
    let login = app.read(logins::find(app.store().pool(), email)).await?;
    let (user_id, hash) = login.map_or((None, None), |login| {
        (Some(login.user_id), login.password_hash)
    });
    let is_known = app.passwords().verify(password, hash).await?;
    Ok(user_id.filter(|_| is_known))
}

/// The roles as tokens spell them.
fn roles_of(user: &User) -> Roles {
    let held = user.profile().map(|profile| &profile.roles);
    let held = held.into_iter().flatten();
    held.filter_map(|role| {
        Role::ALL
            .into_iter()
            .find(|known| known.name() == role.as_str())
    })
    .collect()
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Session")
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}
