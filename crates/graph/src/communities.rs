//! Attention → a hierarchy of communities, from continents to villages.
//!
//! The backbone of the graph is searched for its *leaf*, the partition that describes it in the fewest
//! bits; levels above and below refine each other along a ladder of resolutions; people belong to the
//! leaf's communities in part. Each file says its formula and source. Time O(m · levels · passes), a
//! pass being one visit of all who may move; memory about 29 B/arc at the peak (`borg bench run`).

mod attach;
mod backbone;
mod description;
mod ladder;
mod leaf;
mod leiden;
mod local;
mod network;
mod objective;
mod overlap;
mod sides;

use serde::{Deserialize, Serialize};

use crate::attention::Attention;
use crate::csr::{Csr, Ties};
use crate::seed::Seed;
use backbone::Backbone;
use description::Shape;
use ladder::{LastLadder, Rung};
use leaf::{First, LastLeaf, Leaf};
use network::Network;
pub(crate) use network::{Groups, Sums};

/// Stands for "in no community": a person without any arc.
pub const NO_COMMUNITY: u32 = u32::MAX;

/// One partition of the people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// Resolution γ at which it was found.
    pub resolution: f64,
    /// Community of each person, `0..communities`, or [`NO_COMMUNITY`]. Numbered by falling size,
    /// then by first member.
    pub community_of: Vec<u32>,
    /// Number of communities.
    pub communities: u32,
    /// The community of the level above that contains each of these; empty on level 0.
    pub parents: Vec<u32>,
}

/// Partitions from the coarsest (level 0) to the finest, each refining the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hierarchy {
    /// The levels; at least one.
    pub levels: Vec<Level>,
    /// The level that describes the graph best.
    pub leaf: usize,
    /// In how many bits it describes an edge of the backbone.
    pub bits: f64,
    /// The fewest bits in which one did since a search last began anew. The next run starts from
    /// the leaf, and looks elsewhere only if that fits less well by then.
    pub fewest: f64,
    /// Share of the backbone's weight inside of each leaf community: where it has changed, the next
    /// run looks for parts.
    pub insides: Vec<f64>,
    /// Overlapping memberships on the leaf level.
    pub overlap: Overlap,
}

/// Up to 8 communities per person, by the share of its attention, given and received.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Where each person's memberships start; one more at the end.
    pub offsets: Vec<u64>,
    /// Communities of the leaf level, by falling share.
    pub communities: Vec<u32>,
    /// Shares beside `communities`; each person's sum to at most 1.
    pub shares: Vec<f32>,
}

/// How communities are looked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommunitySettings {
    /// How many of its strongest one-sided arcs the backbone keeps for each person.
    pub strongest: usize,
    /// Chooses the order in which people are visited.
    pub seed: u64,
}

impl Default for CommunitySettings {
    fn default() -> CommunitySettings {
        CommunitySettings { strongest: 32, seed: 0x5eed }
    }
}

impl Overlap {
    /// Memberships of one person: communities of the leaf level and shares.
    pub fn of(&self, person: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        let at = person as usize;
        let range = self.offsets[at] as usize..self.offsets[at + 1] as usize;
        self.communities[range.clone()].iter().copied().zip(self.shares[range].iter().copied())
    }

    /// The members of each of `communities`, ascending; somebody in several is in each.
    pub fn cover(&self, communities: u32) -> Vec<Vec<u32>> {
        let mut members = vec![Vec::new(); communities as usize];
        for person in 0..(self.offsets.len() - 1) as u32 {
            self.of(person).for_each(|(community, _)| members[community as usize].push(person));
        }
        members
    }
}

impl Hierarchy {
    /// The leaf level.
    pub fn leaf_level(&self) -> &Level {
        &self.levels[self.leaf]
    }

