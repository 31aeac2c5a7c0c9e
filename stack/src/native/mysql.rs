use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::debian_prefix::DebianPrefix;
use super::{Context, run, write_config};
use crate::error::StackError;
use crate::process::Launch;
use crate::provision::{Artifact, remove_folder};
use crate::server::Server;

/// What the write side and the relay rely on; `docker-compose.yml` says the same.
pub(crate) const SETTINGS: [&str; 11] = [
    "--server-id=1",
    "--log-bin=binlog",
    "--binlog-format=ROW",
    "--binlog-row-image=FULL",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--binlog-expire-logs-seconds=172800",
    "--max-binlog-size=268435456",
    "--sync-binlog=1",
    "--innodb-flush-log-at-trx-commit=1",
    "--character-set-server=utf8mb4",
];

/// Listening on 127.0.0.1 only, so that one user without a password will do.
const FIRST_STATEMENTS: &str = "\
CREATE USER 'root'@'%';
GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;
CREATE DATABASE souk;
";

pub(super) fn prepare(context: &Context<'_>) -> Result<Launch, StackError> {
    let prefix = DebianPrefix::open(context.cache.path(Artifact::Mysql))?;
    let data = context.home.data(Server::Mysql);
    let mysqld = |folder: &Path| {
        let mut launch = prefix
            .launch("usr/sbin/mysqld", folder)
            .arg("--no-defaults");
        if rustix::process::geteuid().is_root() {
            launch = launch.arg("--user=root");
        }
        let messages = prefix.path("usr/share/mysql").display().to_string();
        launch
            .arg(format!("--datadir={}", folder.display()))
            .arg(format!("--lc-messages-dir={messages}"))
            .arg(format!("--character-sets-dir={messages}/charsets"))
            .args(["--secure-file-priv=", "--mysqlx=OFF"])
            // Without certificates there is no TLS to pay for on the loopback interface.
            .arg("--auto-generate-certs=OFF")
            // Saves 200 MB.
            .arg("--performance-schema=OFF")
    };
    if !data.exists() {
        context.first_start(Server::Mysql);
        let statements = context.home.config("mysql-init.sql");
        write_config(&statements, FIRST_STATEMENTS)?;
        let partial = data.with_extension("partial");
        remove_folder(&partial)?;
        fs::create_dir_all(&partial).map_err(StackError::file("create", &partial))?;
        let initialize = mysqld(&partial)
            .arg("--initialize-insecure")
            .arg(format!("--init-file={}", statements.display()));
        run(Server::Mysql, &mut initialize.command())?;
        fs::rename(&partial, &data).map_err(StackError::file("rename", &partial))?;
    }
    forget_socket(&data)?;
    Ok(mysqld(&data)
        .args(SETTINGS)
        .arg(format!(
            "--innodb-buffer-pool-size={}M",
            context.config.memory.mysql_pool_mib
        ))
        .arg("--max-connections=500")
        .arg("--bind-address=127.0.0.1")
        .arg(format!("--port={}", context.config.ports.mysql))
        // Relative to the data folder: a socket's path may not be long.
        .args(["--socket=mysql.sock", "--pid-file=mysql.pid"]))
}

/// A killed server leaves its socket's lock file, with a pid that may be somebody else's by now.
fn forget_socket(data: &Path) -> Result<(), StackError> {
    let lock = data.join("mysql.sock.lock");
    match fs::remove_file(&lock) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(StackError::file("remove", &lock)(error))
        }
        _ => Ok(()),
    }
}
