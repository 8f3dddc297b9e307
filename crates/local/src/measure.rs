//! The time, processor time and memory that this process used.

#[cfg(feature = "lab")]
mod lab;

use std::time::Instant;

use serde::Serialize;

#[cfg(feature = "lab")]
pub(crate) use lab::{children_cpu_seconds, reset_peak, resident_bytes, thread_cpu_seconds};

/// Measures from its start on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CostMeter {
    began: Instant,
    cpu_seconds: f64,
}

/// What was used since a start.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ResourceUse {
    /// Wall time.
    pub(crate) seconds: f64,
    /// Processor time of all cores.
    pub(crate) cpu_seconds: f64,
    /// The peak of resident memory, in bytes.
    pub(crate) peak_bytes: u64,
}

impl CostMeter {
    /// Starts to measure.
    pub(crate) fn start() -> CostMeter {
        CostMeter { began: Instant::now(), cpu_seconds: cpu_seconds() }
    }

    /// What was used since the start.
    pub(crate) fn used(&self) -> ResourceUse {
        ResourceUse {
            seconds: rounded(self.began.elapsed().as_secs_f64()),
            cpu_seconds: rounded(cpu_seconds() - self.cpu_seconds),
            peak_bytes: peak_bytes(),
        }
    }
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

/// Processor time of this process, its threads included.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The high-water mark of resident memory; 0 where the system does not report it.
fn peak_bytes() -> u64 {
    status_bytes("VmHWM:")
}

fn status_bytes(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_measured() {
        let meter = CostMeter::start();
        let sum: u64 = (0..5_000_000u64).map(std::hint::black_box).sum();
        assert!(sum > 0);
        let used = meter.used();
        assert!(used.cpu_seconds >= 0.0 && used.seconds >= 0.0);
    }
}
