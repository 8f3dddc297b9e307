//! A clock that does not move by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use model::port::Clock;
use model::time::Timestamp;

/// A frozen clock. Clones show the same time.
#[derive(Debug, Clone)]
pub struct Frozen(Arc<AtomicI64>);

impl Frozen {
    /// A clock that shows `at`, to the millisecond.
    pub fn at(at: Timestamp) -> Frozen {
        Frozen(Arc::new(AtomicI64::new(at.as_millisecond())))
    }

    /// Moves the clock.
    pub fn advance_seconds(&self, seconds: u32) {
        self.0.fetch_add(i64::from(seconds) * 1_000, Ordering::SeqCst);
    }
}

impl Default for Frozen {
    /// 22 November 2026, 10 o'clock.
    fn default() -> Frozen {
        Frozen(Arc::new(AtomicI64::new(1_795_341_600_000)))
    }
}

impl Clock for Frozen {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }
}
