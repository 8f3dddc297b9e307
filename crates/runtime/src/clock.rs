//! The present, for deadlines that Lambda states as a time of day, and for metrics.
#![expect(clippy::disallowed_methods, reason = "Lambda's deadline is a time of day")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// How long it is until a time in milliseconds since 1970.
pub(crate) fn until(ms: u64) -> Duration {
    Duration::from_millis(ms.saturating_sub(now_ms()))
}
