//! The files of exports, as they are now.

use model::ExportId;
use model::change::ChangeRange;
use model::export::{ExportPart, HeldIds, PartFile, PartReading};
use model::time::Timestamp;

use crate::StoreError;
use crate::pg::Pg;
use crate::pg::connection::retry;
use crate::pg::params::params;
use crate::pg::row::{EXPORT_PART, TableRow};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{from_ms, position, stored_count, stored_ms, stored_position, stored_units};

/// The columns of a part.
macro_rules! part_columns {
    () => {
        "part, from_position, to_position, rows, bytes, sha256, held, by_bio, read_ms, read_snapshot"
    };
}
const PARTS: &str = concat!(
    "select ",
    part_columns!(),
    " from export_part where export_id = $1 and part = any($2) order by part"
);
/// Without the ids that they name, which are the most of it.
const MANIFEST: &str = "select part, from_position, to_position, rows, bytes, sha256, ''::bytea as held, ''::bytea as by_bio,
        read_ms, read_snapshot
    from export_part where export_id = $1 order by part";
const FILE_BYTES: &str =
    "select bytes from export_part where export_id = $1 and part = $2 and sha256 = $3";
const ADD_PART: &str =
    "insert into export_part (export_id, part, rows, bytes, sha256, held, by_bio, read_ms, from_position,
        to_position, read_snapshot)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const REPLACE_PART: &str =
    "update export_part set rows = $4, bytes = $5, sha256 = $6, held = $7, by_bio = $8, read_ms = $9,
        read_snapshot = $10
    where export_id = $1 and part = $2 and sha256 = $3";
const REPLACED: &str =
    "update export set rows = rows + $2, bytes = bytes + $3 where export_id = $1";
const NOTE_READ: &str = "update export_part set read_ms = $3, read_snapshot = $4
    where export_id = $1 and part = any($2) and read_ms <= $3";
const SEEN: &str = "select pg_current_snapshot()::text as seen";
const FORGET_PARTS: &str = "with gone as (delete from export_part where export_id = $1)
    update export set parts = 0 where export_id = $1";
const FORGET: &str = "delete from export where export_id = $1 and expires_ms < $2";

/// All parts of an export, without the ids that they name.
pub async fn manifest(pg: &Pg, id: ExportId) -> Result<Vec<ExportPart>, StoreError> {
    let rows = pg.read("export::manifest", MANIFEST, params![id.number() as i64 => INT8]).await?;
    EXPORT_PART.rows(&rows).map(part_from_row).collect()
}

/// Those of these parts that are there, by number.
pub async fn parts(pg: &Pg, id: ExportId, parts: &[u32]) -> Result<Vec<ExportPart>, StoreError> {
    let parts: Vec<i32> = parts.iter().copied().map(stored_count).collect();
    let params = params![id.number() as i64 => INT8, parts => INT4_ARRAY];
    EXPORT_PART.rows(&pg.read("export::parts", PARTS, params).await?).map(part_from_row).collect()
}

/// How many bytes the file of a part has that has this hash; `None` if there is no such file, or another one by now.
pub async fn file_bytes(
    pg: &Pg,
    id: ExportId,
    part: u32,
    sha256: &[u8; 32],
) -> Result<Option<u64>, StoreError> {
    let params = params![
        id.number() as i64 => INT8,
        stored_count(part) => INT4,
        &sha256[..] => BYTEA,
    ];
    let row = pg.read_opt("export::file_bytes", FILE_BYTES, params).await?;
    row.as_ref().map(|row| EXPORT_PART.row(row).unsigned("bytes")).transpose()
}

/// That rows are read from now on.
pub async fn reading(pg: &Pg, at: Timestamp) -> Result<PartReading, StoreError> {
    let row = pg.query_opt("export::reading", SEEN, params![]).await?;
    let seen = row.as_ref().map(|row| EXPORT_PART.row(row).parsed("seen")).transpose()?;
    let seen = seen.ok_or_else(|| StoreError::Conflict("there is no snapshot".to_owned()))?;
    Ok(PartReading { at, seen })
}

