//! The same views over sealed person rows, as the API makes them, without its database: with no block at hand,
//! and again with all that the first time needed; and the strongest path from each seed to the one before.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result};
use graph::nearby::{
    AttentionRow, LocalPush, MissingRows, PathSearch, PathSettings, PersonFact, RowSource,
    SearchStep,
};
use graph::rank::{PushSettings, residue_shares};
use graph::{Csr, RankSettings};
use model::index::{PersonIndex, RunPerson};
use model::{PersonId, RunId};
use serde::Serialize;
use snapshot::person_rows::{
    self, BlockId, PersonBlock, PersonRowsInput, RowIndex, RowSection, RowWriter, part_name,
};
use snapshot::{ObjectStore, artifact};
use store::objects::Folder;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use typed_index_collections::TiVec;

use super::FIRST;
use crate::commands::bench::{median, rounded};
use crate::measure::CostMeter;

const RUN: RunId = RunId::new(1);

/// What views over sealed rows take.
#[derive(Debug, Serialize)]
pub(super) struct RowFigures {
    seal_cpu_ns_per_arc: f64,
    given_bytes_per_arc: f64,
    received_bytes_per_arc: f64,
    bytes_per_person: f64,
    cold_ms_p50: f64,
    cold_ms_p95: f64,
    warm_ms_p50: f64,
    warm_ms_p95: f64,
    blocks_p50: f64,
    fetches_p50: f64,
    warm_top100_overlap_mean: f64,
    path_cold_ms_p50: f64,
    path_warm_ms_p95: f64,
    path_rows_p50: f64,
    paths_found: usize,
}

/// Sealed rows, and what was measured of views.
pub(super) struct RowViews {
    folder: Folder,
    _kept: TempDir,
    index: RowIndex,
    seal_ns_per_arc: f64,
    cold_ms: Vec<f64>,
    warm_ms: Vec<f64>,
    blocks: Vec<f64>,
    fetches: Vec<f64>,
    found: Vec<f64>,
    before: Option<PersonIndex>,
    path_cold_ms: Vec<f64>,
    path_warm_ms: Vec<f64>,
    path_rows: Vec<f64>,
    paths_found: usize,
}

impl RowViews {
    /// Seals the rows of a graph as a run does.
    pub(super) fn seal(csr: &Csr, global: &[f32], settings: &RankSettings) -> Result<RowViews> {
        let kept = tempfile::tempdir().context("make a folder for sealed rows")?;
        let folder = Folder::open(kept.path())?;
        let people = csr.nodes() as u32;
        let ids: TiVec<PersonIndex, PersonId> =
            (0..people).map(|at| PersonId::new(at.into())).collect();
        let order: TiVec<RunPerson, PersonIndex> = (0..people).map(PersonIndex::new).collect();
        let unlisted: TiVec<PersonIndex, bool> = (0..people).map(|_| false).collect();
        let meter = CostMeter::start();
        let residue_shares = residue_shares(csr, global, settings);
        let input = PersonRowsInput {
            arcs: csr,
            residue_shares: &residue_shares,
            unlisted: &unlisted,
            ids: &ids,
            order: &order,
        };
        let (mut writer, objects) = (RowWriter::new(input), ObjectStore::new(&folder));
        while let Some(part) = writer.next_part() {
            let key = artifact::key(RUN, &part_name(part.number));
            wait(artifact::put(objects, &key, part.body))?;
        }
        let seal_ns_per_arc = meter.used().cpu_seconds * 1e9 / csr.arcs() as f64;
        Ok(RowViews {
            index: writer.finish(),
            folder,
            _kept: kept,
            seal_ns_per_arc,
            cold_ms: Vec::new(),
            warm_ms: Vec::new(),
            blocks: Vec::new(),
            fetches: Vec::new(),
            found: Vec::new(),
            before: None,
            path_cold_ms: Vec::new(),
            path_warm_ms: Vec::new(),
            path_rows: Vec::new(),
            paths_found: 0,
        })
    }

    /// One view and one path, twice each.
    pub(super) fn view(&mut self, seed: PersonIndex, exact: &[u32]) -> Result<()> {
        let mut at_hand = BlocksAtHand::new(&self.folder, &self.index);
        for is_warm in [false, true] {
            let fetches = at_hand.fetches;
            let meter = CostMeter::start();
            let mut push = LocalPush::new(vec![seed], BTreeSet::new(), &PushSettings::default());
            while let SearchStep::Missing(missing) = push.advance(&at_hand) {
                at_hand.fetch(&missing)?;
            }
            let view = push.ranks(FIRST, |_| true);
            let ms = meter.used().seconds * 1e3;
            if is_warm {
                self.warm_ms.push(ms);
                let hits = view.iter().filter(|rank| exact.contains(&rank.person.number())).count();
                self.found.push(hits as f64 / exact.len() as f64);
            } else {
                self.cold_ms.push(ms);
                self.blocks.push(at_hand.blocks.len() as f64);
                self.fetches.push(f64::from(at_hand.fetches - fetches));
            }
        }
        match self.before.replace(seed).filter(|&before| before != seed) {
            Some(before) => self.path(seed, before),
            None => Ok(()),
        }
    }

