//! A run's attention → the parts and the index of its person rows.

use std::collections::VecDeque;
use std::ops::Range;

use graph::Csr;
use graph::nearby::{PersonFact, ShareCode};
use model::PersonId;
use model::index::{PersonIndex, RunPerson};
use rayon::prelude::*;
use typed_index_collections::TiSlice;

use super::block::PersonBlock;
use super::index::{BLOCK_PEOPLE, RowIndex, SectionIndex, StoredBlock};
use super::row_block::RowBlock;
use super::section::RowSection;

/// A block of rows ends with the person that reaches this number of arcs.
const BLOCK_ARCS: usize = 16_384;

/// The most arcs that a person's received row has.
pub const RECEIVED_MAX: usize = 1_000;

/// Blocks encoded side by side.
const BATCH_BLOCKS: usize = 64;

/// A part ends with the block that reaches this number of bytes.
const PART_BYTES: usize = 64 << 20;

/// What person rows are made of.
#[derive(Debug, Clone, Copy)]
pub struct PersonRowsInput<'a> {
    /// Attention by source.
    pub arcs: &'a Csr,
    /// [`graph::rank::residue_shares`].
    pub residue_shares: &'a [f32],
    /// Who may not be shown.
    pub unlisted: &'a TiSlice<PersonIndex, bool>,
    /// The stored id of each person.
    pub ids: &'a TiSlice<PersonIndex, PersonId>,
    /// The person with each number of the served tables.
    pub order: &'a TiSlice<RunPerson, PersonIndex>,
}

/// A part that is to be sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowPart {
    /// Its number.
    pub number: u32,
    /// Its blocks.
    pub body: Vec<u8>,
}

/// A block that is to be made.
#[derive(Debug, Clone)]
struct PlannedBlock {
    section: RowSection,
    people: Range<u32>,
}

/// A block that is made.
struct EncodedBlock {
    section: RowSection,
    first: u32,
    arcs: u32,
    bytes: Vec<u8>,
}

/// Makes the parts, one after another, and then the index. Memory: the arcs by receiver (4 B each, 8 B with
/// weights), and one part.
pub struct RowWriter<'a> {
    input: PersonRowsInput<'a>,
    strengths: Vec<f64>,
    received: Csr,
    planned: VecDeque<PlannedBlock>,
    sections: Vec<SectionIndex>,
    ready: VecDeque<RowPart>,
    part: RowPart,
}

