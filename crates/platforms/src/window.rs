//! How long a host's rate-limit window is, where it announces a limit and a reset but no length.
//!
//! When one window has ended and the next has begun, the two resets differ by a whole number of
//! windows: never by less than one. The least such difference seen is taken, so the estimate is
//! at least the true length (the crawl is too slow rather than too fast) and is exact as soon as
//! two neighbouring windows were seen. O(1) memory per host.

use model::budget::HostLimit;
use model::time::Timestamp;

use crate::limits::AnnouncedLimit;

/// The shortest window that is believed, in milliseconds.
const WINDOW_MS_MIN: u32 = 1_000;

/// What has been seen of one host's windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateWindow {
    limit: u32,
    remaining: u32,
    reset: Timestamp,
    length_ms: Option<u32>,
}

/// The limit that an answer and what was seen before make together. `usual_ms` is the platform's
/// window, which holds until a shorter or longer one is known.
pub(crate) fn limit(
    known: &mut Option<RateWindow>,
    announced: AnnouncedLimit,
    usual_ms: u32,
    now: Timestamp,
) -> Option<HostLimit> {
    let requests = announced.limit?;
    if let Some(window_ms) = announced.window_ms {
        return Some(HostLimit { requests, window_ms });
    }
    if let (Some(remaining), Some(reset)) = (announced.remaining, announced.reset) {
        *known = Some(match known.take().filter(|window| window.limit == requests) {
            Some(window) => window.after(remaining, reset, now),
            None => RateWindow { limit: requests, remaining, reset, length_ms: None },
        });
    }
    let length_ms = known.filter(|window| window.limit == requests)?.length_ms;
    Some(HostLimit { requests, window_ms: length_ms.unwrap_or(usual_ms) })
}

impl RateWindow {
    fn after(self, remaining: u32, reset: Timestamp, now: Timestamp) -> RateWindow {
        if reset <= self.reset {
            return RateWindow { remaining: self.remaining.min(remaining), ..self };
        }
        let rolled_over = now >= self.reset && remaining > self.remaining;
        let apart = reset.as_millisecond() - self.reset.as_millisecond();
        let apart = u32::try_from(apart).ok().filter(|_| rolled_over);
        let length_ms = match (self.length_ms, apart.map(|apart| apart.max(WINDOW_MS_MIN))) {
            (Some(known), Some(seen)) => Some(known.min(seen)),
            (known, seen) => known.or(seen),
        };
        RateWindow { remaining, reset, length_ms, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + ms).unwrap()
    }

    /// What a host with windows at whole multiples of their length announces at `ms`.
    fn aligned(length_ms: i64, ms: i64, remaining: u32) -> AnnouncedLimit {
        let reset = at((ms / length_ms + 1) * length_ms);
        AnnouncedLimit {
            limit: Some(100),
            window_ms: None,
            remaining: Some(remaining),
            reset: Some(reset),
        }
    }

    #[test]
    fn two_neighbouring_windows_give_the_length() {
        let mut known = None;
        let first = limit(&mut known, aligned(2_000, 100, 90), 300_000, at(100));
        assert_eq!(first, Some(HostLimit { requests: 100, window_ms: 300_000 }));
        let second = limit(&mut known, aligned(2_000, 2_500, 99), 300_000, at(2_500));
        assert_eq!(second, Some(HostLimit { requests: 100, window_ms: 2_000 }));
    }

    proptest! {
        #[test]
        fn the_estimate_is_never_shorter_than_the_window(
            length_s in 1i64..400,
            pauses in proptest::collection::vec(0i64..700_000, 1..30),
        ) {
            let length_ms = length_s * 1_000;
            let (mut known, mut ms, mut used, mut window) = (None, 0, 0, 0);
            for pause in pauses {
                ms += pause;
                used = if ms / length_ms == window { used + 1 } else { 1 };
                window = ms / length_ms;
                let seen = limit(&mut known, aligned(length_ms, ms, 100 - used), 500_000, at(ms));
                prop_assert!(i64::from(seen.unwrap().window_ms) >= length_ms);
            }
        }

        /// A host whose reset is always one window from now gives no wrong length either.
        #[test]
        fn a_sliding_reset_is_not_mistaken(
            length_ms in 1_000i64..400_000,
            pauses in proptest::collection::vec(0i64..700_000, 1..30),
        ) {
            let (mut known, mut ms) = (None, 0);
            for (pause, remaining) in pauses.into_iter().zip([90, 80, 95, 70, 99].into_iter().cycle()) {
                ms += pause;
                let sliding = AnnouncedLimit { reset: Some(at(ms + length_ms)), ..aligned(1, 0, remaining) };
                let seen = limit(&mut known, sliding, 500_000, at(ms));
                prop_assert!(i64::from(seen.unwrap().window_ms) >= length_ms);
            }
        }
    }
}
