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
    (seconds * 1e6).round() / 1e6
}

/// Processor time of this process, its threads included.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The high-water mark of resident memory, where the system tells it; else 0.
fn peak_bytes() -> u64 {
    status_bytes("VmHWM:")
}

/// Resident memory now, where the system tells it; else 0.
pub(crate) fn resident_bytes() -> u64 {
    status_bytes("VmRSS:")
}

/// Lets the high-water mark begin anew from what is resident now (proc(5), `clear_refs`), once what
/// was freed is given back: used again it would hide what is measured.
pub(crate) fn reset_peak() {
    trim();
    // Where that cannot be done, the mark is too high, never too low.
    drop(std::fs::write("/proc/self/clear_refs", "5"));
}

/// Gives back to the system what was freed and the allocator keeps, where it can be told to.
fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "the allocator has no other door")]
    // SAFETY: malloc_trim(3) is thread-safe and touches free memory only.
    unsafe {
        libc::malloc_trim(0);
    }
}

fn status_bytes(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Ticks of a second in /proc, on every Linux.
const TICKS: f64 = 100.0;

/// Processor time so far of this process's threads of one name, where the system tells it; else 0.
pub(crate) fn thread_cpu_seconds(name: &str) -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let stats =
        threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok());
    let of_name = stats.filter_map(|stat| {
        let (head, tail) = stat.rsplit_once(')')?;
        (head.split_once('(')?.1 == name).then(|| ticks(tail))?
    });
    of_name.sum::<u64>() as f64 / TICKS
}

/// User and system time of the fields after a thread's name (proc(5): 14 and 15).
fn ticks(fields: &str) -> Option<u64> {
    let mut times = fields.split_whitespace().skip(11);
    Some(times.next()?.parse::<u64>().ok()? + times.next()?.parse::<u64>().ok()?)
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
