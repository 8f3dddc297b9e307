//! Host budgets: how many requests a host may be sent, and the leases of tokens that are taken from it.
//!
//! A host announces `limit` requests per `window`. It is unknown when its windows begin, so a budget
//! keeps the limit in *every* interval of that length. It is a token bucket with burst `b = limit / 4`,
//! refilled at rate `r`. A lease is valid for at most `L = min(window / 4, 30 s)`, and a token is spent
//! only while its lease is valid. So in any interval of length `window` at most the tokens issued in
//! `window + L` are spent, which are `b + r · (window + L)`. With `r = (limit − b) / (window + L)` the
//! limit holds, however leases are shared or delayed.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What a host allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostLimit {
    /// Requests in one window; at least 1.
    pub requests: u32,
    /// The window's length in milliseconds; at least 1.
    pub window_ms: u32,
}

/// Permission to send up to `tokens` requests to one host until `expires`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenLease {
    /// Requests that may still be sent.
    pub tokens: u32,
    /// After this the tokens are void; they are not returned.
    pub expires: Timestamp,
}

/// The token bucket of one host, as it is stored.
///
/// ```
/// use model::budget::{HostBudget, HostLimit};
/// use model::time::Timestamp;
///
/// let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
/// let limit = HostLimit { requests: 300, window_ms: 300_000 };
/// let granted = HostBudget::new(limit, now).take(50, now);
/// assert_eq!(granted.lease.unwrap().tokens, 50);
/// // A quarter of the limit is there at once; the rest comes as time passes.
/// let granted = granted.rest.take(50, now);
/// assert_eq!(granted.lease.unwrap().tokens, 25);
/// assert_eq!(granted.rest.take(1, now).lease, None);
/// assert_eq!(granted.rest.wait_ms(now), 1_467);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HostBudget {
    /// The limit in force: the manifest's, or what the host announced.
    pub limit: HostLimit,
    /// Tokens in the bucket at `at`.
    pub tokens: f64,
    /// The time of `tokens`.
    pub at: Timestamp,
    /// No token is leased before this: the host requested a pause.
    pub not_before: Timestamp,
}

/// What [`HostBudget::take`] returns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenGrant {
    /// The lease; `None` if there was no whole token.
    pub lease: Option<TokenLease>,
    /// The bucket after it.
    pub rest: HostBudget,
}

/// The longest validity of a lease, in milliseconds.
const LEASE_MS_MAX: u32 = 30_000;

impl HostLimit {
    /// The most tokens that the bucket holds: at least 1, so that a limit of 1 is usable.
    pub fn burst(self) -> f64 {
        (f64::from(self.requests) / 4.0).floor().max(1.0)
    }

    /// The validity of a lease of this limit, in milliseconds.
    pub fn lease_ms(self) -> u32 {
        (self.window_ms / 4).clamp(1, LEASE_MS_MAX)
    }

    /// Tokens that flow into the bucket each millisecond.
    pub fn refill_per_ms(self) -> f64 {
        let spare = (f64::from(self.requests) - self.burst()).max(0.0);
        let slow = f64::from(self.requests) / 16.0;
        spare.max(slow) / f64::from(self.window_ms + self.lease_ms())
    }
}

impl HostBudget {
    /// A full bucket.
    pub fn new(limit: HostLimit, now: Timestamp) -> HostBudget {
        HostBudget { limit, tokens: limit.burst(), at: now, not_before: Timestamp::UNIX_EPOCH }
    }

    /// Takes up to `wanted` whole tokens at `now`. Without a lease, [`HostBudget::wait_ms`] is the time
    /// to wait.
    pub fn take(self, wanted: u32, now: Timestamp) -> TokenGrant {
        let filled = self.refilled(now);
        let whole = filled.tokens.floor().min(f64::from(wanted));
        if whole < 1.0 || now < self.not_before {
            return TokenGrant { lease: None, rest: filled };
        }
        let expires = now + jiff::SignedDuration::from_millis(i64::from(self.limit.lease_ms()));
        let lease = TokenLease { tokens: whole as u32, expires };
        let rest = HostBudget { tokens: filled.tokens - whole, ..filled };
        TokenGrant { lease: Some(lease), rest }
    }

