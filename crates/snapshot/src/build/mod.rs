//! Profiles and adjacency → a sealed snapshot, in bounded memory.
//!
//! 1. **Numbers.** A snapshot that is made from the whole database is [`SnapshotNumbering`] first: every
//!    page and list is added once, and numbers go by community (of the served run), then by falling
//!    in-degree; profiles that no community has come last. A snapshot with a parent keeps the parent's
//!    numbers, and new profiles get the next ones.
//! 2. **Lists.** The lists that changed since the parent's high-water mark (without a parent: all) are
//!    added to a [`SnapshotBuilder`]. Their arcs wait in a spill, by range of their sources.
//! 3. **Ranges.** Range after range, the parent's arcs whose lists did not change and the waiting ones
//!    become shards. A shard that did not change is copied.
//! 4. **Nodes, then the manifest.** Numbers that nothing names any more are vacant.
//!
//! Lists leave the database only when their owner is erased. So a profile that is removed takes its arcs
//! along, and every other list that is not added is as the parent has it. What a merge cannot know says
//! [`FullBuildReason`].
//!
//! Memory: 72 B a number (without a parent 100 B while numbers are given), the bytes that wait in the
//! spill, and the arcs of one range: those of its shards at 20 B and as many waiting ones at 44 B, or
//! those of one source. By [`BuildLimits`] that is 72 B a number and 540 MB, however many arcs there
//! are. Time: every row that is added, and every arc once.

mod merge;
mod numbering;
mod numbers;
mod ranges;
mod spill;

use std::collections::BTreeSet;

use model::snapshot::{LayerShards, SnapshotManifest, manifest_key};
use model::time::Timestamp;
use model::{Adjacency, Direction, PersonId, ProfileId, SnapshotId};

use crate::artifact::put;
use crate::{DenseArc, FORMAT, NodeFact, ObjectStore, Section, SnapshotError, stored_nodes};
use merge::Merger;
use ranges::{KnownRanges, joined_ranges};
use spill::Spill;

pub use numbering::{CommunityOrder, SnapshotNumbering};
pub use numbers::{ProfileNumbers, ProfilePage};

/// What bounds the memory of a build.
#[derive(Debug, Clone, Copy)]
pub struct BuildLimits {
    /// Rows read at a time.
    pub page_rows: u32,
    /// Arcs of one range, over all layers, unless one source has more.
    pub range_arcs: u64,
    /// Bytes of arcs that wait in memory.
    pub spill_bytes: usize,
}

impl Default for BuildLimits {
    fn default() -> BuildLimits {
        BuildLimits { page_rows: 2_000, range_arcs: 4 << 20, spill_bytes: 256 << 20 }
    }
}

/// Where a build writes.
#[derive(Debug)]
pub struct BuildTarget<'a> {
    /// The objects.
    pub objects: ObjectStore<'a>,
    /// The snapshot to be made.
    pub id: SnapshotId,
    /// What bounds the memory.
    pub limits: BuildLimits,
}

/// One stored list.
#[derive(Debug)]
pub struct ListedArcs<'a> {
    /// The profile whose list it is.
    pub owner: ProfileId,
    /// Its layer and direction.
    pub section: Section,
    /// Whether these are all arcs there are.
    pub complete: bool,
    /// The arcs.
    pub arcs: &'a Adjacency,
}

/// Which state of the database a snapshot shows.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotMoment {
    /// Everything of transactions below this `xid8` is in the snapshot.
    pub high_water: u64,
    /// When the database was read.
    pub at: Timestamp,
}

/// Why what changed since the parent does not say all, so that the whole database must be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FullBuildReason {
    /// The parent's high-water mark is still to come: it is that of another database.
    OtherDatabase,
    /// A profile that was gone is back. The lists of others name it and did not change.
    ProfileReturned,
    /// A list that was complete is not any more: arcs that others show count again.
    CompleteListLost,
    /// A profile that the parent does not have has lists from before.
    OlderLists,
}

/// A snapshot in the making.
#[derive(Debug)]
pub struct SnapshotBuilder<'a> {
    target: BuildTarget<'a>,
    parent: Option<&'a SnapshotManifest>,
    /// How many numbers are in the order of communities.
    ordered: u64,
    numbers: ProfileNumbers,
    spill: Spill<'a>,
}

