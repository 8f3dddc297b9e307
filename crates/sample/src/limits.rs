//! Rate limits: fixed windows per host, counted, announced and enforced.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The requests of a window. Windows begin at whole multiples of their length since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowLimit {
    /// Requests per window.
    pub requests: u32,
    /// The window's length in milliseconds.
    pub window_ms: u64,
}

impl Default for WindowLimit {
    /// 2,000 requests a second.
    fn default() -> WindowLimit {
        WindowLimit { requests: 2_000, window_ms: 1_000 }
    }
}

/// The counts of a host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostStats {
    /// Requests, refused ones included.
    pub requests: u64,
    /// Requests over the limit, answered with 429.
    pub refused: u64,
    /// Windows with at least one request.
    pub windows: u64,
    /// Windows with more requests than announced.
    pub windows_over_limit: u64,
    /// The most requests in one window.
    pub window_requests_max: u32,
}

/// How one request counts against its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WindowPass {
    pub(crate) limit: WindowLimit,
    pub(crate) remaining: u32,
    /// When the window ends, in unix milliseconds.
    pub(crate) reset_ms: u64,
    pub(crate) allowed: bool,
}

#[derive(Debug)]
struct HostWindow {
    limit: WindowLimit,
    window: u64,
    count: u32,
    stats: HostStats,
}

impl HostWindow {
    fn enter(&mut self, now_ms: u64) -> WindowPass {
        let window = now_ms / self.limit.window_ms.max(1);
        if window > self.window || self.stats.windows == 0 {
            self.window = window;
            self.count = 0;
            self.stats.windows += 1;
        }
        self.count += 1;
        let over = self.count > self.limit.requests;
        self.stats.requests += 1;
        self.stats.refused += u64::from(over);
        self.stats.windows_over_limit += u64::from(self.count == self.limit.requests + 1);
        self.stats.window_requests_max = self.stats.window_requests_max.max(self.count);
        WindowPass {
            limit: self.limit,
            remaining: self.limit.requests.saturating_sub(self.count),
            reset_ms: (self.window + 1) * self.limit.window_ms,
            allowed: !over,
        }
    }
}

/// The windows of every host. Unknown hosts share one.
#[derive(Debug)]
pub(crate) struct WindowLimiter {
    gauges: BTreeMap<String, Mutex<HostWindow>>,
    others: Mutex<HostWindow>,
}

impl WindowLimiter {
    /// Windows for these hosts, each with its own limit or the default one.
    pub(crate) fn new<'h>(
        hosts: impl Iterator<Item = &'h str>,
        usual: WindowLimit,
        special: &BTreeMap<String, WindowLimit>,
    ) -> WindowLimiter {
        let gauge = |limit| {
            Mutex::new(HostWindow { limit, window: 0, count: 0, stats: HostStats::default() })
        };
        let limit = |host: &str| special.get(host).copied().unwrap_or(usual);
        WindowLimiter {
            gauges: hosts.map(|host| (host.to_owned(), gauge(limit(host)))).collect(),
            others: gauge(usual),
        }
    }

    /// Counts a request and returns whether the host accepts it.
    pub(crate) fn enter(&self, host: &str, now_ms: u64) -> WindowPass {
        lock(self.gauges.get(host).unwrap_or(&self.others)).enter(now_ms)
    }

    /// The counts of each host.
    pub(crate) fn stats(&self) -> BTreeMap<String, HostStats> {
        let stats =
            |(host, gauge): (&String, &Mutex<HostWindow>)| (host.clone(), lock(gauge).stats);
        self.gauges.iter().map(stats).collect()
    }
}

/// A lock whose holder panicked still guards whole numbers.
fn lock(gauge: &Mutex<HostWindow>) -> MutexGuard<'_, HostWindow> {
    gauge.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> WindowLimiter {
        let special =
            BTreeMap::from([("b".to_owned(), WindowLimit { requests: 1, window_ms: 500 })]);
        let usual = WindowLimit { requests: 2, window_ms: 1_000 };
        WindowLimiter::new(["a", "b"].into_iter(), usual, &special)
    }

    #[test]
    fn a_window_accepts_its_limit_and_no_more() {
        let limiter = limiter();
        let first = limiter.enter("a", 10_400);
        assert_eq!((first.allowed, first.remaining, first.reset_ms), (true, 1, 11_000));
        assert!(limiter.enter("a", 10_500).allowed);
        assert!(!limiter.enter("a", 10_600).allowed);
        assert!(!limiter.enter("a", 10_700).allowed);
        assert!(limiter.enter("a", 11_000).allowed);
        let stats = limiter.stats()["a"];
        assert_eq!((stats.requests, stats.refused, stats.windows), (5, 2, 2));
        assert_eq!((stats.windows_over_limit, stats.window_requests_max), (1, 4));
    }

    #[test]
    fn hosts_do_not_share_windows() {
        let limiter = limiter();
        assert!(limiter.enter("b", 100).allowed && !limiter.enter("b", 200).allowed);
        assert!(limiter.enter("a", 200).allowed);
        assert!(limiter.enter("b", 500).allowed);
    }
}
