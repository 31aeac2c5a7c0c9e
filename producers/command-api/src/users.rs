use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use serde::Deserialize;
use souk_domain::user::{ChangeProfile, RegisterUser, User, UserError, check_password, fold_email};
use souk_domain::{AggregateState, Context, Violations};
use souk_platform::http::Path;
use souk_platform::{Principal, Problem};
use souk_schemas::ids::UserId;
use souk_schemas::{Aggregate, Role, Timestamp};
use souk_store::guards::external_ids::Namespace;
use souk_store::guards::logins::{self, EmailClaim};
use souk_store::{UseCase, Work};
use uuid::Uuid;

use crate::answer::{Accepted, Done};
use crate::app::App;
use crate::change::{Change, load_matching};
use crate::error::CommandError;
use crate::external_id::claim_external_id;
use crate::input::{IfMatch, Input};

mod login;
mod zone;

pub(crate) use login::log_in;
pub(crate) use zone::{time_zone_exists, with_zone};

/// Every person's external id is theirs alone, whoever imports them.
pub(crate) const EXTERNAL_IDS: Namespace = Namespace {
    kind: "user",
    owner: Uuid::nil(),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterBody {
    email: String,
    password: String,
    name: String,
    #[serde(default)]
    age: Option<i32>,
    #[serde(default)]
    time_zone: Option<String>,
}

/// `POST /users/register`: anybody.
pub(crate) async fn register(
    State(app): State<App>,
    Input { body, origin }: Input<RegisterBody>,
) -> Result<Accepted, Problem> {
    let new_user = NewUser {
        command: RegisterUser {
            email: body.email,
            name: body.name,
            age: body.age,
            time_zone: body.time_zone,
            external_id: None,
        },
        password_hash: None,
        roles: Vec::new(),
    };
    let new_user = new_user.with_password(&app, Some(body.password)).await?;
    let outcome = app.execute(origin.command(None), new_user).await?;
    Ok(Accepted::new(outcome).created("users"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUserBody {
    email: String,
    name: String,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    age: Option<i32>,
    #[serde(default)]
    time_zone: Option<String>,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    roles: Vec<Role>,
}

/// `POST /users`: an administrator, for somebody who may have no password yet.
pub(crate) async fn create_user(
    State(app): State<App>,
    Admin(principal): Admin,
    Input { body, origin }: Input<CreateUserBody>,
) -> Result<Accepted, Problem> {
    let new_user = NewUser {
        command: RegisterUser {
            email: body.email,
            name: body.name,
            age: body.age,
            time_zone: body.time_zone,
            external_id: body.external_id,
        },
        password_hash: None,
        roles: body.roles,
    };
    let new_user = new_user.with_password(&app, body.password).await?;
    let accepted = app.accept(&principal, &origin, new_user).await?;
    Ok(accepted.created("users"))
}

/// `PUT /users/me`: what is absent stays.
pub(crate) async fn change_profile(
    State(app): State<App>,
    principal: Principal,
    if_match: IfMatch,
    Input { body, origin }: Input<ChangeProfile>,
) -> Result<Accepted, Problem> {
    let change = ChangeOwnProfile {
        user_id: UserId(principal.user_id),
        if_match,
        command: body,
    };
    app.accept(&principal, &origin, change).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeRoleBody {
    role: Role,
    #[serde(default)]
    action: RoleAction,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RoleAction {
    #[default]
    Grant,
    Revoke,
}

/// `POST /users/{id}/roles`: an administrator grants or revokes a role.
pub(crate) async fn change_role(
    State(app): State<App>,
    Admin(principal): Admin,
    Path(id): Path<UserId>,
    if_match: IfMatch,
    Input { body, origin }: Input<ChangeRoleBody>,
) -> Result<Accepted, Problem> {
    let ChangeRoleBody { role, action } = body;
    let change = Change::<User, _>::new(id, if_match, move |user, ctx| match action {
        RoleAction::Grant => user.grant_role(ctx, role),
        RoleAction::Revoke => user.revoke_role(ctx, role),
    });
    app.accept(&principal, &origin, change).await
}

/// An administrator. Whoever is none is refused before any of the body is read: bodies of imports are large.
pub(crate) struct Admin(pub(crate) Principal);

impl FromRequestParts<App> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let principal = Principal::from_request_parts(parts, app).await?;
        principal.require(souk_platform::Role::Admin)?;
        Ok(Self(principal))
    }
}

/// Somebody who joins, or is made to.
pub(crate) struct NewUser {
    pub(crate) command: RegisterUser,
    pub(crate) password_hash: Option<String>,
    pub(crate) roles: Vec<Role>,
}

impl NewUser {
    /// Checks everything that needs no database, then pays for the hash.
    async fn with_password(self, app: &App, password: Option<String>) -> Result<Self, Problem> {
        let password_check = match &password {
            Some(password) => check_password("/password", password),
            None => Ok(()),
        };
        self.check(password_check)?;
        let password_hash = match password {
            Some(password) => {
                let hash = app.passwords().hash(password.into()).await;
                Some(hash?)
            }
            None => None,
        };
        Ok(Self {
            password_hash,
            ..self
        })
    }

    /// Tells every bad field at once: the password's, the zone's, and those the domain would find.
    fn check(&self, password: Result<(), Violations>) -> Result<(), Problem> {
        let mut ctx = rehearsal();
        let decided = User::register(&mut ctx, UserId(Uuid::nil()), self.command.clone());
        let domain = match decided {
            Err(UserError::Invalid(violations)) => Err(violations),
            _ => Ok(()),
        };
        let zone = time_zone_exists(self.command.time_zone.as_deref());
        Violations::gather([domain, password, zone])
            .map_err(|violations| CommandError::from(UserError::Invalid(violations)).into())
    }
}

/// A context for decisions whose events are thrown away.
fn rehearsal() -> Context {
    Context::new(Timestamp(0), None, Uuid::nil(), Uuid::nil)
}

impl UseCase for NewUser {
    type Answer = Done;
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<Done, CommandError> {
        let user_id = UserId(work.context().new_id());
        let command = self.command.clone();
        let events = User::register_with_roles(work.context(), user_id, command, &self.roles)?;
        let external_id = self.command.external_id.as_deref();
        claim_external_id(work, EXTERNAL_IDS, external_id, user_id).await?;
        let email = fold_email(&self.command.email);
        let password_hash = self.password_hash.as_deref();
        let claim = logins::insert(work.connection(), user_id, &email, password_hash).await?;
        if claim == EmailClaim::Taken {
            return Err(CommandError::EmailTaken);
        }
        let mut user = User::default();
        work.record(&mut user, events)?;
        Ok(Done::new(Aggregate::User, user_id, user.sequence()))
    }
}

struct ChangeOwnProfile {
    user_id: UserId,
    if_match: IfMatch,
    command: ChangeProfile,
}

impl UseCase for ChangeOwnProfile {
    type Answer = Done;
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<Done, CommandError> {
        let mut user: User = load_matching(work, self.user_id, &self.if_match).await?;
        let decided = user.change_profile(work.context(), self.command.clone());
        let events = with_zone(decided, self.command.time_zone.as_deref())?;
        if let Some(email) = &self.command.email {
            let email = fold_email(email);
            let claim = logins::change_email(work.connection(), self.user_id, &email).await?;
            if claim == EmailClaim::Taken {
                return Err(CommandError::EmailTaken);
            }
        }
        work.record(&mut user, events)?;
        Ok(Done::new(Aggregate::User, self.user_id, user.sequence()))
    }
}
