//! Ranks over all runs: what stays of a run when its tables are dropped.
//!
//! A person's rank in a community is a step where it or its score changed, and holds until the next one. Ranks
//! are followed among the first [`FOLLOWED_RANK_MAX`](model::rank_step::FOLLOWED_RANK_MAX) of each community. The steps of a run are packed by blocks
//! of persons (decision 31), so that a person is found, and erased, without reading those of others. A run is loaded
//! first and enters the history in the transaction that publishes it. Runs are kept in parts of
//! [`PART_RUNS`]; the first run of a part has all ranks that are followed, so whole parts can be dropped.

use model::time::Timestamp;
use model::{CommunityId, PersonId, RankStep, RunId};

use super::params::params;
use super::row::{RANK_REASON, RANK_STEP, TableRow};
use super::transaction::PgTransaction;
use super::value::{from_ms, stored_ms, stored_run};
use super::{Pg, partition};
use crate::StoreError;

mod erase;
mod load;
mod packed;

pub(super) use erase::erase;
pub use load::{RunHistory, load};
use packed::{block_of, unpack};

/// How many numbers of runs share a part.
pub const PART_RUNS: u64 = 64;

/// The most runs that one page of a person's history looks at.
pub const RUNS_SEEN_MAX: u32 = 512;

const NEWEST: &str = "select max(run_id) newest from history_run where published_ms is not null";
const IS_PUBLISHED: &str = "select from history_run where run_id = $1 and published_ms is not null";
/// Of a run that follows the newest one; $2 the present.
const PUBLISH: &str = "update history_run set published_ms = $2 where run_id = $1
    and published_ms is null and previous is not distinct from
        (select max(run_id) from history_run where published_ms is not null)";
const IS_LOADED: &str = "select from history_run where run_id = $1 and published_ms is null";
/// $1 the block, $2 the run to begin before, $3 the latest time, $4 how many.
const RUNS: &str = "select h.run_id, h.published_ms, s.body,
        h.run_id = (select min(run_id) from history_run
            where has_steps and published_ms is not null) is_first
    from (select run_id, published_ms from history_run
        where run_id < $2 and published_ms <= $3 and has_steps order by run_id desc limit $4) h
    left join lateral (select body from rank_step where run_id = h.run_id and block = $1) s on true
    order by h.run_id desc";
const REASONS: &str = "select run_id, contributor, before, after from rank_reason
    where person_id = $1 and community_id = $2 and run_id = any($3)
    order by run_id, abs(after - before) desc, contributor";
/// By name, so that a part that was detached and not dropped is found too.
const OLD_PARTS: &str = "select part from (
        select substring(relname from '^rank_step_([0-9]+)$')::bigint part from pg_class
        where relkind = 'r' and relnamespace = (
            select relnamespace from pg_class where oid = 'rank_step'::regclass)) parts
    where part < (select max(run_id) / $3 from history_run where published_ms < $1)
    order by part limit $2";
const WITHOUT_STEPS: &str =
    "update history_run set has_steps = false where run_id < $1 and has_steps";

/// The run that was published last of those in the history: the next one follows it.
pub async fn newest(pg: &Pg) -> Result<Option<RunId>, StoreError> {
    let row = pg.query_opt("history::newest", NEWEST, &[]).await?;
    let newest: Option<i64> = row.and_then(|row| row.get("newest"));
    Ok(newest.map(|id| RunId::new(id as u64)))
}

/// Whether a run is in the history.
pub async fn is_published(pg: &Pg, id: RunId) -> Result<bool, StoreError> {
    let params = params![stored_run(id) => INT8];
    Ok(pg.query_opt("history::is_published", IS_PUBLISHED, params).await?.is_some())
}

/// Whether a run with this predecessor has all ranks that are followed, not only those that changed.
pub fn begins_part(id: RunId, previous: Option<RunId>) -> bool {
    let part = |id: RunId| id.number() / PART_RUNS;
    previous.is_none_or(|previous| part(previous) != part(id))
}

/// Lets what was loaded of a run enter the history, within the transaction that publishes it and holds the
/// row of the active run, so that one follows the other. Of a run that was not loaded nothing is kept.
pub(super) async fn publish(
    tx: &PgTransaction<'_>,
    id: RunId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let stored = stored_run(id);
    if tx.query(IS_LOADED, params![stored => INT8]).await?.is_empty() {
        return Ok(());
    }
    match tx.execute(PUBLISH, params![stored => INT8, stored_ms(now) => INT8]).await? {
        // Its steps follow another run: the next try loads those that follow the newest one.
        0 => Err(StoreError::Statement {
            what: "history::publish",
            why: format!("another run was published while {id} was loaded"),
            passing: true,
        }),
        _ => Ok(()),
    }
}

