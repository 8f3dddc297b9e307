//! How a round of crawling ends.

/// How a profile's last round ended; the numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub(super) enum RoundOutcome {
    /// No round has ended yet, or the profile came back after an erasure.
    None = 0,
    Done = 1,
    Cut = 2,
    Retry = 3,
    Failed = 4,
    Erased = 5,
    OptedOut = 6,
}
