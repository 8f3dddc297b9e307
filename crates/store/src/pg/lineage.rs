//! What became of communities over all runs. Kept for good: an id that ended must say what continues it.

use model::time::Timestamp;
use model::{CommunityId, EventKind, LineageEvent, RunId};

use super::params::params;
use super::row::{COMMUNITY_EVENT, TableRow};
use super::value::from_ms;
use super::{Pg, run};
use crate::StoreError;

/// The most communities, one continuing the other, that are followed from one that ended.
pub const CONTINUED_MAX: usize = 32;

/// An event with its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatedEvent {
    /// The run.
    pub run: RunId,
    /// When it was published.
    pub at: Timestamp,
    /// What happened.
    pub event: LineageEvent,
}

/// Where an event stands in a list, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPosition {
    /// Its run.
    pub run: RunId,
    /// The community that it is about.
    pub community: CommunityId,
}

/// $1 the community, $2 and $3 the position to begin after, $4 how many.
const OF_COMMUNITY: &str =
    "select e.run_id, h.published_ms, e.community_id, e.kind, e.level, e.other, e.shared
    from (select * from community_event where community_id = $1
        union all select * from community_event where other = $1 and community_id <> $1) e
    join history_run h on h.run_id = e.run_id and h.published_ms is not null
    where (e.run_id, e.community_id) < ($2, $3)
    order by e.run_id desc, e.community_id desc limit $4";
/// From a community to what it went into when it ended, and on: $2 steps at most.
const CONTINUED: &str = "with recursive line(community_id, step) as (
        select $1::bigint, 0
        union all
        select e.other, step + 1 from line cross join lateral (
            select e.kind, e.other from community_event e join history_run h using (run_id)
            where e.community_id = line.community_id and h.published_ms is not null
            order by e.run_id desc limit 1) e
        where step < $2 and e.kind = $3 and e.other is not null)
    select community_id from line where step > 0 order by step";
const IS_KNOWN: &str = "select from community_event e join history_run h using (run_id)
    where e.community_id = $1 and h.published_ms is not null limit 1";

/// The events of a community, also those of others that left it or went into it, the newest first, at most
/// `limit` after a position.
pub async fn of_community(
    pg: &Pg,
    id: CommunityId,
    after: Option<EventPosition>,
    limit: u32,
) -> Result<Vec<DatedEvent>, StoreError> {
    let params = params![
        stored(id) => INT8,
        after.map_or(i64::MAX, |after| run::stored(after.run)) => INT8,
        after.map_or(i64::MAX, |after| stored(after.community)) => INT8,
        i64::from(limit) => INT8,
    ];
    let rows = pg.read("lineage::of_community", OF_COMMUNITY, params).await?;
    COMMUNITY_EVENT.rows(&rows).map(from_row).collect()
}

/// The communities that a community went into, one after another, as each ended; none if it lives, or ended
/// without another.
pub async fn continued_by(pg: &Pg, id: CommunityId) -> Result<Vec<CommunityId>, StoreError> {
    let params = params![
        stored(id) => INT8,
        CONTINUED_MAX as i32 => INT4,
        EventKind::Merged as i16 => INT2,
    ];
    let rows = pg.read("lineage::continued_by", CONTINUED, params).await?;
    let id = |row: TableRow<'_>| row.unsigned("community_id").map(CommunityId::new);
    COMMUNITY_EVENT.rows(&rows).map(id).collect()
}

/// Whether there ever was a community with this id, as far as the history goes back.
pub async fn is_known(pg: &Pg, id: CommunityId) -> Result<bool, StoreError> {
    let found = pg.read_opt("lineage::is_known", IS_KNOWN, params![stored(id) => INT8]).await?;
    Ok(found.is_some())
}

fn stored(id: CommunityId) -> i64 {
    id.number() as i64
}

fn from_row(row: TableRow<'_>) -> Result<DatedEvent, StoreError> {
    let other: Option<i64> = row.get("other")?;
    Ok(DatedEvent {
        run: RunId::new(row.unsigned("run_id")?),
        at: from_ms(row.get("published_ms")?),
        event: LineageEvent {
            level: row.number("level", Some)?,
            community: CommunityId::new(row.unsigned("community_id")?),
            event: row.number("kind", EventKind::from_number)?,
            other: other.map(|id| CommunityId::new(id as u64)),
            shared: row.count("shared")?,
        },
    })
}