    /// For each community of a level the one above that has the same people. `None` too where one of
    /// the levels is the leaf, in whose communities people may be in part.
    pub fn same_above(&self, level: usize) -> Vec<Option<u32>> {
        let found = &self.levels[level];
        if level == 0 || level == self.leaf || level == self.leaf + 1 {
            return vec![None; found.communities as usize];
        }
        let mut parts = vec![0u32; self.levels[level - 1].communities as usize];
        found.parents.iter().for_each(|&parent| parts[parent as usize] += 1);
        let whole = |&parent: &u32| parts[parent as usize] == 1;
        found.parents.iter().map(|&parent| Some(parent).filter(whole)).collect()
    }
}

/// Finds the hierarchy of people who are all on one platform: see [`community_stage_across`].
pub fn community_stage(
    attention: &Attention,
    last: Option<&Hierarchy>,
    settings: &CommunitySettings,
) -> Hierarchy {
    community_stage_across(attention, &vec![1; attention.arcs.nodes()], last, settings)
}

/// Finds the hierarchy. `platform_of` has the number of the only platform of each person, or 0 for
/// one that is on several. `last` is the previous run's, over the same person numbers: the search starts from it too. People beyond its
/// length are new.
pub fn community_stage_across(
    attention: &Attention,
    platform_of: &[u8],
    last: Option<&Hierarchy>,
    settings: &CommunitySettings,
) -> Hierarchy {
    let transposed = attention.arcs.transpose();
    let ties = Ties { arcs: &attention.arcs, transposed: &transposed };
    let found = search(ties, platform_of, last, settings);
    let spread = |rung: &Rung| spread(&rung.community_of, &found.people, ties.nodes());
    let leaf = &found.rungs[found.leaf];
    let homes = attach::homes(ties, &spread(leaf), leaf.count);
    let levels = levels(&found.rungs, spread, &homes);
    let overlap = overlap::overlap(ties, &levels[found.leaf]);
    let mut insides = vec![0.0; leaf.count];
    for (&person, &community) in found.people.iter().zip(&leaf.community_of) {
        let name = levels[found.leaf].community_of[person as usize];
        insides[name as usize] = found.insides[community as usize];
    }
    Hierarchy { levels, leaf: found.leaf, bits: found.bits, fewest: found.fewest, insides, overlap }
}

/// What was found on the backbone.
struct Found {
    /// Whom the nodes stand for.
    people: Vec<u32>,
    rungs: Vec<Rung>,
    leaf: usize,
    bits: f64,
    fewest: f64,
    /// Share of all weight inside of each community of the leaf.
    insides: Vec<f64>,
}

/// Searches the backbone.
fn search(
    ties: Ties<'_>,
    platform_of: &[u8],
    last: Option<&Hierarchy>,
    settings: &CommunitySettings,
) -> Found {
    let seed = Seed(settings.seed);
    let backbone = Backbone::new(ties, settings.strongest);
    let (network, people, leaf) = match last {
        Some(last) => leaf_near(&backbone, last, seed),
        None => leaf_anew(&backbone, seed),
    };
    let last = last.filter(|_| !leaf.anew);
    let mut community_of = leaf.community_of;
    let platform_of: Vec<u8> = people.iter().map(|&one| platform_of[one as usize]).collect();
    sides::join(&network, &platform_of, &mut community_of);
    if leaf.split {
        community_of = leaf::touched_up(&network, community_of, seed.fork(2));
    }
    let count = leiden::renumber(&mut community_of);
    let merged = network.aggregate(&community_of, count);
    let shape = Shape::of_merged(&merged, &community_of);
    let bits = leaf::per_edge(&network, shape.bits(&network));
    let fewest = last.map_or(bits, |last| last.fewest.min(bits));
    let insides = shape.insides(&network).collect();
    let rung = Rung { resolution: shape.resolution(&network), community_of, count };
    let last = last.map(|last| last_ladder(last, &people));
    let (rungs, leaf) = ladder::ladder(&network, merged, rung, last.as_ref(), seed.fork(1));
    Found { people, rungs, leaf, bits, fewest, insides }
}

