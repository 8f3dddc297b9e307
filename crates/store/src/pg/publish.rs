//! Loading the results of a run for serving.
//!
//! Everything is copied into tables that are not attached until [`RunLoader::finish`]: readers see a
//! run as a whole or not at all, and after a loader that died another one starts again. The loader
//! keeps 16 bytes for each person and 16 for each membership, for the indexes by person. Rows of small
//! communities are collected, so that a statement is worth its round trip, and the next rows are
//! packed while a few statements run.

use model::{Community, CommunityId, PersonId, RunId};
use rayon::prelude::*;
use tokio::task::JoinSet;

use super::connection::retry;
use super::copy::{CopyRow, CopyTarget};
use super::evidence::PackedEvidence;
use super::membership::{PERSONS_BLOCK, PersonPlace, pack_persons};
use super::params::params;
use super::score::{NUMBERS_BLOCK, PEOPLE_BLOCK, PersonScore, pack_numbers, pack_people};
use super::term::Term;
use super::transaction::PgTransaction;
use super::{Pg, run};
use crate::StoreError;

mod map;
mod rows;

pub use rows::PackedMemberships;
use rows::{
    COMMUNITY, CommunityRow, EVIDENCE_BLOCK, EVIDENCE_GIVER, EvidenceRow, KeyedBody,
    PERSON_STANDING, RUN_NUMBER, RUN_PERSON, RunRow, RunTable, STANDING, TERM, TermRow,
};

/// Fills the tables of one run.
#[derive(Debug)]
pub struct RunLoader<'a> {
    pg: &'a Pg,
    run: RunId,
    /// People of the block that is not full yet.
    block: Vec<PersonScore>,
    numbers: Vec<(PersonId, u32)>,
    places: Vec<PersonPlace>,
    memberships: RowBuffer<PackedMemberships>,
    sources: RowBuffer<KeyedBody<i64>>,
    evidence: RowBuffer<EvidenceRow>,
    /// Statements that are under way.
    sent: JoinSet<Result<(), StoreError>>,
}

/// Rows of one table that are not sent yet.
struct RowBuffer<R> {
    rows: Vec<R>,
    bytes: usize,
}

/// The most rows of one statement.
const ROWS_MAX: usize = 500;

/// Rows are sent as soon as they have this many bytes.
const BYTES_MAX: usize = 1 << 20;

/// The most statements under way, each on a connection of its own.
const SENT_MAX: usize = 2;

/// One statement, so that the version of the folding is always that of the attached terms.
const FINISH: &str = "with folded as (update run set folding = $2 where run_id = $1)
    select attach_run($1)";

/// $2: the number of the state "running".
const RUNNING: &str = "select from run where run_id = $1 and state = $2";

