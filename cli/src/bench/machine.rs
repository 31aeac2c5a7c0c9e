//! What the figures were measured on, and what processes cost.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use procfs::{CpuInfo, Current as _, LoadAverage, Meminfo, process::Process};
use serde::Serialize;

use super::stats::real;

/// This machine.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    memory_bytes: u64,
    /// An unoptimised build says nothing about speed.
    build: &'static str,
}

/// Runnable processes, averaged over 1, 5 and 15 minutes.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Load {
    one: f32,
    five: f32,
    fifteen: f32,
}

/// What one process has used until now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// In user and system mode, by the kernel's ticks of 10 ms.
    pub(crate) cpu: Duration,
    pub(crate) rss_bytes: u64,
}

impl Machine {
    pub(crate) fn observe() -> anyhow::Result<Self> {
        let info = CpuInfo::current().context("cannot read /proc/cpuinfo")?;
        Ok(Self {
            cpu: info.model_name(0).unwrap_or("unknown").trim().to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: Meminfo::current()
                .context("cannot read /proc/meminfo")?
                .mem_total,
            build: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
        })
    }

    pub(crate) fn line(&self) -> String {
        let memory = real(self.memory_bytes) / f64::from(1 << 30);
        format!(
            "{}, {} cores, {memory:.1} GiB, {} build",
            self.cpu, self.cores, self.build
        )
    }
}

impl Load {
    pub(crate) fn now() -> anyhow::Result<Self> {
        let load = LoadAverage::current().context("cannot read /proc/loadavg")?;
        Ok(Self {
            one: load.one,
            five: load.five,
            fifteen: load.fifteen,
        })
    }

    pub(crate) fn line(self) -> String {
        format!("{:.2} {:.2} {:.2}", self.one, self.five, self.fifteen)
    }
}

impl Usage {
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let stat = i32::try_from(pid)
            .context("a process id is larger than any can be")
            .and_then(|pid| Ok(Process::new(pid)?.stat()?))
            .with_context(|| format!("cannot read what process {pid} has used"))?;
        let ticks = real(stat.utime + stat.stime) / real(procfs::ticks_per_second());
        Ok(Self {
            cpu: Duration::from_secs_f64(ticks),
            rss_bytes: stat.rss * procfs::page_size(),
        })
    }
}

/// CPU that some processes use from now on.
#[derive(Debug)]
pub(crate) struct Meter {
    started: Instant,
    before: Vec<(String, u32, Duration)>,
}

impl Meter {
    pub(crate) fn start(processes: Vec<(String, u32)>) -> anyhow::Result<Self> {
        let mut before = Vec::new();
        for (name, pid) in processes {
            before.push((name, pid, Usage::of(pid)?.cpu));
        }
        Ok(Self {
            started: Instant::now(),
            before,
        })
    }

    /// What each has used meanwhile.
    pub(crate) fn used(&self) -> anyhow::Result<Vec<(&str, Duration)>> {
        self.before
            .iter()
            .map(|(name, pid, before)| {
                Ok((name.as_str(), Usage::of(*pid)?.cpu.saturating_sub(*before)))
            })
            .collect()
    }

    /// The same in percent of one core.
    pub(crate) fn percent(&self) -> anyhow::Result<Vec<(&str, f64)>> {
        let elapsed = self.started.elapsed().as_secs_f64();
        Ok(self
            .used()?
            .into_iter()
            .map(|(name, used)| (name, used.as_secs_f64() * 100.0 / elapsed))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_this_process_are_observed() {
        let machine = Machine::observe().unwrap();
        assert!(
            machine.cores >= 1 && machine.memory_bytes > 0,
            "{machine:?}"
        );
        assert!(Usage::of(std::process::id()).unwrap().rss_bytes > 0);
        assert!(Usage::of(u32::MAX).is_err());
        let meter = Meter::start(vec![("me".to_owned(), std::process::id())]).unwrap();
        assert_eq!(meter.used().unwrap()[0].0, "me");
    }
}