impl<'a> RowWriter<'a> {
    /// Plans all blocks.
    pub fn new(input: PersonRowsInput<'a>) -> RowWriter<'a> {
        let received = input.arcs.transpose();
        let mut planned = VecDeque::new();
        for section in RowSection::ALL {
            let people = match section {
                RowSection::Given => cut_by_arcs(input.arcs, usize::MAX),
                RowSection::Received => cut_by_arcs(&received, RECEIVED_MAX),
                _ => cut_by_people(input.arcs.nodes() as u32),
            };
            planned.extend(people.into_iter().map(|people| PlannedBlock { section, people }));
        }
        RowWriter {
            strengths: input.arcs.strengths(),
            input,
            received,
            planned,
            sections: vec![SectionIndex::default(); RowSection::ALL.len()],
            ready: VecDeque::new(),
            part: RowPart { number: 0, body: Vec::new() },
        }
    }

    /// The next part; `None` after the last one.
    pub fn next_part(&mut self) -> Option<RowPart> {
        while self.ready.is_empty() && !self.planned.is_empty() {
            let batch = self.planned.len().min(BATCH_BLOCKS);
            let batch: Vec<PlannedBlock> = self.planned.drain(..batch).collect();
            let encoded: Vec<EncodedBlock> =
                batch.into_par_iter().map(|block| self.encode(&block)).collect();
            encoded.into_iter().for_each(|block| self.add(block));
        }
        let last = || (!self.part.body.is_empty()).then(|| std::mem::take(&mut self.part));
        self.ready.pop_front().or_else(last)
    }

    /// The index of all parts that were made.
    pub fn finish(self) -> RowIndex {
        RowIndex::new(self.input.arcs.nodes() as u32, self.sections)
    }

    fn add(&mut self, EncodedBlock { section, first, arcs, bytes }: EncodedBlock) {
        let index = &mut self.sections[section as usize];
        if section.has_arcs() {
            index.firsts.push(first);
        }
        index.blocks.push(StoredBlock {
            part: self.part.number,
            offset: self.part.body.len() as u32,
            bytes: bytes.len() as u32,
            arcs,
            hash: StoredBlock::hash(&bytes),
        });
        self.part.body.extend(bytes);
        if self.part.body.len() >= PART_BYTES {
            let next = RowPart { number: self.part.number + 1, body: Vec::new() };
            self.ready.push_back(std::mem::replace(&mut self.part, next));
        }
    }

    fn encode(&self, PlannedBlock { section, people }: &PlannedBlock) -> EncodedBlock {
        let (first, input) = (people.start, &self.input);
        let people = people.clone();
        let block = match section {
            RowSection::Given => PersonBlock::Rows(self.given(people)),
            RowSection::Received => PersonBlock::Rows(self.received(people)),
            RowSection::Facts => {
                PersonBlock::Facts(first, people.map(|at| self.fact(at)).collect())
            }
            RowSection::Ids => {
                let id = |at| input.ids[PersonIndex::new(at)];
                PersonBlock::Ids(first, people.map(id).collect())
            }
            RowSection::Places => {
                let place = |at| input.order[RunPerson::new(at)];
                PersonBlock::Places(first, people.map(place).collect())
            }
        };
        let arcs = if let PersonBlock::Rows(rows) = &block { rows.arcs() as u32 } else { 0 };
        EncodedBlock { section: *section, first, arcs, bytes: block.encode() }
    }

    fn given(&self, people: Range<u32>) -> RowBlock {
        let mut block = RowBlock::empty(people.start);
        for person in people {
            for (other, weight) in self.input.arcs.arcs_of(person) {
                block.push_arc(other, self.share(person, weight));
            }
            block.end_row();
        }
        block
    }

    fn received(&self, people: Range<u32>) -> RowBlock {
        let mut block = RowBlock::empty(people.start);
        for person in people {
            let arcs = self.received.arcs_of(person);
            let arcs = arcs.map(|(source, weight)| (self.share(source, weight), source));
            let mut arcs: Vec<(ShareCode, u32)> = arcs.collect();
            if arcs.len() > RECEIVED_MAX {
                arcs.select_nth_unstable(RECEIVED_MAX);
                arcs.truncate(RECEIVED_MAX);
                arcs.sort_unstable_by_key(|&(_, source)| source);
            }
            arcs.into_iter().for_each(|(share, source)| block.push_arc(source, share));
            block.end_row();
        }
        block
    }

    fn share(&self, source: u32, weight: f32) -> ShareCode {
        ShareCode::of(f64::from(weight) / self.strengths[source as usize])
    }

    fn fact(&self, person: u32) -> PersonFact {
        PersonFact {
            arcs: self.input.arcs.degree(person) as u32,
            residue_share: self.input.residue_shares[person as usize],
            listed: !self.input.unlisted[PersonIndex::new(person)],
        }
    }
}

/// Ranges of people with about [`BLOCK_ARCS`] arcs each; no person counts more than `most`.
fn cut_by_arcs(arcs: &Csr, most: usize) -> Vec<Range<u32>> {
    let (mut ranges, mut first, mut sum) = (Vec::new(), 0, 0);
    let people = arcs.nodes() as u32;
    for person in 0..people {
        sum += arcs.degree(person).min(most);
        let end = person + 1;
        if sum >= BLOCK_ARCS || end - first == BLOCK_PEOPLE || end == people {
            ranges.push(first..end);
            (first, sum) = (end, 0);
        }
    }
    ranges
}

fn cut_by_people(people: u32) -> Vec<Range<u32>> {
    let firsts = (0..people).step_by(BLOCK_PEOPLE as usize);
    firsts.map(|first| first..people.min(first.saturating_add(BLOCK_PEOPLE))).collect()
}
