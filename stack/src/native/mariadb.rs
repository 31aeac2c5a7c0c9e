use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use super::Context;
use super::debian_prefix::DebianPrefix;
use crate::error::StackError;
use crate::process::Launch;
use crate::provision::{Artifact, remove_folder};
use crate::server::Server;

const SETTINGS: [&str; 9] = [
    "--server-id=2",
    "--log-bin=binlog",
    "--binlog-format=ROW",
    "--binlog-row-image=FULL",
    "--expire-logs-days=2",
    "--max-binlog-size=268435456",
    "--sync-binlog=1",
    "--innodb-flush-log-at-trx-commit=1",
    "--character-set-server=utf8mb4",
];

/// What `mariadb-install-db` feeds to the server, in its order.
const SYSTEM_TABLES: [&str; 5] = [
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
    "fill_help_tables.sql",
    "maria_add_gis_sp_bootstrap.sql",
];

const FIRST_STATEMENTS: &str = "
DELETE FROM global_priv WHERE User = '';
REPLACE INTO global_priv VALUES ('%', 'root', '{\"access\":18446744073709551615,\"plugin\":\"mysql_native_password\",\"authentication_string\":\"\"}');
CREATE DATABASE souk;
";

pub(super) fn prepare(context: &Context<'_>) -> Result<Launch, StackError> {
    let prefix = DebianPrefix::open(context.cache.path(Artifact::Mariadb))?;
    let data = context.home.data(Server::Mariadb);
    let mariadbd = |folder: &Path| {
        let mut launch = prefix
            .launch("usr/sbin/mariadbd", folder)
            .arg("--no-defaults");
        if rustix::process::geteuid().is_root() {
            launch = launch.arg("--user=root");
        }
        let share = prefix.path("usr/share/mysql").display().to_string();
        launch
            .arg(format!("--datadir={}", folder.display()))
            .arg(format!("--lc-messages-dir={share}"))
            .arg(format!("--character-sets-dir={share}/charsets"))
            .arg(format!(
                "--plugin-dir={}",
                prefix.path("usr/lib/mysql/plugin").display()
            ))
    };
    if !data.exists() {
        context.first_start(Server::Mariadb);
        let partial = data.with_extension("partial");
        remove_folder(&partial)?;
        fs::create_dir_all(partial.join("mysql")).map_err(StackError::file("create", &partial))?;
        bootstrap(&mariadbd(&partial), &bootstrap_script(&prefix)?)?;
        fs::rename(&partial, &data).map_err(StackError::file("rename", &partial))?;
    }
    Ok(mariadbd(&data)
        .args(SETTINGS)
        .arg(format!(
            "--innodb-buffer-pool-size={}M",
            context.config.memory.mysql_pool_mib
        ))
        .arg("--max-connections=500")
        // Clients of tests hang up without saying good-bye; that is not worth a line each.
        .arg("--log-warnings=1")
        .arg("--bind-address=127.0.0.1")
        .arg(format!("--port={}", context.config.ports.mariadb))
        .args(["--socket=mariadb.sock", "--pid-file=mariadb.pid"]))
}

fn bootstrap_script(prefix: &DebianPrefix) -> Result<String, StackError> {
    // The scripts read these variables: root logs in with a password, which is empty, not through a socket.
    let mut script =
        "USE mysql;\nSET @auth_root_socket=NULL;\nSET @skip_auth_anonymous=1;\n".to_owned();
    for name in SYSTEM_TABLES {
        let path = prefix.path("usr/share/mysql").join(name);
        script += &fs::read_to_string(&path).map_err(StackError::file("read", &path))?;
        script.push('\n');
    }
    Ok(script + FIRST_STATEMENTS)
}

fn bootstrap(mariadbd: &Launch, script: &str) -> Result<(), StackError> {
    let failed = |detail: String| StackError::Command {
        command: "the first start of mariadb".to_owned(),
        detail,
    };
    let log = mariadbd.folder.join("bootstrap.log");
    let log_file = fs::File::create(&log).map_err(StackError::file("create", &log))?;
    let mut child = mariadbd
        .clone()
        .args(["--bootstrap", "--skip-log-bin"])
        .command()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log_file)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let written = child
        .stdin
        .take()
        .map_or(Ok(()), |mut stdin| stdin.write_all(script.as_bytes()));
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    if status.success() && written.is_ok() {
        return Ok(());
    }
    Err(failed(fs::read_to_string(&log).unwrap_or_default()))
}
