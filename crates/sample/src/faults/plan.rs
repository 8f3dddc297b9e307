//! Which request gets which fault: chosen by seed, URL and how often the URL was requested, so that
//! one crawl gets the same faults each time, and no URL fails for ever.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::random::{fraction, mix_bytes, mix_pair};

/// How a 429 announces the time of the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RateLimitDialect {
    /// `RateLimit-Reset: 1795386475`.
    UnixSeconds,
    /// `X-RateLimit-Reset: 2026-11-01T00:00:00.000Z`.
    IsoTime,
    /// `X-RateLimit-Reset: 1`.
    SecondsLeft,
    /// `Retry-After: 1`.
    RetryAfterSeconds,
    /// `Retry-After: Sun, 01 Nov 2026 00:00:00 GMT`.
    RetryAfterDate,
}

/// One thing that can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InjectedFault {
    /// 429, although the window had room.
    TooMany(RateLimitDialect),
    /// 500, 502, 503 or 504, by URL.
    ServerError,
    /// No answer for [`FaultSettings::hang`], then 504.
    Hang,
    /// A body cut in half, under a Content-Length that fits it.
    Truncated,
    /// A body with bytes that are no UTF-8.
    InvalidUtf8,
    /// A page whose next cursor is the cursor of the request.
    CursorLoop,
    /// 302, 307 or 308, by URL, to the same thing at another address of the same host, which then
    /// answers.
    Redirect,
    /// 302 to an address in a private network.
    PrivateRedirect,
    /// 5 GB of white space.
    Endless,
    /// 1 GiB of white space, gzipped to 7 MB.
    GzipBomb,
    /// The right body, a byte at a time.
    Drip,
}

impl InjectedFault {
    /// Every fault.
    pub const ALL: [InjectedFault; 15] = [
        InjectedFault::TooMany(RateLimitDialect::UnixSeconds),
        InjectedFault::TooMany(RateLimitDialect::IsoTime),
        InjectedFault::TooMany(RateLimitDialect::SecondsLeft),
        InjectedFault::TooMany(RateLimitDialect::RetryAfterSeconds),
        InjectedFault::TooMany(RateLimitDialect::RetryAfterDate),
        InjectedFault::ServerError,
        InjectedFault::Hang,
        InjectedFault::Truncated,
        InjectedFault::InvalidUtf8,
        InjectedFault::CursorLoop,
        InjectedFault::Redirect,
        InjectedFault::PrivateRedirect,
        InjectedFault::Endless,
        InjectedFault::GzipBomb,
        InjectedFault::Drip,
    ];

    /// The name under which it is counted.
    pub const fn slug(self) -> &'static str {
        match self {
            InjectedFault::TooMany(RateLimitDialect::UnixSeconds) => "429-unix-seconds",
            InjectedFault::TooMany(RateLimitDialect::IsoTime) => "429-iso-time",
            InjectedFault::TooMany(RateLimitDialect::SecondsLeft) => "429-seconds-left",
            InjectedFault::TooMany(RateLimitDialect::RetryAfterSeconds) => {
                "429-retry-after-seconds"
            }
            InjectedFault::TooMany(RateLimitDialect::RetryAfterDate) => "429-retry-after-date",
            InjectedFault::ServerError => "server-error",
            InjectedFault::Hang => "hang",
            InjectedFault::Truncated => "truncated",
            InjectedFault::InvalidUtf8 => "invalid-utf8",
            InjectedFault::CursorLoop => "cursor-loop",
            InjectedFault::Redirect => "redirect",
            InjectedFault::PrivateRedirect => "private-redirect",
            InjectedFault::Endless => "endless",
            InjectedFault::GzipBomb => "gzip-bomb",
            InjectedFault::Drip => "drip",
        }
    }
}

/// Which faults happen, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultSettings {
    /// Another seed, other requests.
    pub seed: u64,
    /// The share of requests with each fault; at most 1 together.
    pub rates: Vec<(InjectedFault, f64)>,
    /// How many times in a row one URL may fail.
    pub consecutive_max: u32,
    /// If set, only requests whose URL (host, path and query) contains this have faults.
    pub only_urls_with: Option<String>,
    /// How long a hanging request hangs.
    pub hang: Duration,
    /// The wait that a 429 announces, in seconds.
    pub wait_seconds: u64,
    /// The pause between two bytes of a dripping body.
    pub drip: Duration,
}

