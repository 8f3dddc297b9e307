//! Which request meets which fault: decided by seed, URL and how often the URL was asked for, so
//! that one crawl meets the same faults each time, and no URL fails for ever.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::random::{fraction, mix_bytes, mix_pair};

/// How a 429 says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
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
pub enum Fault {
    /// 429, although the window had room.
    TooMany(Dialect),
    /// 500, 502, 503 or 504, by URL.
    ServerError,
    /// No answer for [`Faults::hang`], then 504.
    Hang,
    /// A body cut in half, under a Content-Length that fits it.
    Truncated,
    /// A body with bytes that are no UTF-8.
    InvalidUtf8,
    /// A page whose next cursor is the one it was asked with.
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

impl Fault {
    /// Every fault.
    pub const ALL: [Fault; 15] = [
        Fault::TooMany(Dialect::UnixSeconds),
        Fault::TooMany(Dialect::IsoTime),
        Fault::TooMany(Dialect::SecondsLeft),
        Fault::TooMany(Dialect::RetryAfterSeconds),
        Fault::TooMany(Dialect::RetryAfterDate),
        Fault::ServerError,
        Fault::Hang,
        Fault::Truncated,
        Fault::InvalidUtf8,
        Fault::CursorLoop,
        Fault::Redirect,
        Fault::PrivateRedirect,
        Fault::Endless,
        Fault::GzipBomb,
        Fault::Drip,
    ];

    /// The name under which it is counted.
    pub const fn slug(self) -> &'static str {
        match self {
            Fault::TooMany(Dialect::UnixSeconds) => "429-unix-seconds",
            Fault::TooMany(Dialect::IsoTime) => "429-iso-time",
            Fault::TooMany(Dialect::SecondsLeft) => "429-seconds-left",
            Fault::TooMany(Dialect::RetryAfterSeconds) => "429-retry-after-seconds",
            Fault::TooMany(Dialect::RetryAfterDate) => "429-retry-after-date",
            Fault::ServerError => "server-error",
            Fault::Hang => "hang",
            Fault::Truncated => "truncated",
            Fault::InvalidUtf8 => "invalid-utf8",
            Fault::CursorLoop => "cursor-loop",
            Fault::Redirect => "redirect",
            Fault::PrivateRedirect => "private-redirect",
            Fault::Endless => "endless",
            Fault::GzipBomb => "gzip-bomb",
            Fault::Drip => "drip",
        }
    }
}

/// Which faults happen, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    /// Another seed, other requests.
    pub seed: u64,
    /// The share of requests that each fault befalls; at most 1 together.
    pub rates: Vec<(Fault, f64)>,
    /// How many times in a row one URL may fail.
    pub consecutive_max: u32,
    /// Spares requests whose URL (host, path and query) does not contain this.
    pub only_urls_with: Option<String>,
    /// How long a hanging request hangs.
    pub hang: Duration,
    /// What a 429 asks to wait, in seconds.
    pub wait_seconds: u64,
    /// The pause between two bytes of a dripping body.
    pub drip: Duration,
}

impl Default for Faults {
    /// None.
    fn default() -> Faults {
        Faults {
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

impl Faults {
    /// One fault at this rate.
    pub fn only(fault: Fault, rate: f64) -> Faults {
        Faults::default().and(fault, rate)
    }

    /// One more fault at this rate.
    #[must_use]
    pub fn and(mut self, fault: Fault, rate: f64) -> Faults {
        self.rates.push((fault, rate));
        self
    }

    /// 429s in every dialect, at this rate together.
    pub fn too_many(rate: f64) -> Faults {
        let dialects = Fault::ALL.into_iter().filter(|f| matches!(f, Fault::TooMany(_)));
        dialects.fold(Faults::default(), |faults, fault| faults.and(fault, rate / 5.0))
    }
}

/// How often a URL was asked for, and how often in a row it has failed by now.
#[derive(Debug, Clone, Copy, Default)]
struct History {
    asked: u32,
    failed: u32,
}

/// No more URLs than this are remembered; a stranger's flood starts the memory anew.
const URLS_MAX: usize = 2_000_000;

/// The faults as they are dealt out.
#[derive(Debug)]
pub(crate) struct FaultPlan {
    pub(crate) faults: Faults,
    urls: Mutex<HashMap<u64, History>>,
}

impl FaultPlan {
    pub(crate) fn new(faults: Faults) -> FaultPlan {
        FaultPlan { faults, urls: Mutex::new(HashMap::new()) }
    }

    /// The fault that befalls the next request for a URL.
    pub(crate) fn draw(&self, host: &str, path_and_query: &str) -> Option<Fault> {
        if self.faults.rates.is_empty() || self.spares(host, path_and_query) {
            return None;
        }
        let url = mix_pair(mix_bytes(host.as_bytes()), mix_bytes(path_and_query.as_bytes()));
        let mut urls = self.urls.lock().unwrap_or_else(PoisonError::into_inner);
        if urls.len() >= URLS_MAX {
            urls.clear();
        }
        let history = urls.entry(url).or_default();
        let x = fraction(mix_pair(mix_pair(self.faults.seed, url), history.asked.into()));
        history.asked += 1;
        let fault = self.at(x).filter(|_| history.failed < self.faults.consecutive_max);
        history.failed = if fault.is_some() { history.failed + 1 } else { 0 };
        fault
    }

    fn spares(&self, host: &str, path_and_query: &str) -> bool {
        let part = self.faults.only_urls_with.as_deref();
        part.is_some_and(|part| !host.contains(part) && !path_and_query.contains(part))
    }

    fn at(&self, x: f64) -> Option<Fault> {
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

    fn drawn(faults: Faults, url: &str, times: usize) -> Vec<Option<Fault>> {
        let plan = FaultPlan::new(faults);
        (0..times).map(|_| plan.draw("h", url)).collect()
    }

    #[test]
    fn no_url_fails_for_ever() {
        let drawn = drawn(Faults::only(Fault::Truncated, 1.0), "/a", 6);
        let t = Some(Fault::Truncated);
        assert_eq!(drawn, [t, t, None, t, t, None]);
    }

    #[test]
    fn faults_come_at_their_rate_and_the_same_each_time() {
        let deal = || {
            let plan = FaultPlan::new(Faults::too_many(0.1));
            (0..20_000).map(|n| plan.draw("h", &format!("/{n}"))).collect::<Vec<_>>()
        };
        let once = deal();
        let failed = once.iter().flatten().count();
        assert!((1_800..2_200).contains(&failed), "{failed}");
        assert_eq!(once, deal());
    }

    #[test]
    fn only_the_urls_named_fail() {
        let named = Faults { only_urls_with: Some("bad".into()), ..Faults::only(Fault::Hang, 1.0) };
        assert_eq!(drawn(named.clone(), "/good", 1), [None]);
        assert_eq!(drawn(named, "/bad?x=1", 1), [Some(Fault::Hang)]);
    }
}
