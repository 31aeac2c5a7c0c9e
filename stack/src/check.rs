use std::fmt;

use crate::config::Mode;
use crate::jdk::{self, Found};
use crate::machine::Machine;

/// What the machine lacks, all of it at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Check {
    pub missing: Vec<Missing>,
}

/// One thing that is missing, and how to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub what: String,
    pub remedy: String,
}

impl Check {
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    fn lacks(&mut self, what: impl Into<String>, remedy: impl Into<String>) {
        self.missing.push(Missing {
            what: what.into(),
            remedy: remedy.into(),
        });
    }
}

impl fmt::Display for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_complete() {
            return formatter.write_str("nothing is missing");
        }
        formatter.write_str("this machine lacks:")?;
        for missing in &self.missing {
            write!(formatter, "\n  {}: {}", missing.what, missing.remedy)?;
        }
        Ok(())
    }
}

pub(crate) fn check(mode: &Mode, machine: &Machine) -> Check {
    let mut check = Check::default();
    match mode {
        Mode::Native => check_native(&mut check, machine, jdk::find(machine)),
        Mode::Docker => check_docker(&mut check, machine),
        Mode::External { .. } => {}
    }
    check
}

fn check_native(check: &mut Check, machine: &Machine, jdk: Found) {
    if !cfg!(target_os = "linux") {
        check.lacks(
            "Linux",
            "servers run natively on Linux only; use docker mode",
        );
    }
    for (program, package) in [
        ("mvn", "maven"),
        ("cc", "build-essential"),
        ("setsid", "util-linux"),
        ("tar", "tar"),
    ] {
        if machine.program(program).is_none() {
            check.lacks(program, format!("apt-get install {package}"));
        }
    }
    for program in ["apt-get", "dpkg"] {
        if machine.program(program).is_none() {
            check.lacks(
                program,
                "MySQL comes as Debian packages; use Debian, or docker or external mode",
            );
        }
    }
    if let Found::Nothing(refused) = jdk {
        let seen: Vec<String> = refused
            .iter()
            .map(|(home, why)| format!("{} is {why}", home.display()))
            .collect();
        let seen = if seen.is_empty() {
            String::new()
        } else {
            format!(" (found: {})", seen.join(", "))
        };
        check.lacks(
            format!("a JDK, version {} or newer{seen}", jdk::OLDEST),
            "apt-get install openjdk-21-jdk-headless where Debian has it, or unpack any JDK and set JAVA_HOME to it",
        );
    }
}

fn check_docker(check: &mut Check, machine: &Machine) {
    if machine.program("docker").is_none() {
        check.lacks(
            "docker",
            "apt-get install docker.io docker-compose-v2, or use native mode",
        );
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn everything_missing_is_listed_with_its_package() {
        let mut check = Check::default();
        let old = (PathBuf::from("/jvm/17"), "Java 17".to_owned());
        check_native(&mut check, &Machine::default(), Found::Nothing(vec![old]));
        let text = check.to_string();
        for part in [
            "mvn",
            "install maven",
            "build-essential",
            "apt-get",
            "/jvm/17 is Java 17",
            "JAVA_HOME",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn external_servers_need_nothing_installed() {
        let urls = crate::config::Config::default().ports;
        assert!(urls.mysql > 0);
        let mode = Mode::External {
            urls: crate::server::Urls {
                mysql: String::new(),
                kafka: String::new(),
                registry: String::new(),
                opensearch: String::new(),
            },
        };
        assert!(check(&mode, &Machine::default()).is_complete());
    }
}
