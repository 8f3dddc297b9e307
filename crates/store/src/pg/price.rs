//! Published prices, and what was used of each class: what the next price follows from.
//!
//! What was paid is counted where charges are posted ([`mod@super::ledger`]), in the transaction that writes
//! their lines: exactly once. What was refused is noted where it is refused.

use model::{Epoch, Excess, PayerId, PriceClass, PriceIndex, PublishedEpoch};

use super::Pg;
use super::connection::retry;
use super::params::params;
use super::row::{CLASS_USE, PUBLISHED_EPOCH, TableRow};
use super::transaction::PgTransaction;
use super::value::{stored_epoch, stored_units};
use crate::StoreError;

/// The most different refused requests that are noted of one payer in an epoch and class; a few more where
/// several are noted at once. More are refused without counting.
pub const REFUSALS_MAX: u32 = 10_000;
/// The most epochs that one call reads of a class.
pub const EPOCHS_MAX: u32 = 10_000;
/// The most rows of each table that one call of [`retire_use`] deletes.
pub const RETIRED_MAX: u32 = 10_000;

const LOCK: &str = "select pg_advisory_xact_lock(hashtextextended('published_epoch', $1))";
const PUBLISH: &str = "insert into published_epoch
        (class, epoch, used, target, excess, price_index, hash)
    select $1, $2, $3, $4, $5, $6, $7
    where $8 is not distinct from (select max(epoch) from published_epoch where class = $1)
        and $2 > coalesce($8, -1)";

/// The columns of a table `p` of epochs.
macro_rules! epoch_columns {
    () => {
        "p.class, p.epoch, p.used, p.target, p.excess, p.price_index, p.hash"
    };
}

const RECENT: &str = concat!(
    "select * from (select ",
    epoch_columns!(),
    " from published_epoch p where class = $1 order by epoch desc limit $2) p order by epoch"
);
const HISTORY: &str = concat!(
    "select ",
    epoch_columns!(),
    " from published_epoch p where class = $1 and epoch >= $2 order by epoch limit $3"
);
const BOOK: &str = concat!(
    "select ",
    epoch_columns!(),
    " from unnest($1::smallint[]) c(class) cross join lateral (
        select * from published_epoch e where e.class = c.class and e.epoch <= $2
        order by e.epoch desc limit 2) p
    order by p.class, p.epoch"
);
const USE: &str = "select u.payer_id, u.paid, coalesce(r.units, 0) refused
    from class_use u left join (
        select payer_id, least(sum(units), 9223372036854775807)::bigint units from refused_request
        where epoch = $1 and class = $2 group by payer_id) r using (payer_id)
    where u.epoch = $1 and u.class = $2 order by u.payer_id";
const REFUSE: &str = "insert into refused_request (epoch, class, payer_id, request, units)
    select $1, $2, $3, $4, $5 where (
        select count(*) from (
            select from refused_request
            where epoch = $1 and class = $2 and payer_id = $3 limit $6) known) < $6
    on conflict do nothing";
/// The oldest first. Rows that are being written are left for the next time.
const RETIRE: &str = "with used as (
        delete from class_use where ctid = any (array(
            select ctid from class_use where epoch < $1
            order by epoch limit $2 for update skip locked)) returning 1),
    refused as (
        delete from refused_request where ctid = any (array(
            select ctid from refused_request where epoch < $1
            order by epoch limit $2 for update skip locked)) returning 1)
    select (select count(*) from used) + (select count(*) from refused) retired";

/// What one payer used of a class in an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayerClassUse {
    /// Who.
    pub payer: PayerId,
    /// Units of the class's capacity that it paid.
    pub paid: u64,
    /// Units of different requests that rate limits refused.
    pub refused: u64,
}

/// A request that a rate limit refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RefusedRequest {
    /// The class of what was asked.
    pub class: PriceClass,
    /// When it was asked.
    pub epoch: Epoch,
    /// Who asked.
    pub payer: PayerId,
    /// A hash of what was asked.
    pub request: [u8; 32],
    /// Units of the class's capacity that it would have taken.
    pub units: u64,
}

/// Publishes an epoch that follows the one of `after`, the last of its class; `None` if it is the first. Whether
/// it did: `false` if another epoch was published since, so that this one does not follow the last. What is
/// published stays, even if the server dies the next moment.
pub async fn publish(
    pg: &Pg,
    epoch: &PublishedEpoch,
    after: Option<Epoch>,
) -> Result<bool, StoreError> {
    let params = params![
        epoch.class as i16 => INT2,
        stored_epoch(epoch.epoch) => INT8,
        epoch.used as i64 => INT8,
        epoch.target as i64 => INT8,
        epoch.excess.bits() as i64 => INT8,
        epoch.index.bits() as i64 => INT8,
        &epoch.hash[..] => BYTEA,
        after.map(stored_epoch) => INT8,
    ];
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "price::publish").await?;
        tx.lasting().await?;
        tx.query(LOCK, params![epoch.class as i64 => INT8]).await?;
        let published = tx.execute(PUBLISH, params).await? == 1;
        tx.commit().await?;
        Ok(published)
    })
    .await
}

