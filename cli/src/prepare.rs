//! What has to be there before a role can run: a home, a secret, a database, schemas, topics.

use std::{
    fs::{self, File, Permissions},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use anyhow::{Context as _, bail};
use secrecy::ExposeSecret as _;
use souk_platform::clients::kafka_config;
use souk_schemas::Registry;
use souk_store::StoreConfig;
use sqlx::{Connection as _, MySqlConnection};
use url::Url;

use crate::config::{Config, new_secret, secret_file};

/// Creates the folder for data and, once, the secret that signs tokens on this machine.
pub(crate) fn create_home(home: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(home).with_context(|| format!("cannot create {}", home.display()))?;
    let file = secret_file(home);
    if file.exists() {
        return Ok(());
    }
    let secret = new_secret();
    let write = || {
        let mut out = File::create_new(&file)?;
        out.set_permissions(Permissions::from_mode(0o600))?;
        out.write_all(secret.as_bytes())
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}

/// Creates the database if it is missing, then brings its tables up to date.
pub(crate) async fn migrate(config: &Config) -> anyhow::Result<()> {
    let url =
        Url::parse(config.mysql.url.expose_secret()).context("mysql.url is not an address")?;
    create_database(&url).await?;
    let pool = souk_store::open_pool(&StoreConfig::default(), &config.mysql.url)
        .context("mysql.url is not an address")?;
    souk_store::migrate(&pool)
        .await
        .context("cannot create the tables")?;
    pool.close().await;
    Ok(())
}

async fn create_database(url: &Url) -> anyhow::Result<()> {
    let name = url.path().trim_start_matches('/');
    if name.is_empty()
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        bail!(
            "the database {name:?} in mysql.url has other characters than letters, digits and underscores"
        );
    }
    let mut server = url.clone();
    server.set_path("");
    let mut connection = MySqlConnection::connect(server.as_str())
        .await
        .context("cannot reach MySQL")?;
    let statement = format!("CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
        .execute(&mut connection)
        .await
        .context("cannot create the database")?;
    connection
        .close()
        .await
        .context("cannot close the connection")?;
    Ok(())
}

/// Registers every schema of this build.
pub(crate) async fn register_schemas(config: &Config) -> anyhow::Result<()> {
    let registry =
        Registry::new(config.registry.url.as_str()).context("cannot use the registry")?;
    registry
        .register_all(&config.names.prefix)
        .await
        .context("cannot register the schemas")?;
    Ok(())
}

/// Creates missing topics and corrects their settings.
pub(crate) async fn apply_topics(config: &Config) -> anyhow::Result<souk_schemas::topics::Report> {
    let client = kafka_config(&config.kafka);
    souk_schemas::topics::apply(&client, &config.names.prefix, config.topics.replication)
        .await
        .context("cannot apply the topics")
}

/// Tables, schemas and topics, in this order.
pub(crate) async fn everything(config: &Config) -> anyhow::Result<()> {
    migrate(config).await?;
    register_schemas(config).await?;
    apply_topics(config).await?;
    Ok(())
}
