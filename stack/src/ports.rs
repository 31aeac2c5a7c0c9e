use std::fmt;
use std::net::{Ipv4Addr, TcpListener};

use procfs::net::{TcpNetEntry, TcpState};
use procfs::process::{FDTarget, Process};

use crate::config::Ports;
use crate::error::StackError;
use crate::server::Server;

/// The process that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortOwner {
    pub pid: u32,
    pub command: String,
}

impl fmt::Display for PortOwner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "process {} ({})", self.pid, self.command)
    }
}

/// Says who is in the way when a port of `server` cannot be bound.
pub(crate) fn ensure_free(server: Server, ports: &Ports) -> Result<(), StackError> {
    match ports
        .all_of(server)
        .into_iter()
        .find(|port| !is_free(*port))
    {
        None => Ok(()),
        Some(port) => Err(StackError::PortTaken {
            server,
            port,
            owner: owner(port),
        }),
    }
}

/// Whether a server could listen here now. The standard library sets `SO_REUSEADDR`, as the servers do.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn owner(port: u16) -> Option<PortOwner> {
    let entries = procfs::net::tcp()
        .into_iter()
        .chain(procfs::net::tcp6())
        .flatten()
        .collect::<Vec<_>>();
    let inode = listening_inode(&entries, port)?;
    let process = procfs::process::all_processes()
        .ok()?
        .flatten()
        .find(|process| holds_socket(process, inode))?;
    Some(PortOwner {
        pid: process.pid.try_into().ok()?,
        command: process.stat().ok()?.comm,
    })
}

fn listening_inode(entries: &[TcpNetEntry], port: u16) -> Option<u64> {
    entries
        .iter()
        .find(|entry| entry.state == TcpState::Listen && entry.local_address.port() == port)
        .map(|entry| entry.inode)
}

fn holds_socket(process: &Process, inode: u64) -> bool {
    process.fd().is_ok_and(|descriptors| {
        descriptors
            .flatten()
            .any(|descriptor| matches!(descriptor.target, FDTarget::Socket(held) if held == inode))
    })
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use procfs::net::TcpNetEntries;
    use procfs::{FromBufReadSI as _, current_system_info};

    use super::*;

    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1BB4 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 111 1 0000000000000000 20 4 30 10 -1
   1: 0100007F:1BB4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0000000000000000 100 0 0 10 0
";

    #[test]
    fn the_listener_owns_a_port_and_its_connections_do_not() {
        let entries =
            TcpNetEntries::from_buf_read(BufReader::new(TABLE.as_bytes()), current_system_info())
                .unwrap()
                .0;
        assert_eq!(listening_inode(&entries, 7092), Some(222));
        assert_eq!(listening_inode(&entries, 7093), None);
    }

    #[test]
    fn taken_port_names_the_server_and_the_process() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let ports = Ports {
            mysql: listener.local_addr().unwrap().port(),
            ..Ports::default()
        };
        let error = ensure_free(Server::Mysql, &ports).unwrap_err().to_string();
        assert!(error.contains("of mysql is taken"), "{error}");
        assert!(
            error.contains(&format!("process {}", std::process::id())),
            "{error}"
        );
    }
}