/// The backbone's graph, whom its nodes stand for, and the leaf: from nothing.
fn leaf_anew(backbone: &Backbone<'_>, seed: Seed) -> (Network, Vec<u32>, Leaf) {
    let people = backbone.people();
    let scattered = backbone.network(&people);
    let mut first = leaf::first(&scattered, seed);
    let (network, people) = gathered(&scattered, people, &mut first);
    drop(scattered);
    let leaf = leaf::leaf(&network, first, seed);
    (network, people, leaf)
}

/// The same near the last run's leaf.
fn leaf_near(backbone: &Backbone<'_>, last: &Hierarchy, seed: Seed) -> (Network, Vec<u32>, Leaf) {
    let people = by_last(last, backbone.people());
    let network = backbone.network(&people);
    let leaf = leaf::leaf_near(&network, last_leaf(last, &people), seed);
    (network, people, leaf)
}

/// Renumbers nodes so that those of a community stand side by side: searches read the rows of
/// neighbours, which then lie close. `names` and `first` go with them.
fn gathered(network: &Network, names: Vec<u32>, first: &mut First) -> (Network, Vec<u32>) {
    let community_of = &mut first.community_of;
    let count = leiden::renumber(community_of);
    let groups = Groups::new(community_of, count);
    let order = groups.in_order();
    *community_of = order.iter().map(|&node| community_of[node as usize]).collect();
    first.draft.iter_mut().for_each(|draft| draft.arrange(order));
    let names = order.iter().map(|&node| names[node as usize]).collect();
    (network.arranged(order), names)
}

/// The leaf level alone, before people outside of the backbone are attached: the one partition that
/// other libraries would give. Communities as in [`Level::community_of`], in no particular order.
pub fn leaf_partition(attention: &Attention, settings: &CommunitySettings) -> Vec<u32> {
    let transposed = attention.arcs.transpose();
    let ties = Ties { arcs: &attention.arcs, transposed: &transposed };
    let backbone = Backbone::new(ties, settings.strongest);
    let (_, people, leaf) = leaf_anew(&backbone, Seed(settings.seed));
    spread(&leaf.community_of, &people, ties.nodes())
}

/// All arcs without their directions, as what other libraries call Leiden takes them;
/// [`community_stage`] is more.
#[derive(Debug)]
pub struct Undirected(Network);

impl Undirected {
    /// Two people are tied by the weight of the arcs between them.
    pub fn of(arcs: &Csr) -> Undirected {
        Undirected(Network::from_symmetric(arcs.symmetrise(&arcs.transpose())))
    }

    /// One partition of everybody by modularity at a resolution γ: Leiden, once from people who stand
    /// alone. Communities are `0..count` in no particular order; a person without arcs is one of its
    /// own.
    pub fn partition(&self, resolution: f64, seed: u64) -> Vec<u32> {
        let mut found = leiden::leiden_alone(&self.0, resolution, Seed(seed));
        leiden::renumber(&mut found);
        found
    }
}

/// Communities of the `kept` people among all `nodes`.
fn spread(community_of: &[u32], kept: &[u32], nodes: usize) -> Vec<u32> {
    let mut everybody = vec![NO_COMMUNITY; nodes];
    for (&person, &community) in kept.iter().zip(community_of) {
        everybody[person as usize] = community;
    }
    everybody
}

/// Community of a person in the last run.
fn known(level: &Level, person: u32) -> Option<u32> {
    let community = level.community_of.get(person as usize).copied();
    community.filter(|&community| community != NO_COMMUNITY)
}

/// People by their last community, those without one at the end.
fn by_last(last: &Hierarchy, people: Vec<u32>) -> Vec<u32> {
    let level = last.leaf_level();
    let own = people.iter().map(|&person| known(level, person).unwrap_or(level.communities));
    let groups = Groups::new(&own.collect::<Vec<u32>>(), level.communities as usize + 1);
    groups.in_order().iter().map(|&at| people[at as usize]).collect()
}

