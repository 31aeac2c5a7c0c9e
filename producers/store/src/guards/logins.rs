//! Unique e-mail addresses, and what a log-in needs.

use souk_schemas::ids::UserId;
use sqlx::{MySql, MySqlConnection, MySqlPool, QueryBuilder, Row};

use crate::aggregates::uuid_of;
use crate::error::{StoreError, is_duplicate};
use crate::events::MAX_ROWS;

/// Whether an e-mail address could be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailClaim {
    /// It is this person's now.
    Claimed,
    /// It is another person's.
    Taken,
}

/// What a log-in is checked against.
#[derive(Clone)]
pub struct Login {
    /// Whose it is.
    pub user_id: UserId,
    /// Absent for people who cannot log in.
    pub password_hash: Option<String>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Login")
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

/// Takes an e-mail address, already folded, for a new person.
pub async fn insert(
    tx: &mut MySqlConnection,
    user_id: UserId,
    email: &str,
    password_hash: Option<&str>,
) -> Result<EmailClaim, StoreError> {
    let inserted =
        sqlx::query("INSERT INTO user_logins (user_id, email, password_hash) VALUES (?, ?, ?)")
            .bind(user_id.to_string())
            .bind(email)
            .bind(password_hash)
            .execute(tx)
            .await;
    claimed(inserted.map(drop))
}

/// Gives a person another address, already folded.
pub async fn change_email(
    tx: &mut MySqlConnection,
    user_id: UserId,
    email: &str,
) -> Result<EmailClaim, StoreError> {
    let updated = sqlx::query("UPDATE user_logins SET email = ? WHERE user_id = ?")
        .bind(email)
        .bind(user_id.to_string())
        .execute(tx)
        .await;
    claimed(updated.map(drop))
}

fn claimed(result: Result<(), sqlx::Error>) -> Result<EmailClaim, StoreError> {
    match result {
        Ok(()) => Ok(EmailClaim::Claimed),
        Err(error) if is_duplicate(&error) => Ok(EmailClaim::Taken),
        Err(error) => Err(error.into()),
    }
}

/// Takes the addresses of many new people who cannot log in; returns in the same order what became of each.
pub async fn insert_all(
    tx: &mut MySqlConnection,
    people: &[(UserId, String)],
) -> Result<Vec<EmailClaim>, StoreError> {
    // Always in the same order, so that two imports never wait for each other.
    let mut sorted: Vec<&(UserId, String)> = people.iter().collect();
    sorted.sort_unstable_by(|one, other| one.1.cmp(&other.1));
    for chunk in sorted.chunks(MAX_ROWS) {
        let mut query: QueryBuilder<MySql> =
            QueryBuilder::new("INSERT IGNORE INTO user_logins (user_id, email) ");
        query.push_values(chunk, |mut row, (user_id, email)| {
            row.push_bind(user_id.to_string()).push_bind(email);
        });
        query.build().persistent(false).execute(&mut *tx).await?;
    }
    let mut owners = std::collections::HashSet::new();
    for chunk in sorted.chunks(MAX_ROWS) {
        let mut query: QueryBuilder<MySql> =
            QueryBuilder::new("SELECT user_id FROM user_logins WHERE user_id IN (");
        let mut list = query.separated(", ");
        for (user_id, _) in chunk {
            list.push_bind(user_id.to_string());
        }
        query.push(")");
        for row in query.build().persistent(false).fetch_all(&mut *tx).await? {
            owners.insert(UserId(uuid_of(&row, "user_id")?));
        }
    }
    Ok(people
        .iter()
        .map(|(user_id, _)| {
            if owners.contains(user_id) {
                EmailClaim::Claimed
            } else {
                EmailClaim::Taken
            }
        })
        .collect())
}

/// Looks up who logs in with an address, already folded.
pub async fn find(pool: &MySqlPool, email: &str) -> Result<Option<Login>, StoreError> {
    let row = sqlx::query("SELECT user_id, password_hash FROM user_logins WHERE email = ?")
        .bind(email)
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    Ok(Some(Login {
        user_id: UserId(uuid_of(&row, "user_id")?),
        password_hash: row.try_get("password_hash")?,
    }))
}

/// Sets the password of a person who exists.
pub async fn set_password(
    tx: &mut MySqlConnection,
    user_id: UserId,
    password_hash: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE user_logins SET password_hash = ? WHERE user_id = ?")
        .bind(password_hash)
        .bind(user_id.to_string())
        .execute(tx)
        .await?;
    Ok(())
}
