use super::*;
use crate::images;
use crate::native::{kafka, mysql};

#[test]
fn compose_runs_mysql_with_the_settings_of_the_native_one() {
    for setting in mysql::SETTINGS {
        assert!(FILE.contains(&format!("- {setting}\n")), "{setting}");
    }
}

#[test]
fn compose_runs_kafka_with_the_settings_of_the_native_one() {
    for (key, value) in kafka::SETTINGS {
        let line = format!("{}: \"{value}\"\n", images::kafka_variable(key));
        assert!(FILE.contains(&line), "{line}");
    }
}

#[test]
fn compose_and_testcontainers_tell_the_images_the_same() {
    let said = [images::MYSQL, images::KAFKA, images::OPENSEARCH].concat();
    for (key, value) in said {
        let line = format!("      {key}: {value}\n");
        assert!(FILE.replace('"', "").contains(&line), "{line}");
    }
}

#[test]
fn compose_listens_where_the_native_servers_do() {
    for server in Server::CORE {
        let port = Ports::default().of(server);
        let mapping = format!("\"127.0.0.1:${{{}:-{port}}}:", port_variable(server));
        assert!(FILE.contains(&mapping), "{mapping}");
    }
}

#[test]
fn states_are_read_from_the_listing_of_containers() {
    let output = "{\"Service\":\"mysql\",\"State\":\"running\",\"Health\":\"healthy\"}\n{\"Service\":\"kafka\",\"State\":\"paused\"}\n\n";
    let containers = parse_containers(output);
    assert_eq!(state_of(Server::Mysql, &containers), ServerState::Running);
    assert_eq!(state_of(Server::Kafka, &containers), ServerState::Paused);
    assert_eq!(state_of(Server::Opensearch, &containers), ServerState::Down);
}

#[test]
fn servers_outside_the_compose_file_are_refused() {
    let error = names(&[Server::Mysql, Server::Mariadb])
        .unwrap_err()
        .to_string();
    assert!(error.contains("docker mode"), "{error}");
}
