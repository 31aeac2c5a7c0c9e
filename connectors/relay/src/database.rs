use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, SslOpts};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::error::{Error, Fault};
use crate::gtid::GtidSet;
use crate::position::Position;
use crate::row::{Layout, TABLE};

/// No single statement of ours takes longer on a server that works.
const ANSWER: Duration = Duration::from_secs(10);

/// Rows of any size come through the binary log; servers send replicas packets up to this size.
const MAX_PACKET: usize = 1024 * 1024 * 1024;

/// Where the event store is.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) opts: Opts,
    pub(crate) name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    MySql,
    MariaDb,
}

/// What the relay has to know of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) dialect: Dialect,
    /// Tells this server's log files from another's.
    pub(crate) identity: String,
    /// Whether the events it sends end in checksums: MySQL is asked to leave them out.
    pub(crate) checksums: bool,
    /// Whether transactions are numbered.
    gtid: bool,
}

/// How the binary log can be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Gtid,
    File,
}

impl Database {
    /// Reads `mysql://user:password@host:port/database`; `ssl-mode=REQUIRED` or stricter asks for TLS.
    pub(crate) fn new(url: &SecretString) -> Result<Self, Error> {
        let mut url =
            Url::parse(url.expose_secret()).map_err(|error| Error::Address(error.to_string()))?;
        let ssl_mode = url
            .query_pairs()
            .find_map(|(key, value)| (key == "ssl-mode").then(|| value.to_uppercase()));
        // The rest of the query speaks to the write side's driver; this one refuses what it does not know.
        url.set_query(None);
        let opts =
            Opts::from_url(url.as_str()).map_err(|error| Error::Address(error.to_string()))?;
        let name = match opts.db_name() {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => return Err(Error::Address("it names no database".to_owned())),
        };
        let builder = OptsBuilder::from_opts(opts)
            .prefer_socket(false)
            .max_allowed_packet(Some(MAX_PACKET))
            .tcp_keepalive(Some(Duration::from_secs(10)))
            .ssl_opts(tls(ssl_mode.as_deref()));
        Ok(Self {
            opts: builder.into(),
            name,
        })
    }

    pub(crate) async fn connect(&self) -> Result<Conn, Fault> {
        answer("connecting", Conn::new(self.opts.clone())).await
    }
}

fn tls(ssl_mode: Option<&str>) -> Option<SslOpts> {
    match ssl_mode? {
        "REQUIRED" => Some(SslOpts::default().with_danger_accept_invalid_certs(true)),
        "VERIFY_CA" => Some(SslOpts::default().with_danger_skip_domain_validation(true)),
        "VERIFY_IDENTITY" => Some(SslOpts::default()),
        _ => None,
    }
}

/// Bounds a statement: a server that is stopped, not dead, keeps its connections and answers nothing.
pub(crate) async fn answer<T>(
    what: &'static str,
    statement: impl Future<Output = mysql_async::Result<T>>,
) -> Result<T, Fault> {
    match tokio::time::timeout(ANSWER, statement).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(Fault::Unanswered {
            what,
            limit: ANSWER,
        }),
    }
}

impl Server {
    /// Asks the server what it is and refuses one whose binary log does not hold every row.
    pub(crate) async fn inspect(conn: &mut Conn) -> Result<Self, Fault> {
        let query = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'log_bin', 'binlog_format', 'binlog_row_image', \
                     'binlog_order_commits', 'log_bin_compress', 'binlog_checksum', 'server_uuid', 'server_id', 'gtid_mode', 'hostname', 'port')";
        let rows: Vec<(String, String)> =
            answer("reading its variables", conn.query(query)).await?;
        Self::judge(&rows.into_iter().collect())
    }

    fn judge(variables: &HashMap<String, String>) -> Result<Self, Fault> {
        let value = |name: &str| variables.get(name).map_or("", String::as_str);
        // A variable that a version no longer has is at its only remaining value.
        for (name, allowed) in [
            ("log_bin", &["ON", "1"][..]),
            ("binlog_format", &["ROW"]),
            ("binlog_row_image", &["FULL", "FULL_NODUP"]),
            // A scan relies on it: what is before the captured end of the log must be visible after our own next commit.
            ("binlog_order_commits", &["ON", "1"]),
            ("log_bin_compress", &["OFF", "0"]),
        ] {
            if variables.contains_key(name)
                && !allowed.contains(&value(name).to_uppercase().as_str())
            {
                return Err(Fault::Server(format!(
                    "{name} is {}, it must be {}",
                    value(name),
                    allowed[0]
                )));
            }
        }
        let server_uuid = value("server_uuid");
        let mariadb = value("version").to_lowercase().contains("mariadb");
        Ok(Self {
            dialect: if mariadb {
                Dialect::MariaDb
            } else {
                Dialect::MySql
            },
            identity: if server_uuid.is_empty() {
                format!(
                    "{}@{}:{}",
                    value("server_id"),
                    value("hostname"),
                    value("port")
                )
            } else {
                server_uuid.to_owned()
            },
            checksums: mariadb && value("binlog_checksum").eq_ignore_ascii_case("CRC32"),
            gtid: mariadb || value("gtid_mode").eq_ignore_ascii_case("ON"),
        })
    }

    /// Where the binary log ends now.
    pub(crate) async fn log_end(&self, conn: &mut Conn) -> Result<Position, Fault> {
        let (status, mariadb_gtid) = match self.dialect {
            Dialect::MySql => ("SHOW BINARY LOG STATUS", None),
            Dialect::MariaDb => {
                let gtid: Option<String> = answer(
                    "reading its log status",
                    conn.query_first("SELECT @@GLOBAL.gtid_binlog_pos"),
                )
                .await?;
                ("SHOW MASTER STATUS", gtid.filter(|gtid| !gtid.is_empty()))
            }
        };
        let row: Option<mysql_async::Row> =
            answer("reading its log status", conn.query_first(status)).await?;
        let row = row.ok_or_else(|| Fault::Server("it has no binary log".to_owned()))?;
        let gtid = match self.dialect {
            Dialect::MySql if self.gtid => row.get::<String, _>("Executed_Gtid_Set"),
            Dialect::MySql => None,
            Dialect::MariaDb => mariadb_gtid,
        };
        let (Some(file), Some(offset)) = (row.get("File"), row.get("Position")) else {
            return Err(Fault::Server(format!("{status} has no file and position")));
        };
        let gtid = gtid.map(|gtid| gtid.parse::<GtidSet>()).transpose();
        let gtid = gtid.map_err(|error| Fault::Server(error.to_string()))?;
        Ok(Position {
            server: self.identity.clone(),
            file,
            offset,
            gtid,
        })
    }

    /// How the log can be entered at a saved position, if at all.
    pub(crate) fn entry(&self, saved: &Position) -> Option<Entry> {
        let same_dialect = |gtid: &GtidSet| match gtid {
            GtidSet::MySql(_) => self.dialect == Dialect::MySql,
            GtidSet::MariaDb(_) => self.dialect == Dialect::MariaDb,
        };
        if self.gtid && saved.gtid.as_ref().is_some_and(same_dialect) {
            return Some(Entry::Gtid);
        }
        (saved.server == self.identity).then_some(Entry::File)
    }
}

