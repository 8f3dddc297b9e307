//! Exports: what was ordered, how far it is, and the files that it consists of.
//!
//! Each change names the state, or the number of parts, that it begins from, so that of two workers who do the same
//! one succeeds. Who was erased, or took something back, since a part was read is found in the notes of that: they need
//! to know of no export, and no export misses one.

use model::charge::ChargeRef;
use model::export::{EXPORT_DAYS, ExportPart, ExportPlace, ExportTerms, OPEN_EXPORTS_MAX};
use model::time::Timestamp;
use model::{
    ChargeId, Export, ExportId, ExportOrder, ExportState, KeyId, MicroCredits, PayerId, PriceIndex,
};

use super::Pg;
use super::connection::retry;
use super::params::params;
use super::row::{EXPORT, TableRow};
use super::transaction::PgTransaction;
use super::value::{from_ms, stored_count, stored_ms, stored_units};
use crate::StoreError;

mod part;
pub mod segment;
mod stale;

use part::add_part_row;
pub use part::{file_bytes, forget, manifest, note_read, parts, reading, replace_part};
pub use stale::{NOTES_PAGE, StalePart, stale};

/// The most exports of a page.
pub const PAGE_MAX: u32 = 1_000;

const DAY_MS: i64 = 86_400_000;

/// Orders of one payer are taken one after the other, so that they can be counted.
const LOCK: &str = "select pg_advisory_xact_lock(hashtextextended('export', $1))";

/// The columns of an export.
macro_rules! export_columns {
    () => {
        "export_id, payer_id, key_id, ordered::text as ordered, charge_id, request, attempt, most, price_version,
        price_index, held_until_ms, state, place::text as place, parts, rows, bytes, cost, error, created_ms,
        ended_ms, expires_ms"
    };
}

/// Those that failed or were cancelled do not count: the same order makes another one.
const KNOWN: &str = concat!(
    "select ",
    export_columns!(),
    " from export where payer_id = $1 and charge_id = any($2) and state < 5 order by created_ms limit 1"
);
const OPEN: &str =
    "select count(*) as exports from export where payer_id = $1 and state in (1, 2, 3)";
const ADD: &str = "insert into export (export_id, payer_id, key_id, subject, format, ordered, charge_id, request, most,
        price_version, price_index, held_until_ms, state, place, created_ms, touched_ms, expires_ms)
    values ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9, $10, $11, $12, 1, $13::text::jsonb, $14, $14, $15)
    on conflict (export_id) do nothing";
const GET: &str = concat!("select ", export_columns!(), " from export where export_id = $1");
const OF_PAYER: &str = concat!(
    "select ",
    export_columns!(),
    " from export where payer_id = $1 and (created_ms, export_id) < ($2, $3)
    order by created_ms desc, export_id desc limit $4"
);
const HELD: &str = "update export set attempt = $2, touched_ms = $3
    where export_id = $1 and state = 1 and (attempt is null or attempt = $2)";
const WITHDRAW: &str = "delete from export where export_id = $1 and attempt is null";
/// The part after those that are there: state 3 after the last one. When that was is the time of the charge, which
/// must not differ if it is charged again after a death.
const GO_ON: &str = "update export set state = case when $6 then 3 else 2 end, parts = parts + 1,
        rows = rows + $3, bytes = bytes + $4, place = $5::text::jsonb, touched_ms = $7,
        ended_ms = case when $6 then $7 end
    where export_id = $1 and parts = $2 and state in (1, 2)";
const END_PARTS: &str = "update export set state = 3, ended_ms = $3, touched_ms = $3
    where export_id = $1 and parts = $2 and state in (1, 2)";
const SETTLE: &str = "update export set state = 4, cost = $2, touched_ms = $3, expires_ms = $4
    where export_id = $1 and state = 3";
const FAIL: &str = "update export set state = 5, error = $2, ended_ms = $3, touched_ms = $3
    where export_id = $1 and state = any($4)";
const FAIL_UNHELD: &str = "update export set state = 5, error = $2, ended_ms = $3, touched_ms = $3
    where export_id = $1 and state = 1 and attempt is null";
