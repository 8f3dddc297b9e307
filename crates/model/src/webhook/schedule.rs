//! When a delivery is tried again, and when no more.

/// The seconds after each failure in a row: those that Standard Webhooks recommends, about three days in all.
const RETRY_SECONDS: [u32; 9] =
    [5, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 14 * 3_600, 20 * 3_600, 24 * 3_600];

/// How often a delivery is tried, unless it is asked for again.
pub const TRIES_MAX: u32 = RETRY_SECONDS.len() as u32 + 1;

/// How many attempts a delivery has at most, those that were asked for included.
pub const ATTEMPTS_MAX: u32 = 50;

/// How long an attempt may take, in seconds: one without an end after that has a dead worker.
pub const ATTEMPT_SECONDS: i64 = 60;

/// How long a webhook may fail without a success, in seconds, before it is disabled: five days.
pub const FAILING_SECONDS_MAX: i64 = 5 * 86_400;

/// How many seconds to wait after this number of tries failed in a row; `None`: it has failed for good.
///
/// ```
/// use model::webhook::{TRIES_MAX, retry_seconds};
///
/// assert_eq!([1, 2, 9].map(retry_seconds), [Some(5), Some(300), Some(86_400)]);
/// assert_eq!(retry_seconds(TRIES_MAX), None);
/// ```
pub fn retry_seconds(tries: u32) -> Option<u32> {
    let before = usize::try_from(tries).ok()?.checked_sub(1)?;
    RETRY_SECONDS.get(before).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_tried_for_three_days_and_before_its_webhook_is_disabled() {
        let all: u32 = (1..TRIES_MAX).filter_map(retry_seconds).sum();
        assert!((3 * 86_400..4 * 86_400).contains(&all), "{all}");
        assert!(i64::from(all) < FAILING_SECONDS_MAX);
        assert_eq!((retry_seconds(0), retry_seconds(TRIES_MAX + 1)), (None, None));
    }
}
