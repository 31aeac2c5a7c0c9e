//! Operator verbs that are one call each.

use std::{path::Path, process::ExitCode};

use anyhow::{Context as _, bail};
use souk_relay::debezium::ConnectorOptions;

use crate::{
    Invocation,
    args::{Debezium, Schemas, ServerCommand, Topics},
    prepare, say,
};

/// Where the schemas are in a checkout.
const SCHEMAS: &str = "schemas";

pub(crate) fn check(invocation: &Invocation) -> anyhow::Result<ExitCode> {
    let check = invocation.stack().check();
    if check.is_complete() {
        say("nothing is missing");
        return Ok(ExitCode::SUCCESS);
    }
    bail!("{check}");
}

pub(crate) fn config(invocation: &Invocation) -> ExitCode {
    say(format!("{:#?}", invocation.config));
    ExitCode::SUCCESS
}

pub(crate) async fn schemas(
    invocation: &Invocation,
    command: &Schemas,
) -> anyhow::Result<ExitCode> {
    match command {
        Schemas::Check(output) => {
            let report = souk_schemas::compatibility::check(&checkout()?.join("avro"))
                .context("cannot check the schemas")?;
            say(if output.json {
                serde_json::to_string_pretty(&report).context("cannot print the report")?
            } else {
                report.to_string()
            });
            Ok(if report.is_compatible() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Schemas::Register => {
            prepare::register_schemas(&invocation.config).await?;
            say("every schema is registered");
            Ok(ExitCode::SUCCESS)
        }
        Schemas::Generate => {
            for file in souk_schemas::generate::refresh(checkout()?).context("cannot generate")? {
                say(format!("wrote {}", file.display()));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn checkout() -> anyhow::Result<&'static Path> {
    let folder = Path::new(SCHEMAS);
    if !folder.join("avro").is_dir() {
        bail!("there is no folder schemas/avro here: run this in a checkout of Souk");
    }
    Ok(folder)
}

pub(crate) async fn topics(invocation: &Invocation, command: &Topics) -> anyhow::Result<ExitCode> {
    let Topics::Apply(output) = command;
    let report = prepare::apply_topics(&invocation.config).await?;
    say(if output.json {
        serde_json::to_string_pretty(&report).context("cannot print the report")?
    } else {
        report.to_string()
    });
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn server(
    invocation: &Invocation,
    command: &ServerCommand,
) -> anyhow::Result<ExitCode> {
    let stack = invocation.stack();
    let (done, name) = match command {
        ServerCommand::Kill { name } => stack.kill(*name).await.map(|()| ("killed", name)),
        ServerCommand::Pause { name } => stack.pause(*name).await.map(|()| ("paused", name)),
        ServerCommand::Resume { name } => stack.resume(*name).await.map(|()| ("resumed", name)),
        ServerCommand::Start { name } => stack.start(*name).await.map(|()| ("started", name)),
    }?;
    say(format!("{name} {done}"));
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn debezium(
    invocation: &Invocation,
    command: &Debezium,
) -> anyhow::Result<ExitCode> {
    let Debezium::Register = command;
    register_debezium(invocation).await?;
    say("the connector is registered");
    Ok(ExitCode::SUCCESS)
}

/// Registers the connector, unless the configuration leaves the table to the relay.
pub(crate) async fn register_debezium(invocation: &Invocation) -> anyhow::Result<()> {
    let config = &invocation.config;
    if !config.debezium.enabled {
        bail!(
            "debezium.enabled is false: the relay has the table, and both on one table are refused"
        );
    }
    let options = ConnectorOptions {
        database_url: config.mysql.url.clone(),
        kafka_bootstrap: config.kafka.bootstrap.clone(),
        prefix: config.names.prefix.clone(),
        server_id: config.debezium.server_id,
    };
    souk_relay::debezium::register(&config.debezium.connect_url, &options)
        .await
        .context("cannot register the connector")?;
    Ok(())
}