impl Default for FaultSettings {
    /// None.
    fn default() -> FaultSettings {
        FaultSettings {
            seed: 1,
            rates: Vec::new(),
            consecutive_max: 2,
            only_urls_with: None,
            hang: Duration::from_secs(60),
            wait_seconds: 1,
            drip: Duration::from_millis(100),
        }
    }
}

impl FaultSettings {
    /// One fault at this rate.
    pub fn only(fault: InjectedFault, rate: f64) -> FaultSettings {
        FaultSettings::default().and(fault, rate)
    }

    /// One more fault at this rate.
    #[must_use]
    pub fn and(mut self, fault: InjectedFault, rate: f64) -> FaultSettings {
        self.rates.push((fault, rate));
        self
    }

    /// 429s in every dialect, at this rate together.
    pub fn too_many(rate: f64) -> FaultSettings {
        let dialects =
            InjectedFault::ALL.into_iter().filter(|f| matches!(f, InjectedFault::TooMany(_)));
        dialects.fold(FaultSettings::default(), |faults, fault| faults.and(fault, rate / 5.0))
    }
}

/// How often a URL was requested, and how often in a row it has failed.
#[derive(Debug, Clone, Copy, Default)]
struct UrlHistory {
    requests: u32,
    failed: u32,
}

/// The most URLs that are remembered; then the history starts again.
const URLS_MAX: usize = 2_000_000;

/// Chooses the fault of each request.
#[derive(Debug)]
pub(crate) struct FaultPlan {
    pub(crate) faults: FaultSettings,
    urls: Mutex<HashMap<u64, UrlHistory>>,
}

impl FaultPlan {
    pub(crate) fn new(faults: FaultSettings) -> FaultPlan {
        FaultPlan { faults, urls: Mutex::new(HashMap::new()) }
    }

    /// The fault of the next request for a URL.
    pub(crate) fn draw(&self, host: &str, path_and_query: &str) -> Option<InjectedFault> {
        if self.faults.rates.is_empty() || self.spares(host, path_and_query) {
            return None;
        }
        let url = mix_pair(mix_bytes(host.as_bytes()), mix_bytes(path_and_query.as_bytes()));
        let mut urls = self.urls.lock().unwrap_or_else(PoisonError::into_inner);
        if urls.len() >= URLS_MAX {
            urls.clear();
        }
        let history = urls.entry(url).or_default();
        let x = fraction(mix_pair(mix_pair(self.faults.seed, url), history.requests.into()));
        history.requests += 1;
        let fault = self.at(x).filter(|_| history.failed < self.faults.consecutive_max);
        history.failed = if fault.is_some() { history.failed + 1 } else { 0 };
        fault
    }

    fn spares(&self, host: &str, path_and_query: &str) -> bool {
        let part = self.faults.only_urls_with.as_deref();
        part.is_some_and(|part| !host.contains(part) && !path_and_query.contains(part))
    }

    fn at(&self, x: f64) -> Option<InjectedFault> {
        let mut sum = 0.0;
        for &(fault, rate) in &self.faults.rates {
            sum += rate;
            if x < sum {
                return Some(fault);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(faults: FaultSettings, url: &str, times: usize) -> Vec<Option<InjectedFault>> {
        let plan = FaultPlan::new(faults);
        (0..times).map(|_| plan.draw("h", url)).collect()
    }

    #[test]
    fn no_url_fails_for_ever() {
        let drawn = drawn(FaultSettings::only(InjectedFault::Truncated, 1.0), "/a", 6);
        let t = Some(InjectedFault::Truncated);
        assert_eq!(drawn, [t, t, None, t, t, None]);
    }

    #[test]
    fn faults_come_at_their_rate_and_the_same_each_time() {
        let deal = || {
            let plan = FaultPlan::new(FaultSettings::too_many(0.1));
            (0..20_000).map(|n| plan.draw("h", &format!("/{n}"))).collect::<Vec<_>>()
        };
        let once = deal();
        let failed = once.iter().flatten().count();
        assert!((1_800..2_200).contains(&failed), "{failed}");
        assert_eq!(once, deal());
    }

    #[test]
    fn only_the_urls_named_fail() {
        let named = FaultSettings {
            only_urls_with: Some("bad".into()),
            ..FaultSettings::only(InjectedFault::Hang, 1.0)
        };
        assert_eq!(drawn(named.clone(), "/good", 1), [None]);
        assert_eq!(drawn(named, "/bad?x=1", 1), [Some(InjectedFault::Hang)]);
    }
}