/// Finds the columns of the table of events.
pub(crate) async fn layout(conn: &mut Conn, database: &str) -> Result<Layout, Fault> {
    let query = "SELECT column_name FROM information_schema.columns \
                 WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position";
    let columns: Vec<String> = answer(
        "reading the table's columns",
        conn.exec(query, (database, TABLE)),
    )
    .await?;
    if columns.is_empty() {
        return Err(Fault::Table(format!(
            "it does not exist in database {database}"
        )));
    }
    Layout::find(&columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(changes: &[(&str, &str)]) -> Result<Server, Fault> {
        let mut variables: HashMap<String, String> = [
            ("version", "9.7.4"),
            ("log_bin", "ON"),
            ("binlog_format", "ROW"),
            ("binlog_row_image", "FULL"),
            ("binlog_order_commits", "ON"),
            ("server_uuid", "the-server"),
            ("gtid_mode", "ON"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        variables.extend(
            changes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        Server::judge(&variables)
    }

    #[test]
    fn a_server_whose_log_does_not_hold_every_row_is_refused_with_the_variable() {
        assert!(server(&[]).is_ok());
        for (name, value) in [
            ("log_bin", "OFF"),
            ("binlog_format", "MIXED"),
            ("binlog_row_image", "MINIMAL"),
            ("binlog_order_commits", "OFF"),
            ("log_bin_compress", "ON"),
        ] {
            let error = server(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn the_log_is_entered_by_gtid_where_there_is_one_and_by_file_only_on_the_same_server() {
        let mysql = server(&[]).unwrap();
        let unnumbered = server(&[("gtid_mode", "OFF")]).unwrap();
        let mariadb = server(&[("version", "10.11.6-MariaDB"), ("server_uuid", "")]).unwrap();
        let at = |server: &str, gtid: Option<&str>| Position {
            server: server.to_owned(),
            file: "binlog.000001".to_owned(),
            offset: 4,
            gtid: gtid.map(|gtid| gtid.parse().unwrap()),
        };
        let gtid = Some("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5");
        for (server, saved, entry) in [
            (&mysql, at("the-server", gtid), Some(Entry::Gtid)),
            (&mysql, at("another", gtid), Some(Entry::Gtid)),
            (&mysql, at("the-server", None), Some(Entry::File)),
            (&mysql, at("another", None), None),
            (&unnumbered, at("the-server", gtid), Some(Entry::File)),
            (&unnumbered, at("another", gtid), None),
            (&mariadb, at("another", Some("0-1-5")), Some(Entry::Gtid)),
            (&mariadb, at("another", gtid), None),
        ] {
            assert_eq!(server.entry(&saved), entry, "{server:?} {saved:?}");
        }
    }

    #[test]
    fn an_address_needs_a_database_and_may_carry_the_other_drivers_options() {
        let new = |url: &str| Database::new(&url.into());
        assert_eq!(
            new("mysql://root@127.0.0.1:7306/souk?ssl-mode=DISABLED&charset=utf8mb4")
                .unwrap()
                .name,
            "souk"
        );
        assert!(new("mysql://root@127.0.0.1:7306").is_err());
        assert!(new("nonsense").is_err());
        let tls = new("mysql://root@127.0.0.1/souk?ssl-mode=required").unwrap();
        assert!(tls.opts.ssl_opts().is_some());
    }
}
