//! Downloads, kept outside the repository and shared by every checkout of this user.

mod debian;
mod maven;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::error::StackError;
use crate::jdk::Jdk;
use crate::lock::Lock;
use crate::machine::Machine;
use crate::progress::Progress;
use crate::server::Server;

const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// Something to download; a folder of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Artifact {
    Mysql,
    Mariadb,
    Kafka,
    Registry,
    Opensearch,
    Connect,
    Debezium,
}

/// The folder downloads are kept in.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    root: PathBuf,
}

/// What a download is made with.
#[derive(Debug)]
pub(crate) struct Tools<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) jdk: &'a Jdk,
}

impl Artifact {
    pub(crate) const fn of(server: Server) -> &'static [Self] {
        match server {
            Server::Mysql => &[Self::Mysql],
            Server::Mariadb => &[Self::Mariadb],
            Server::Kafka => &[Self::Kafka],
            Server::Registry => &[Self::Registry],
            Server::Opensearch => &[Self::Opensearch],
            Server::Connect => &[Self::Connect, Self::Debezium],
        }
    }

    /// The folder's name carries the version, so that a new version is fetched beside the old one.
    const fn folder(self) -> &'static str {
        match self {
            Self::Mysql => "mysql-9",
            Self::Mariadb => "mariadb-10.11",
            Self::Kafka => "kafka-4.3.1",
            Self::Registry => "apicurio-registry-3.3.3",
            Self::Opensearch => "opensearch-3.8.0",
            Self::Connect => "kafka-connect-4.3.1",
            Self::Debezium => "debezium-mysql-3.6.1",
        }
    }

    const fn megabytes(self) -> u32 {
        match self {
            Self::Mysql => 66,
            Self::Mariadb => 17,
            Self::Kafka => 55,
            Self::Registry => 158,
            Self::Opensearch => 71,
            Self::Connect => 40,
            Self::Debezium => 30,
        }
    }

    const fn is_debian(self) -> bool {
        matches!(self, Self::Mysql | Self::Mariadb)
    }
}

impl Cache {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn path(&self, artifact: Artifact) -> PathBuf {
        self.root.join(artifact.folder())
    }

    pub(crate) fn lacks(&self, servers: &[Server]) -> Vec<Artifact> {
        servers
            .iter()
            .flat_map(|server| Artifact::of(*server))
            .copied()
            .filter(|artifact| !self.path(*artifact).is_dir())
            .collect()
    }

    /// Downloads what these servers need and the cache does not have; blocks the thread.
    pub(crate) fn fill(
        &self,
        servers: &[Server],
        tools: &Tools<'_>,
        progress: &Progress,
    ) -> Result<(), StackError> {
        let (debian, maven): (Vec<_>, Vec<_>) = self
            .lacks(servers)
            .into_iter()
            .partition(|artifact| artifact.is_debian());
        thread::scope(|scope| {
            let debian = scope.spawn(|| self.fetch_all(&debian, tools, progress));
            let maven = self.fetch_all(&maven, tools, progress);
            debian
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                .and(maven)
        })
    }

    fn fetch_all(
        &self,
        artifacts: &[Artifact],
        tools: &Tools<'_>,
        progress: &Progress,
    ) -> Result<(), StackError> {
        artifacts
            .iter()
            .try_for_each(|artifact| self.fetch_once(*artifact, tools, progress))
    }

    /// The folder appears whole or not at all, and of two processes only one downloads.
    fn fetch_once(
        &self,
        artifact: Artifact,
        tools: &Tools<'_>,
        progress: &Progress,
    ) -> Result<(), StackError> {
        // Maven's local repository is not safe for two writers, so its downloads share one lock.
        let lock = if artifact.is_debian() {
            artifact.folder()
        } else {
            "maven"
        };
        let _lock = Lock::acquire(&self.root.join(format!("{lock}.lock")))?;
        let folder = self.path(artifact);
        if folder.is_dir() {
            return Ok(());
        }
        let partial = self.root.join(format!("{}.partial", artifact.folder()));
        with_retries(artifact, FIRST_PAUSE, progress, |attempt| {
            remove_folder(&partial)?;
            fs::create_dir_all(&partial).map_err(StackError::file("create", &partial))?;
            fetch(artifact, &partial, attempt, tools)
        })?;
        fs::rename(&partial, &folder).map_err(StackError::file("rename", &partial))
    }
}

