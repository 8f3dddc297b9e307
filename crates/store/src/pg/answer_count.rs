//! How many answers a key, and its payer with all keys, got on a UTC day, because those that cost nothing are
//! bounded.

use model::{Day, KeyId, PayerId};

use super::Pg;
use super::params::params;
use super::row::ANSWER_COUNT;
use super::value::stored_units;
use crate::StoreError;

/// The most rows of each table that one call of [`retire`] deletes.
pub const RETIRED_MAX: u32 = 10_000;

/// Sums stay at the greatest number that fits.
const ADD: &str = "with of_key as (
        insert into answer_count as c (day, key_id, free, charged) values ($1, $2, $4, $5)
        on conflict (day, key_id) do update set
            free = least(c.free::numeric + excluded.free, 9223372036854775807)::bigint,
            charged = least(c.charged::numeric + excluded.charged, 9223372036854775807)::bigint
        returning key_id, free, charged),
    of_payer as (
        insert into payer_answer_count as c (day, payer_id, free, charged) values ($1, $3, $4, $5)
        on conflict (day, payer_id) do update set
            free = least(c.free::numeric + excluded.free, 9223372036854775807)::bigint,
            charged = least(c.charged::numeric + excluded.charged, 9223372036854775807)::bigint
        returning free, charged)
    select k.key_id, k.free, k.charged, p.free payer_free, p.charged payer_charged
    from of_key k cross join of_payer p";
const RETIRE: &str = "with of_keys as (
        delete from answer_count where ctid = any (array(
            select ctid from answer_count where day < $1
            order by day limit $2 for update skip locked)) returning 1),
    of_payers as (
        delete from payer_answer_count where ctid = any (array(
            select ctid from payer_answer_count where day < $1
            order by day limit $2 for update skip locked)) returning 1)
    select (select count(*) from of_keys) + (select count(*) from of_payers) retired";

/// Whose answers are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountedKey {
    /// The key.
    pub key: KeyId,
    /// Its payer.
    pub payer: PayerId,
}

/// The answers of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayCounts {
    /// Those of the key.
    pub key: AnswerCounts,
    /// Those of its payer, with all keys.
    pub payer: AnswerCounts,
}

/// Answers on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnswerCounts {
    /// Those that cost nothing.
    pub free: u64,
    /// Those that were charged.
    pub charged: u64,
}

/// Adds to the counts of a key and its payer on a day, and returns them. A call that is repeated because its
/// connection broke may add twice: counts bound what is free, no money follows from them.
pub async fn add(
    pg: &Pg,
    counted: CountedKey,
    day: Day,
    more: AnswerCounts,
) -> Result<DayCounts, StoreError> {
    let params = params![
        i32::from(day.0) => INT4,
        counted.key.number() as i64 => INT8,
        counted.payer.number() as i64 => INT8,
        stored_units(more.free) => INT8,
        stored_units(more.charged) => INT8,
    ];
    let Some(row) = pg.query_opt("answer_count::add", ADD, params).await? else {
        return Ok(DayCounts { key: more, payer: more });
    };
    let row = ANSWER_COUNT.row(&row);
    let (free, charged) = (row.unsigned("free")?, row.unsigned("charged")?);
    let key = AnswerCounts { free, charged };
    let (free, charged) = (row.unsigned("payer_free")?, row.unsigned("payer_charged")?);
    Ok(DayCounts { key, payer: AnswerCounts { free, charged } })
}

/// Deletes the counts of days before `before`, the oldest first and at most [`RETIRED_MAX`] of each table; returns
/// how many.
pub async fn retire(pg: &Pg, before: Day) -> Result<u64, StoreError> {
    let params = params![i32::from(before.0) => INT4, i64::from(RETIRED_MAX) => INT8];
    let rows = pg.query("answer_count::retire", RETIRE, params).await?;
    let retired = ANSWER_COUNT.rows(&rows).next().map(|row| row.unsigned("retired"));
    retired.unwrap_or(Ok(0))
}