/// Which steps of a person in a community are read.
#[derive(Debug, Clone, Copy)]
pub struct HistoryQuery {
    /// The person.
    pub person: PersonId,
    /// The community; the id 0 is the whole world.
    pub community: CommunityId,
    /// Only runs before this one.
    pub before: Option<RunId>,
    /// Only runs that were published by then.
    pub until: Timestamp,
    /// The most steps.
    pub limit: u32,
}

/// A step with its run and its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct DatedStep {
    /// The run.
    pub run: RunId,
    /// When it was published.
    pub at: Timestamp,
    /// The rank.
    pub step: RankStep,
    /// The contributors whose gains and losses explain it, the largest first.
    pub reasons: Vec<model::rank_change::RankChangeReason>,
}

/// Steps, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryPage {
    /// The steps.
    pub steps: Vec<DatedStep>,
    /// The run before which the next page begins; `None` at the end.
    pub next: Option<RunId>,
}

/// The ranks of a person in a community over runs. The oldest step may be older than its run: it held when
/// the oldest part that is kept began. Looks at [`RUNS_SEEN_MAX`] runs at most, so a page may be short.
pub async fn of_person(pg: &Pg, query: &HistoryQuery) -> Result<HistoryPage, StoreError> {
    let params = params![
        block_of(query.person) => INT8,
        query.before.map_or(i64::MAX, stored_run) => INT8,
        stored_ms(query.until) => INT8,
        i64::from(RUNS_SEEN_MAX) => INT8,
    ];
    let rows = pg.read("history::of_person", RUNS, params).await?;
    let mut page = HistoryPage { steps: Vec::new(), next: None };
    for row in RANK_STEP.rows(&rows) {
        let run = RunId::new(row.unsigned("run_id")?);
        let Some(step) = step(&row, query)? else { continue };
        if page.steps.len() == query.limit as usize {
            page.next = page.steps.last().map(|last| last.run);
            break;
        }
        let at = from_ms(row.get("published_ms")?);
        page.steps.push(DatedStep { run, at, step, reasons: Vec::new() });
    }
    if page.next.is_none() && rows.len() == RUNS_SEEN_MAX as usize {
        let last = RANK_STEP.rows(&rows).last().map(|row| row.unsigned("run_id"));
        page.next = last.transpose()?.map(RunId::new);
    }
    add_reasons(pg, query, &mut page.steps).await?;
    Ok(page)
}

/// The person's step in a run, if there is one.
fn step(row: &TableRow<'_>, query: &HistoryQuery) -> Result<Option<RankStep>, StoreError> {
    let Some(body) = row.get::<Option<&[u8]>>("body")? else { return Ok(None) };
    let steps = unpack(block_of(query.person), body).map_err(|why| row.corrupt("body", why))?;
    let is_first: bool = row.get("is_first")?;
    let is_wanted = |step: &RankStep| {
        step.person == query.person
            && step.community == query.community
            && (step.is_change || is_first)
    };
    Ok(steps.into_iter().find(is_wanted))
}

async fn add_reasons(
    pg: &Pg,
    query: &HistoryQuery,
    steps: &mut [DatedStep],
) -> Result<(), StoreError> {
    let runs: Vec<i64> = steps.iter().map(|step| stored_run(step.run)).collect();
    let params = params![
        query.person.number() as i64 => INT8,
        query.community.number() as i64 => INT8,
        runs => INT8_ARRAY,
    ];
    for row in RANK_REASON.rows(&pg.read("history::reasons", REASONS, params).await?) {
        let run = RunId::new(row.unsigned("run_id")?);
        let reason = model::rank_change::RankChangeReason {
            person: row.person_id("contributor")?,
            before: row.get("before")?,
            after: row.get("after")?,
        };
        let step = steps.iter_mut().find(|step| step.run == run);
        step.into_iter().for_each(|step| step.reasons.push(reason));
    }
    Ok(())
}

/// Drops whole parts all of whose runs were followed by one of another part before `before`, the oldest
/// first, at most `most`; returns how many.
pub(super) async fn retire(pg: &Pg, before: Timestamp, most: usize) -> Result<usize, StoreError> {
    partition::finish_pending(pg, "history::retire").await?;
    let params = params![stored_ms(before) => INT8, most as i64 => INT8, PART_RUNS as i64 => INT8];
    let parts = pg.query("history::retire", OLD_PARTS, params).await?;
    for row in &parts {
        let part: i64 = row.get("part");
        let end = (part + 1) * PART_RUNS as i64;
        pg.execute("history::retire", WITHOUT_STEPS, params![end => INT8]).await?;
        for parent in ["rank_reason", "rank_step"] {
            partition::drop(pg, "history::retire", parent, &format!("{parent}_{part}")).await?;
        }
    }
    Ok(parts.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_run_of_a_part_has_all_ranks() {
        let begins =
            |id, previous: Option<u64>| begins_part(RunId::new(id), previous.map(RunId::new));
        assert!(begins(1, None) && begins(64, Some(63)) && begins(130, Some(1)));
        assert!(!begins(63, Some(1)) && !begins(127, Some(64)));
    }
}
