//! With the feature `docker`, tests get their servers from testcontainers. Containers are reused by the next test binary.

use std::time::Duration;

use testcontainers::core::{ContainerPort, IntoContainerPort as _};
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{
    ContainerRequest, GenericImage, ImageExt as _, ReuseDirective, TestcontainersError,
};

use crate::config::{Config, Mode, Ports};
use crate::eventually::eventually;
use crate::images;
use crate::native::{kafka, mysql};
use crate::ready;
use crate::server::{Server, Urls};
use crate::stack::Stack;

const START_WITHIN: Duration = Duration::from_mins(5);

/// Starts the core servers on `ports`, or finds them there, and waits until they answer.
pub(crate) async fn start(ports: Ports) -> Result<Stack, TestcontainersError> {
    for server in Server::CORE {
        // Reused containers live on when the handle is dropped.
        request(server, &ports).start().await?;
    }
    let urls = Urls {
        mysql: Server::Mysql.url(ports.mysql),
        kafka: Server::Kafka.url(ports.kafka),
        registry: Server::Registry.url(ports.registry),
        opensearch: Server::Opensearch.url(ports.opensearch),
    };
    for server in Server::CORE {
        let url = server.url(ports.of(server));
        eventually(
            START_WITHIN,
            &format!("{server} answers at {url}"),
            async || ready::probe(server, &url).await.ok(),
        )
        .await;
    }
    let config = Config {
        mode: Mode::External { urls },
        ..Config::default()
    };
    Ok(Stack::new(config, ""))
}

fn request(server: Server, ports: &Ports) -> ContainerRequest<GenericImage> {
    let port = ports.of(server);
    let request = match server {
        Server::Kafka => kafka_request(port),
        Server::Registry => image("apicurio/apicurio-registry", "3.3.3", 8080, port),
        Server::Opensearch => with_env(
            image("opensearchproject/opensearch", "3.8.0", 9200, port),
            images::OPENSEARCH,
        ),
        Server::Mysql | Server::Mariadb | Server::Connect => {
            with_env(image("mysql", "9", 3306, port), images::MYSQL).with_cmd(mysql::SETTINGS)
        }
    };
    request
        .with_container_name(format!("souk-test-{server}"))
        .with_reuse(ReuseDirective::Always)
        .with_startup_timeout(START_WITHIN)
}

fn kafka_request(port: u16) -> ContainerRequest<GenericImage> {
    let request = with_env(image("apache/kafka", "4.3.1", 9092, port), images::KAFKA).with_env_var(
        "KAFKA_ADVERTISED_LISTENERS",
        format!("INTERNAL://localhost:19092,EXTERNAL://127.0.0.1:{port}"),
    );
    kafka::SETTINGS
        .iter()
        .fold(request, |request, (key, value)| {
            request.with_env_var(images::kafka_variable(key), *value)
        })
}

fn image(name: &str, tag: &str, inside: u16, outside: u16) -> ContainerRequest<GenericImage> {
    let inside: ContainerPort = inside.tcp();
    GenericImage::new(name, tag)
        .with_exposed_port(inside)
        .with_mapped_port(outside, inside)
}

fn with_env(
    request: ContainerRequest<GenericImage>,
    variables: &[(&str, &str)],
) -> ContainerRequest<GenericImage> {
    variables.iter().fold(request, |request, (key, value)| {
        request.with_env_var(*key, *value)
    })
}
