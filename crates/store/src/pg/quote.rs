//! Quotes: prices that were promised. How they are given and used is in `pricing::quote`; what is set aside for
//! one is a credit lease of the wallet.

use model::time::Timestamp;
use model::{Epoch, MicroCredits, PayerId, PriceIndex, Quote, QuoteId};

use super::Pg;
use super::connection::retry;
use super::params::params;
use super::row::{QUOTE, TableRow};
use super::transaction::PgTransaction;
use super::value::{from_ms, stored_epoch, stored_ms, stored_units};
use crate::StoreError;

/// The most quotes that one call of [`retire`] deletes.
pub const RETIRED_MAX: u32 = 10_000;
/// The most quotes that one call of [`of_payer`] returns.
pub const QUOTES_MAX: u32 = 1_000;

/// Who quotes of one class and epoch waits for the others.
const LOCK: &str = "select pg_advisory_xact_lock(
    hashtextextended('quote ' || $1::smallint::text, $2))";
const QUOTED: &str = "select least(coalesce(sum(units), 0), 9223372036854775807)::bigint units
    from quote where epoch = $2 and class = $1 and quote_id <> $3";
/// The same again finds its row, another payer's does not.
const ADD: &str = "insert into quote
        (quote_id, payer_id, class, epoch, units, cap, price_version, price_index, issued_ms, expires_ms,
            max_total)
    values ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9, $10, $11)
    on conflict (quote_id) do update set quote_id = excluded.quote_id
        where quote.payer_id = excluded.payer_id";

/// The columns of a quote.
macro_rules! quote_columns {
    () => {
        "quote_id, payer_id, cap::text cap, price_version, price_index, issued_ms, expires_ms, \
         max_total"
    };
}

const GET: &str = concat!("select ", quote_columns!(), " from quote where quote_id = $1");
const OF_PAYER: &str = concat!(
    "select ",
    quote_columns!(),
    " from quote where payer_id = $1 and expires_ms > $2
    order by issued_ms desc, quote_id desc limit $3"
);
const CANCEL: &str = "delete from quote where quote_id = $1";
const RETIRE: &str = "delete from quote where ctid = any (array(
    select ctid from quote where expires_ms < $1
    order by expires_ms limit $2 for update skip locked))";

/// What a quote takes of what its class may quote in an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotedPart {
    /// The units that it takes.
    pub units: u64,
    /// The most of all quotes of the class that are given in the epoch.
    pub most: u64,
}

/// What became of a quote that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuoteReservation {
    /// It is kept.
    Reserved,
    /// Its class quoted too much in this epoch.
    ClassFull {
        /// How many units can still be quoted.
        left: u64,
    },
}

/// Keeps a quote, if all quotes of its class that are issued in the same epoch have at most `quotable` units of
/// the class's capacity together. The same quote again is the same success.
///
/// # Errors
/// [`StoreError::Conflict`] if another payer has a quote with its id.
pub async fn reserve(
    pg: &Pg,
    quote: &Quote,
    part: QuotedPart,
) -> Result<QuoteReservation, StoreError> {
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "quote::reserve").await?;
        tx.lasting().await?;
        let left = part.most.saturating_sub(quoted(&tx, quote).await?);
        if part.units > left {
            return Ok(QuoteReservation::ClassFull { left });
        }
        add(&tx, quote, part.units).await?;
        tx.commit().await?;
        Ok(QuoteReservation::Reserved)
    })
    .await
}

/// The units of the other quotes of a quote's class and epoch, which stay so until the transaction ends.
async fn quoted(tx: &PgTransaction<'_>, quote: &Quote) -> Result<u64, StoreError> {
    let (class, epoch) = (quote.cap.class() as i16, stored_epoch(Epoch::of(quote.issued)));
    tx.query(LOCK, params![class => INT2, epoch => INT8]).await?;
    let params = params![class => INT2, epoch => INT8, quote.id.number() as i64 => INT8];
    let rows = tx.query(QUOTED, params).await?;
    QUOTE.rows(&rows).next().map_or(Ok(0), |row| row.unsigned("units"))
}

async fn add(tx: &PgTransaction<'_>, quote: &Quote, units: u64) -> Result<(), StoreError> {
    let cap = serde_json::to_string(&quote.cap)
        .map_err(|why| StoreError::Conflict(format!("keep a quote: {why}")))?;
    let params = params![
        quote.id.number() as i64 => INT8,
        quote.payer.number() as i64 => INT8,
        quote.cap.class() as i16 => INT2,
        stored_epoch(Epoch::of(quote.issued)) => INT8,
        stored_units(units) => INT8,
        cap => TEXT,
        quote.price_version.to_string() => TEXT,
        quote.locked.bits() as i64 => INT8,
        stored_ms(quote.issued) => INT8,
        stored_ms(quote.expires) => INT8,
        quote.max_total.micros() => INT8,
    ];
    match tx.execute(ADD, params).await? {
        0 => Err(StoreError::Conflict(format!("{} is another payer's quote", quote.id))),
        _ => Ok(()),
    }
}

/// A quote of any payer, expired or not.
pub async fn get(pg: &Pg, id: QuoteId) -> Result<Option<Quote>, StoreError> {
    let rows = pg.read("quote::get", GET, params![id.number() as i64 => INT8]).await?;
    QUOTE.rows(&rows).next().map(from_row).transpose()
}

/// A payer's quotes that are not expired at `now`, the newest first: at most `limit`, and [`QUOTES_MAX`].
pub async fn of_payer(
    pg: &Pg,
    payer: PayerId,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Quote>, StoreError> {
    let params = params![
        payer.number() as i64 => INT8,
        stored_ms(now) => INT8,
        i64::from(limit.min(QUOTES_MAX)) => INT8,
    ];
    let rows = pg.read("quote::of_payer", OF_PAYER, params).await?;
    QUOTE.rows(&rows).map(from_row).collect()
}

/// Forgets a quote whose credits could not be set aside: its units can be quoted again.
pub async fn cancel(pg: &Pg, id: QuoteId) -> Result<(), StoreError> {
    let params = params![id.number() as i64 => INT8];
    pg.execute("quote::cancel", CANCEL, params).await.map(|_| ())
}

/// Deletes quotes that expired before `before`, the oldest first and at most [`RETIRED_MAX`]; returns how many.
pub async fn retire(pg: &Pg, before: Timestamp) -> Result<u64, StoreError> {
    let params = params![stored_ms(before) => INT8, i64::from(RETIRED_MAX) => INT8];
    pg.execute("quote::retire", RETIRE, params).await
}

fn from_row(row: TableRow<'_>) -> Result<Quote, StoreError> {
    Ok(Quote {
        id: QuoteId::new(row.unsigned("quote_id")?),
        payer: PayerId::new(row.unsigned("payer_id")?),
        cap: row.json("cap")?,
        price_version: row.parsed("price_version")?,
        locked: PriceIndex::from_bits(row.unsigned("price_index")?),
        issued: from_ms(row.get("issued_ms")?),
        expires: from_ms(row.get("expires_ms")?),
        max_total: MicroCredits::new(row.get("max_total")?),
    })
}
