//! Servers as detached processes: started in a session of their own, found again by pid and start time.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use procfs::process::{ProcState, Process, Stat};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::error::StackError;
use crate::server::{Server, ServerState};

const POLL: Duration = Duration::from_millis(20);

/// How a server is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) folder: PathBuf,
}

/// A process as the disk remembers it. A pid alone is reused, sooner or later, by somebody else's process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pid: i32,
    /// Field 22 of `/proc/<pid>/stat`: clock ticks between boot and the start of the process.
    start_ticks: u64,
    boot_id: String,
}

/// A live process of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alive {
    pid: i32,
    pub(crate) state: ServerState,
    pub(crate) rss_bytes: u64,
}

impl Identity {
    pub(crate) fn of_this_process() -> Option<Self> {
        stat(i32::try_from(std::process::id()).ok()?).map(|stat| Self::from(&stat))
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.find().is_some()
    }

    fn from(stat: &Stat) -> Self {
        Self {
            pid: stat.pid,
            start_ticks: stat.starttime,
            boot_id: boot_id(),
        }
    }

    fn find(&self) -> Option<Stat> {
        stat(self.pid).filter(|stat| *self == Self::from(stat))
    }
}

impl Launch {
    pub(crate) fn new(program: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            folder: folder.into(),
        }
    }

    pub(crate) fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn args<A: Into<OsString>>(
        mut self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The same as a command that is waited for.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder);
        command
    }
}

impl Alive {
    pub(crate) fn pid(self) -> u32 {
        self.pid.unsigned_abs()
    }

    pub(crate) fn signal(self, signal: Signal) {
        // A process that ended in the meantime is what a signal could have brought about anyway.
        if let Some(pid) = Pid::from_raw(self.pid) {
            kill_process(pid, signal).unwrap_or_default();
        }
    }
}

/// Starts a server that outlives this process and remembers it in `record`.
pub(crate) fn start(
    server: Server,
    launch: &Launch,
    record: &Path,
    log: &Path,
) -> Result<Alive, StackError> {
    let cannot_start = || format!("cannot start {server}");
    let log_file = append(log)?;
    let errors = log_file
        .try_clone()
        .map_err(StackError::file("open", log))?;
    // setsid(1) calls setsid(2) and then becomes the server, so the child's pid is the server's.
    let mut child = Command::new("setsid")
        .arg(&launch.program)
        .args(&launch.arguments)
        .current_dir(&launch.folder)
        .stdin(Stdio::null())
        .stdout(log_file)
        .stderr(errors)
        .spawn()
        .map_err(StackError::io(cannot_start()))?;
    let pid = i32::try_from(child.id()).map_err(|error| StackError::Command {
        command: "setsid".to_owned(),
        detail: error.to_string(),
    })?;
    // Somebody has to collect the exit status while we live; afterwards init does.
    thread::spawn(move || child.wait());
    let stat = stat(pid).ok_or_else(|| StackError::Ended {
        server,
        log: log.to_owned(),
        tail: tail(log),
    })?;
    let text = serde_json::to_string(&Identity::from(&stat))
        .map_err(|error| StackError::io(cannot_start())(error.into()))?;
    write_atomically(record, text.as_bytes())?;
    Ok(alive_from(&stat))
}

/// The process that `record` remembers, if it is still that process.
pub(crate) fn find(record: &Path) -> Option<Alive> {
    let remembered: Identity = serde_json::from_slice(&fs::read(record).ok()?).ok()?;
    remembered.find().map(|stat| alive_from(&stat))
}

/// Waits until the process is as wanted; says whether that came in time.
pub(crate) fn wait_until(
    record: &Path,
    within: Duration,
    wanted: impl Fn(Option<Alive>) -> bool,
) -> bool {
    let started = Instant::now();
    while !wanted(find(record)) {
        if started.elapsed() > within {
            return false;
        }
        thread::sleep(POLL);
    }
    true
}

/// The last lines of a log, for an error's text.
pub(crate) fn tail(log: &Path) -> String {
    const LINES: usize = 15;
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines
        .iter()
        .skip(lines.len().saturating_sub(LINES))
        .fold(String::new(), |mut tail, line| {
            tail.push_str("  ");
            tail.push_str(line);
            tail.push('\n');
            tail
        })
}

pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StackError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(StackError::file("create", parent))?;
    }
    let temporary = path.with_extension("new");
    fs::write(&temporary, bytes).map_err(StackError::file("write", &temporary))?;
    fs::rename(&temporary, path).map_err(StackError::file("replace", path))
}

fn append(log: &Path) -> Result<File, StackError> {
    if let Some(parent) = log.parent() {
        fs::create_dir_all(parent).map_err(StackError::file("create", parent))?;
    }
    File::options()
        .create(true)
        .append(true)
        .open(log)
        .map_err(StackError::file("open", log))
}

/// A killed process whose parent has not asked yet is a zombie: dead for our purposes, once its last thread has
/// let go of the ports.
fn stat(pid: i32) -> Option<Stat> {
    let stat = Process::new(pid).ok()?.stat().ok()?;
    let dead = match stat.state().ok()? {
        ProcState::Zombie => stat.num_threads <= 1,
        ProcState::Dead => true,
        _ => false,
    };
    (!dead).then_some(stat)
}

fn alive_from(stat: &Stat) -> Alive {
    let stopped = matches!(stat.state(), Ok(ProcState::Stopped));
    Alive {
        pid: stat.pid,
        state: if stopped {
            ServerState::Paused
        } else {
            ServerState::Running
        },
        rss_bytes: stat.rss * procfs::page_size(),
    }
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recycled_pid_is_not_taken_for_the_server() {
        let this = Identity::of_this_process().unwrap();
        assert!(this.is_alive());
        let earlier = Identity {
            start_ticks: this.start_ticks - 1,
            ..this.clone()
        };
        let before_the_reboot = Identity {
            boot_id: "another".to_owned(),
            ..this.clone()
        };
        let gone = Identity {
            pid: i32::MAX,
            ..this
        };
        for identity in [earlier, before_the_reboot, gone] {
            assert!(!identity.is_alive(), "{identity:?}");
        }
    }

    #[test]
    fn unreadable_record_means_nothing_runs() {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("kafka.json");
        assert_eq!(find(&record), None);
        for text in ["", "{}", "{\"pid\": 1"] {
            fs::write(&record, text).unwrap();
            assert_eq!(find(&record), None, "{text}");
        }
    }

    #[test]
    fn tail_shows_the_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let lines: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        fs::write(&log, lines.join("\n")).unwrap();
        let tail = tail(&log);
        assert!(
            tail.ends_with("  99\n") && tail.starts_with("  85\n"),
            "{tail}"
        );
    }
}