const CANCEL: &str = "update export set state = 6, ended_ms = $2, touched_ms = $2
    where export_id = $1 and state in (1, 2)";
const TOUCH: &str = "update export set touched_ms = $2 where export_id = $1";
const STALLED: &str = concat!(
    "select ",
    export_columns!(),
    " from export where state in (1, 2, 3) and touched_ms < $1 order by touched_ms limit $2"
);
const WITH_PARTS: &str = concat!(
    "select ",
    export_columns!(),
    " from export where ($1::bigint is null or export_id > $1) and parts > 0 and state = 4
    order by export_id limit $2"
);
/// What failed or was cancelled keeps its row, so that its payer can see it, and loses its files.
const USELESS: &str = concat!(
    "select ",
    export_columns!(),
    " from export where expires_ms < $1 or (parts > 0 and state in (5, 6)) order by expires_ms limit $2"
);

/// An order that is to be kept.
#[derive(Debug, Clone)]
pub struct NewExport<'a> {
    /// Its id.
    pub id: ExportId,
    /// What is ordered.
    pub order: ExportOrder,
    /// How it is paid.
    pub terms: ExportTerms,
    /// The charges that the same order may have on neighbouring days.
    pub others: &'a [ChargeRef],
    /// Where its first part begins.
    pub place: ExportPlace,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportOrdered {
    /// It is kept.
    New(Box<Export>),
    /// The same charge has an export that did not fail: this one.
    Known(Box<Export>),
}

/// Keeps an order, or finds the one that has its charge.
///
/// # Errors
/// [`StoreError::Conflict`] if the payer has [`OPEN_EXPORTS_MAX`] that are not ended.
pub async fn order(
    pg: &Pg,
    new: &NewExport<'_>,
    now: Timestamp,
) -> Result<ExportOrdered, StoreError> {
    let payer = new.terms.charge.payer.number() as i64;
    let charges = std::iter::once(&new.terms.charge).chain(new.others);
    let charges: Vec<&[u8]> = charges.map(|one| &one.charge.bytes()[..]).collect();
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "export::order").await?;
        tx.query(LOCK, params![payer => INT8]).await?;
        let known = tx.query(KNOWN, params![payer => INT8, charges => BYTEA_ARRAY]).await?;
        if let Some(known) = EXPORT.rows(&known).next() {
            return Ok(ExportOrdered::Known(Box::new(from_row(known)?)));
        }
        let open = tx.query(OPEN, params![payer => INT8]).await?;
        let open: i64 = open.first().map_or(0, |row| row.get("exports"));
        if open >= i64::from(OPEN_EXPORTS_MAX) {
            let why = format!(
                "{} has {OPEN_EXPORTS_MAX} exports that are not ended",
                new.terms.charge.payer
            );
            return Err(StoreError::Conflict(why));
        }
        add(&tx, new, now).await?;
        let row = tx.query(GET, params![new.id.number() as i64 => INT8]).await?;
        let made = EXPORT.rows(&row).next().map(from_row).transpose()?;
        tx.commit().await?;
        let made = made.ok_or_else(|| StoreError::Conflict("no export was made".to_owned()))?;
        Ok(ExportOrdered::New(Box::new(made)))
    })
    .await
}

async fn add(
    tx: &PgTransaction<'_>,
    new: &NewExport<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let NewExport { id, order, terms, place, .. } = new;
    let now = stored_ms(now);
    let params = params![
        id.number() as i64 => INT8,
        terms.charge.payer.number() as i64 => INT8,
        terms.key.number() as i64 => INT8,
        order.what as i16 => INT2,
        order.format as i16 => INT2,
        json(order)? => TEXT,
        &terms.charge.charge.bytes()[..] => BYTEA,
        &terms.request[..] => BYTEA,
        terms.most.micros() => INT8,
        terms.price_version.to_string() => TEXT,
        terms.index.bits() as i64 => INT8,
        stored_ms(terms.held_until) => INT8,
        json(place)? => TEXT,
        now => INT8,
        now + (EXPORT_DAYS + 1) * DAY_MS => INT8,
    ];
    match tx.execute(ADD, params).await? {
        0 => Err(StoreError::Conflict(format!("{id} is another export"))),
        _ => Ok(()),
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|why| StoreError::Conflict(format!("keep an export: {why}")))
}

