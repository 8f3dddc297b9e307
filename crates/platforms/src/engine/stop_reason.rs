//! Why there is no page to read.

use model::profile::GoneReason;

use super::run::StreamOutcome;
use crate::verdict::AnswerVerdict;

/// Why there is no page to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StopReason {
    /// No token, or the host gets no more requests in this round: continue later.
    Cut,
    Retry {
        after_ms: Option<u64>,
        why: String,
    },
    /// The answer is not of the form that was expected.
    Unreadable(String),
    Refused(String),
    /// The host's robots.txt forbids the request.
    Disallowed(String),
    Gone(GoneReason),
    Hidden,
    Empty,
}

impl StopReason {
    pub(super) fn retry(why: impl ToString) -> StopReason {
        StopReason::Retry { after_ms: None, why: why.to_string() }
    }

    /// What a verdict other than a page means for the visit.
    pub(super) fn of(verdict: AnswerVerdict) -> StopReason {
        match verdict {
            AnswerVerdict::Page | AnswerVerdict::Empty => StopReason::Empty,
            AnswerVerdict::Hidden => StopReason::Hidden,
            AnswerVerdict::Gone(gone) => StopReason::Gone(gone),
            AnswerVerdict::RateLimited(after_ms) => {
                StopReason::Retry { after_ms, why: "the host asks for a pause".to_owned() }
            }
            AnswerVerdict::Retry(why) => StopReason::retry(why),
            AnswerVerdict::GiveUp(why) => StopReason::Refused(why),
        }
    }

    /// Why the profile is gone, if its own page stopped for this reason.
    pub(super) fn gone(&self) -> Option<GoneReason> {
        match self {
            StopReason::Gone(gone) => Some(*gone),
            StopReason::Hidden | StopReason::Empty => Some(GoneReason::Deleted),
            _ => None,
        }
    }

    /// How a visit ended that stopped for this reason; `cursor` is where it continues.
    pub(super) fn outcome(self, cursor: Option<String>) -> StreamOutcome {
        match self {
            StopReason::Cut => StreamOutcome::More { cursor },
            StopReason::Retry { after_ms, why } => StreamOutcome::Retry { cursor, after_ms, why },
            StopReason::Unreadable(why) => StreamOutcome::Unreadable { cursor, why },
            StopReason::Refused(why) | StopReason::Disallowed(why) => {
                StreamOutcome::Refused { why }
            }
            StopReason::Gone(_) | StopReason::Hidden | StopReason::Empty => StreamOutcome::Done,
        }
    }
}
