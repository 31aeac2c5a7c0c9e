//! Private stacks: their ports, and their end when the test process has ended without cleaning up.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rand::Rng as _;
use serde::{Deserialize, Serialize};

use crate::config::{Config, Ports};
use crate::error::StackError;
use crate::lock::Lock;
use crate::ports;
use crate::process::{Identity, write_atomically};
use crate::server::Server;
use crate::stack::Stack;

/// Below the range the kernel gives to outgoing connections.
const PORTS: Range<u16> = 20_000..30_000;

/// Says in a private stack's home whose it is. Its ports stay taken while its servers are down.
#[derive(Debug, Serialize, Deserialize)]
struct Reservation {
    owner: Identity,
    first_port: u16,
}

/// Makes a home for a private stack under `parent`, and reserves ports for it.
pub(crate) fn reserve(parent: &Path, name: &str) -> Result<Stack, StackError> {
    let _lock = Lock::acquire(&parent.join("lock"))?;
    let taken = living(parent);
    let first_port = PORTS
        .step_by(Ports::IN_A_ROW)
        .find(|first| !taken.contains(first) && is_free(&Ports::from(*first)))
        .ok_or_else(|| failed("no ports are free"))?;
    let owner = Identity::of_this_process()
        .ok_or_else(|| failed("this process is not to be found in /proc"))?;
    let number: u32 = rand::rng().random();
    let home = parent.join(format!("{name}-{number:08x}"));
    let text = serde_json::to_vec(&Reservation { owner, first_port })
        .map_err(|error| failed(&error.to_string()))?;
    write_atomically(&file(&home), &text)?;
    let config = Config {
        ports: Ports::from(first_port),
        ..Config::default()
    };
    Ok(Stack::new(config, home))
}

/// The ports of those whose process lives; the others are ended.
fn living(parent: &Path) -> BTreeSet<u16> {
    let mut ports = BTreeSet::new();
    for home in fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
    {
        let text = fs::read(file(&home)).unwrap_or_default();
        match serde_json::from_slice::<Reservation>(&text) {
            Ok(reservation) if reservation.owner.is_alive() => {
                ports.insert(reservation.first_port);
            }
            Ok(_) => Stack::new(Config::default(), home).destroy(),
            Err(_) => {}
        }
    }
    ports
}

fn is_free(ports: &Ports) -> bool {
    Server::ALL
        .into_iter()
        .all(|server| ports::ensure_free(server, ports).is_ok())
}

fn file(home: &Path) -> PathBuf {
    home.join("owner.json")
}

fn failed(detail: &str) -> StackError {
    StackError::Command {
        command: "reserving ports for a private stack".to_owned(),
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_a_stack_that_is_down_are_not_given_again() {
        let parent = tempfile::tempdir().unwrap();
        let (first, second) = (
            reserve(parent.path(), "a").unwrap(),
            reserve(parent.path(), "b").unwrap(),
        );
        assert_ne!(first.urls(), second.urls());
    }

    #[test]
    fn stack_of_an_ended_process_is_deleted() {
        let parent = tempfile::tempdir().unwrap();
        let home = parent.path().join("old-1");
        let text =
            r#"{"owner": {"pid": 1, "start_ticks": 0, "boot_id": "gone"}, "first_port": 20000}"#;
        write_atomically(&file(&home), text.as_bytes()).unwrap();
        assert_eq!(living(parent.path()), BTreeSet::new());
        assert!(!home.exists());
    }
}
