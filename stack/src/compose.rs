//! Docker mode: `docker compose` over the compose file of this repository, which the binary carries along.

use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use crate::config::Ports;
use crate::error::StackError;
use crate::native::Home;
use crate::process::write_atomically;
use crate::progress::Progress;
use crate::provision::remove_folder;
use crate::server::{Server, ServerState};

pub(crate) const FILE: &str = include_str!("../../docker-compose.yml");

/// The containers of one home folder.
#[derive(Debug)]
pub(crate) struct Compose {
    ports: Ports,
    home: Home,
}

/// One line of `docker compose ps --format json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    service: String,
    state: String,
}

impl Compose {
    pub(crate) fn new(ports: Ports, home: Home) -> Self {
        Self { ports, home }
    }

    pub(crate) fn pull(&self, servers: &[Server], progress: &Progress) -> Result<(), StackError> {
        progress.say("pulling images");
        self.run(&[&["pull", "--quiet"], names(servers)?.as_slice()].concat())
            .map(drop)
    }

    pub(crate) fn up(&self, servers: &[Server], progress: &Progress) -> Result<(), StackError> {
        progress.say("starting containers (the first time pulls their images)");
        self.run(&[&["up", "--detach", "--wait"], names(servers)?.as_slice()].concat())
            .map(drop)
    }

    /// Containers go, their volumes stay.
    pub(crate) fn down(&self) -> Result<(), StackError> {
        self.run(&["down"]).map(drop)
    }

    pub(crate) fn purge(&self) -> Result<(), StackError> {
        self.run(&["down", "--volumes"])?;
        remove_folder(&self.home.root)
    }

    pub(crate) fn control(&self, verb: &str, server: Server) -> Result<(), StackError> {
        self.run(&[&[verb], names(&[server])?.as_slice()].concat())
            .map(drop)
    }

    /// The core servers, in the order of starting.
    pub(crate) fn states(&self) -> Result<Vec<(Server, ServerState)>, StackError> {
        let output = self.run(&["ps", "--all", "--format", "json"])?;
        let containers = parse_containers(&output);
        Ok(Server::CORE
            .into_iter()
            .map(|server| (server, state_of(server, &containers)))
            .collect())
    }

    fn run(&self, arguments: &[&str]) -> Result<String, StackError> {
        let file = self.file()?;
        let mut command = Command::new("docker");
        command
            .args(["compose", "--file"])
            .arg(&file)
            .args(arguments);
        for server in Server::CORE {
            command.env(port_variable(server), self.ports.of(server).to_string());
        }
        let failed = |detail: String| StackError::Command {
            command: format!("docker compose {}", arguments.join(" ")),
            detail,
        };
        let output = command
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ))
    }

    fn file(&self) -> Result<PathBuf, StackError> {
        let file = self.home.config("docker-compose.yml");
        write_atomically(&file, FILE.as_bytes())?;
        Ok(file)
    }
}

/// The variable by which the compose file takes this server's port.
pub(crate) fn port_variable(server: Server) -> String {
    format!("SOUK_{}_PORT", server.name().to_uppercase())
}

fn names(servers: &[Server]) -> Result<Vec<&'static str>, StackError> {
    if servers.iter().any(|server| !Server::CORE.contains(server)) {
        return Err(StackError::NotHere {
            action: "running mariadb or connect",
            mode: "docker",
        });
    }
    Ok(servers.iter().map(|server| server.name()).collect())
}

fn parse_containers(output: &str) -> Vec<Container> {
    output
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn state_of(server: Server, containers: &[Container]) -> ServerState {
    let state = containers
        .iter()
        .find(|container| container.service == server.name())
        .map(|container| container.state.as_str());
    match state {
        Some("running") => ServerState::Running,
        Some("paused") => ServerState::Paused,
        _ => ServerState::Down,
    }
}

#[cfg(test)]
mod tests;
