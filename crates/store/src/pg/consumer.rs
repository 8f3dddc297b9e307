//! Readers of the change stream whose place is kept.

use model::change::ChangeRange;
use model::consumer::CONSUMERS_MAX;
use model::time::Timestamp;
use model::{ChangeFilter, ChangePosition, Consumer, ConsumerName, PayerId};

use super::Pg;
use super::connection::retry;
use super::params::params;
use super::row::{CONSUMER, TableRow};
use super::transaction::PgTransaction;
use super::value::{from_ms, position, stored_ms, stored_position};
use crate::StoreError;

/// Consumers of one payer are made one after the other, so that they can be counted.
const LOCK: &str = "select pg_advisory_xact_lock(hashtextextended('consumer', $1))";
const COUNT: &str = "select count(*) as consumers from consumer where payer_id = $1 and name <> $2";

/// The columns of a consumer.
macro_rules! consumer_columns {
    () => {
        "name, filter::text as filter, position, replay_from, replay_to, created_ms, updated_ms"
    };
}

/// One that is there stays where it is.
const PUT: &str = concat!(
    "insert into consumer as c (payer_id, name, filter, position, created_ms, updated_ms)
    values ($1, $2, $3::text::jsonb, $4, $5, $5)
    on conflict (payer_id, name) do update set filter = excluded.filter, updated_ms = $5
    returning ",
    consumer_columns!()
);
const GET: &str =
    concat!("select ", consumer_columns!(), " from consumer where payer_id = $1 and name = $2");
const OF_PAYER: &str = concat!(
    "select ",
    consumer_columns!(),
    " from consumer where payer_id = $1 order by name limit $2"
);
const DELETE: &str = "delete from consumer where payer_id = $1 and name = $2";
/// Forward, or back if $4, which ends a range that is read again.
const COMMIT: &str = concat!(
    "update consumer set updated_ms = $5, position = $3,
        replay_from = case when $4 then null else replay_from end,
        replay_to = case when $4 then null else replay_to end
    where payer_id = $1 and name = $2 and ($4 or $3 >= position) returning ",
    consumer_columns!()
);
/// Forward in the range that is read again, whose end ends it. Where there is none, nothing changes.
const COMMIT_REPLAY: &str = concat!(
    "update consumer set updated_ms = $4,
        replay_from = case when $3 < replay_to then greatest($3, replay_from) end,
        replay_to = case when $3 < replay_to then replay_to end
    where payer_id = $1 and name = $2 returning ",
    consumer_columns!()
);
const REPLAY: &str = concat!(
    "update consumer set replay_from = $3, replay_to = $4, updated_ms = $5
    where payer_id = $1 and name = $2 and $4 <= position returning ",
    consumer_columns!()
);

/// Which consumer.
#[derive(Debug, Clone, Copy)]
pub struct ConsumerKey<'a> {
    /// Whose it is.
    pub payer: PayerId,
    /// Its name.
    pub name: &'a ConsumerName,
}

/// Where a consumer moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsumerMove {
    /// On.
    Forward,
    /// On or back; a range that is read again is ended.
    Rewind,
    /// On in the range that is read again; its own place stays. What comes late, after the range, changes nothing.
    Replay,
}

/// Makes a consumer at a position, or gives the one that is there another filter: it stays where it is.
///
/// # Errors
/// [`StoreError::Conflict`] if the payer has [`CONSUMERS_MAX`] others.
pub async fn put(
    pg: &Pg,
    key: ConsumerKey<'_>,
    filter: &ChangeFilter,
    position: ChangePosition,
    now: Timestamp,
) -> Result<Consumer, StoreError> {
    let (payer, filter) = (key.payer.number() as i64, filter.canonical());
    let filter = String::from_utf8_lossy(&filter);
    let put = params![
        payer => INT8,
        key.name.as_str() => TEXT,
        &*filter => TEXT,
        stored_position(position) => INT8,
        stored_ms(now) => INT8,
    ];
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "consumer::put").await?;
        tx.query(LOCK, params![payer => INT8]).await?;
        let others = tx.query(COUNT, params![payer => INT8, key.name.as_str() => TEXT]).await?;
        let others = others.first().map_or(0, |row| row.get::<_, i64>("consumers"));
        if others >= i64::from(CONSUMERS_MAX) {
            let why = format!("{} has {CONSUMERS_MAX} consumers: delete one first", key.payer);
            return Err(StoreError::Conflict(why));
        }
        let rows = tx.query(PUT, put).await?;
        let made = CONSUMER.rows(&rows).next().map(from_row);
        let made =
            made.ok_or_else(|| StoreError::Conflict("no consumer was made".to_owned()))??;
        tx.commit().await?;
        Ok(made)
    })
    .await
}

