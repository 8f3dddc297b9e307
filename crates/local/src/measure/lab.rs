//! Measurements of the benchmarks.

use super::{CostMeter, cpu_seconds, status_bytes};

impl CostMeter {
    /// Only the processor time, which is cheap to read.
    pub(crate) fn used_cpu_seconds(&self) -> f64 {
        cpu_seconds() - self.cpu_seconds
    }
}

/// Resident memory now, or 0 where the system does not report it.
pub(crate) fn resident_bytes() -> u64 {
    status_bytes("VmRSS:")
}

/// Resets the high-water mark to what is resident now (proc(5), `clear_refs`). Freed memory is first
/// returned to the system: if it were used again, the mark would not show it.
pub(crate) fn reset_peak() {
    trim();
    // If that fails, the mark is too high, never too low.
    drop(std::fs::write("/proc/self/clear_refs", "5"));
}

/// Returns freed memory to the system, where the allocator supports it.
fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "the allocator has no safe interface for it")]
    // SAFETY: malloc_trim(3) is thread-safe and touches free memory only.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Ticks a second in /proc, on every Linux.
const TICKS: f64 = 100.0;

/// Processor time so far of this process's threads of one name, or 0 where the system does not report it.
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

/// Processor time of the ended processes that this one waited for (proc(5): fields 16 and 17).
pub(crate) fn children_cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let times = fields.skip(13).take(2).filter_map(|field| field.parse::<f64>().ok());
    times.sum::<f64>() / TICKS
}