impl<'a> RunLoader<'a> {
    /// Creates empty tables for the run; those of an earlier loader are dropped. Only a run that is
    /// still running can be loaded.
    pub async fn begin(pg: &'a Pg, run: RunId) -> Result<RunLoader<'a>, StoreError> {
        let id = run::stored(run);
        let params = params![id => INT8, run::RunState::Running as i16 => INT2];
        if pg.query("publish::begin", RUNNING, params).await?.is_empty() {
            let why = "it is not running";
            return Err(StoreError::Conflict(format!("load the results of {run}: {why}")));
        }
        pg.query("publish::begin", "select open_run($1)", params![id => INT8]).await?;
        Ok(RunLoader {
            pg,
            run,
            block: Vec::new(),
            numbers: Vec::new(),
            places: Vec::new(),
            memberships: RowBuffer::new(),
            sources: RowBuffer::new(),
            evidence: RowBuffer::new(),
            sent: JoinSet::new(),
        })
    }

    /// Adds people, continuing with the next number. The most trusted come first.
    pub async fn people(&mut self, people: &[PersonScore]) -> Result<(), StoreError> {
        for &person in people {
            let number = self.numbers.len() as u32;
            self.numbers.push((person.person, number));
            self.block.push(person);
            if self.block.len() == PEOPLE_BLOCK {
                self.send_people().await?;
            }
        }
        Ok(())
    }

    async fn send_people(&mut self) -> Result<(), StoreError> {
        if self.block.is_empty() {
            return Ok(());
        }
        let key = ((self.numbers.len() - 1) / PEOPLE_BLOCK) as i32;
        let body = pack_people(&self.block);
        self.block.clear();
        self.send(&RUN_PERSON, vec![KeyedBody { key, body }]).await
    }

    /// Adds communities, each with the words of its labels, folded as the terms are.
    pub async fn communities(
        &mut self,
        communities: &[(Community, Vec<String>)],
    ) -> Result<(), StoreError> {
        let row =
            |(community, words): &(Community, Vec<String>)| CommunityRow::new(community, words);
        self.send_all(&COMMUNITY, communities.iter().map(row)).await
    }

    /// Adds the memberships of one community.
    pub async fn memberships(&mut self, packed: PackedMemberships) -> Result<(), StoreError> {
        let (community, places) = (packed.community, packed.persons.iter().zip(0..));
        let places = places.map(|(&person, place)| PersonPlace { person, community, place });
        self.places.extend(places);
        self.same_memberships(packed).await
    }

    /// Adds the memberships of one community that another stands for: they are in the list of no person.
    pub async fn same_memberships(&mut self, packed: PackedMemberships) -> Result<(), StoreError> {
        let bytes = packed.bytes();
        if self.memberships.add(packed, bytes) { self.send_memberships().await } else { Ok(()) }
    }

    async fn send_memberships(&mut self) -> Result<(), StoreError> {
        let rows = self.memberships.take();
        self.send(&STANDING, rows).await
    }

    /// Adds the evidence of one community, whose memberships it follows.
    pub async fn evidence(
        &mut self,
        community: CommunityId,
        evidence: PackedEvidence,
    ) -> Result<(), StoreError> {
        let community = community.number() as i64;
        let bytes = evidence.sources.len();
        if self.sources.add(KeyedBody { key: community, body: evidence.sources }, bytes) {
            self.send_sources().await?;
        }
        for (block, body) in evidence.blocks {
            let bytes = body.len();
            if self.evidence.add(EvidenceRow { community, block: block as i32, body }, bytes) {
                self.send_evidence().await?;
            }
        }
        Ok(())
    }

    async fn send_sources(&mut self) -> Result<(), StoreError> {
        let rows = self.sources.take();
        self.send(&EVIDENCE_GIVER, rows).await
    }

    async fn send_evidence(&mut self) -> Result<(), StoreError> {
        let rows = self.evidence.take();
        self.send(&EVIDENCE_BLOCK, rows).await
    }

    /// Adds terms, each once.
    pub async fn terms(&mut self, terms: &[Term]) -> Result<(), StoreError> {
        self.send_all(&TERM, terms.iter().map(TermRow::new)).await
    }

    /// Attaches the tables: the run can be read, and be made the served one. Its terms are folded by
    /// this version.
    pub async fn finish(mut self, folding: u8) -> Result<(), StoreError> {
        self.send_people().await?;
        self.send_memberships().await?;
        self.send_sources().await?;
        self.send_evidence().await?;
        self.numbers.sort_unstable();
        let numbers = std::mem::take(&mut self.numbers);
        let blocks = numbers.chunks(NUMBERS_BLOCK).map(|block| {
            let first = block.first().map_or(0, |(person, _)| person.number() as i64);
            KeyedBody { key: first, body: pack_numbers(block) }
        });
        self.send_all(&RUN_NUMBER, blocks).await?;
        let persons = self.person_blocks();
        self.send_all(&PERSON_STANDING, persons.into_iter()).await?;
        self.wait(0).await?;
        let params = params![run::stored(self.run) => INT8, i16::from(folding) => INT2];
        self.pg.query("publish::finish", FINISH, params).await.map(|_| ())
    }

    fn person_blocks(&mut self) -> Vec<KeyedBody<i32>> {
        let block_of = |place: &PersonPlace| place.person / PERSONS_BLOCK as u32;
        self.places.par_sort_unstable();
        let blocks = self.places.par_chunk_by(|a, b| block_of(a) == block_of(b));
        let pack = |places: &[PersonPlace]| {
            let block = places.first().map_or(0, block_of);
            let first = block * PERSONS_BLOCK as u32;
            KeyedBody { key: block as i32, body: pack_persons(first, places) }
        };
        blocks.map(pack).collect()
    }

    async fn send_all<R: CopyRow + Send + Sync + 'static>(
        &mut self,
        table: &RunTable,
        mut rows: impl Iterator<Item = R>,
    ) -> Result<(), StoreError> {
        loop {
            let chunk: Vec<R> = rows.by_ref().take(ROWS_MAX).collect();
            if chunk.is_empty() {
                return Ok(());
            }
            self.send(table, chunk).await?;
        }
    }

