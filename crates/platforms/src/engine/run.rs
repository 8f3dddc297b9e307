//! What one visit to one stream brought.

use model::budget::HostLimit;
use model::observation::Observation;
use model::time::Timestamp;

/// What one visit to one profile's stream saw, and how it ended.
///
/// The observations hold even where the outcome is a retry: they are the pages before it, and the
/// outcome's cursor goes on after them.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRun {
    /// The stream's name in its platform's manifest.
    pub stream: String,
    /// The cursor that the visit began with: apply the observations only if the record still
    /// stands there.
    pub began: Option<String>,
    /// What was seen. A list that began at a cursor holds only what comes after it.
    pub observations: Vec<Observation>,
    /// How it ended.
    pub outcome: Outcome,
    /// Requests sent for it, those for names included; a batch counts for its first profile.
    pub requests: u32,
    /// Records that were left out: malformed, or about somebody whose name cannot be found.
    pub left_out: u32,
}

/// How a visit to a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// There is nothing more to see in this round.
    Done,
    /// Cut by the page cap, by the gate or by another stream's trouble: go on from here.
    More {
        /// Where to go on; `None` is from the start.
        cursor: Option<String>,
    },
    /// Trouble that may pass: go on from here later.
    Retry {
        /// Where to go on; `None` is from the start.
        cursor: Option<String>,
        /// The wait that the host asked for, in milliseconds; `None` leaves it to the caller.
        after_ms: Option<u64>,
        /// What happened, fit for "failed to fetch: …".
        why: String,
    },
    /// The host answered with something else than the page, such as a log-in page: worth a few tries.
    Unreadable {
        /// Where to go on; `None` is from the start.
        cursor: Option<String>,
        /// What happened, fit for "failed to fetch: …".
        why: String,
    },
    /// Trouble that will not pass: the stream has ended for this round.
    Refused {
        /// What happened, fit for "failed to fetch: …".
        why: String,
    },
}

impl Outcome {
    /// Whether the stream has ended for this round.
    pub fn is_final(&self) -> bool {
        matches!(self, Outcome::Done | Outcome::Refused { .. })
    }

    /// Where the stream goes on, if it does.
    pub fn cursor(&self) -> Option<&str> {
        match self {
            Outcome::More { cursor }
            | Outcome::Retry { cursor, .. }
            | Outcome::Unreadable { cursor, .. } => cursor.as_deref(),
            Outcome::Done | Outcome::Refused { .. } => None,
        }
    }
}

/// What a host let us know about itself: feed it to the host's budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostNews {
    /// The host, as the gate knows it.
    pub host: String,
    /// The limit that it announced.
    pub limit: Option<HostLimit>,
    /// Until when it wants silence.
    pub pause_until: Option<Timestamp>,
    /// Whether it answered at all; `false` for time-outs and refused connections.
    pub answered: bool,
}
