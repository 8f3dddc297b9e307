//! Loading what a run adds to the history, before it is published.

use model::{LineageEvent, RankChange, RankStep, RunId};
use tokio_postgres::types::{ToSql, Type};

use super::erase::erase_late;
use super::packed::{block_of, pack};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::connection::retry;
use crate::pg::copy::{CopyRow, CopyTarget};
use crate::pg::params::params;
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{stored_count, stored_run};

/// What a run adds to the history.
#[derive(Debug, Clone, Copy)]
pub struct RunHistory<'a> {
    /// The run.
    pub run: RunId,
    /// The run of the history that it follows: [`super::newest`].
    pub previous: Option<RunId>,
    /// Its steps, sorted by person and community.
    pub steps: &'a [RankStep],
    /// The changes of ranks with reasons, if they are those since `previous`.
    pub changes: &'a [RankChange],
    /// What became of communities.
    pub events: &'a [LineageEvent],
}

const OPEN: &str = "select open_history($1)";
/// Runs that were loaded and will not be published, besides $1.
const LEFT: &str = "select h.run_id from history_run h left join run r on r.run_id = h.run_id
    where h.published_ms is null and (h.run_id = $1 or coalesce(r.state, 0) <> 1)
    order by h.run_id for update of h";
const CLEAR: [&str; 4] = [
    "delete from rank_step where run_id = any($1)",
    "delete from rank_reason where run_id = any($1)",
    "delete from community_event where run_id = any($1)",
    "delete from history_run where run_id = any($1)",
];
const NOTE: &str = "insert into history_run (run_id, previous) values ($1, $2)";

/// Loads what a run adds: nothing of it is read before the run is published. A run that is loaded
/// again, after a worker died or because another run was published meanwhile, is loaded from nothing; one that
/// is published stays as it is.
pub async fn load(pg: &Pg, history: &RunHistory<'_>) -> Result<(), StoreError> {
    let id = stored_run(history.run);
    pg.query("history::load", OPEN, params![id => INT8]).await?;
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "history::load").await?;
        let left = tx.query(LEFT, params![id => INT8]).await?;
        let left: Vec<i64> = left.iter().map(|row| row.get("run_id")).collect();
        for sql in CLEAR {
            tx.execute(sql, params![left => INT8_ARRAY]).await?;
        }
        let previous = history.previous.map(stored_run);
        tx.execute(NOTE, params![id => INT8, previous => INT8]).await?;
        copy_all(&tx, history).await?;
        erase_late(&tx, history.run).await?;
        tx.commit().await
    })
    .await
}

async fn copy_all(tx: &PgTransaction<'_>, history: &RunHistory<'_>) -> Result<(), StoreError> {
    let run = stored_run(history.run);
    let blocks = history.steps.chunk_by(|a, b| block_of(a.person) == block_of(b.person));
    let row = |steps: &[RankStep]| {
        let block = steps.first().map_or(0, |step| block_of(step.person));
        BlockRow { run, block, body: pack(steps) }
    };
    // Some at a time, so that no second form of all steps is held.
    let mut rows = blocks.map(row).peekable();
    while rows.peek().is_some() {
        let chunk: Vec<BlockRow> = rows.by_ref().take(ROWS_MAX).collect();
        tx.copy(&step_target(), &chunk).await?;
    }
    let reasons: Vec<ReasonRow> =
        history.changes.iter().flat_map(|one| reasons(run, one)).collect();
    tx.copy(&reason_target(), &reasons).await?;
    let events: Vec<EventRow> = history.events.iter().map(|one| EventRow::new(run, one)).collect();
    tx.copy(&event_target(), &events).await.map(|_| ())
}

/// Blocks that are packed together.
const ROWS_MAX: usize = 5_000;

struct BlockRow {
    run: i64,
    block: i64,
    body: Vec<u8>,
}

impl CopyRow for BlockRow {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.run, &self.block, &self.body]
    }
}

fn step_target() -> CopyTarget {
    let columns = vec![("run_id", Type::INT8), ("block", Type::INT8), ("body", Type::BYTEA)];
    CopyTarget { table: "rank_step".to_owned(), columns }
}

struct ReasonRow {
    run: i64,
    person: i64,
    community: i64,
    contributor: i64,
    before: f32,
    after: f32,
}

fn reasons(run: i64, change: &RankChange) -> impl Iterator<Item = ReasonRow> + '_ {
    change.reasons.iter().map(move |reason| ReasonRow {
        run,
        person: change.person.number() as i64,
        community: change.community.number() as i64,
        contributor: reason.person.number() as i64,
        before: reason.before,
        after: reason.after,
    })
}

impl CopyRow for ReasonRow {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        let ReasonRow { run, person, community, contributor, before, after } = self;
        vec![run, person, community, contributor, before, after]
    }
}

fn reason_target() -> CopyTarget {
    let columns = vec![
        ("run_id", Type::INT8),
        ("person_id", Type::INT8),
        ("community_id", Type::INT8),
        ("contributor", Type::INT8),
        ("before", Type::FLOAT4),
        ("after", Type::FLOAT4),
    ];
    CopyTarget { table: "rank_reason".to_owned(), columns }
}

struct EventRow {
    run: i64,
    community: i64,
    kind: i16,
    level: i16,
    other: Option<i64>,
    shared: i32,
}

impl EventRow {
    fn new(run: i64, event: &LineageEvent) -> EventRow {
        EventRow {
            run,
            community: event.community.number() as i64,
            kind: event.event as i16,
            level: i16::from(event.level),
            other: event.other.map(|id| id.number() as i64),
            shared: stored_count(event.shared),
        }
    }
}

impl CopyRow for EventRow {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        let EventRow { run, community, kind, level, other, shared } = self;
        vec![run, community, kind, level, other, shared]
    }
}

fn event_target() -> CopyTarget {
    let columns = vec![
        ("run_id", Type::INT8),
        ("community_id", Type::INT8),
        ("kind", Type::INT2),
        ("level", Type::INT2),
        ("other", Type::INT8),
        ("shared", Type::INT4),
    ];
    CopyTarget { table: "community_event".to_owned(), columns }
}