/// The last leaf: new people and people without a community stand alone.
fn last_leaf(last: &Hierarchy, people: &[u32]) -> LastLeaf {
    let level = last.leaf_level();
    let fresh = people.iter().zip(level.communities..);
    let community_of = fresh.map(|(&person, fresh)| known(level, person).unwrap_or(fresh));
    LastLeaf {
        community_of: community_of.collect(),
        fewest: last.fewest,
        insides: last.insides.clone(),
    }
}

/// The last levels.
fn last_ladder(last: &Hierarchy, people: &[u32]) -> LastLadder {
    let of = |level: &Level| Rung {
        resolution: level.resolution,
        community_of: people
            .iter()
            .map(|&person| known(level, person).unwrap_or(NO_COMMUNITY))
            .collect(),
        count: level.communities as usize,
    };
    LastLadder { rungs: last.levels.iter().map(of).collect(), leaf: last.leaf }
}

/// Levels of everybody: each person is where its home is.
fn levels(rungs: &[Rung], spread: impl Fn(&Rung) -> Vec<u32>, homes: &[u32]) -> Vec<Level> {
    let mut levels: Vec<Level> = Vec::with_capacity(rungs.len());
    for rung in rungs {
        let own = spread(rung);
        let at_home = |&home: &u32| own.get(home as usize).copied().unwrap_or(NO_COMMUNITY);
        let everybody: Vec<u32> = homes.iter().map(at_home).collect();
        let (community_of, communities) = by_size(&everybody, rung.count);
        let parents = match levels.last() {
            Some(above) => parents(&community_of, communities, &above.community_of),
            None => Vec::new(),
        };
        levels.push(Level { resolution: rung.resolution, community_of, communities, parents });
    }
    levels
}

/// Renumbers by falling size, then by first member; empty communities vanish.
fn by_size(community_of: &[u32], count: usize) -> (Vec<u32>, u32) {
    let groups = Groups::new(community_of, count);
    let mut order: Vec<usize> = (0..count).filter(|&group| !groups.of(group).is_empty()).collect();
    order.sort_by_key(|&group| (std::cmp::Reverse(groups.of(group).len()), groups.of(group)[0]));
    let mut names = vec![NO_COMMUNITY; count];
    for (name, &group) in order.iter().enumerate() {
        names[group] = name as u32;
    }
    let renamed = community_of
        .iter()
        .map(|&group| names.get(group as usize).copied().unwrap_or(NO_COMMUNITY))
        .collect();
    (renamed, order.len() as u32)
}

fn parents(community_of: &[u32], communities: u32, above: &[u32]) -> Vec<u32> {
    let mut parents = vec![NO_COMMUNITY; communities as usize];
    for (&community, &parent) in community_of.iter().zip(above) {
        if community != NO_COMMUNITY {
            parents[community as usize] = parent;
        }
    }
    parents
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{PlantedSpec, planted};

    /// Arcs that the searches for communities look at, each as often as they do.
    fn work(attention: &Attention, last: Option<&Hierarchy>) -> (Hierarchy, usize) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        pool.install(|| {
            let found = community_stage(attention, last, &CommunitySettings::default());
            (found, local::TOUCHED.take())
        })
    }

    #[test]
    fn a_run_after_a_small_change_looks_at_few_arcs() {
        let world = planted(&PlantedSpec::usual(20_000, 0.4), Seed(1));
        let arcs = Csr::from_arcs(20_000, world.arcs.list()).unwrap().csr;
        let changed = arcs.filter(|source, target, _| (source * 31 + target * 17) % 1000 != 0);
        let attention = Attention::of;
        let (first, from_nothing) = work(&attention(arcs), None);
        let (_, near) = work(&attention(changed), Some(&first));
        assert!(near * 8 < from_nothing, "{near} arcs after {from_nothing}");
    }
}
