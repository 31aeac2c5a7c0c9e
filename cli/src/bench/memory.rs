//! Resident memory: what the other figures noted on their way, then every role just started and the servers as they are now.

use super::{
    machine::Usage,
    roles::{start_all, stop_all},
    stats::{Findings, Side, real},
    tell,
    world::Servers,
};
use crate::args::Role;

pub(super) async fn measure(servers: &Servers, noted: Findings) -> anyhow::Result<Findings> {
    let mut findings = noted;
    let world = servers.world("memory").await?;
    tell("memory: starting every role");
    let roles = start_all(&world, &Role::ALL).await?;
    for role in &roles {
        findings.note(
            Side::Ours,
            format!("{}, just started", role.name()),
            "MB",
            real(Usage::of(role.pid())?.rss_bytes) / 1e6,
        );
    }
    for (name, pid) in world.servers().await? {
        findings.note(
            Side::Ours,
            format!("{name}, at the end"),
            "MB",
            real(Usage::of(pid)?.rss_bytes) / 1e6,
        );
    }
    stop_all(roles).await?;
    Ok(findings)
}
