//! How many requests may come: a bucket of tokens for each key, and one for each client address, in this process.
//!
//! It protects the seconds; prices divide the hours. Each process counts for itself, and the deployed API has
//! a limit for all of it besides.

use std::collections::HashMap;
use std::hash::Hash;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use model::time::Timestamp;

/// The most buckets that are remembered. Past it those that are full are forgotten, as a new one is full, too; and
/// if that does not suffice, all are, which only lets more pass.
const BUCKETS_MAX: usize = 100_000;

/// A token, in parts that refill in whole milliseconds.
const TOKEN: u64 = 1_000;

/// The most requests that a rate may name.
const REQUESTS_MAX: u32 = 1_000_000;

/// How many requests may come of one sender.
///
/// ```
/// use api_gateway::RequestRate;
///
/// let rate: RequestRate = "50,100".parse()?;
/// assert_eq!(rate, RequestRate { per_second: 50, burst: 100 });
/// assert!("50,0".parse::<RequestRate>().is_err());
/// # Ok::<(), api_gateway::RequestRateError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRate {
    /// In each second, in the long run.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

/// The text says no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no rate: take requests a second and at once, from 1 to {REQUESTS_MAX}, such as 50,100"
)]
pub struct RequestRateError(String);

impl FromStr for RequestRate {
    type Err = RequestRateError;

    fn from_str(text: &str) -> Result<RequestRate, RequestRateError> {
        let number = |part: &str| {
            part.trim().parse().ok().filter(|requests| (1..=REQUESTS_MAX).contains(requests))
        };
        let parts = text.split_once(',');
        let rate = parts.and_then(|(per_second, burst)| {
            Some(RequestRate { per_second: number(per_second)?, burst: number(burst)? })
        });
        rate.ok_or_else(|| RequestRateError(text.to_owned()))
    }
}

/// How many requests a gateway takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// Of a key at once; none is unlimited.
    pub burst: Option<u32>,
    /// Of a key in each second, in the long run.
    pub per_second: u32,
    /// Of a client address, with and without keys; none is unlimited. What comes from this machine itself is not
    /// limited.
    pub address: Option<RequestRate>,
    /// Whether answers that cost nothing are bounded by day.
    pub are_free_answers_bounded: bool,
    /// How many requests of a key may wait for events in this process; a stream of events is one.
    pub waiting_max: u32,
    /// Whether answers may be sent bit by bit, as a stream of events is.
    pub are_streams_sent: bool,
}

impl RequestLimits {
    /// Those of a public API whose answers are sent whole.
    pub const PUBLIC: RequestLimits = RequestLimits {
        burst: Some(100),
        per_second: 50,
        address: Some(RequestRate { per_second: 50, burst: 100 }),
        are_free_answers_bounded: true,
        waiting_max: 10,
        are_streams_sent: false,
    };

    /// None: for a client in this process.
    pub const NONE: RequestLimits = RequestLimits {
        burst: None,
        per_second: 0,
        address: None,
        are_free_answers_bounded: false,
        waiting_max: u32::MAX,
        are_streams_sent: true,
    };

    /// What a key may send.
    pub(crate) fn of_key(&self) -> Option<RequestRate> {
        self.burst.map(|burst| RequestRate { per_second: self.per_second, burst })
    }
}

/// Where a sender stands after a request.
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

/// The buckets of all senders.
pub(crate) struct RateLimiter<K> {
    rate: Option<RequestRate>,
    buckets: Mutex<HashMap<K, TokenBucket>>,
}

struct TokenBucket {
    /// In parts of a token.
    parts: u64,
    at_ms: i64,
}

impl TokenBucket {
    fn refill(&mut self, rate: RequestRate, now_ms: i64) {
        // A clock that went back adds nothing.
        let passed_ms = u64::try_from(now_ms - self.at_ms).unwrap_or(0);
        // A token is 1,000 parts, so the rate in a second is the parts in a millisecond.
        let more = passed_ms.saturating_mul(u64::from(rate.per_second.max(1)));
        self.parts = self.parts.saturating_add(more).min(most(rate));
        self.at_ms = self.at_ms.max(now_ms);
    }
}

fn most(rate: RequestRate) -> u64 {
    u64::from(rate.burst) * TOKEN
}

impl<K: Eq + Hash> RateLimiter<K> {
    /// Full buckets; without a rate nothing is limited.
    pub(crate) fn new(rate: Option<RequestRate>) -> RateLimiter<K> {
        RateLimiter { rate, buckets: Mutex::default() }
    }

