//! The machine's clock. Nothing else in the workspace reads the time.
//!
//! With the feature `failpoints` a process's clock may be shifted, to prove that processes whose clocks differ
//! charge once.

use model::port::Clock;
use model::time::Timestamp;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Clock for System {
    fn now(&self) -> Timestamp {
        shifted(Timestamp::now())
    }
}

#[cfg(feature = "failpoints")]
mod shift {
    use std::sync::atomic::{AtomicI64, Ordering};

    use model::time::Timestamp;

    static SECONDS: AtomicI64 = AtomicI64::new(0);

    /// From now on the clock of this process is ahead by this number of seconds, or behind if below zero.
    pub fn shift(seconds: i64) {
        SECONDS.store(seconds, Ordering::Relaxed);
    }

    pub(super) fn shifted(now: Timestamp) -> Timestamp {
        match SECONDS.load(Ordering::Relaxed) {
            0 => now,
            ahead => {
                let ms = now.as_millisecond().saturating_add(ahead.saturating_mul(1_000));
                Timestamp::from_millisecond(ms).unwrap_or(now)
            }
        }
    }
}

#[cfg(feature = "failpoints")]
pub use shift::shift;
#[cfg(feature = "failpoints")]
use shift::shifted;

#[cfg(not(feature = "failpoints"))]
const fn shifted(now: Timestamp) -> Timestamp {
    now
}
