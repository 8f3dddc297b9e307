//! What one visit to one stream brought.

use model::budget::HostLimit;
use model::observation::Observation;
use model::time::Timestamp;

/// What one visit to one profile's stream saw, and how it ended.
///
/// The observations hold even where the outcome is a retry: they are the pages before it, and the
/// outcome's cursor is behind them.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRun {
    /// The stream's name in its platform's manifest.
    pub stream: String,
    /// The cursor that the visit began with: apply the observations only if the database still
    /// has the stream there.
    pub began: Option<String>,
    /// What was seen. A list that began at a cursor holds only what comes after it.
    pub observations: Vec<Observation>,
    /// How it ended.
    pub outcome: StreamOutcome,
    /// Requests sent for it, those for names included; a batch counts for its first profile.
    pub requests: u32,
    /// Records that were left out: malformed, or about an account whose native id cannot be found.
    pub left_out: u32,
}

/// How a visit to a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamOutcome {
    /// There is nothing more to see in this round.
    Done,
    /// Cut by the page cap, by the rate limiter or by another stream's trouble: continue here.
    More {
        /// Where to continue; `None` is the start.
        cursor: Option<String>,
    },
    /// Trouble that may pass: continue here later.
    Retry {
        /// Where to continue; `None` is the start.
        cursor: Option<String>,
        /// The wait that the host asked for, in milliseconds; `None` leaves it to the caller.
        after_ms: Option<u64>,
        /// What happened, fit for "failed to fetch: …".
        why: String,
    },
    /// The host answered with something else than the page, such as a log-in page: worth a few tries.
    Unreadable {
        /// Where to continue; `None` is the start.
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

/// What a visit saw, and how it ended.
#[derive(Debug)]
pub(super) struct VisitResult {
    pub(super) observations: Vec<Observation>,
    pub(super) outcome: StreamOutcome,
}

impl StreamOutcome {
    /// Whether the stream has ended for this round.
    pub fn is_final(&self) -> bool {
        matches!(self, StreamOutcome::Done | StreamOutcome::Refused { .. })
    }

    /// Where the stream continues, if it does.
    pub fn cursor(&self) -> Option<&str> {
        match self {
            StreamOutcome::More { cursor }
            | StreamOutcome::Retry { cursor, .. }
            | StreamOutcome::Unreadable { cursor, .. } => cursor.as_deref(),
            StreamOutcome::Done | StreamOutcome::Refused { .. } => None,
        }
    }
}

/// What an answer, or the lack of one, says of its host: the input of the host's budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostReport {
    /// The host, as the rate limiter knows it.
    pub host: String,
    /// The limit that it announced.
    pub limit: Option<HostLimit>,
    /// It asked for no requests before this.
    pub pause_until: Option<Timestamp>,
    /// Whether it answered at all; `false` for time-outs and refused connections.
    pub answered: bool,
}

impl HostReport {
    /// The report of an answer that says nothing more.
    pub(super) fn answered(host: &str) -> HostReport {
        HostReport { host: host.to_owned(), limit: None, pause_until: None, answered: true }
    }
}
