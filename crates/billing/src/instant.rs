//! Arithmetic on times that stays within what times can be.

use model::Timestamp;

/// The time `seconds` before `now`; after it if they are negative.
pub(crate) fn before(now: Timestamp, seconds: i64) -> Timestamp {
    let second = now.as_second().saturating_sub(seconds);
    let end = if seconds > 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(second).unwrap_or(end)
}

/// The time `seconds` after `now`.
pub(crate) fn after(now: Timestamp, seconds: i64) -> Timestamp {
    before(now, -seconds)
}
