use sqlx::MySqlPool;
use sqlx::migrate::{MigrateError, Migrator};

/// The schema of the write side, version by version.
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Brings the database to the schema this binary knows; one process at a time, a repeat changes nothing.
pub async fn migrate(pool: &MySqlPool) -> Result<(), MigrateError> {
    MIGRATIONS.run(pool).await
}
