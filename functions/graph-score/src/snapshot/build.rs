//! The record → a sealed snapshot, in bounded memory.
//!
//! 1. **Names.** Every profile's page gives or takes a number. Without a parent every list is read
//!    once for its names, and numbers go by community (of the run that is served), then by falling
//!    in-degree; profiles that no community has come last. With a parent its numbers stay, and new
//!    profiles get the next ones.
//! 2. **Lists.** Every list is looked at; those that changed since the parent's high-water mark
//!    (without a parent: all) come with their arcs, which wait in a [`Spill`] by range of sources.
//! 3. **Ranges.** Range after range, the parent's arcs whose lists did not change and the waiting
//!    ones become shards. A shard that is what it was is copied.
//! 4. **Nodes, then the manifest.** Numbers that nothing names any more are vacant; profiles that
//!    nobody has read are unlisted where they must say yes first.
//!
//! Lists leave the record only when their owner is erased, so a list that is missing takes its arcs
//! along, as a list that changed does. Someone who comes back, or a list that was complete and is
//! not, brings back arcs that no list that changed tells of: then there is no way around a full
//! build, and [`build`] says so by `None`.
//!
//! Memory: 70 B a number (without a parent 100 B while numbers are given), the bytes that wait in
//! the spill and those of one list, one page of lists, and the arcs of one range: those of its shards
//! at 20 B and as many waiting ones at 44 B, or those of one source. By [`Limits`] that is 70 B a
//! number and 540 MB, however many arcs there are. Time: the record's rows once (twice without a
//! parent), and every arc once.

use std::collections::BTreeSet;

use graph::snapshot::encode;
use model::port::Objects;
use model::snapshot::{LayerShards, Shard, SnapshotManifest, manifest_key};
use model::time::Timestamp;
use model::{Direction, PersonId, SnapshotId};
use store::pg::adjacency::Key;
use store::pg::snapshot::{Listed, Reader};

use super::arcs::{DenseArc, pack, unpack};
use super::layers::{read_body, section};
use super::nodes::{self, Fact, Nodes};
use super::places::Places;
use super::spill::{Section, Spill};
use super::{FORMAT, get_shard, put, put_shard};
use crate::ScoreError;

/// What bounds the memory of a build.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Rows read at a time.
    pub(super) page_rows: u32,
    /// Arcs of one range, over all layers, unless one source has more.
    pub(super) range_arcs: u64,
    /// Bytes of arcs that wait in memory.
    pub(super) spill_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { page_rows: 2_000, range_arcs: 4 << 20, spill_bytes: 256 << 20 }
    }
}

/// The order of persons in the run that is served: those of one community side by side.
#[derive(Debug)]
pub(super) struct Order {
    /// Who is who in that run.
    pub(super) nodes: Nodes,
    /// The place of each dense person's community.
    pub(super) places: Vec<u32>,
}

impl Order {
    fn place(&self, person: PersonId) -> u32 {
        self.nodes.person(person).map_or(u32::MAX, |dense| self.places[dense as usize])
    }
}

/// One build.
pub(super) struct Build<'a, O> {
    pub(super) objects: &'a O,
    pub(super) reader: &'a Reader,
    /// The snapshot to be made.
    pub(super) id: SnapshotId,
    pub(super) at: Timestamp,
    pub(super) limits: Limits,
}

/// Seals a snapshot from a parent and what changed since, or from the whole record in an order, if
/// there is one. The manifest comes last: without it there is nothing.
pub(super) async fn build<O: Objects>(
    build: &Build<'_, O>,
    parent: Option<&SnapshotManifest>,
    order: Option<&Order>,
) -> Result<Option<SnapshotManifest>, ScoreError> {
    let since = parent.map_or(0, |parent| parent.high_water);
    let mut places = match parent {
        Some(parent) => Places::of_parent(&nodes::open(build.objects, parent).await?),
        None => Places::default(),
    };
    let back = build.read_nodes(&mut places).await?;
    // A mark that is still to come is that of another record.
    if parent.is_some() && (back >= since || since > build.reader.high_water()) {
        return Ok(None);
    }
    let ranges = match parent {
        Some(parent) => (joined_ranges(parent, build.limits.range_arcs), places.len()),
        None => build.number(&mut places, order).await?,
    };
    let mut spill = Spill::new(build.objects, build.id, ranges, build.limits.spill_bytes);
    let complete = build.read_lists(&mut places, &mut spill, parent, since).await?;
    if !complete {
        spill.clear().await;
        return Ok(None);
    }
    let layers = build.merge(&mut places, &spill, parent).await?;
    build.read_unread(&mut places).await?;
    let ordered = match (parent, order) {
        (Some(parent), _) => parent.ordered,
        (None, Some(_)) => places.len().into(),
        (None, None) => 0,
    };
    let manifest = build.seal(&places, layers, (parent.map(|parent| parent.id), ordered)).await?;
    spill.clear().await;
    Ok(Some(manifest))
}

