//! One order of all events, and reading along it.
//!
//! Every statement that writes events notes which (a trigger of `change_log`). Each reader gives positions to
//! what was committed and has none, one caller at a time (`sequence_changes`). A transaction that ends late gets
//! late positions, so nothing is ever put before what was read, and no reader waits for a writer.

use model::{ChangeKind, ChangePosition};

use super::event::from_row;
use super::{Event, EventKey};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::{CHANGE_LOG, CHANGE_SEQUENCE, TableRow};
use crate::pg::value::{position, stored_position};

/// The most statements' events that one call gives positions to.
const SEQUENCED_MAX: i32 = 10_000;

const SEQUENCE: &str = "select floor, head from sequence_changes($1)";
/// $1: after which position; $2: up to which; $3: kinds, or null; $4: rows. The last statement may go on beyond $2.
const SCAN: &str = "select p.last_position - (p.last_seq - c.seq) as position, c.xid_number, c.seq, c.at_ms,
        c.kind, c.subject, c.layer, c.direction, c.added, c.removed, c.body
    from change_sequence p cross join lateral (
        select l.xid::text::bigint xid_number, l.seq, l.at_ms, l.kind, l.subject, l.layer, l.direction,
            l.added, l.removed, l.body
        from change_log l where l.day = p.day and l.xid = p.xid
            and l.seq >= greatest(p.first_seq, p.last_seq - p.last_position + $1 + 1)
            and l.seq <= least(p.last_seq, p.last_seq - p.last_position + $2)
            and ($3::smallint[] is null or l.kind = any($3))
        order by l.seq limit $4) c
    where p.last_position > $1 and p.last_position <= coalesce(
        (select min(n.last_position) from change_sequence n where n.last_position >= $2), $2)
    order by p.last_position, c.seq limit $4";
/// The position before the first event whose key is above ($1, $2).
const PLACE_BEFORE: &str = "select coalesce(
        (select min(case when s.xid = $1::text::xid8 and s.first_seq <= $2
                then s.last_position - (s.last_seq - $2) else s.last_position - (s.last_seq - s.first_seq) - 1 end)
            from change_sequence s
            where s.xid > $1::text::xid8 or (s.xid = $1::text::xid8 and s.last_seq > $2)),
        (select head from change_head), 0) as position";

/// Between which positions events are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamBounds {
    /// What lies after it is kept whole.
    pub floor: ChangePosition,
    /// The last position that was given.
    pub head: ChangePosition,
}

/// An event at its place in the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedEvent {
    /// Its place.
    pub position: ChangePosition,
    /// The event.
    pub event: Event,
}

/// A part of the stream to be read.
#[derive(Debug, Clone, Copy)]
pub struct ChangeScan<'a> {
    /// After this position.
    pub after: ChangePosition,
    /// Up to and with this one. If it lies far away and the kinds are rare, much is read.
    pub until: ChangePosition,
    /// Events of these kinds; all, if there is none.
    pub kinds: &'a [ChangeKind],
    /// The most events.
    pub limit: u32,
}

/// Gives positions to what was committed since, unless another process is at it; between which positions events
/// are now. Before the migrations are through there is nothing.
pub async fn sequence(pg: &Pg) -> Result<StreamBounds, StoreError> {
    let row = pg.read_opt("change::sequence", SEQUENCE, params![SEQUENCED_MAX => INT4]).await?;
    let Some(row) = row else { return Ok(StreamBounds::default()) };
    let row = CHANGE_SEQUENCE.row(&row);
    Ok(StreamBounds { floor: position(row.get("floor")?), head: position(row.get("head")?) })
}

/// The first events of a part of the stream, in order. If there are fewer than the limit, there are no more.
pub async fn scan(pg: &Pg, scan: &ChangeScan<'_>) -> Result<Vec<PlacedEvent>, StoreError> {
    let kinds: Vec<i16> = scan.kinds.iter().map(|&kind| i16::from(kind as u8)).collect();
    let params = params![
        stored_position(scan.after) => INT8,
        stored_position(scan.until) => INT8,
        (!kinds.is_empty()).then_some(kinds) => INT2_ARRAY,
        i64::from(scan.limit) => INT8,
    ];
    let rows = pg.read("change::scan", SCAN, params).await?;
    let placed = |row: TableRow<'_>| {
        Ok(PlacedEvent { position: position(row.get("position")?), event: from_row(row)? })
    };
    CHANGE_LOG.rows(&rows).map(placed).collect()
}

/// The first events after a position, of whatever kind, as the log is now: at most `limit`.
pub async fn page(
    pg: &Pg,
    after: ChangePosition,
    limit: u32,
) -> Result<Vec<PlacedEvent>, StoreError> {
    let until = sequence(pg).await?.head;
    scan(pg, &ChangeScan { after, until, kinds: &[], limit }).await
}

/// The position of a reader who read all events up to this key, when keys were the order. It is one before which
/// nothing was left out.
pub async fn place_before(pg: &Pg, key: EventKey) -> Result<ChangePosition, StoreError> {
    let params = params![key.xid.to_string() => TEXT, key.seq => INT8];
    let row = pg.read_opt("change::place_before", PLACE_BEFORE, params).await?;
    let place = row.map(|row| CHANGE_SEQUENCE.row(&row).get("position").map(position));
    Ok(place.transpose()?.unwrap_or_default())
}
