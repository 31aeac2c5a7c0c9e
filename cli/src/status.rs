//! What runs, where, and whether it is ready.

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value;
use souk_stack::{ServerState, ServerStatus};

use crate::{
    Invocation,
    args::{Role, origin},
    config::OpsConfig,
    say,
};

const PATIENCE: Duration = Duration::from_secs(2);

/// What `souk status --json` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    servers: Vec<ServerStatus>,
    roles: Vec<RoleStatus>,
}

/// One role as its operations port sees itself.
#[derive(Debug, Serialize)]
pub(crate) struct RoleStatus {
    role: &'static str,
    /// Operations port.
    ops: String,
    running: bool,
    pub(crate) ready: bool,
    /// Readiness checks, when it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Value>,
}

impl OpsConfig {
    pub(crate) fn of(&self, role: Role) -> SocketAddr {
        match role {
            Role::CommandApi => self.command_api,
            Role::QueryApi => self.query_api,
            Role::Relay => self.relay,
            Role::Processors => self.processors,
        }
    }
}

/// Prints servers and roles; fails when one of them is not running and ready.
pub(crate) async fn status(invocation: &Invocation, json: bool) -> anyhow::Result<ExitCode> {
    let servers = invocation
        .stack()
        .status()
        .await
        .context("cannot ask for the servers")?;
    let mut roles = Vec::new();
    for role in roles_wanted(invocation) {
        roles.push(role_status(&invocation.config.ops, role).await?);
    }
    let status = Status { servers, roles };
    if json {
        say(serde_json::to_string_pretty(&status).context("cannot print the status")?);
    } else {
        print(&status);
    }
    let core_down = status
        .servers
        .iter()
        .filter(|server| souk_stack::Server::CORE.contains(&server.name))
        .any(|server| server.state != ServerState::Running);
    let not_ready = status.roles.iter().any(|role| !role.ready);
    Ok(if core_down || not_ready {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// With Debezium there is no relay.
pub(crate) fn roles_wanted(invocation: &Invocation) -> Vec<Role> {
    let debezium = invocation.config.debezium.enabled;
    Role::ALL
        .into_iter()
        .filter(|role| !(debezium && *role == Role::Relay))
        .collect()
}

/// Asks one role whether it is ready.
pub(crate) async fn role_status(ops: &OpsConfig, role: Role) -> anyhow::Result<RoleStatus> {
    let address = ops.of(role);
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .build()
        .context("cannot build an HTTP client")?;
    let answer = client
        .get(format!("{}/readyz", origin(address)))
        .send()
        .await;
    let (running, ready, checks) = match answer {
        Err(_) => (false, false, None),
        Ok(answer) => (
            true,
            answer.status().is_success(),
            answer
                .json::<Value>()
                .await
                .ok()
                .map(|body| body["checks"].clone()),
        ),
    };
    Ok(RoleStatus {
        role: role.name(),
        ops: origin(address),
        running,
        ready,
        checks,
    })
}

fn print(status: &Status) {
    say("server       state     pid      memory   address");
    for server in &status.servers {
        say(format!(
            "{:<12} {:<9} {:<8} {:<8} {}",
            server.name.name(),
            format!("{:?}", server.state).to_lowercase(),
            server
                .pid
                .map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
            server.rss_bytes.map_or_else(
                || "-".to_owned(),
                |bytes| format!("{} MB", bytes / 1_000_000)
            ),
            server.url,
        ));
    }
    say("\nrole         state     operations");
    for role in &status.roles {
        let state = match (role.running, role.ready) {
            (false, _) => "down",
            (true, false) => "starting",
            (true, true) => "ready",
        };
        say(format!("{:<12} {state:<9} {}", role.role, role.ops));
        for (name, check) in role
            .checks
            .iter()
            .filter_map(Value::as_object)
            .flatten()
            .filter(|_| !role.ready)
        {
            if let Some(reason) = check["reason"].as_str() {
                say(format!("             {name}: {reason}"));
            }
        }
    }
}