/// Where a parent's ranges begin; neighbours that are small together are one.
fn joined_ranges(parent: &SnapshotManifest, range_arcs: u64) -> Vec<u32> {
    let shards = || parent.layers.iter().flat_map(|layer| &layer.shards);
    let mut edges: Vec<u64> = shards().flat_map(|shard| [shard.first, shard.end]).collect();
    edges.push(0);
    edges.sort_unstable();
    edges.dedup();
    let mut arcs = vec![0; edges.len()];
    for shard in shards() {
        arcs[edges.partition_point(|&edge| edge < shard.first)] += shard.arcs;
    }
    let (mut starts, mut sum) = (Vec::new(), 0);
    for (&edge, &arcs) in edges.iter().zip(&arcs).filter(|(edge, _)| **edge < parent.numbers) {
        sum += arcs;
        if starts.is_empty() || sum > range_arcs / 2 {
            starts.push(edge as u32);
            sum = arcs;
        }
    }
    if starts.is_empty() { vec![0] } else { starts }
}

impl<O: Objects> Build<'_, O> {
    /// Reads every profile's page; returns the last transaction in which one came back.
    async fn read_nodes(&self, places: &mut Places) -> Result<u64, ScoreError> {
        let (mut after, mut back) = (None, 0);
        loop {
            let page = self.reader.nodes(after, self.limits.page_rows).await?;
            let Some(last) = page.last() else { return Ok(back) };
            after = Some(last.id);
            for node in &page {
                places.note(node);
                back = back.max(node.back);
            }
        }
    }

    /// Reads who is unlisted for want of a page. After the lists: only whom they name has a number.
    async fn read_unread(&self, places: &mut Places) -> Result<(), ScoreError> {
        let mut after = None;
        loop {
            let page = self.reader.unread(after, self.limits.page_rows).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(*last);
            page.into_iter().for_each(|id| places.note_unread(id));
        }
    }

    async fn page(&self, since: u64, after: Option<Key>) -> Result<Vec<Listed>, ScoreError> {
        Ok(self.reader.listed(since, after, self.limits.page_rows).await?)
    }

    /// Gives numbers to everybody whom a list names, in order; returns the ranges to cut them into.
    async fn number(
        &self,
        places: &mut Places,
        order: Option<&Order>,
    ) -> Result<(Vec<u32>, u32), ScoreError> {
        let mut survey = Survey::default();
        let mut after = None;
        loop {
            let page = self.page(0, after).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key);
            page.iter().try_for_each(|listed| survey.add(places, listed))?;
        }
        survey.seen.resize(places.len() as usize, Seen::default());
        let mut numbers: Vec<u32> = (0..places.len()).collect();
        let key = |&number: &u32| {
            let place = order.map_or(0, |order| order.place(places.person(number)));
            let followers = survey.seen[number as usize].followers();
            (place, std::cmp::Reverse(followers), places.id(number))
        };
        numbers.sort_by_cached_key(key);
        places.renumber(&numbers);
        let mut starts = vec![0];
        let mut sum = 0;
        for (number, &old) in (0..).zip(&numbers) {
            let arcs = u64::from(survey.seen[old as usize].arcs);
            sum += arcs;
            if sum > self.limits.range_arcs && number > 0 {
                starts.push(number);
                sum = arcs;
            }
        }
        Ok((starts, places.len()))
    }

    /// Reads every list; false if what changed does not tell all.
    async fn read_lists(
        &self,
        places: &mut Places,
        spill: &mut Spill<'_, O>,
        parent: Option<&SnapshotManifest>,
        since: u64,
    ) -> Result<bool, ScoreError> {
        let known = parent.map_or(0, |parent| parent.numbers);
        let mut after = None;
        loop {
            let page = self.page(since, after).await?;
            let Some(last) = page.last() else { return Ok(!places.lost_a_complete_list()) };
            after = Some(last.key);
            for listed in &page {
                let Some(owner) = places.number(listed.key.profile) else { continue };
                if listed.body.is_none() && u64::from(owner) >= known {
                    return Ok(false);
                }
                self.read_list(places, spill, (owner, listed)).await?;
            }
        }
    }

    async fn read_list(
        &self,
        places: &mut Places,
        spill: &mut Spill<'_, O>,
        (owner, listed): (u32, &Listed),
    ) -> Result<(), ScoreError> {
        let section = (listed.key.layer, listed.key.direction);
        let list = listed.list()?;
        places.note_list(owner, section, listed.complete, list.is_none());
        for entry in list.iter().flat_map(|list| list.entries()) {
            let Some(other) = places.number(entry.other).filter(|&other| other != owner) else {
                continue;
            };
            let (source, target) = match section.1 {
                Direction::Out => (owner, other),
                Direction::In => (other, owner),
            };
            let (count, last_day, weight) = (entry.count, entry.last_day, entry.weight);
            let arc = DenseArc { source, target, count, last_day, weight };
            spill.add(section, &arc);
        }
        spill.end_list(section).await
    }

    /// Writes the shards of every range.
    async fn merge(
        &self,
        places: &mut Places,
        spill: &Spill<'_, O>,
        parent: Option<&SnapshotManifest>,
    ) -> Result<Vec<LayerShards>, ScoreError> {
        let of_parent = parent.iter().flat_map(|parent| &parent.layers);
        let mut sections: BTreeSet<Section> =
            of_parent.map(|layer| (layer.layer, layer.direction)).collect();
        sections.extend(spill.sections());
        let one =
            |&(layer, direction): &Section| LayerShards { layer, direction, shards: Vec::new() };
        let mut layers: Vec<LayerShards> = sections.iter().map(one).collect();
        for range in spill.ranges(places.len()) {
            for part in parts(spill, range, self.limits.range_arcs) {
                self.merge_part(places, spill, parent, (part, &mut layers)).await?;
            }
        }
        layers.retain(|layer| !layer.shards.is_empty());
        Ok(layers)
    }

    async fn merge_part(
        &self,
        places: &mut Places,
        spill: &Spill<'_, O>,
        parent: Option<&SnapshotManifest>,
        (part, layers): ((u32, u32), &mut Vec<LayerShards>),
    ) -> Result<(), ScoreError> {
        let mut merged = Vec::new();
        for layer in layers.iter() {
            let section = (layer.layer, layer.direction);
            merged.push(self.keep(places, parent, (section, part)).await?);
        }
        for (section, arc) in spill.arcs(part).await? {
            let at = layers.iter().position(|one| (one.layer, one.direction) == section);
            if let Some(at) = at.filter(|_| places.counts(section, arc.source)) {
                merged[at].arcs.push(arc);
                merged[at].whole = None;
            }
        }
        let mut degrees = vec![0u64; (part.1 - part.0) as usize];
        for arc in merged.iter().flat_map(|merged| &merged.arcs) {
            places.name(arc.source, arc.target);
            degrees[(arc.source - part.0) as usize] += 1;
        }
        let cuts = cut(&degrees, part, self.limits.range_arcs);
        for (layer, mut merged) in layers.iter_mut().zip(merged) {
            merged.arcs.sort_unstable_by_key(|arc| (arc.source, arc.target));
            merged.whole = merged.whole.filter(|_| cuts == [part]);
            self.write(places.len(), layer, &cuts, merged).await?;
        }
        Ok(())
    }

    /// What of the parent's arcs stays in a part of a section.
    async fn keep(
        &self,
        places: &Places,
        parent: Option<&SnapshotManifest>,
        (of, (first, end)): (Section, (u32, u32)),
    ) -> Result<Merged, ScoreError> {
        let mut merged = Merged { arcs: Vec::new(), whole: None };
        let Some(parent) = parent else { return Ok(merged) };
        let shards = section(parent, of).map_or(&[][..], |layer| &layer.shards);
        let overlaps = |shard: &&Shard| shard.first < end.into() && shard.end > first.into();
        for shard in shards.iter().filter(overlaps) {
            let body = get_shard(self.objects, shard).await?;
            let read = read_body(parent, shard, &body)?;
            let stays = |arc: &DenseArc| {
                (first..end).contains(&arc.source) && places.keeps(of, arc.source, arc.target)
            };
            let before = merged.arcs.len();
            merged.arcs.extend(unpack(&read).filter(stays));
            let is_same = (merged.arcs.len() - before) as u64 == shard.arcs;
            let is_whole = (shard.first, shard.end) == (first.into(), end.into());
            merged.whole = (is_same && is_whole).then_some(body);
        }
        Ok(merged)
    }

    /// Seals the shards of a section's part, each cut that has arcs.
    async fn write(
        &self,
        nodes: u32,
        layer: &mut LayerShards,
        cuts: &[(u32, u32)],
        Merged { arcs, mut whole }: Merged,
    ) -> Result<(), ScoreError> {
        let mut rest = arcs.as_slice();
        for &(first, end) in cuts {
            let (mine, others) = rest.split_at(rest.partition_point(|arc| arc.source < end));
            rest = others;
            if mine.is_empty() {
                continue;
            }
            let body = whole
                .take()
                .unwrap_or_else(|| encode(&pack(layer.layer, nodes, (first, end), mine)));
            let (slug, side) = (layer.layer.slug(), layer.direction.slug());
            let key = format!("snapshots/{}/{slug}-{side}-{:05}", self.id, layer.shards.len());
            let range = (first.into(), end.into());
            let shard = put_shard(self.objects, key, range, mine.len() as u64, body).await?;
            layer.shards.push(shard);
        }
        Ok(())
    }

    async fn seal(
        &self,
        places: &Places,
        layers: Vec<LayerShards>,
        (parent, ordered): (Option<SnapshotId>, u64),
    ) -> Result<SnapshotManifest, ScoreError> {
        let facts = places.facts();
        let manifest = SnapshotManifest {
            format: FORMAT,
            id: self.id,
            parent,
            high_water: self.reader.high_water(),
            at: self.at,
            profiles: facts.iter().flatten().count() as u64,
            people: count_people(&facts),
            numbers: facts.len() as u64,
            ordered,
            nodes: nodes::seal(self.objects, self.id, &facts).await?,
            layers,
        };
        let body = serde_json::to_vec_pretty(&manifest).map_err(|error| {
            ScoreError::Run(format!("write the manifest of {}: {error}", self.id))
        })?;
        put(self.objects, &manifest_key(self.id), body).await?;
        Ok(manifest)
    }
}