/// Notes of parts that when this reading began they named no one who was erased or took something back.
pub async fn note_read(
    pg: &Pg,
    id: ExportId,
    parts: &[u32],
    reading: &PartReading,
) -> Result<(), StoreError> {
    let parts: Vec<i32> = parts.iter().copied().map(stored_count).collect();
    let params = params![
        id.number() as i64 => INT8,
        parts => INT4_ARRAY,
        stored_ms(reading.at) => INT8,
        reading.seen.to_string() => TEXT,
    ];
    pg.execute("export::note_read", NOTE_READ, params).await.map(|_| ())
}

/// Adds the row of a part.
pub(super) async fn add_part_row(
    tx: &PgTransaction<'_>,
    id: ExportId,
    part: &ExportPart,
) -> Result<(), StoreError> {
    let params = params![
        id.number() as i64 => INT8,
        stored_count(part.part) => INT4,
        stored_units(part.file.rows) => INT8,
        stored_units(part.file.bytes) => INT8,
        &part.file.sha256[..] => BYTEA,
        part.file.held.pack() => BYTEA,
        part.file.by_bio.pack() => BYTEA,
        stored_ms(part.file.reading.at) => INT8,
        part.range.map(|range| stored_position(range.from)) => INT8,
        part.range.map(|range| stored_position(range.to)) => INT8,
        part.file.reading.seen.to_string() => TEXT,
    ];
    tx.execute(ADD_PART, params).await.map(|_| ())
}

/// Puts another file in the place of a part's; whether it did: not if that has another one by now.
pub async fn replace_part(
    pg: &Pg,
    id: ExportId,
    old: &ExportPart,
    new: &PartFile,
) -> Result<bool, StoreError> {
    let number = id.number() as i64;
    let less = |new: u64, old: u64| stored_units(new) - stored_units(old);
    let replaced = params![
        number => INT8,
        less(new.rows, old.file.rows) => INT8,
        less(new.bytes, old.file.bytes) => INT8,
    ];
    let replace = params![
        number => INT8,
        stored_count(old.part) => INT4,
        &old.file.sha256[..] => BYTEA,
        stored_units(new.rows) => INT8,
        stored_units(new.bytes) => INT8,
        &new.sha256[..] => BYTEA,
        new.held.pack() => BYTEA,
        new.by_bio.pack() => BYTEA,
        stored_ms(new.reading.at) => INT8,
        new.reading.seen.to_string() => TEXT,
    ];
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "export::replace_part").await?;
        // The export first, as adding a part does.
        tx.execute(REPLACED, replaced).await?;
        if tx.execute(REPLACE_PART, replace).await? == 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    })
    .await
}

/// Forgets the parts of an export whose objects are deleted and, if it expired by `now`, the export.
pub async fn forget(pg: &Pg, id: ExportId, now: Timestamp) -> Result<(), StoreError> {
    let number = id.number() as i64;
    pg.execute("export::forget_parts", FORGET_PARTS, params![number => INT8]).await?;
    let params = params![number => INT8, stored_ms(now) => INT8];
    pg.execute("export::forget", FORGET, params).await.map(|_| ())
}

pub(super) fn part_from_row(row: TableRow<'_>) -> Result<ExportPart, StoreError> {
    let ids = |column| HeldIds::unpack(row.get(column)?).map_err(|why| row.corrupt(column, why));
    let (held, by_bio) = (ids("held")?, ids("by_bio")?);
    let reading =
        PartReading { at: from_ms(row.get("read_ms")?), seen: row.parsed("read_snapshot")? };
    let file = PartFile {
        rows: row.unsigned("rows")?,
        bytes: row.unsigned("bytes")?,
        sha256: row.bytes("sha256")?,
        held,
        by_bio,
        reading,
    };
    let place = |column| row.get::<Option<i64>>(column).map(|place| place.map(position));
    let (from, to) = (place("from_position")?, place("to_position")?);
    let range = from.zip(to).map(|(from, to)| ChangeRange { from, to });
    Ok(ExportPart { part: row.count("part")?, range, file })
}
