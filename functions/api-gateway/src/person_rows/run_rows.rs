//! The rows of one run: opened, fetched block by block, and at hand for searches.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use graph::nearby::{AttentionRow, MissingRows, PersonFact, RowSource};
use model::index::{PersonIndex, RunPerson};
use model::port::PortError;
use model::{PersonId, RunId};
use snapshot::SharedObjects;
use snapshot::artifact::ArtifactError;
use snapshot::person_rows::{self, BlockId, PersonBlock, RowIndex, RowSection};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinSet;

use super::block_cache::BlockCache;
use crate::error::{Problem, ProblemCode};

/// Blocks of one answer that are fetched at the same time.
const FETCHED_AT_ONCE: usize = 32;

/// Blocks that a search gets at a time; it misses the others again.
const BLOCKS_AT_A_TIME: usize = 256;

/// Searches at the same time in one process.
const SEARCHES_MAX: usize = 3;

/// Runs whose indexes are kept.
const INDEXES_KEPT: usize = 4;

/// The most memory that the blocks of one answer take. A search that needs more ends with what it has.
const ANSWER_BYTES_MAX: usize = 128 << 20;

/// Reads the rows of all runs.
pub(crate) struct RowReader {
    objects: SharedObjects,
    cache: Mutex<BlockCache>,
    /// The indexes that were opened last, the newest last.
    indexes: Mutex<Vec<(RunId, Arc<RowIndex>)>>,
    searches: Semaphore,
}

impl RowReader {
    pub(crate) fn new(objects: SharedObjects, cache_bytes: usize) -> RowReader {
        RowReader {
            objects,
            cache: Mutex::new(BlockCache::new(cache_bytes)),
            indexes: Mutex::default(),
            searches: Semaphore::new(SEARCHES_MAX),
        }
    }

    /// The rows of a run, when it is this answer's turn to search; a problem if the run has none.
    pub(crate) async fn open(&self, run: RunId) -> Result<RunRows<'_>, Problem> {
        let turn = self.searches.acquire().await.map_err(|_| Problem::internal())?;
        let index = self.index(run).await?;
        let blocks = RowSection::ALL.map(|section| vec![None; index.size(section).blocks]);
        Ok(RunRows { reader: self, run, index, blocks, bytes: 0, _turn: turn })
    }

    async fn index(&self, run: RunId) -> Result<Arc<RowIndex>, Problem> {
        let known = self.indexes().iter().find(|known| known.0 == run).cloned();
        if let Some((_, index)) = known {
            return Ok(index);
        }
        let opened = person_rows::open(self.objects.store(), run).await;
        let index = Arc::new(opened.map_err(|error| refused(run, &error))?);
        let mut indexes = self.indexes();
        indexes.push((run, Arc::clone(&index)));
        let outdated = indexes.len().saturating_sub(INDEXES_KEPT);
        indexes.drain(..outdated);
        Ok(index)
    }

    fn indexes(&self) -> MutexGuard<'_, Vec<(RunId, Arc<RowIndex>)>> {
        self.indexes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cache(&self) -> MutexGuard<'_, BlockCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The blocks of a run that one answer has at hand.
pub(crate) struct RunRows<'a> {
    reader: &'a RowReader,
    run: RunId,
    index: Arc<RowIndex>,
    /// By section and number.
    blocks: [Vec<Option<Arc<PersonBlock>>>; RowSection::ALL.len()],
    bytes: usize,
    _turn: SemaphorePermit<'a>,
}

/// A block with its id, or why it cannot be had.
type FetchedBlock = Result<(BlockId, Arc<PersonBlock>), Problem>;