    /// Takes a token; `None` where nothing is limited.
    pub(crate) fn take(&self, sender: K, now: Timestamp) -> Option<RateState> {
        let rate = self.rate?;
        let now_ms = now.as_millisecond();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(&sender) {
            make_room(&mut buckets, rate, now_ms);
        }
        let full = TokenBucket { parts: most(rate), at_ms: now_ms };
        let bucket = buckets.entry(sender).or_insert(full);
        bucket.refill(rate, now_ms);
        let passes = bucket.parts >= TOKEN;
        if passes {
            bucket.parts -= TOKEN;
        }
        let goal = if bucket.parts >= TOKEN { most(rate) } else { TOKEN };
        Some(RateState {
            passes,
            burst: rate.burst,
            window_seconds: seconds(most(rate), rate),
            left: u32::try_from(bucket.parts / TOKEN).unwrap_or(u32::MAX),
            wait_seconds: seconds(goal - bucket.parts, rate),
        })
    }
}

fn make_room<K: Eq + Hash>(buckets: &mut HashMap<K, TokenBucket>, rate: RequestRate, now_ms: i64) {
    buckets.retain(|_, bucket| {
        bucket.refill(rate, now_ms);
        bucket.parts < most(rate)
    });
    if buckets.len() >= BUCKETS_MAX {
        buckets.clear();
    }
}

/// How long this many parts take, rounded up.
fn seconds(parts: u64, rate: RequestRate) -> u32 {
    let in_a_second = u64::from(rate.per_second.max(1)) * TOKEN;
    u32::try_from(parts.div_ceil(in_a_second)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn limiter(burst: u32, per_second: u32) -> RateLimiter<u64> {
        RateLimiter::new(Some(RequestRate { per_second, burst }))
    }

    #[test]
    fn a_bucket_empties_and_refills_at_its_rate() {
        let limiter = limiter(3, 2);
        let passes = |ms| limiter.take(1, at(ms)).unwrap().passes;
        assert_eq!([passes(0), passes(0), passes(0), passes(0)], [true, true, true, false]);
        assert_eq!((passes(499), passes(500), passes(500)), (false, true, false));
        assert!(limiter.take(2, at(0)).unwrap().passes, "another sender has its own");
        assert!((0..3).all(|_| passes(100_000)), "and is never more than full");
        assert!(!passes(100_000) && !passes(0), "a clock that goes back gives nothing");
    }

    #[test]
    fn a_sender_hears_what_is_left_and_when_there_is_more() {
        let limiter = limiter(2, 1);
        let first = limiter.take(1, at(0)).unwrap();
        assert_eq!((first.burst, first.window_seconds), (2, 2));
        assert_eq!((first.left, first.wait_seconds), (1, 1));
        let second = limiter.take(1, at(0)).unwrap();
        assert_eq!((second.left, second.wait_seconds), (0, 1));
        let refused = limiter.take(1, at(0)).unwrap();
        assert_eq!((refused.passes, refused.wait_seconds), (false, 1));
        assert_eq!(RateLimiter::new(None).take(1, at(0)), None);
    }

    #[test]
    fn buckets_are_bounded_and_those_that_are_not_full_stay() {
        let limiter = limiter(2, 1);
        let take = |sender: usize, ms| limiter.take(sender as u64, at(ms)).unwrap();
        for sender in 0..BUCKETS_MAX {
            take(sender, 0);
        }
        take(0, 1_500);
        take(0, 1_500);
        assert!(!take(0, 1_500).passes);
        // The others are full by now, and forgotten; this one is not.
        take(BUCKETS_MAX, 1_500);
        assert_eq!(limiter.buckets.lock().unwrap().len(), 2);
        assert!(!take(0, 1_500).passes);
        // Where none is full there is room for new ones, too.
        for sender in 1..=2 * BUCKETS_MAX {
            take(sender, 1_500);
            assert!(limiter.buckets.lock().unwrap().len() <= BUCKETS_MAX);
        }
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for wrong in ["", "50", "0,1", "1,0", "a,b", "1,2,3", "1000001,1", "-1,1"] {
            assert!(wrong.parse::<RequestRate>().is_err(), "{wrong}");
        }
        assert_eq!(" 1 , 2 ".parse(), Ok(RequestRate { per_second: 1, burst: 2 }));
    }
}
