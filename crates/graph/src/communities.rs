//! Attention → a hierarchy of communities, from continents to villages.

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
use ladder::Rung;
use leaf::Start;
pub(crate) use network::Groups;
use network::Network;

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
    /// In how many bits it describes an edge of the backbone. The next run starts from it, and
    /// looks elsewhere only if it fits less well by then.
    pub bits: f64,
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
}

impl Overlap {
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
}

/// Finds the hierarchy of people who are all on one platform: see [`community_stage_across`].
pub fn community_stage(
    attention: &Attention,
    last: Option<&Hierarchy>,
    settings: &CommunitySettings,
) -> Hierarchy {
    community_stage_across(attention, &vec![1; attention.arcs.nodes()], last, settings)
}

/// Finds the hierarchy. `platforms` has a bit for each platform of each person. `last` is the
/// previous run's, over the same person numbers: the search starts from it too. People beyond its
/// length are new.
pub fn community_stage_across(
    attention: &Attention,
    platforms: &[u16],
    last: Option<&Hierarchy>,
    settings: &CommunitySettings,
) -> Hierarchy {
    let seed = Seed(settings.seed);
    let ties = Ties { arcs: &attention.arcs, transposed: &attention.arcs.transpose() };
    let backbone = backbone::backbone(ties, settings.strongest);
    let everybody = Network::from_symmetric(backbone);
    let kept = everybody.connected();
    let last = last.map(|last| (warm_start(last, &kept), last.bits));
    let first = everybody.arranged(&kept);
    drop(everybody);
    let mut start = Start::new(&first, last, seed);
    let (network, kept) = gathered(&first, kept, start.partition());
    drop(first);
    let (mut found, bits) = leaf::leaf(&network, start, seed);
    let platforms: Vec<u16> = kept.iter().map(|&person| platforms[person as usize]).collect();
    sides::join(&network, &platforms, &mut found);
    let (rungs, leaf) = ladder::ladder(&network, found, seed.fork(1));
    drop(network);
    let spread = |rung: &Rung| spread(&rung.community_of, &kept, ties.nodes());
    let homes = attach::homes(ties, &spread(&rungs[leaf]), rungs[leaf].count);
    let levels = levels(&rungs, spread, &homes);
    let overlap = overlap::overlap(ties, &levels[leaf]);
    Hierarchy { levels, leaf, bits, overlap }
}

/// Renumbers nodes so that those of a community stand side by side: searches read the rows of
/// neighbours, which then lie close. `names` and `community_of` go with them.
fn gathered(
    network: &Network,
    names: Vec<u32>,
    community_of: &mut Vec<u32>,
) -> (Network, Vec<u32>) {
    let count = leiden::renumber(community_of);
    let groups = Groups::new(community_of, count);
    let order = groups.in_order();
    *community_of = order.iter().map(|&node| community_of[node as usize]).collect();
    let names = order.iter().map(|&node| names[node as usize]).collect();
    (network.arranged(order), names)
}

/// One partition of everybody by modularity at a resolution γ: Leiden over all arcs, once from
/// people who stand alone. Communities are `0..count` in no particular order; a person without arcs
/// is one of its own. This is what other libraries call Leiden; [`community_stage`] is more.
pub fn modularity_partition(arcs: &Csr, resolution: f64, seed: u64) -> Vec<u32> {
    let network = Network::from_symmetric(arcs.symmetrise(&arcs.transpose()));
    let alone = (0..network.nodes() as u32).collect();
    let mut found = leiden::leiden(&network, Some(resolution), alone, 1, Seed(seed));
    leiden::renumber(&mut found);
    found
}

/// Communities of the `kept` people among all `nodes`.
fn spread(community_of: &[u32], kept: &[u32], nodes: usize) -> Vec<u32> {
    let mut everybody = vec![NO_COMMUNITY; nodes];
    for (&person, &community) in kept.iter().zip(community_of) {
        everybody[person as usize] = community;
    }
    everybody
}

/// The last leaf communities; new people and people without one stand alone.
fn warm_start(last: &Hierarchy, kept: &[u32]) -> Vec<u32> {
    let known = &last.leaf_level().community_of;
    let fresh = last.leaf_level().communities..;
    let mut start: Vec<u32> = kept
        .iter()
        .zip(fresh)
        .map(|(&person, fresh)| match known.get(person as usize) {
            Some(&community) if community != NO_COMMUNITY => community,
            _ => fresh,
        })
        .collect();
    leiden::renumber(&mut start);
    start
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
