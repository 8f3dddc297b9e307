//! How many answers a key got on a UTC day, because those that cost nothing are bounded.

use model::{Day, KeyId};

use super::Pg;
use super::params::params;
use super::row::ANSWER_COUNT;
use super::value::stored_units;
use crate::StoreError;

/// The most rows that one call of [`retire`] deletes.
pub const RETIRED_MAX: u32 = 10_000;

/// Sums stay at the greatest number that fits.
const ADD: &str =
    "insert into answer_count as c (day, key_id, free, charged) values ($1, $2, $3, $4)
    on conflict (day, key_id) do update set
        free = least(c.free::numeric + excluded.free, 9223372036854775807)::bigint,
        charged = least(c.charged::numeric + excluded.charged, 9223372036854775807)::bigint
    returning key_id, free, charged";
const RETIRE: &str = "delete from answer_count where ctid = any (array(
    select ctid from answer_count where day < $1
    order by day limit $2 for update skip locked))";

/// Answers of a key on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnswerCounts {
    /// Those that cost nothing.
    pub free: u64,
    /// Those that were charged.
    pub charged: u64,
}

/// Adds to the counts of a key and day, and returns them. A call that is repeated because its connection broke
/// may add twice: counts bound what is free, no money follows from them.
pub async fn add(
    pg: &Pg,
    key: KeyId,
    day: Day,
    more: AnswerCounts,
) -> Result<AnswerCounts, StoreError> {
    let params = params![
        i32::from(day.0) => INT4,
        key.number() as i64 => INT8,
        stored_units(more.free) => INT8,
        stored_units(more.charged) => INT8,
    ];
    let Some(row) = pg.query_opt("answer_count::add", ADD, params).await? else { return Ok(more) };
    let row = ANSWER_COUNT.row(&row);
    Ok(AnswerCounts { free: row.unsigned("free")?, charged: row.unsigned("charged")? })
}

/// Deletes the counts of days before `before`, the oldest first and at most [`RETIRED_MAX`]; returns how many.
pub async fn retire(pg: &Pg, before: Day) -> Result<u64, StoreError> {
    let params = params![i32::from(before.0) => INT4, i64::from(RETIRED_MAX) => INT8];
    pg.execute("answer_count::retire", RETIRE, params).await
}