/// An export of any payer.
pub async fn get(pg: &Pg, id: ExportId) -> Result<Option<Export>, StoreError> {
    let row = pg.read_opt("export::get", GET, params![id.number() as i64 => INT8]).await?;
    row.as_ref().map(|row| from_row(EXPORT.row(row))).transpose()
}

/// A payer's exports, the newest first, after the one that was ordered at this time and has this id: at most
/// `limit`, and [`PAGE_MAX`].
pub async fn of_payer(
    pg: &Pg,
    payer: PayerId,
    after: Option<(Timestamp, ExportId)>,
    limit: u32,
) -> Result<Vec<Export>, StoreError> {
    let (ms, id) =
        after.map_or((i64::MAX, i64::MAX), |(at, id)| (stored_ms(at), id.number() as i64));
    let params = params![
        payer.number() as i64 => INT8,
        ms => INT8,
        id => INT8,
        i64::from(limit.min(PAGE_MAX)) => INT8,
    ];
    EXPORT.rows(&pg.read("export::of_payer", OF_PAYER, params).await?).map(from_row).collect()
}

/// Notes that its most is held. The same again is the same success; whether the export still waits for it.
pub async fn note_held(
    pg: &Pg,
    id: ExportId,
    attempt: u32,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let params = params![
        id.number() as i64 => INT8,
        stored_count(attempt) => INT4,
        stored_ms(now) => INT8,
    ];
    Ok(pg.execute_lasting("export::note_held", HELD, params).await? > 0)
}

/// Forgets an order whose most cannot be held, unless it is by now.
pub async fn withdraw(pg: &Pg, id: ExportId) -> Result<(), StoreError> {
    let params = params![id.number() as i64 => INT8];
    pg.execute("export::withdraw", WITHDRAW, params).await.map(|_| ())
}

/// Adds the part after those that are there, and where the next one begins: nowhere, after the last one. Whether it
/// did: not if another worker added it, or the export was ended meanwhile.
pub async fn add_part(
    pg: &Pg,
    id: ExportId,
    part: &ExportPart,
    next: Option<ExportPlace>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let place = json(&next.unwrap_or_default())?;
    let number = id.number() as i64;
    let go_on = params![
        number => INT8,
        stored_count(part.part) => INT4,
        stored_units(part.file.rows) => INT8,
        stored_units(part.file.bytes) => INT8,
        place => TEXT,
        next.is_none() => BOOL,
        stored_ms(now) => INT8,
    ];
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "export::add_part").await?;
        if tx.execute(GO_ON, go_on).await? == 0 {
            return Ok(false);
        }
        add_part_row(&tx, id, part).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}

/// Notes that nothing comes after the parts that are there. Whether it did, as in [`add_part`].
pub async fn end_parts(
    pg: &Pg,
    id: ExportId,
    parts: u32,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let params =
        params![id.number() as i64 => INT8, stored_count(parts) => INT4, stored_ms(now) => INT8];
    Ok(pg.execute("export::end_parts", END_PARTS, params).await? > 0)
}

/// Notes that an export whose parts are all written is charged: it is done, and kept for [`EXPORT_DAYS`].
pub async fn settle(
    pg: &Pg,
    id: ExportId,
    cost: MicroCredits,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let params = params![
        id.number() as i64 => INT8,
        cost.micros() => INT8,
        stored_ms(now) => INT8,
        stored_ms(now) + EXPORT_DAYS * DAY_MS => INT8,
    ];
    Ok(pg.execute_lasting("export::settle", SETTLE, params).await? > 0)
}

