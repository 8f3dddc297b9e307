//! Segments of the change stream: exports that belong to no account, each with one part.
//!
//! Their numbers are negative here, and in the order of their ranges ([`model::export::segment_export`]); those of all
//! others are not. So what is to be known of one range is found by the primary keys.

use model::change::ChangeRange;
use model::export::{ExportFilter, ExportPart, ExportPlace, ExportSource, segment_export};
use model::segment::{OpenStretch, SEGMENT_DAYS, SEGMENT_OWNER, Segment};
use model::time::{Day, Timestamp};
use model::{ChangePosition, ExportFormat, ExportId, ExportOrder, ExportSubject, PriceIndex};

use super::part::{add_part_row, part_from_row};
use super::{DAY_MS, json};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::change::sequence;
use crate::pg::connection::retry;
use crate::pg::params::params;
use crate::pg::row::{CHANGE_SEQUENCE, EXPORT_PART, TableRow};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{from_ms, position, stored_ms, stored_position, stored_units};

/// No one is charged for it, and no one asked.
const NO_CHARGE: [u8; 20] = [0; 20];
const NO_REQUEST: [u8; 32] = [0; 32];

/// The number of the segment of position 0.
const FIRST: i64 = i64::MIN;

/// It is done, and was paid by no one.
const ADD: &str =
    "insert into export (export_id, payer_id, key_id, subject, format, ordered, charge_id, request, most,
        price_version, price_index, held_until_ms, state, place, parts, rows, bytes, cost, created_ms, touched_ms,
        ended_ms, expires_ms)
    values ($1, $2, 0, $3, $4, $5::text::jsonb, $6, $7, 0, '0.0', $8, 0, 4, $9::text::jsonb, 1, $10, $11, 0, $12,
        $12, $12, $13)
    on conflict (export_id) do nothing";
/// $1: after which position; $2: the number of the segment that begins there; $3: the present. The last one that begins
/// at or before the position may go on beyond it.
const AFTER: &str =
    "select e.export_id, e.expires_ms, p.part, p.from_position, p.to_position, p.rows, p.bytes,
        p.sha256, p.held, p.by_bio, p.read_ms, p.read_snapshot
    from export e join export_part p on p.export_id = e.export_id
    where e.export_id < 0 and p.to_position > $1 and e.expires_ms > $3 and e.export_id >= coalesce(
        (select max(b.export_id) from export b where b.export_id <= $2), e.export_id)
    order by e.export_id limit $4";
/// $1: where the stream begins; $2: the number of the segment of position 0. A stretch begins where the stream does, or
/// where a segment ends, if the last segment that begins at or before it does not go on beyond it.
const OPEN: &str = "select s.start,
        (select p.from_position from export_part p where p.export_id > $2 + s.start and p.export_id < 0
            order by p.export_id limit 1) as until,
        (select c.day from change_sequence c where c.last_position > s.start order by c.last_position limit 1) as day
    from (select $1::bigint as start union
        select to_position from export_part where export_id < 0 and to_position > $1) s
    where coalesce((select p.to_position from export_part p where p.export_id <= $2 + s.start
            order by p.export_id desc limit 1), 0) <= s.start
    order by s.start limit 1";
const GIVE_UP: &str = "update export set expires_ms = 0 where expires_ms > 0 and export_id in (
    select export_id from export_part where export_id < 0 and read_ms < $1)";

/// What is in the files of all segments of this range.
pub const fn segment_order(range: ChangeRange) -> ExportOrder {
    let filter = ExportFilter { community: None, level: None, platform: None };
    let source = ExportSource::Changes(range);
    ExportOrder { what: ExportSubject::Changes, format: ExportFormat::Parquet, filter, source }
}

/// Adds the segment of a range, which no other one overlaps; whether it did: not if it is there.
pub async fn add(
    pg: &Pg,
    range: ChangeRange,
    part: &ExportPart,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (id, ordered) = (segment_export(range.from), segment_order(range));
    let (order, place, ms) = (json(&ordered)?, json(&ExportPlace::default())?, stored_ms(now));
    let export = params![
        id.number() as i64 => INT8,
        SEGMENT_OWNER.number() as i64 => INT8,
        ordered.what as i16 => INT2,
        ordered.format as i16 => INT2,
        order => TEXT,
        &NO_CHARGE[..] => BYTEA,
        &NO_REQUEST[..] => BYTEA,
        PriceIndex::ONE.bits() as i64 => INT8,
        place => TEXT,
        stored_units(part.file.rows) => INT8,
        stored_units(part.file.bytes) => INT8,
        ms => INT8,
        ms + SEGMENT_DAYS * DAY_MS => INT8,
    ];
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "segment::add").await?;
        if tx.execute(ADD, export).await? == 0 {
            return Ok(false);
        }
        add_part_row(&tx, id, part).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}

/// The segments that have something after a position and are not expired, in the order of their ranges: at most `limit`.
/// The first one may begin before the position.
pub async fn after(
    pg: &Pg,
    after: ChangePosition,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Segment>, StoreError> {
    let params = params![
        stored_position(after) => INT8,
        segment_export(after).number() as i64 => INT8,
        stored_ms(now) => INT8,
        i64::from(limit) => INT8,
    ];
    EXPORT_PART.rows(&pg.read("segment::after", AFTER, params).await?).map(from_row).collect()
}

/// The first stretch of the stream, as far as that is kept, that no segment has; `None` if segments have all.
pub async fn open(pg: &Pg) -> Result<Option<OpenStretch>, StoreError> {
    let bounds = sequence(pg).await?;
    let params = params![stored_position(bounds.floor) => INT8, FIRST => INT8];
    let Some(row) = pg.query_opt("segment::open", OPEN, params).await? else { return Ok(None) };
    let row = CHANGE_SEQUENCE.row(&row);
    let until = row.get::<Option<i64>>("until")?.map(position);
    let day = row.get::<Option<i32>>("day")?.and_then(|day| u16::try_from(day).ok());
    let stretch = OpenStretch {
        from: position(row.get("start")?),
        to: until.unwrap_or(bounds.head),
        is_bounded: until.is_some(),
        first_day: day.map(Day),
    };
    Ok(Some(stretch).filter(|stretch| stretch.from < stretch.to))
}

/// Lets those expire that were last looked at before this time: what they name may not be named any more, and notes of
/// that are not kept for ever. How many.
pub async fn give_up(pg: &Pg, unread_before: Timestamp) -> Result<u64, StoreError> {
    pg.execute("segment::give_up", GIVE_UP, params![stored_ms(unread_before) => INT8]).await
}

fn from_row(row: TableRow<'_>) -> Result<Segment, StoreError> {
    let (export, expires_at) =
        (ExportId::new(row.unsigned("export_id")?), from_ms(row.get("expires_ms")?));
    let part = part_from_row(row)?;
    let range = part.range.ok_or_else(|| row.corrupt("from_position", "a segment has a range"))?;
    Ok(Segment { export, range, part, expires_at })
}