    fn path(&mut self, from: PersonIndex, to: PersonIndex) -> Result<()> {
        let mut at_hand = BlocksAtHand::new(&self.folder, &self.index);
        for is_warm in [false, true] {
            let meter = CostMeter::start();
            let mut search = PathSearch::new(from, to, BTreeSet::new(), &PathSettings::default());
            while let SearchStep::Missing(missing) = search.advance(&at_hand) {
                at_hand.fetch(&missing)?;
            }
            let is_found = search.path().is_some();
            let ms = meter.used().seconds * 1e3;
            if is_warm {
                self.path_warm_ms.push(ms);
                self.path_rows.push(search.rows_read() as f64);
                self.paths_found += usize::from(is_found);
            } else {
                self.path_cold_ms.push(ms);
            }
        }
        Ok(())
    }

    pub(super) fn figures(self) -> RowFigures {
        let per_arc = |section| {
            let size = self.index.size(section);
            rounded(size.bytes as f64 / size.arcs.max(1) as f64, 2)
        };
        let of_people = [RowSection::Facts, RowSection::Ids, RowSection::Places];
        let of_people: u64 = of_people.map(|section| self.index.size(section).bytes).iter().sum();
        RowFigures {
            seal_cpu_ns_per_arc: rounded(self.seal_ns_per_arc, 1),
            given_bytes_per_arc: per_arc(RowSection::Given),
            received_bytes_per_arc: per_arc(RowSection::Received),
            bytes_per_person: rounded(of_people as f64 / f64::from(self.index.people().max(1)), 2),
            cold_ms_p95: rounded(p95(self.cold_ms.clone()), 2),
            cold_ms_p50: rounded(median(self.cold_ms), 2),
            warm_ms_p95: rounded(p95(self.warm_ms.clone()), 2),
            warm_ms_p50: rounded(median(self.warm_ms), 2),
            blocks_p50: median(self.blocks),
            fetches_p50: median(self.fetches),
            warm_top100_overlap_mean: rounded(
                self.found.iter().sum::<f64>() / self.found.len().max(1) as f64,
                4,
            ),
            path_cold_ms_p50: rounded(median(self.path_cold_ms), 2),
            path_warm_ms_p95: rounded(p95(self.path_warm_ms), 2),
            path_rows_p50: median(self.path_rows),
            paths_found: self.paths_found,
        }
    }
}

fn p95(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get(last * 95 / 100).copied().unwrap_or(f64::NAN)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    block_in_place(|| Handle::current().block_on(future))
}

/// Blocks that were fetched, one after another.
struct BlocksAtHand<'a> {
    folder: &'a Folder,
    index: &'a RowIndex,
    blocks: HashMap<BlockId, PersonBlock>,
    fetches: u32,
}

impl<'a> BlocksAtHand<'a> {
    fn new(folder: &'a Folder, index: &'a RowIndex) -> BlocksAtHand<'a> {
        BlocksAtHand { folder, index, blocks: HashMap::new(), fetches: 0 }
    }

    fn fetch(&mut self, missing: &MissingRows) -> Result<()> {
        self.fetches += 1;
        let sections = [
            (RowSection::Given, &missing.given),
            (RowSection::Received, &missing.received),
            (RowSection::Facts, &missing.facts),
        ];
        for (section, people) in sections {
            for block in people.iter().filter_map(|&person| self.index.block(section, person)) {
                if !self.blocks.contains_key(&block) {
                    let objects = ObjectStore::new(self.folder);
                    let read = wait(person_rows::read(objects, RUN, self.index, block))?;
                    self.blocks.insert(block, read);
                }
            }
        }
        Ok(())
    }

    fn block(&self, section: RowSection, person: PersonIndex) -> Option<&PersonBlock> {
        self.blocks.get(&self.index.block(section, person)?)
    }
}

impl RowSource for BlocksAtHand<'_> {
    fn given(&self, person: PersonIndex) -> Option<AttentionRow<'_>> {
        self.block(RowSection::Given, person)?.row(person)
    }

    fn received(&self, person: PersonIndex) -> Option<AttentionRow<'_>> {
        self.block(RowSection::Received, person)?.row(person)
    }

    fn fact(&self, person: PersonIndex) -> Option<PersonFact> {
        self.block(RowSection::Facts, person)?.fact(person)
    }
}