    /// Copies rows as soon as fewer than [`SENT_MAX`] statements are under way.
    async fn send<R: CopyRow + Send + Sync + 'static>(
        &mut self,
        table: &RunTable,
        rows: Vec<R>,
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.wait(SENT_MAX - 1).await?;
        let (pg, run) = (self.pg.clone(), run::stored(self.run));
        let target = table.of_run(run);
        let rows: Vec<RunRow<R>> = rows.into_iter().map(|row| RunRow { run, row }).collect();
        self.sent.spawn(async move { load(&pg, &target, &rows).await });
        Ok(())
    }

    /// Waits until at most `under_way` statements are under way; returns the error of one that failed.
    async fn wait(&mut self, under_way: usize) -> Result<(), StoreError> {
        while self.sent.len() > under_way {
            match self.sent.join_next().await {
                Some(Ok(done)) => done?,
                // A statement is stopped with its loader only.
                Some(Err(error)) => return Err(StoreError::Unavailable(error.to_string())),
                None => {}
            }
        }
        Ok(())
    }
}

/// Copies rows into a table. The first try copies straight into it. A further one, after a connection
/// broke, may find rows that an earlier try or another loader of the run wrote: it adds what is missing.
async fn load<R: CopyRow + Sync>(
    pg: &Pg,
    target: &CopyTarget,
    rows: &[R],
) -> Result<(), StoreError> {
    match copy(pg, target, rows).await {
        Err(error) if error.is_passing() && !error.is_timeout() => {
            retry(|| copy_missing(pg, target, rows)).await
        }
        done => done,
    }
}

async fn copy<R: CopyRow + Sync>(
    pg: &Pg,
    target: &CopyTarget,
    rows: &[R],
) -> Result<(), StoreError> {
    let mut client = pg.client().await?;
    let tx = PgTransaction::begin(&mut client, "publish").await?;
    tx.copy(target, rows).await?;
    tx.commit().await
}

async fn copy_missing<R: CopyRow + Sync>(
    pg: &Pg,
    target: &CopyTarget,
    rows: &[R],
) -> Result<(), StoreError> {
    let mut client = pg.client().await?;
    let tx = PgTransaction::begin(&mut client, "publish").await?;
    let (table, columns) = (&target.table, target.names());
    let create = format!("create temp table loaded (like {table}) on commit drop");
    tx.execute(&create, params![]).await?;
    let loaded = CopyTarget { table: "loaded".to_owned(), columns: target.columns.clone() };
    tx.copy(&loaded, rows).await?;
    let add = format!(
        "insert into {table} ({columns}) select {columns} from loaded on conflict do nothing"
    );
    tx.execute(&add, params![]).await?;
    tx.commit().await
}

impl<R> RowBuffer<R> {
    fn new() -> RowBuffer<R> {
        RowBuffer { rows: Vec::new(), bytes: 0 }
    }

    /// Adds a row of this many bytes; returns whether it is time to send all.
    fn add(&mut self, row: R, bytes: usize) -> bool {
        self.rows.push(row);
        self.bytes += bytes;
        self.bytes >= BYTES_MAX || self.rows.len() >= ROWS_MAX
    }

    fn take(&mut self) -> Vec<R> {
        self.bytes = 0;
        std::mem::take(&mut self.rows)
    }
}

impl<R> std::fmt::Debug for RowBuffer<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowBuffer").field("rows", &self.rows.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use testkit::database;

    use super::*;

    #[tokio::test]
    async fn rows_that_an_earlier_try_copied_are_kept_and_the_others_added() {
        let db = database().await;
        let client = db.client().await;
        client.batch_execute("select open_run(7)").await.unwrap();
        let pg = Pg::connect(db.url(), 1).await.unwrap();
        let row = |term: &&str| {
            let term = Term { term: (*term).to_owned(), count: 1, body: Vec::new() };
            RunRow { run: 7, row: TermRow::new(&term) }
        };
        for terms in [["a", "b"], ["b", "c"]] {
            let rows: Vec<_> = terms.iter().map(row).collect();
            load(&pg, &TERM.of_run(7), &rows).await.unwrap();
        }
        let sql = "select string_agg(term, '' order by term) from term_7";
        assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, &str>(0), "abc");
    }
}
