use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::check::Check;
use crate::ports::PortOwner;
use crate::server::Server;

/// Why the servers could not be had.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The machine lacks something; the text lists all of it.
    #[error("{0}")]
    Missing(Check),
    #[error("could not fetch {what}: {detail}")]
    Download { what: String, detail: String },
    #[error("port {port} of {server} is taken{}", owner_text(owner.as_ref()))]
    PortTaken {
        server: Server,
        port: u16,
        owner: Option<PortOwner>,
    },
    #[error("{server} ended while starting; its log {} says:\n{tail}", log.display())]
    Ended {
        server: Server,
        log: PathBuf,
        tail: String,
    },
    #[error("{server} did not answer within {waited:?} ({detail}); its log {} says:\n{tail}", log.display())]
    NotReady {
        server: Server,
        waited: Duration,
        detail: String,
        log: PathBuf,
        tail: String,
    },
    #[error("{server} at {url} does not answer: {detail}")]
    Unreachable {
        server: Server,
        url: String,
        detail: String,
    },
    #[error("{0} is not running")]
    NotRunning(Server),
    #[error("{action} is not possible in {mode} mode")]
    NotHere {
        action: &'static str,
        mode: &'static str,
    },
    #[error("{command} failed: {detail}")]
    Command { command: String, detail: String },
    #[error("{what}: {error}")]
    Io { what: String, error: io::Error },
}

impl StackError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }

    pub(crate) fn file(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        Self::io(format!("cannot {verb} {}", path.display()))
    }
}

fn owner_text(owner: Option<&PortOwner>) -> String {
    owner.map_or_else(String::new, |owner| format!(" by {owner}"))
}