impl<'a> SnapshotBuilder<'a> {
    /// A build from a parent, whose numbers stay.
    pub async fn from_parent(
        target: BuildTarget<'a>,
        parent: &'a SnapshotManifest,
    ) -> Result<SnapshotBuilder<'a>, SnapshotError> {
        let numbers = ProfileNumbers::of_parent(&stored_nodes::open(target.objects, parent).await?);
        let starts = joined_ranges(parent, target.limits.range_arcs);
        let known = KnownRanges { starts, end: numbers.len() };
        let spill = Spill::new(target.objects, target.id, known, target.limits.spill_bytes);
        Ok(SnapshotBuilder {
            target,
            parent: Some(parent),
            ordered: parent.ordered,
            numbers,
            spill,
        })
    }

    /// The numbers so far.
    pub fn numbers(&self) -> &ProfileNumbers {
        &self.numbers
    }

    /// The numbers so far, to add pages or remove profiles.
    pub fn numbers_mut(&mut self) -> &mut ProfileNumbers {
        &mut self.numbers
    }

    /// Adds a list. One that was added before stays as it was then: it changed while the database was
    /// read, and the next snapshot reads it again.
    pub async fn add_list(&mut self, list: &ListedArcs<'_>) -> Result<(), SnapshotError> {
        let Some(owner) = self.numbers.number(list.owner) else { return Ok(()) };
        if !self.numbers.add_list(owner, list.section, list.complete) {
            return Ok(());
        }
        for entry in list.arcs.entries() {
            let Some(other) = self.numbers.number(entry.other).filter(|&other| other != owner)
            else {
                continue;
            };
            let (source, target) = match list.section.direction {
                Direction::Out => (owner, other),
                Direction::In => (other, owner),
            };
            let (count, last_day, weight) = (entry.count, entry.last_day, entry.weight);
            self.spill.add(list.section, &DenseArc { source, target, count, last_day, weight });
        }
        self.spill.end_list(list.section).await
    }

    /// Ends a build that cannot become a snapshot.
    pub async fn abandon(self) {
        self.spill.clear().await;
    }

    /// Seals the snapshot. The manifest comes last: without it there is nothing.
    pub async fn finish(self, moment: SnapshotMoment) -> Result<SnapshotManifest, SnapshotError> {
        let SnapshotBuilder { target, parent, ordered, mut numbers, spill } = self;
        let merger = Merger { target: &target, parent, spill: &spill };
        let layers = merger.merge(&mut numbers).await?;
        let manifest = seal(&target, &numbers.facts(), layers, moment).await?;
        let manifest =
            SnapshotManifest { parent: parent.map(|parent| parent.id), ordered, ..manifest };
        let body = serde_json::to_vec_pretty(&manifest).expect("a manifest can be written");
        put(target.objects, &manifest_key(target.id), body).await?;
        spill.clear().await;
        Ok(manifest)
    }
}

/// Seals the nodes; returns the manifest of a snapshot without a parent.
async fn seal(
    target: &BuildTarget<'_>,
    facts: &[Option<NodeFact>],
    layers: Vec<LayerShards>,
    moment: SnapshotMoment,
) -> Result<SnapshotManifest, SnapshotError> {
    Ok(SnapshotManifest {
        format: FORMAT,
        id: target.id,
        parent: None,
        high_water: moment.high_water,
        at: moment.at,
        profiles: facts.iter().flatten().count() as u64,
        people: count_people(facts),
        numbers: facts.len() as u64,
        ordered: 0,
        nodes: stored_nodes::seal(target.objects, target.id, facts).await?,
        layers,
    })
}

/// How many persons there are: those of a profile's own, and those of joined profiles whose own
/// profile is not there.
fn count_people(facts: &[Option<NodeFact>]) -> u64 {
    let is_own = |fact: &&NodeFact| fact.person == fact.id.home_person();
    let mut joined: BTreeSet<PersonId> =
        facts.iter().flatten().filter(|fact| !is_own(fact)).map(|fact| fact.person).collect();
    let own = facts.iter().flatten().filter(is_own);
    let mut count = 0;
    for fact in own {
        joined.remove(&fact.person);
        count += 1;
    }
    count + joined.len() as u64
}
