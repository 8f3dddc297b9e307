//! How many requests a key may send: a bucket of tokens for each, in this process.
//!
//! It protects the seconds; prices divide the hours. Each process counts for itself, and the deployed API has
//! a limit for all of it besides.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use model::KeyId;
use model::time::Timestamp;

/// The most keys that are remembered; past it all are forgotten, which only lets more pass.
const KEYS_MAX: usize = 100_000;

/// A token, in parts that refill in whole milliseconds.
const TOKEN: u64 = 1_000;

/// How many requests a key may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// At once; none is unlimited.
    pub burst: Option<u32>,
    /// In each second, in the long run.
    pub per_second: u32,
    /// Whether answers that cost nothing are bounded by day.
    pub are_free_answers_bounded: bool,
}

impl RequestLimits {
    /// Those of a public API.
    pub const PUBLIC: RequestLimits =
        RequestLimits { burst: Some(100), per_second: 50, are_free_answers_bounded: true };

    /// None: for a client in this process.
    pub const NONE: RequestLimits =
        RequestLimits { burst: None, per_second: 0, are_free_answers_bounded: false };
}

/// Where a key stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateState {
    /// Whether the request may pass.
    pub(crate) passes: bool,
    /// Requests at once.
    pub(crate) burst: u32,
    /// How long an empty bucket takes to be full, in seconds.
    pub(crate) window_seconds: u32,
    /// Requests that may follow at once.
    pub(crate) left: u32,
    /// Until the next token, or until the bucket is full where there are some: in seconds.
    pub(crate) wait_seconds: u32,
}

/// The buckets of all keys.
pub(crate) struct KeyLimiter {
    limits: RequestLimits,
    buckets: Mutex<HashMap<KeyId, TokenBucket>>,
}

struct TokenBucket {
    /// In parts of a token.
    parts: u64,
    at_ms: i64,
}

impl KeyLimiter {
    /// Full buckets.
    pub(crate) fn new(limits: RequestLimits) -> KeyLimiter {
        KeyLimiter { limits, buckets: Mutex::default() }
    }

    /// Takes a token; `None` where nothing is limited.
    pub(crate) fn take(&self, key: KeyId, now: Timestamp) -> Option<RateState> {
        let burst = self.limits.burst?;
        let (most, rate) = (u64::from(burst) * TOKEN, u64::from(self.limits.per_second.max(1)));
        let now_ms = now.as_millisecond();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= KEYS_MAX {
            buckets.clear();
        }
        let bucket = buckets.entry(key).or_insert(TokenBucket { parts: most, at_ms: now_ms });
        // A clock that went back adds nothing.
        let passed_ms = u64::try_from(now_ms - bucket.at_ms).unwrap_or(0);
        // A token is 1,000 parts, so the rate in a second is the parts in a millisecond.
        bucket.parts = bucket.parts.saturating_add(passed_ms.saturating_mul(rate)).min(most);
        bucket.at_ms = bucket.at_ms.max(now_ms);
        let passes = bucket.parts >= TOKEN;
        if passes {
            bucket.parts -= TOKEN;
        }
        let goal = if bucket.parts >= TOKEN { most } else { TOKEN };
        Some(RateState {
            passes,
            burst,
            window_seconds: seconds(most, rate),
            left: u32::try_from(bucket.parts / TOKEN).unwrap_or(u32::MAX),
            wait_seconds: seconds(goal - bucket.parts, rate),
        })
    }
}

/// How long this many parts take, rounded up.
fn seconds(parts: u64, rate: u64) -> u32 {
    u32::try_from(parts.div_ceil(rate * TOKEN)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn limiter(burst: u32, per_second: u32) -> KeyLimiter {
        KeyLimiter::new(RequestLimits { burst: Some(burst), per_second, ..RequestLimits::PUBLIC })
    }

    #[test]
    fn a_bucket_empties_and_refills_at_its_rate() {
        let (limiter, key) = (limiter(3, 2), KeyId::new(1));
        let passes = |ms| limiter.take(key, at(ms)).unwrap().passes;
        assert_eq!([passes(0), passes(0), passes(0), passes(0)], [true, true, true, false]);
        assert_eq!((passes(499), passes(500), passes(500)), (false, true, false));
        assert!(limiter.take(KeyId::new(2), at(0)).unwrap().passes, "another key has its own");
        assert!((0..3).all(|_| passes(100_000)), "and is never more than full");
        assert!(!passes(100_000) && !passes(0), "a clock that goes back gives nothing");
    }

    #[test]
    fn a_key_is_told_what_is_left_and_when_there_is_more() {
        let (limiter, key) = (limiter(2, 1), KeyId::new(1));
        let first = limiter.take(key, at(0)).unwrap();
        assert_eq!((first.burst, first.window_seconds), (2, 2));
        assert_eq!((first.left, first.wait_seconds), (1, 1));
        let second = limiter.take(key, at(0)).unwrap();
        assert_eq!((second.left, second.wait_seconds), (0, 1));
        let refused = limiter.take(key, at(0)).unwrap();
        assert_eq!((refused.passes, refused.wait_seconds), (false, 1));
        assert_eq!(KeyLimiter::new(RequestLimits::NONE).take(key, at(0)), None);
    }
}