/// The last `count` epochs of a class, at most [`EPOCHS_MAX`], in order.
pub async fn recent(
    pg: &Pg,
    class: PriceClass,
    count: u32,
) -> Result<Vec<PublishedEpoch>, StoreError> {
    let params = params![class as i16 => INT2, i64::from(count.min(EPOCHS_MAX)) => INT8];
    epochs(&pg.read("price::recent", RECENT, params).await?)
}

/// The epochs of a class from this one on, in order: the first `limit`, at most [`EPOCHS_MAX`].
pub async fn history(
    pg: &Pg,
    class: PriceClass,
    from: Epoch,
    limit: u32,
) -> Result<Vec<PublishedEpoch>, StoreError> {
    let params = params![
        class as i16 => INT2,
        stored_epoch(from) => INT8,
        i64::from(limit.min(EPOCHS_MAX)) => INT8,
    ];
    epochs(&pg.read("price::history", HISTORY, params).await?)
}

/// Of each class the last two epochs until this one, itself included, in order of class and epoch.
pub async fn book(pg: &Pg, until: Epoch) -> Result<Vec<PublishedEpoch>, StoreError> {
    let classes = PriceClass::ALL.map(|class| class as i16).to_vec();
    let params = params![classes => INT2_ARRAY, stored_epoch(until) => INT8];
    epochs(&pg.read("price::book", BOOK, params).await?)
}

/// What each payer used of a class in an epoch who paid anything of it, by payer.
pub async fn class_use(
    pg: &Pg,
    class: PriceClass,
    epoch: Epoch,
) -> Result<Vec<PayerClassUse>, StoreError> {
    let params = params![stored_epoch(epoch) => INT8, class as i16 => INT2];
    let rows = pg.query("price::class_use", USE, params).await?;
    let payer_use = |row: TableRow<'_>| {
        Ok(PayerClassUse {
            payer: PayerId::new(row.unsigned("payer_id")?),
            paid: row.unsigned("paid")?,
            refused: row.unsigned("refused")?,
        })
    };
    CLASS_USE.rows(&rows).map(payer_use).collect()
}

/// Notes a request that was refused, once for its payer and epoch. Beyond [`REFUSALS_MAX`] it notes nothing.
pub async fn note_refused(pg: &Pg, refused: &RefusedRequest) -> Result<(), StoreError> {
    let params = params![
        stored_epoch(refused.epoch) => INT8,
        refused.class as i16 => INT2,
        refused.payer.number() as i64 => INT8,
        &refused.request[..] => BYTEA,
        stored_units(refused.units) => INT8,
        i64::from(REFUSALS_MAX) => INT8,
    ];
    pg.execute("price::note_refused", REFUSE, params).await.map(|_| ())
}

/// Deletes what was used and refused before an epoch, the oldest first and at most [`RETIRED_MAX`] rows of each
/// table; returns how many.
pub async fn retire_use(pg: &Pg, before: Epoch) -> Result<u64, StoreError> {
    let params = params![stored_epoch(before) => INT8, i64::from(RETIRED_MAX) => INT8];
    let rows = pg.query("price::retire_use", RETIRE, params).await?;
    let retired = CLASS_USE.rows(&rows).next().map(|row| row.unsigned("retired"));
    retired.unwrap_or(Ok(0))
}

fn epochs(rows: &[tokio_postgres::Row]) -> Result<Vec<PublishedEpoch>, StoreError> {
    PUBLISHED_EPOCH.rows(rows).map(published).collect()
}

fn published(row: TableRow<'_>) -> Result<PublishedEpoch, StoreError> {
    let epoch = row.unsigned("epoch")?;
    let epoch = u32::try_from(epoch).map_err(|_| row.corrupt("epoch", "no epoch"))?;
    Ok(PublishedEpoch {
        class: row.number("class", PriceClass::from_number)?,
        epoch: Epoch::new(epoch),
        used: row.unsigned("used")?,
        target: row.unsigned("target")?,
        excess: Excess::from_bits(row.unsigned("excess")?),
        index: PriceIndex::from_bits(row.unsigned("price_index")?),
        hash: row.bytes("hash")?,
    })
}
