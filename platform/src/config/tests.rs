use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    server: Server,
    secret: SecretString,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Server {
    port: u16,
    #[serde(with = "humantime_serde")]
    wait: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            server: Server::default(),
            secret: "default".into(),
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            port: 7401,
            wait: Duration::from_secs(2),
        }
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        problems.section("server", &self.server);
        problems.require(
            !self.secret.expose_secret().is_empty(),
            "secret",
            "must not be empty",
        );
    }
}

impl Validate for Server {
    fn validate(&self, problems: &mut Problems) {
        problems.require(self.port != 0, "port", "must not be 0");
    }
}

fn parse_with(toml: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    parse(
        toml,
        &environment
            .iter()
            .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
            .collect(),
    )
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let toml = "secret = 'from the file'\n[server]\nport = 1\n";
    let config = parse_with(toml, &[("server.port", "2")]).unwrap();
    assert_eq!(
        (config.server.port, config.server.wait),
        (2, Duration::from_secs(2))
    );
    assert_eq!(config.secret.expose_secret(), "from the file");
}

#[test]
fn a_numeric_password_of_the_environment_is_a_text() {
    let config = parse_with("", &[("secret", "0123"), ("server.wait", "50ms")]).unwrap();
    assert_eq!(config.secret.expose_secret(), "0123");
    assert_eq!(config.server.wait, Duration::from_millis(50));
}

#[test]
fn every_problem_of_shape_is_listed_and_no_value_is_shown() {
    let error = parse_with(
        "colour = 1\n[server]\nwait = 'soon'\nhost = 'x'\n",
        &[("server.port", "hunter2")],
    )
    .unwrap_err();
    let text = error.to_string();
    for key in ["colour", "server.wait", "server.host", "server.port"] {
        assert!(
            text.contains(&format!("\n  {key}: ")),
            "{key} is missing in {text}"
        );
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn every_problem_of_meaning_is_listed() {
    let ConfigErrors::Invalid(problems) =
        parse_with("secret = ''\n[server]\nport = 0\n", &[]).unwrap_err()
    else {
        panic!("the values fit their types");
    };
    let keys: Vec<&str> = problems
        .iter()
        .map(|problem| problem.key.as_str())
        .collect();
    assert_eq!(keys, ["server.port", "secret"]);
}

#[test]
fn a_missing_file_and_broken_toml_are_told_apart() {
    let missing = load::<Config>(Some(Path::new("does-not-exist.toml"))).unwrap_err();
    assert!(matches!(missing, ConfigErrors::File { .. }));
    assert!(matches!(
        parse_with("[server", &[]).unwrap_err(),
        ConfigErrors::Syntax(_)
    ));
}
