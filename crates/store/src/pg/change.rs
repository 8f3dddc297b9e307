//! The change log: what changed, in an order that readers can follow without gaps.

use model::time::{Day, Timestamp};
use model::{Direction, Layer, ProfileId, RankChange};

use super::params::params;
use super::row::CHANGE_LOG;
use super::value::stored_id;
use super::{Pg, partition};
use crate::StoreError;

mod event;
mod rank;
mod record;

pub(super) use record::{open_day, record_arcs, record_gone, record_members, record_ranks};

/// How far a reader has read. Orders events by transaction, then by number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The transaction.
    pub xid: u64,
    /// The event's number.
    pub seq: i64,
}

/// What changed.
#[derive(Debug, Clone, PartialEq)]
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
    /// The rank of the subject's person changed.
    Rank(RankChange),
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its position in the log.
    pub position: Position,
    /// When it was recorded.
    pub at: Timestamp,
    /// The profile, or the profile that has the person's number.
    pub subject: ProfileId,
    /// What changed.
    pub change: Change,
}

const PAGE: &str =
    "select xid::text::bigint xid_number, seq, at_ms, kind, subject, layer, direction, added,
        removed, body from change_log
    where (xid, seq) > ($1::text::xid8, $2) and xid < pg_snapshot_xmin(pg_current_snapshot())
    order by xid, seq limit $3";
const OF_SUBJECT: &str =
    "select xid::text::bigint xid_number, seq, at_ms, kind, subject, layer, direction,
        added, removed, body from change_log
    where subject = $1 and (xid, seq) < ($2::text::xid8, $3)
    order by xid desc, seq desc limit $4";
/// By name, so that a day that was detached and not dropped is found too.
const OLD_DAYS: &str = "select d from (
        select substring(relname from '^change_log_([0-9]+)$')::int d from pg_class
        where relkind = 'r' and relnamespace = (
            select relnamespace from pg_class where oid = 'change_log'::regclass)) days
    where d < $1 order by d limit $2";

/// Events after a position, in order, at most `limit`. Events of transactions that may still be
/// running wait, so that none can appear before a position already read.
pub async fn page(pg: &Pg, after: Position, limit: u32) -> Result<Vec<Event>, StoreError> {
    let params = params![
        after.xid.to_string() => TEXT,
        after.seq => INT8,
        i64::from(limit) => INT8,
    ];
    let rows = pg.read("change::page", PAGE, params).await?;
    CHANGE_LOG.rows(&rows).map(event::from_row).collect()
}

/// Events of one subject, the newest first, at most `limit` before `before`.
pub async fn of_subject(
    pg: &Pg,
    subject: ProfileId,
    before: Option<Position>,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    let before = before.unwrap_or(Position { xid: u64::MAX, seq: i64::MAX });
    let params = params![
        stored_id(subject) => INT8,
        before.xid.to_string() => TEXT,
        before.seq => INT8,
        i64::from(limit) => INT8,
    ];
    let rows = pg.read("change::of_subject", OF_SUBJECT, params).await?;
    CHANGE_LOG.rows(&rows).map(event::from_row).collect()
}

/// Drops whole days before `first_kept`, the oldest first, at most `most`; returns how many.
pub async fn retire(pg: &Pg, first_kept: Day, most: usize) -> Result<usize, StoreError> {
    partition::finish_pending(pg, "change::retire").await?;
    let params = params![i32::from(first_kept.0) => INT4, most as i64 => INT8];
    let days = pg.query("change::retire", OLD_DAYS, params).await?;
    for day in &days {
        let table = format!("change_log_{}", day.get::<_, i32>("d"));
        partition::drop(pg, "change::retire", "change_log", &table).await?;
    }
    Ok(days.len())
}
