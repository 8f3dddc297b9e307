//! The end of old days: their places in the stream first, then their events.

use model::time::Day;

use super::stream::sequence;
use crate::StoreError;
use crate::pg::params::params;
use crate::pg::{Pg, partition};

/// By name, so that a day that was detached and not dropped is found too.
const OLD_DAYS: &str = "select d from (
        select substring(relname from '^change_log_([0-9]+)$')::int d from pg_class
        where relkind = 'r' and relnamespace = (
            select relnamespace from pg_class where oid = 'change_log'::regclass)) days
    where d < $1 order by d limit $2";
const IS_WAITING: &str = "select from change_waiting where day < $1 limit 1";
/// What is dropped lies at or below the floor, so that no reader passes over it unaware.
const RAISE_FLOOR: &str = "update change_head set floor = greatest(floor, coalesce(
    (select max(last_position) from change_sequence where day = any($1)), 0))";
const FORGET: [&str; 2] = [
    "delete from change_sequence where last_position = any (array(
        select s.last_position from change_sequence s, change_head h
        where s.last_position <= h.floor order by s.last_position limit $1))",
    "delete from change_page where ctid = any (array(
        select p.ctid from change_page p, change_head h
        where p.to_position <= h.floor order by p.to_position limit $1))",
];

/// The most rows that one statement deletes, and the most statements of a call; the next call goes on.
const FORGOTTEN_AT_ONCE: i64 = 10_000;
const ROUNDS_MAX: usize = 1_000;

/// Drops whole days before `first_kept`, the oldest first, at most `most`; returns how many. First the stream's
/// floor rises to their end. A death between leaves nothing that is not found again.
pub async fn retire(pg: &Pg, first_kept: Day, most: usize) -> Result<usize, StoreError> {
    partition::finish_pending(pg, "change::retire").await?;
    let params = params![i32::from(first_kept.0) => INT4, most as i64 => INT8];
    let days = pg.query("change::retire", OLD_DAYS, params).await?;
    let days: Vec<i32> = days.iter().map(|day| day.get::<_, i32>("d")).collect();
    if !days.is_empty() {
        place_all(pg, first_kept).await?;
        pg.execute("change::retire", RAISE_FLOOR, params![days => INT4_ARRAY]).await?;
    }
    for day in &days {
        let table = format!("change_log_{day}");
        partition::drop(pg, "change::retire", "change_log", &table).await?;
    }
    forget(pg).await?;
    Ok(days.len())
}

/// Gives positions to what is about to go: there may have been no reader for so long.
async fn place_all(pg: &Pg, first_kept: Day) -> Result<(), StoreError> {
    let params = params![i32::from(first_kept.0) => INT4];
    for _ in 0..ROUNDS_MAX {
        sequence(pg).await?;
        if pg.query_opt("change::retire", IS_WAITING, params).await?.is_none() {
            return Ok(());
        }
    }
    Err(StoreError::TimedOut {
        what: "change::retire",
        why: "old events get no positions: another process gives them".to_owned(),
    })
}

/// Deletes the places below the floor.
async fn forget(pg: &Pg) -> Result<(), StoreError> {
    for sql in FORGET {
        for _ in 0..ROUNDS_MAX {
            let params = params![FORGOTTEN_AT_ONCE => INT8];
            if pg.execute("change::retire", sql, params).await? < FORGOTTEN_AT_ONCE as u64 {
                break;
            }
        }
    }
    Ok(())
}