fn fetch(
    artifact: Artifact,
    into: &Path,
    attempt: u32,
    tools: &Tools<'_>,
) -> Result<(), StackError> {
    match artifact {
        Artifact::Mysql => debian::fetch("sid", &["mysql-server-core", "mysql-client-core"], into),
        Artifact::Mariadb => debian::fetch(
            "bookworm",
            &["mariadb-server-core", "mariadb-client-core"],
            into,
        ),
        _ => maven::fetch(artifact, into, attempt, tools),
    }
}

/// Registries hiccup; a download is tried again after a pause that doubles.
fn with_retries(
    artifact: Artifact,
    mut pause: Duration,
    progress: &Progress,
    mut attempt: impl FnMut(u32) -> Result<(), StackError>,
) -> Result<(), StackError> {
    let name = artifact.folder();
    progress.say(format!(
        "downloading {name} (about {} MB, once)",
        artifact.megabytes()
    ));
    for number in 1.. {
        match attempt(number) {
            Ok(()) => break,
            Err(error) if number < ATTEMPTS => {
                progress.say(format!(
                    "downloading {name} failed, trying again in {pause:?}: {error}"
                ));
                thread::sleep(pause);
                pause *= 2;
            }
            Err(error) => return Err(error),
        }
    }
    progress.say(format!("downloaded {name}"));
    Ok(())
}

/// Runs a tool to its end; its output becomes the error's text when it fails.
fn run(what: &str, command: &mut Command) -> Result<String, StackError> {
    let failed = |detail: String| StackError::Download {
        what: what.to_owned(),
        detail,
    };
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(format!("{program}: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(failed(format!(
        "{program} ended with {}: {}",
        output.status,
        complaint(&text, &errors)
    )))
}

/// The lines that matter of a failed tool's output: those marked as errors, else the last few.
fn complaint(output: &str, errors: &str) -> String {
    const LINES: usize = 5;
    let lines: Vec<&str> = output
        .lines()
        .chain(errors.lines())
        .filter(|line| !line.trim().is_empty())
        .collect();
    let marked: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| line.starts_with("[ERROR]") || line.starts_with("E: "))
        .take(LINES)
        .collect();
    if marked.is_empty() {
        lines
            .iter()
            .skip(lines.len().saturating_sub(LINES))
            .copied()
            .collect::<Vec<_>>()
            .join("\n")
    } else {
        marked.join("\n")
    }
}

pub(crate) fn remove_folder(folder: &Path) -> Result<(), StackError> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).map_err(StackError::file("remove", folder))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn errors_are_picked_from_a_tools_output() {
        let maven = "[INFO] scanning\n[ERROR] no such artifact\n[INFO] done";
        assert_eq!(complaint(maven, ""), "[ERROR] no such artifact");
        assert_eq!(complaint("a\nb\n", "c\n"), "a\nb\nc");
    }

    #[test]
    fn every_server_has_something_to_download() {
        let cache = Cache::new("/nowhere".into());
        assert_eq!(cache.lacks(&Server::CORE).len(), 4);
        assert_eq!(
            cache.lacks(&[Server::Connect]),
            [Artifact::Connect, Artifact::Debezium]
        );
    }

    #[test]
    fn failed_download_is_tried_again_and_reported() {
        let lines = std::sync::Arc::new(Mutex::new(Vec::new()));
        let sink = std::sync::Arc::clone(&lines);
        let progress = Progress::new(move |line| sink.lock().unwrap().push(line.to_owned()));
        let outcome = with_retries(Artifact::Kafka, Duration::ZERO, &progress, |attempt| {
            if attempt > 1 {
                return Ok(());
            }
            Err(StackError::Download {
                what: "kafka".to_owned(),
                detail: "hiccup".to_owned(),
            })
        });
        assert!(outcome.is_ok());
        assert!(lines.lock().unwrap()[1].contains("hiccup"));
    }
}
