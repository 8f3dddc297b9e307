//! Politeness: how many requests a host may be sent, and the leases that are cut from that.
//!
//! A host announces `limit` requests per `window`. We do not know where its windows begin, so a
//! budget keeps the promise for *every* interval of that length. It is a token bucket with burst
//! `b = limit / 4`, refilled at rate `r`; leases live for at most `L = min(window / 4, 30 s)` and a
//! token is spent only while its lease lives. In any interval of length `window` at most the
//! tokens issued in `window + L` are spent, that is `b + r · (window + L)`; so
//! `r = (limit − b) / (window + L)`, and the limit holds however leases are shared or delayed.

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
    /// After this the tokens are worth nothing; they are not given back.
    pub expires: Timestamp,
}

/// The token bucket of one host, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HostBudget {
    /// The limit in force: the manifest's, or what the host announced.
    pub limit: HostLimit,
    /// Tokens in the bucket at `at`.
    pub tokens: f64,
    /// When `tokens` was true.
    pub at: Timestamp,
    /// Nothing is given out before this: the host asked for a pause.
    pub not_before: Timestamp,
}

/// The longest that a lease lives, in milliseconds.
const LEASE_MS_MAX: u32 = 30_000;

impl HostLimit {
    /// The most tokens that the bucket holds: at least 1, so that a limit of 1 is usable.
    pub fn burst(self) -> f64 {
        (f64::from(self.requests) / 4.0).floor().max(1.0)
    }

    /// How long a lease of this limit lives, in milliseconds.
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

    /// Takes up to `wanted` whole tokens at `now`: the lease, and the bucket after it. `None`
    /// where there is no whole token; [`HostBudget::wait_ms`] then says how long to wait.
    pub fn take(self, wanted: u32, now: Timestamp) -> (Option<TokenLease>, HostBudget) {
        let filled = self.refilled(now);
        let whole = filled.tokens.floor().min(f64::from(wanted));
        if whole < 1.0 || now < self.not_before {
            return (None, filled);
        }
        let expires = now + jiff::SignedDuration::from_millis(i64::from(self.limit.lease_ms()));
        let lease = TokenLease { tokens: whole as u32, expires };
        (Some(lease), HostBudget { tokens: filled.tokens - whole, ..filled })
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

    /// The bucket after the host asked for silence until `until`: empty, and shut until then.
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
                let (lease, rest) = budget.take(wanted, at(now));
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
        fn waiting_as_long_as_told_yields_a_token(requests in 1u32..500, window_ms in 1u32..5_000) {
            let limit = HostLimit { requests, window_ms };
            let (_, empty) = HostBudget::new(limit, at(0)).take(u32::MAX, at(0));
            let wait = i64::try_from(empty.wait_ms(at(0))).unwrap();
            prop_assert!(empty.take(1, at(wait + 1)).0.is_some());
        }
    }

    #[test]
    fn a_pause_shuts_the_bucket_until_the_host_said() {
        let limit = HostLimit { requests: 300, window_ms: 300_000 };
        let paused = HostBudget::new(limit, at(0)).paused(at(60_000), at(0));
        assert!(paused.take(1, at(59_999)).0.is_none());
        assert!(paused.wait_ms(at(0)) >= 60_000);
        assert!(paused.take(1, at(60_000)).0.is_some());
    }

    #[test]
    fn an_announced_limit_replaces_the_default_up_or_down() {
        let budget = HostBudget::new(HostLimit { requests: 300, window_ms: 1_000 }, at(0));
        let low = budget.with_limit(HostLimit { requests: 8, window_ms: 1_000 }, at(0));
        assert_eq!(low.take(100, at(0)).0.map(|lease| lease.tokens), Some(2));
        let high = budget.with_limit(HostLimit { requests: 4_000, window_ms: 1_000 }, at(0));
        assert_eq!(high.take(u32::MAX, at(1_000)).0.map(|lease| lease.tokens), Some(1_000));
    }
}
