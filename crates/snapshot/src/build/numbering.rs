//! The numbers of a snapshot that is made from the whole database.

use std::cmp::Reverse;

use graph::Hierarchy;
use model::index::PersonIndex;
use model::{Direction, PersonId};
use typed_index_collections::{TiVec, ti_vec};

use super::numbers::ProfileNumbers;
use super::ranges::KnownRanges;
use super::spill::Spill;
use super::{BuildTarget, ListedArcs, SnapshotBuilder};
use crate::Nodes;

/// The order of persons in the served run: those of one community side by side.
#[derive(Debug)]
pub struct CommunityOrder {
    nodes: Nodes,
    /// The position of each person's community.
    positions: TiVec<PersonIndex, u32>,
}

impl CommunityOrder {
    /// The order of a hierarchy over these nodes.
    pub fn new(nodes: Nodes, hierarchy: &Hierarchy) -> CommunityOrder {
        CommunityOrder { nodes, positions: positions(hierarchy) }
    }

    fn position(&self, person: PersonId) -> u32 {
        self.nodes.person(person).map_or(u32::MAX, |at| self.positions[at])
    }
}

/// The position of each person's community, those of one parent side by side, the finest level last.
fn positions(hierarchy: &Hierarchy) -> TiVec<PersonIndex, u32> {
    let count = hierarchy.levels.first().map_or(0, |level| level.community_of.len());
    let path =
        |person: PersonIndex| hierarchy.levels.iter().map(move |level| level.community_of[person]);
    let mut people: Vec<PersonIndex> = (0..count as u32).map(PersonIndex::new).collect();
    people.sort_by(|&a, &b| path(a).cmp(path(b)));
    let mut positions = ti_vec![0; count];
    let mut position = 0;
    for pair in people.windows(2) {
        position += u32::from(!path(pair[0]).eq(path(pair[1])));
        positions[pair[1]] = position;
    }
    positions
}

/// Gives every profile that has a page, or that a list names, a number.
#[derive(Debug, Default)]
pub struct SnapshotNumbering {
    numbers: ProfileNumbers,
    counts: Vec<ArcCounts>,
}

/// How often lists show a number.
#[derive(Debug, Clone, Copy, Default)]
struct ArcCounts {
    /// Arcs that lists show from it, both directions added up.
    arcs: u32,
    /// How many others' lists name it as attended.
    named: u32,
    /// How many its own lists name as attending.
    listed: u32,
}

impl ArcCounts {
    /// About how many attend to it, whichever direction saw more of them.
    fn followers(self) -> u32 {
        self.named.max(self.listed)
    }
}

impl SnapshotNumbering {
    /// The numbers so far, to add pages or remove profiles.
    pub fn numbers_mut(&mut self) -> &mut ProfileNumbers {
        &mut self.numbers
    }

    fn counts_of(&mut self, number: u32) -> &mut ArcCounts {
        let at = number as usize;
        if at >= self.counts.len() {
            self.counts.resize((at + 1).max(self.counts.len() * 2), ArcCounts::default());
        }
        &mut self.counts[at]
    }

    /// Counts the arcs of a list.
    pub fn count_list(&mut self, list: &ListedArcs<'_>) {
        let Some(owner) = self.numbers.number(list.owner) else { return };
        for entry in list.arcs.entries() {
            let Some(other) = self.numbers.number(entry.other).filter(|&other| other != owner)
            else {
                continue;
            };
            match list.section.direction {
                Direction::Out => {
                    self.counts_of(owner).arcs += 1;
                    self.counts_of(other).named += 1;
                }
                Direction::In => {
                    self.counts_of(other).arcs += 1;
                    self.counts_of(owner).listed += 1;
                }
            }
        }
    }

    /// Orders the numbers; then the lists are to be added.
    pub fn order<'a>(
        self,
        target: BuildTarget<'a>,
        order: Option<&CommunityOrder>,
    ) -> SnapshotBuilder<'a> {
        let SnapshotNumbering { mut numbers, mut counts } = self;
        counts.resize(numbers.len() as usize, ArcCounts::default());
        let mut old_numbers: Vec<u32> = (0..numbers.len()).collect();
        old_numbers.sort_by_cached_key(|&number| {
            let position = order.map_or(0, |order| order.position(numbers.person(number)));
            (position, Reverse(counts[number as usize].followers()), numbers.id(number))
        });
        numbers.renumber(&old_numbers);
        let arcs = old_numbers.iter().map(|&old| u64::from(counts[old as usize].arcs));
        let starts = starts(arcs, target.limits.range_arcs);
        let known = KnownRanges { starts, end: numbers.len() };
        let spill = Spill::new(target.objects, target.id, known, target.limits.spill_bytes);
        let ordered = if order.is_some() { numbers.len().into() } else { 0 };
        SnapshotBuilder { target, parent: None, ordered, numbers, spill }
    }
}

/// Where ranges begin that have at most `range_arcs` arcs each, or one source.
fn starts(arcs: impl Iterator<Item = u64>, range_arcs: u64) -> Vec<u32> {
    let (mut starts, mut sum) = (vec![0], 0);
    for (number, arcs) in (0..).zip(arcs) {
        sum += arcs;
        if sum > range_arcs && number > 0 {
            starts.push(number);
            sum = arcs;
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use graph::{Level, Overlap};
    use model::index::CommunityIndex;

    use super::*;

    #[test]
    fn communities_of_one_parent_are_side_by_side() {
        let level = |community_of: &[u32]| Level {
            resolution: 1.0,
            communities: 9,
            parents: Vec::new().into(),
            community_of: community_of.iter().map(|&own| CommunityIndex::new(own).into()).collect(),
        };
        let levels = vec![level(&[1, 0, 1, 0, 1]), level(&[2, 3, 0, 1, 2])];
        let overlap = Overlap { offsets: vec![0; 6], communities: Vec::new(), shares: Vec::new() };
        let hierarchy = Hierarchy {
            levels,
            leaf: 1,
            bits: 0.0,
            fewest: 0.0,
            insides: Vec::new().into(),
            overlap,
        };
        assert_eq!(positions(&hierarchy).raw, [3, 1, 2, 0, 3]);
    }
}
