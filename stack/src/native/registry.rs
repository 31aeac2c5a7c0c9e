use std::fs;

use super::Context;
use crate::error::StackError;
use crate::process::Launch;
use crate::provision::Artifact;
use crate::server::Server;

pub(super) fn prepare(context: &Context<'_>) -> Result<Launch, StackError> {
    let data = context.home.data(Server::Registry);
    fs::create_dir_all(&data).map_err(StackError::file("create", &data))?;
    Ok(context
        .java(context.config.memory.registry_mib, &data)
        .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg(format!(
            "-Dquarkus.http.port={}",
            context.config.ports.registry
        ))
        .arg("-Dquarkus.http.host=127.0.0.1")
        // Nobody asks the management port, which is 9000 for everyone unless told otherwise.
        .args([
            "-Dquarkus.management.host=127.0.0.1",
            "-Dquarkus.management.port=0",
        ])
        .args([
            "-Dquarkus.log.level=WARN",
            "-Dquarkus.log.category.\"io.apicurio\".level=WARN",
        ])
        .arg("-Dquarkus.http.access-log.enabled=false")
        // In a file, and written before an id is handed out: ids must survive a restart and a kill.
        .arg(format!(
            "-Dapicurio.datasource.url=jdbc:h2:file:{}/registry;DB_CLOSE_DELAY=-1;WRITE_DELAY=0",
            data.display()
        ))
        .arg("-jar")
        .arg(
            context
                .cache
                .path(Artifact::Registry)
                .join("quarkus-run.jar"),
        ))
}