/// Gives an export up that is in one of these states; whether it was.
pub async fn fail(
    pg: &Pg,
    id: ExportId,
    from: &[ExportState],
    why: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let from: Vec<i16> = from.iter().map(|&state| state as i16).collect();
    let params = params![
        id.number() as i64 => INT8,
        why => TEXT,
        stored_ms(now) => INT8,
        from => INT2_ARRAY,
    ];
    Ok(pg.execute("export::fail", FAIL, params).await? > 0)
}

/// Gives an order up of which it was never noted that its most is held; whether it was.
pub async fn fail_unheld(
    pg: &Pg,
    id: ExportId,
    why: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let params = params![id.number() as i64 => INT8, why => TEXT, stored_ms(now) => INT8];
    Ok(pg.execute("export::fail_unheld", FAIL_UNHELD, params).await? > 0)
}

/// Cancels an export; whether that could be: not if it is ended, or being charged.
pub async fn cancel(pg: &Pg, id: ExportId, now: Timestamp) -> Result<bool, StoreError> {
    let params = params![id.number() as i64 => INT8, stored_ms(now) => INT8];
    Ok(pg.execute("export::cancel", CANCEL, params).await? > 0)
}

/// Notes that an export is being looked after, so that it does not count as stalled for a while.
pub async fn touch(pg: &Pg, id: ExportId, now: Timestamp) -> Result<(), StoreError> {
    let params = params![id.number() as i64 => INT8, stored_ms(now) => INT8];
    pg.execute("export::touch", TOUCH, params).await.map(|_| ())
}

/// Exports that are not ended and did not go on since `before`, at most `limit`.
pub async fn stalled(pg: &Pg, before: Timestamp, limit: u32) -> Result<Vec<Export>, StoreError> {
    let params = params![stored_ms(before) => INT8, i64::from(limit) => INT8];
    EXPORT.rows(&pg.query("export::stalled", STALLED, params).await?).map(from_row).collect()
}

/// Exports that are done and have parts, by id after `after`, at most `limit`.
pub async fn with_parts(
    pg: &Pg,
    after: Option<ExportId>,
    limit: u32,
) -> Result<Vec<Export>, StoreError> {
    let after = after.map(|id| id.number() as i64);
    let params = params![after => INT8, i64::from(limit) => INT8];
    EXPORT.rows(&pg.query("export::with_parts", WITH_PARTS, params).await?).map(from_row).collect()
}

/// Exports whose files are of no use any more at `now`: expired, failed or cancelled; at most `limit`.
pub async fn useless(pg: &Pg, now: Timestamp, limit: u32) -> Result<Vec<Export>, StoreError> {
    let params = params![stored_ms(now) => INT8, i64::from(limit) => INT8];
    EXPORT.rows(&pg.query("export::useless", USELESS, params).await?).map(from_row).collect()
}

fn from_row(row: TableRow<'_>) -> Result<Export, StoreError> {
    let payer = PayerId::new(row.unsigned("payer_id")?);
    let terms = ExportTerms {
        charge: ChargeRef { payer, charge: ChargeId::new(row.bytes("charge_id")?) },
        request: row.bytes("request")?,
        key: KeyId::new(row.unsigned("key_id")?),
        most: MicroCredits::new(row.get("most")?),
        price_version: row.parsed("price_version")?,
        index: PriceIndex::from_bits(row.unsigned("price_index")?),
        held_until: from_ms(row.get("held_until_ms")?),
    };
    Ok(Export {
        id: ExportId::new(row.unsigned("export_id")?),
        order: row.json("ordered")?,
        terms,
        attempt: row.optional_count("attempt")?,
        state: row.number("state", ExportState::from_number)?,
        place: row.json("place")?,
        parts: row.count("parts")?,
        rows: row.unsigned("rows")?,
        bytes: row.unsigned("bytes")?,
        cost: row.get::<Option<i64>>("cost")?.map(MicroCredits::new),
        error: row.get("error")?,
        created_at: from_ms(row.get("created_ms")?),
        ended_at: row.get::<Option<i64>>("ended_ms")?.map(from_ms),
        expires_at: from_ms(row.get("expires_ms")?),
    })
}