/// How many persons there are: those of a profile's own, and those of joined profiles whose own
/// profile is not there.
fn count_people(facts: &[Option<Fact>]) -> u64 {
    let is_own = |fact: &&Fact| fact.person == fact.id.home_person();
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

/// The arcs of one section and part.
struct Merged {
    arcs: Vec<DenseArc>,
    /// The parent's shard, if the arcs are exactly its.
    whole: Option<Vec<u8>>,
}

/// Cuts a range so that at most `arcs_max` arcs wait for each part, or those of one source.
fn parts<O: Objects>(spill: &Spill<'_, O>, range: (u32, u32), arcs_max: u64) -> Vec<(u32, u32)> {
    let waiting: Vec<u64> = (range.0..range.1).map(|source| spill.waiting(source)).collect();
    cut(&waiting, range, arcs_max)
}

/// Cuts a range of sources so that each cut has at most `arcs_max` arcs, or one source.
fn cut(degrees: &[u64], (first, end): (u32, u32), arcs_max: u64) -> Vec<(u32, u32)> {
    let (mut cuts, mut start, mut sum) = (Vec::new(), first, 0);
    for (source, &degree) in (first..end).zip(degrees) {
        sum += degree;
        if sum > arcs_max && source > start {
            cuts.push((start, source));
            (start, sum) = (source, degree);
        }
    }
    cuts.push((start, end));
    cuts
}

/// How often lists show each number, before there is an order.
#[derive(Debug, Default)]
struct Survey {
    seen: Vec<Seen>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// Arcs that lists show from it, both sides added up.
    arcs: u32,
    /// How many others' lists name it as attended.
    named: u32,
    /// How many its own lists name as attending.
    listed: u32,
}

impl Seen {
    /// About how many attend to it, whichever side saw more of them.
    fn followers(self) -> u32 {
        self.named.max(self.listed)
    }
}

impl Survey {
    fn of(&mut self, number: u32) -> &mut Seen {
        let at = number as usize;
        if at >= self.seen.len() {
            self.seen.resize((at + 1).max(self.seen.len() * 2), Seen::default());
        }
        &mut self.seen[at]
    }

    fn add(&mut self, places: &mut Places, listed: &Listed) -> Result<(), ScoreError> {
        let Some(owner) = places.number(listed.key.profile) else { return Ok(()) };
        let Some(list) = listed.list()? else { return Ok(()) };
        let others = list.entries().iter().filter_map(|entry| places.number(entry.other));
        for other in others.filter(|&other| other != owner) {
            match listed.key.direction {
                Direction::Out => {
                    self.of(owner).arcs += 1;
                    self.of(other).named += 1;
                }
                Direction::In => {
                    self.of(other).arcs += 1;
                    self.of(owner).listed += 1;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_cover_the_range_and_only_a_source_alone_exceeds_the_limit() {
        assert_eq!(cut(&[3, 3, 9, 0, 2, 2], (4, 10), 5), [(4, 5), (5, 6), (6, 7), (7, 10)]);
        assert_eq!(cut(&[], (4, 4), 5), [(4, 4)]);
        assert_eq!(cut(&[0, 0], (0, 2), 5), [(0, 2)]);
    }
}