    /// Milliseconds until there is a whole token again; 0 if there is one at `now`.
    pub fn wait_ms(self, now: Timestamp) -> u64 {
        let missing = (1.0 - self.refilled(now).tokens).max(0.0);
        let refill = (missing / self.limit.refill_per_ms()).ceil() as u64;
        let pause = self.not_before.as_millisecond() - now.as_millisecond();
        refill.max(u64::try_from(pause).unwrap_or(0))
    }

    /// The bucket under a limit that the host announced; tokens above the new burst are lost.
    pub fn with_limit(self, limit: HostLimit, now: Timestamp) -> HostBudget {
        let filled = self.refilled(now);
        HostBudget { limit, tokens: filled.tokens.min(limit.burst()), ..filled }
    }

    /// The bucket after the host requested a pause until `until`: empty and closed until then.
    pub fn paused(self, until: Timestamp, now: Timestamp) -> HostBudget {
        let filled = self.refilled(now);
        HostBudget { tokens: 0.0, not_before: self.not_before.max(until), ..filled }
    }

    fn refilled(self, now: Timestamp) -> HostBudget {
        let passed = (now.as_millisecond() - self.at.as_millisecond()).max(0) as f64;
        let tokens = self.tokens + passed * self.limit.refill_per_ms();
        HostBudget { tokens: tokens.min(self.limit.burst()), at: self.at.max(now), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + ms).unwrap()
    }

    proptest! {
        /// Every lease is spent at the worst moment, its last millisecond, or at once; no window
        /// may see more than the limit.
        #[test]
        fn no_window_ever_exceeds_the_limit(
            requests in 4u32..500,
            window_ms in 40u32..5_000,
            asks in proptest::collection::vec((0i64..400, 1u32..200, any::<bool>()), 1..120),
        ) {
            let limit = HostLimit { requests, window_ms };
            let mut budget = HostBudget::new(limit, at(0));
            let (mut now, mut spent) = (0i64, Vec::new());
            for (pause, wanted, late) in asks {
                now += pause;
                let TokenGrant { lease, rest } = budget.take(wanted, at(now));
                budget = rest;
                if let Some(lease) = lease {
                    let used = if late { lease.expires.as_millisecond() - 1 } else { at(now).as_millisecond() };
                    spent.push((used, lease.tokens));
                }
            }
            for &(start, _) in &spent {
                let end = start + i64::from(window_ms);
                let inside: u32 = spent.iter().filter(|s| s.0 >= start && s.0 < end).map(|s| s.1).sum();
                prop_assert!(inside <= requests, "{inside} > {requests}");
            }
        }

        #[test]
        fn after_the_wait_there_is_a_token(requests in 1u32..500, window_ms in 1u32..5_000) {
            let limit = HostLimit { requests, window_ms };
            let empty = HostBudget::new(limit, at(0)).take(u32::MAX, at(0)).rest;
            let wait = i64::try_from(empty.wait_ms(at(0))).unwrap();
            prop_assert!(empty.take(1, at(wait + 1)).lease.is_some());
        }
    }

    #[test]
    fn a_pause_closes_the_bucket_until_its_end() {
        let limit = HostLimit { requests: 300, window_ms: 300_000 };
        let paused = HostBudget::new(limit, at(0)).paused(at(60_000), at(0));
        assert!(paused.take(1, at(59_999)).lease.is_none());
        assert!(paused.wait_ms(at(0)) >= 60_000);
        assert!(paused.take(1, at(60_000)).lease.is_some());
    }

