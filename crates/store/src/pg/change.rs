//! The change log: what changed, in an order that readers can follow without gaps.

use model::time::{Day, Timestamp};
use model::{Direction, Layer, ProfileId};

use super::Pg;
use crate::StoreError;

/// Where a reader stands. Orders events by transaction, then by number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The transaction.
    pub xid: u64,
    /// The event's number.
    pub seq: i64,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A list gained and lost arcs.
    Arcs {
        /// The layer of the arcs.
        layer: Layer,
        /// Whose list it is.
        direction: Direction,
        /// The other ends gained, sorted.
        added: Vec<ProfileId>,
        /// The other ends lost, sorted.
        removed: Vec<ProfileId>,
    },
    /// The profile is not there any more, or must not be read.
    Gone,
    /// The profiles joined the subject's person.
    Joined(Vec<ProfileId>),
    /// The profiles parted from the subject's person.
    Parted(Vec<ProfileId>),
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where it stands in the log.
    pub position: Position,
    /// When it was recorded.
    pub at: Timestamp,
    /// The profile, or the profile that has the person's number.
    pub subject: ProfileId,
    /// What changed.
    pub change: Change,
}

/// Events after a position, in order, at most `limit`. Events of transactions that may still be
/// running wait, so that none can appear before a position already read.
pub async fn page(pg: &Pg, after: Position, limit: u32) -> Result<Vec<Event>, StoreError> {
    todo!()
}

/// Events of one subject, the newest first, at most `limit` before `before`.
pub async fn of_subject(
    pg: &Pg,
    subject: ProfileId,
    before: Option<Position>,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    todo!()
}

/// Drops whole days before `first_kept`; returns how many.
pub async fn retire(pg: &Pg, first_kept: Day) -> Result<u64, StoreError> {
    todo!()
}
