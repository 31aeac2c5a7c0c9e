//! Finds a JDK new enough for the servers, wherever it is installed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::machine::Machine;

/// OpenSearch 3 needs 21.
pub(crate) const OLDEST: u32 = 21;

/// Where Debian, Fedora, SDKMAN and hand-made installations put JDKs.
const PARENTS: [&str; 4] = ["/usr/lib/jvm", "/usr/java", "/opt", "/opt/java"];

/// An installed JDK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Jdk {
    pub(crate) home: PathBuf,
    pub(crate) version: u32,
}

/// What a search for a JDK came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Jdk(Jdk),
    /// Nothing fits; these were looked at: home and what is wrong with it.
    Nothing(Vec<(PathBuf, String)>),
}

impl Jdk {
    pub(crate) fn java(&self) -> PathBuf {
        self.home.join("bin/java")
    }

    pub(crate) fn javac(&self) -> PathBuf {
        self.home.join("bin/javac")
    }
}

pub(crate) fn find(machine: &Machine) -> Found {
    choose(candidates(machine).into_iter().map(|home| {
        let version = version_of(&home);
        let compiler = home.join("bin/javac").is_file();
        (home, version, compiler)
    }))
}

/// `JAVA_HOME` first, then what is on `PATH`, then what is installed, newest last: the first that fits wins.
fn choose(candidates: impl Iterator<Item = (PathBuf, Option<u32>, bool)>) -> Found {
    let mut refused = Vec::new();
    for (home, version, compiler) in candidates {
        match version {
            Some(version) if version >= OLDEST && compiler => {
                return Found::Jdk(Jdk { home, version });
            }
            Some(version) if version >= OLDEST => {
                refused.push((home, format!("Java {version} without a compiler, a JRE")));
            }
            Some(version) => refused.push((home, format!("Java {version}"))),
            None => refused.push((home, "of unknown version".to_owned())),
        }
    }
    Found::Nothing(refused)
}

fn candidates(machine: &Machine) -> Vec<PathBuf> {
    let on_path = machine
        .program("java")
        .and_then(|java| fs::canonicalize(java).ok())
        .and_then(|java| Some(java.parent()?.parent()?.to_owned()));
    let installed: BTreeSet<PathBuf> = PARENTS
        .iter()
        .filter_map(|parent| fs::read_dir(parent).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|home| home.join("bin/java").is_file())
        .collect();
    let mut seen = BTreeSet::new();
    machine
        .java_home
        .clone()
        .into_iter()
        .chain(on_path)
        .chain(installed)
        .map(|home| fs::canonicalize(&home).unwrap_or(home))
        .filter(|home| home.join("bin/java").is_file() && seen.insert(home.clone()))
        .collect()
}

fn version_of(home: &Path) -> Option<u32> {
    fs::read_to_string(home.join("release"))
        .ok()
        .and_then(|release| version_in_release_file(&release))
        .or_else(|| {
            let output = Command::new(home.join("bin/java"))
                .arg("-version")
                .stdin(Stdio::null())
                .output()
                .ok()?;
            version_in_banner(&String::from_utf8_lossy(&output.stderr))
        })
}

fn version_in_release_file(release: &str) -> Option<u32> {
    let line = release
        .lines()
        .find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    feature_version(line.trim().trim_matches('"'))
}

/// The first line of `java -version` reads `openjdk version "21.0.2" 2024-01-16`.
fn version_in_banner(banner: &str) -> Option<u32> {
    let line = banner.lines().find(|line| line.contains(" version \""))?;
    feature_version(line.split('"').nth(1)?)
}

/// `25.0.3` is 25, `1.8.0_392` is 8, `26-ea` is 26.
fn feature_version(text: &str) -> Option<u32> {
    let mut numbers = text.split(|character: char| !character.is_ascii_digit());
    let first: u32 = numbers.next()?.parse().ok()?;
    if first == 1 {
        return numbers.next()?.parse().ok();
    }
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feature_versions_are_read_from_every_notation() {
        for (text, version) in [("25.0.3", 25), ("21", 21), ("1.8.0_392", 8), ("26-ea", 26)] {
            assert_eq!(feature_version(text), Some(version), "{text}");
        }
        assert_eq!(feature_version("unknown"), None);
    }

    #[test]
    fn version_is_read_from_the_release_file_or_the_banner() {
        let release = "IMPLEMENTOR=\"Debian\"\nJAVA_RUNTIME_VERSION=\"17.0.15+6\"\nJAVA_VERSION=\"17.0.15\"\n";
        assert_eq!(version_in_release_file(release), Some(17));
        let banner = "Picked up JAVA_TOOL_OPTIONS: -Dx\nopenjdk version \"21.0.2\" 2024-01-16\nOpenJDK Runtime\n";
        assert_eq!(version_in_banner(banner), Some(21));
        assert_eq!(version_in_banner("no such thing"), None);
    }

    #[test]
    fn first_new_enough_jdk_with_a_compiler_is_chosen() {
        let candidates = [
            (PathBuf::from("/jvm/17"), Some(17), true),
            (PathBuf::from("/jvm/21-jre"), Some(21), false),
            (PathBuf::from("/jvm/odd"), None, true),
            (PathBuf::from("/jvm/25"), Some(25), true),
            (PathBuf::from("/jvm/26"), Some(26), true),
        ];
        let found = choose(candidates.clone().into_iter());
        assert_eq!(
            found,
            Found::Jdk(Jdk {
                home: "/jvm/25".into(),
                version: 25
            })
        );
        let Found::Nothing(refused) = choose(candidates.into_iter().take(3)) else {
            panic!("nothing fits");
        };
        assert_eq!(refused.len(), 3);
        assert!(refused[1].1.contains("JRE"));
    }
}