    #[test]
    fn an_announced_limit_replaces_the_default_up_or_down() {
        let budget = HostBudget::new(HostLimit { requests: 300, window_ms: 1_000 }, at(0));
        let low = budget.with_limit(HostLimit { requests: 8, window_ms: 1_000 }, at(0));
        assert_eq!(low.take(100, at(0)).lease.map(|lease| lease.tokens), Some(2));
        let high = budget.with_limit(HostLimit { requests: 4_000, window_ms: 1_000 }, at(0));
        assert_eq!(high.take(u32::MAX, at(1_000)).lease.map(|lease| lease.tokens), Some(1_000));
    }

    #[test]
    fn a_limit_decides_burst_validity_and_refill() {
        let limit = |requests, window_ms| HostLimit { requests, window_ms };
        let bursts = [1, 3, 4, 11, 300].map(|requests| limit(requests, 1_000).burst());
        assert_eq!(bursts, [1.0, 1.0, 1.0, 2.0, 75.0]);
        let validities = [1, 40_000, 120_000, 3_600_000].map(|window| limit(9, window).lease_ms());
        assert_eq!(validities, [1, 10_000, 30_000, 30_000]);
        assert_eq!(limit(300, 300_000).refill_per_ms(), 225.0 / 330_000.0);
        // With one request nothing is left beside the burst.
        assert_eq!(limit(1, 1_000).refill_per_ms(), 1.0 / 16.0 / 1_250.0);
    }

    #[test]
    fn a_lease_has_whole_tokens_and_the_bucket_keeps_the_rest() {
        let budget = HostBudget::new(HostLimit { requests: 8, window_ms: 1_000 }, at(0));
        let none = HostBudget { tokens: 0.99, ..budget };
        assert_eq!(none.take(5, at(0)), TokenGrant { lease: None, rest: none });
        let some = HostBudget { tokens: 1.75, ..budget };
        let lease = TokenLease { tokens: 1, expires: at(250) };
        let rest = HostBudget { tokens: 0.75, ..budget };
        assert_eq!(some.take(5, at(0)), TokenGrant { lease: Some(lease), rest });
        assert_eq!(budget.take(0, at(0)).lease, None);
        // 6 tokens in 1,250 ms.
        assert_eq!(none.wait_ms(at(0)), 3);
        assert_eq!(rest.wait_ms(at(0)), 53);
        assert_eq!((rest.wait_ms(at(52)), rest.wait_ms(at(53))), (1, 0));
        assert_eq!(budget.wait_ms(at(0)), 0);
    }

    #[test]
    fn a_bucket_fills_to_its_burst_and_time_never_runs_back() {
        let limit = HostLimit { requests: 8, window_ms: 1_000 };
        let empty = HostBudget::new(limit, at(0)).take(9, at(0)).rest;
        assert_eq!((empty.tokens, empty.at), (0.0, at(0)));
        let early = empty.take(0, at(-500)).rest;
        assert_eq!((early.tokens, early.at), (0.0, at(0)));
        let half = empty.take(0, at(125)).rest;
        assert!((half.tokens - 0.6).abs() < 1e-9 && half.at == at(125), "{half:?}");
        assert_eq!(empty.take(0, at(100_000)).rest.tokens, 2.0);
    }

    #[test]
    fn pauses_never_become_shorter_and_empty_the_bucket() {
        let limit = HostLimit { requests: 8, window_ms: 1_000 };
        let paused = HostBudget::new(limit, at(0)).paused(at(900), at(10)).paused(at(500), at(20));
        assert_eq!((paused.tokens, paused.at, paused.not_before), (0.0, at(20), at(900)));
        assert_eq!(paused.wait_ms(at(100)), 800);
    }

    #[test]
    fn a_new_limit_keeps_the_tokens_up_to_its_burst() {
        let limit = |requests| HostLimit { requests, window_ms: 1_000 };
        let budget = HostBudget::new(limit(80), at(0));
        let less = budget.with_limit(limit(8), at(0));
        assert_eq!((less.tokens, less.limit), (2.0, limit(8)));
        assert_eq!(budget.with_limit(limit(800), at(0)).tokens, 20.0);
    }
}