impl RunRows<'_> {
    /// Fetches what a search misses, or a part of it, in the order of blocks. False if the answer may not have
    /// more.
    pub(crate) async fn fetch(&mut self, missing: &MissingRows) -> Result<bool, Problem> {
        let sections = [
            (RowSection::Given, &missing.given),
            (RowSection::Received, &missing.received),
            (RowSection::Facts, &missing.facts),
        ];
        let mut wanted = BTreeSet::new();
        for (section, people) in sections {
            let blocks = people.iter().filter_map(|&person| self.index.block(section, person));
            wanted.extend(blocks.filter(|&block| self.at_hand(block).is_none()));
        }
        let mut bytes = self.bytes;
        let fits = |block: &BlockId| {
            bytes += self.index.memory_bytes(*block);
            bytes <= ANSWER_BYTES_MAX
        };
        let wanted: BTreeSet<BlockId> =
            wanted.into_iter().take(BLOCKS_AT_A_TIME).take_while(fits).collect();
        let is_more = !wanted.is_empty();
        self.take(wanted).await?;
        Ok(is_more)
    }

    /// The given rows of some people, one for each.
    pub(crate) async fn given_by(
        &mut self,
        people: &[PersonIndex],
    ) -> Result<Vec<AttentionRow<'_>>, Problem> {
        self.take(self.blocks_of(RowSection::Given, people)).await?;
        let rows: Vec<_> = people.iter().filter_map(|&person| self.given(person)).collect();
        self.each(people, rows)
    }

    /// The numbers in the rows of people with these numbers in the served tables, one for each.
    pub(crate) async fn places(
        &mut self,
        people: &[RunPerson],
    ) -> Result<Vec<PersonIndex>, Problem> {
        let wanted = people.iter().filter_map(|&person| self.index.place_block(person));
        self.take(wanted.collect()).await?;
        let place = |&person| self.at_hand(self.index.place_block(person)?)?.place(person);
        self.each(people, people.iter().filter_map(place).collect())
    }

    /// The ids of people, one for each.
    pub(crate) async fn ids(&mut self, people: &[PersonIndex]) -> Result<Vec<PersonId>, Problem> {
        self.take(self.blocks_of(RowSection::Ids, people)).await?;
        let id = |&person| self.at_hand(self.index.block(RowSection::Ids, person)?)?.id(person);
        self.each(people, people.iter().filter_map(id).collect())
    }

    fn blocks_of(&self, section: RowSection, people: &[PersonIndex]) -> BTreeSet<BlockId> {
        people.iter().filter_map(|&person| self.index.block(section, person)).collect()
    }

    /// What was found, if it is something for each of these people.
    fn each<P, T>(&self, people: &[P], found: Vec<T>) -> Result<Vec<T>, Problem> {
        if found.len() == people.len() {
            return Ok(found);
        }
        tracing::error!(run = %self.run, "the person rows do not have all people");
        Err(Problem::internal())
    }

    fn at_hand(&self, block: BlockId) -> Option<&PersonBlock> {
        self.blocks[block.section as usize].get(block.number as usize)?.as_deref()
    }

    fn keep(&mut self, id: BlockId, block: Arc<PersonBlock>) {
        self.bytes += self.index.memory_bytes(id);
        self.blocks[id.section as usize][id.number as usize] = Some(block);
    }

    /// Takes blocks from the cache, and fetches the others side by side.
    async fn take(&mut self, wanted: BTreeSet<BlockId>) -> Result<(), Problem> {
        let mut missing = Vec::new();
        for id in wanted {
            if self.at_hand(id).is_some() {
                continue;
            }
            let cached = self.reader.cache().get((self.run, id));
            match cached {
                Some(block) => self.keep(id, block),
                None => missing.push(id),
            }
        }
        let (mut missing, mut fetching) = (missing.into_iter(), JoinSet::new());
        for id in missing.by_ref().take(FETCHED_AT_ONCE) {
            self.begin(&mut fetching, id);
        }
        while let Some(fetched) = fetching.join_next().await {
            let (id, block) = fetched.map_err(|_| Problem::internal())??;
            self.reader.cache().put((self.run, id), &block);
            self.keep(id, block);
            if let Some(id) = missing.next() {
                self.begin(&mut fetching, id);
            }
        }
        Ok(())
    }

    fn begin(&self, fetching: &mut JoinSet<FetchedBlock>, id: BlockId) {
        let (objects, index, run) =
            (self.reader.objects.clone(), Arc::clone(&self.index), self.run);
        fetching.spawn(async move {
            let read = person_rows::read(objects.store(), run, &index, id).await;
            Ok((id, Arc::new(read.map_err(|error| refused(run, &error))?)))
        });
    }
}

impl RowSource for RunRows<'_> {
    fn given(&self, person: PersonIndex) -> Option<AttentionRow<'_>> {
        self.at_hand(self.index.block(RowSection::Given, person)?)?.row(person)
    }

    fn received(&self, person: PersonIndex) -> Option<AttentionRow<'_>> {
        self.at_hand(self.index.block(RowSection::Received, person)?)?.row(person)
    }

    fn fact(&self, person: PersonIndex) -> Option<PersonFact> {
        self.at_hand(self.index.block(RowSection::Facts, person)?)?.fact(person)
    }
}

/// The function may read person rows and not list: where there are none, S3 refuses.
fn refused(run: RunId, error: &ArtifactError) -> Problem {
    match error {
        ArtifactError::Port { source: PortError::Retry(_), .. } => {
            Problem::unavailable("the sealed run", error)
        }
        ArtifactError::Corrupt { .. } => Problem::corrupt("person rows", error),
        ArtifactError::Missing(_) | ArtifactError::Format(_) | ArtifactError::Port { .. } => {
            tracing::warn!(%run, %error, "no person rows");
            let why = "was scored without what this view is made from: score again, or ask for another run";
            Problem::new(ProblemCode::ViewUnavailable, format!("{run} {why}"))
        }
    }
}
