//! How much time, processor and memory something took, this process and those it waited for.

use std::time::Instant;

use serde::Serialize;

/// Measures from its start on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter {
    began: Instant,
    cpu_seconds: f64,
}

/// What was used.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Used {
    /// By the clock on the wall.
    pub(crate) seconds: f64,
    /// On all cores together.
    pub(crate) cpu_seconds: f64,
    /// The most memory that the process ever held, in bytes.
    pub(crate) peak_bytes: u64,
}

impl Meter {
    /// Starts to measure.
    pub(crate) fn start() -> Meter {
        Meter { began: Instant::now(), cpu_seconds: cpu_seconds() }
    }

    /// What was used since.
    pub(crate) fn used(&self) -> Used {
        Used {
            seconds: rounded(self.began.elapsed().as_secs_f64()),
            cpu_seconds: rounded(cpu_seconds() - self.cpu_seconds),
            peak_bytes: peak_bytes(),
        }
    }
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// Processor time of this process, its threads included.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The high-water mark of resident memory, where the system tells it; else 0.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_measured() {
        let meter = Meter::start();
        let sum: u64 = (0..5_000_000u64).map(std::hint::black_box).sum();
        assert!(sum > 0);
        let used = meter.used();
        assert!(used.cpu_seconds >= 0.0 && used.seconds >= 0.0);
    }
}