/// A payer's consumer of this name.
pub async fn get(pg: &Pg, key: ConsumerKey<'_>) -> Result<Option<Consumer>, StoreError> {
    let params = params![key.payer.number() as i64 => INT8, key.name.as_str() => TEXT];
    let row = pg.read_opt("consumer::get", GET, params).await?;
    row.as_ref().map(|row| from_row(CONSUMER.row(row))).transpose()
}

/// A payer's consumers, by name.
pub async fn of_payer(pg: &Pg, payer: PayerId) -> Result<Vec<Consumer>, StoreError> {
    let params = params![payer.number() as i64 => INT8, i64::from(CONSUMERS_MAX) => INT8];
    let rows = pg.read("consumer::of_payer", OF_PAYER, params).await?;
    CONSUMER.rows(&rows).map(from_row).collect()
}

/// Deletes a payer's consumer; whether there was one.
pub async fn delete(pg: &Pg, key: ConsumerKey<'_>) -> Result<bool, StoreError> {
    let params = params![key.payer.number() as i64 => INT8, key.name.as_str() => TEXT];
    Ok(pg.execute("consumer::delete", DELETE, params).await? > 0)
}

/// Moves a consumer. The same again changes nothing. `None` if there is no such consumer, or if it is further and
/// this is no [`ConsumerMove::Rewind`].
pub async fn commit(
    pg: &Pg,
    key: ConsumerKey<'_>,
    position: ChangePosition,
    consumer_move: ConsumerMove,
    now: Timestamp,
) -> Result<Option<Consumer>, StoreError> {
    let (payer, name) = (key.payer.number() as i64, key.name.as_str());
    let (position, now) = (stored_position(position), stored_ms(now));
    let row = if consumer_move == ConsumerMove::Replay {
        let params = params![payer => INT8, name => TEXT, position => INT8, now => INT8];
        pg.query_opt("consumer::commit_replay", COMMIT_REPLAY, params).await?
    } else {
        let is_rewind = consumer_move == ConsumerMove::Rewind;
        let params = params![
            payer => INT8, name => TEXT, position => INT8, is_rewind => BOOL, now => INT8,
        ];
        pg.query_opt("consumer::commit", COMMIT, params).await?
    };
    row.as_ref().map(|row| from_row(CONSUMER.row(row))).transpose()
}

/// Lets a consumer read a range again. `None` if there is no such consumer, or if it is not as far as the range.
pub async fn replay(
    pg: &Pg,
    key: ConsumerKey<'_>,
    range: ChangeRange,
    now: Timestamp,
) -> Result<Option<Consumer>, StoreError> {
    let params = params![
        key.payer.number() as i64 => INT8,
        key.name.as_str() => TEXT,
        stored_position(range.from) => INT8,
        stored_position(range.to) => INT8,
        stored_ms(now) => INT8,
    ];
    let row = pg.query_opt("consumer::replay", REPLAY, params).await?;
    row.as_ref().map(|row| from_row(CONSUMER.row(row))).transpose()
}

fn from_row(row: TableRow<'_>) -> Result<Consumer, StoreError> {
    let place = |column| row.get::<Option<i64>>(column).map(|place| place.map(position));
    let (from, to) = (place("replay_from")?, place("replay_to")?);
    Ok(Consumer {
        name: row.parsed("name")?,
        filter: row.json("filter")?,
        position: position(row.get("position")?),
        replay: from.zip(to).map(|(from, to)| ChangeRange { from, to }),
        created_at: from_ms(row.get("created_ms")?),
        updated_at: from_ms(row.get("updated_ms")?),
    })
}
