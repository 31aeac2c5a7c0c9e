use secrecy::ExposeSecret;
use souk_domain::user::{RegisterUser, User, fold_email};
use souk_platform::Problem;
use souk_schemas::Role;
use souk_schemas::ids::UserId;
use souk_store::guards::logins::{self, Login};
use souk_store::{Command, UseCase, Work};
use uuid::Uuid;

use crate::app::App;
use crate::config::BootstrapAdmin;
use crate::error::CommandError;
use crate::users::NewUser;

/// Makes sure that the configured administrator exists, is one, and has the configured password.
pub(crate) async fn ensure_admin(app: &App, admin: &BootstrapAdmin) -> Result<(), Problem> {
    let email = fold_email(&admin.email);
    if let Some(login) = find(app, &email).await? {
        return ensure_rights(app, admin, login).await;
    }
    let hash = app.passwords().hash(admin.password.clone()).await;
    let new_user = NewUser {
        command: RegisterUser {
            email: admin.email.clone(),
            name: "Administrator".to_owned(),
            age: None,
            time_zone: None,
            external_id: None,
        },
        password_hash: Some(hash?),
        roles: vec![Role::Admin],
    };
    match app.execute(command(), new_user).await {
        Ok(outcome) => {
            tracing::info!(user.id = %outcome.answer.id, "administrator created");
            Ok(())
        }
        // Another process was faster.
        Err(problem) if problem.code == "email_taken" => match find(app, &email).await? {
            Some(login) => ensure_rights(app, admin, login).await,
            None => Err(problem),
        },
        Err(problem) => Err(problem),
    }
}

async fn find(app: &App, email: &str) -> Result<Option<Login>, Problem> {
    app.read(logins::find(app.store().pool(), email)).await
}

async fn ensure_rights(app: &App, admin: &BootstrapAdmin, login: Login) -> Result<(), Problem> {
    let known = app
        .passwords()
        .verify(admin.password.clone(), login.password_hash)
        .await;
    let new_hash = if known? {
        None
    } else {
        let password = admin.password.expose_secret().into();
        let hash = app.passwords().hash(password).await;
        Some(hash?)
    };
    let ensure = EnsureRights {
        user_id: login.user_id,
        new_hash,
    };
    app.execute(command(), ensure).await.map(drop)
}

fn command() -> Command {
    Command::of_system(Uuid::now_v7())
}

struct EnsureRights {
    user_id: UserId,
    new_hash: Option<String>,
}

impl UseCase for EnsureRights {
    type Answer = ();
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<(), CommandError> {
        let mut user: User = work.load(self.user_id).await?;
        let events = user.grant_role(work.context(), Role::Admin)?;
        work.record(&mut user, events)?;
        if let Some(hash) = &self.new_hash {
            logins::set_password(work.connection(), self.user_id, hash).await?;
        }
        Ok(())
    }
}
