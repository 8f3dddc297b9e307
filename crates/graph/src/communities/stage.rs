//! The stage that finds the hierarchy.

use model::index::{CommunityIndex, PersonIndex};
use typed_index_collections::{TiSlice, TiVec};

use super::attach::homes;
use super::backbone::ArcBackbone;
use super::cross_platform;
use super::description::PartitionShape;
use super::groups::GroupMembers;
use super::hierarchy::{Hierarchy, OptionalCommunity};
use super::leaf::{self, FirstPartition, LeafPartition};
use super::leiden::renumber;
use super::levels::{levels, spread};
use super::network::TieNetwork;
use super::overlap::overlap;
use super::previous::{order_by_previous, previous_leaf, previous_levels};
use super::resolutions::{LevelPartition, LevelPartitions, partitions};
use super::settings::CommunitySettings;
use crate::attention::Attention;
use crate::csr::TwoWayArcs;
use crate::seed::RandomSeed;

/// Finds the hierarchy of people who are all on one platform: see [`community_stage_across`].
pub fn community_stage(
    attention: &Attention,
    previous: Option<&Hierarchy>,
    settings: &CommunitySettings,
) -> Hierarchy {
    let platform_of: TiVec<PersonIndex, u8> = vec![1; attention.arcs.nodes()].into();
    community_stage_across(attention, &platform_of, previous, settings)
}

/// Finds the hierarchy. `platform_of` has the number of the only platform of each person, or 0 for
/// one that is on several. `previous` is the previous run's hierarchy, over the same person numbers:
/// the search starts from it too. People beyond its length are new.
pub fn community_stage_across(
    attention: &Attention,
    platform_of: &TiSlice<PersonIndex, u8>,
    previous: Option<&Hierarchy>,
    settings: &CommunitySettings,
) -> Hierarchy {
    let transposed = attention.arcs.transpose();
    let arcs = TwoWayArcs { arcs: &attention.arcs, transposed: &transposed };
    let found = search(arcs, &platform_of.raw, previous, settings);
    let LevelPartitions { partitions, leaf } = &found.levels;
    let own = &partitions[*leaf];
    let homes = homes(arcs, &spread(&own.community_of, &found.people, arcs.nodes()), own.count);
    let levels = levels(partitions, &found.people, &homes);
    let overlap = overlap(arcs, &levels[*leaf]);
    let mut insides: TiVec<CommunityIndex, f64> = vec![0.0; own.count].into();
    for (&person, &community) in found.people.iter().zip(&own.community_of) {
        if let Some(own) = levels[*leaf].community(person) {
            insides[own] = found.insides[community as usize];
        }
    }
    let (bits, fewest) = (found.bits, found.fewest);
    Hierarchy { levels, leaf: *leaf, bits, fewest, insides, overlap }
}

/// The leaf level alone, before people outside of the backbone are attached: the one partition that
/// compares with other libraries'. Communities as in [`Level::community_of`](super::Level), in no
/// particular order.
pub fn leaf_partition(
    attention: &Attention,
    settings: &CommunitySettings,
) -> TiVec<PersonIndex, OptionalCommunity> {
    let transposed = attention.arcs.transpose();
    let arcs = TwoWayArcs { arcs: &attention.arcs, transposed: &transposed };
    let backbone = ArcBackbone::new(arcs, settings.strongest);
    let found = leaf_from_nothing(&backbone, RandomSeed(settings.seed));
    let community_of = spread(&found.leaf.community_of, &found.people, arcs.nodes());
    community_of.into_iter().map(OptionalCommunity::from_number).collect()
}

/// The partitions of the backbone.
struct SearchResult {
    /// The person of each node.
    people: Vec<u32>,
    levels: LevelPartitions,
    bits: f64,
    fewest: f64,
    /// Share of all weight inside of each community of the leaf level.
    insides: Vec<f64>,
}

/// The backbone's graph and its leaf level.
struct BackboneLeaf {
    network: TieNetwork,
    /// The person of each node.
    people: Vec<u32>,
    leaf: LeafPartition,
}

/// Searches the backbone.
fn search(
    arcs: TwoWayArcs<'_>,
    platform_of: &[u8],
    previous: Option<&Hierarchy>,
    settings: &CommunitySettings,
) -> SearchResult {
    let seed = RandomSeed(settings.seed);
    let backbone = ArcBackbone::new(arcs, settings.strongest);
    let BackboneLeaf { network, people, leaf } = match previous {
        Some(previous) => leaf_near(&backbone, previous, seed),
        None => leaf_from_nothing(&backbone, seed),
    };
    let previous = previous.filter(|_| !leaf.from_nothing);
    let mut community_of = leaf.community_of;
    let platform_of: Vec<u8> = people.iter().map(|&one| platform_of[one as usize]).collect();
    cross_platform::join(&network, &platform_of, &mut community_of);
    if leaf.split {
        community_of = leaf::move_once_more(&network, community_of, seed.fork(2));
    }
    let count = renumber(&mut community_of);
    let merged = network.aggregate(&community_of, count);
    let shape = PartitionShape::of_merged(&merged, &community_of);
    let bits = leaf::bits_per_edge(&network, shape.bits(&network));
    let fewest = previous.map_or(bits, |previous| previous.fewest.min(bits));
    let insides = shape.insides(&network).collect();
    let resolution = shape.resolution(&network);
    let partition = LevelPartition { resolution, community_of, count };
    let previous = previous.map(|previous| previous_levels(previous, &people));
    let seed = seed.fork(1);
    let levels = partitions(&network, merged, partition, previous.as_ref(), seed);
    SearchResult { people, levels, bits, fewest, insides }
}

/// Finds the leaf level from nothing.
fn leaf_from_nothing(backbone: &ArcBackbone<'_>, seed: RandomSeed) -> BackboneLeaf {
    let people = backbone.people();
    let scattered = backbone.network(&people);
    let mut first = leaf::first(&scattered, seed);
    let order = order_by_community(&mut first);
    let network = scattered.arranged(&order);
    drop(scattered);
    let people = order.iter().map(|&node| people[node as usize]).collect();
    BackboneLeaf { leaf: leaf::leaf(&network, first, seed), network, people }
}

/// Finds the leaf level near the previous run's.
fn leaf_near(backbone: &ArcBackbone<'_>, previous: &Hierarchy, seed: RandomSeed) -> BackboneLeaf {
    let people = order_by_previous(previous, backbone.people());
    let network = backbone.network(&people);
    let leaf = leaf::leaf_near(&network, previous_leaf(previous, &people), seed);
    BackboneLeaf { network, people, leaf }
}

/// An order of the nodes in which those of a community are adjacent: searches read the rows of
/// neighbours, which are then close in memory. `first` is arranged by it.
fn order_by_community(first: &mut FirstPartition) -> Vec<u32> {
    let community_of = &mut first.community_of;
    let count = renumber(community_of);
    let groups = GroupMembers::new(community_of, count);
    let order = groups.in_order();
    *community_of = order.iter().map(|&node| community_of[node as usize]).collect();
    first.draft.iter_mut().for_each(|draft| draft.arrange(order));
    order.to_vec()
}

#[cfg(test)]
mod tests {
    use super::super::moving::ARCS_VISITED;
    use super::*;
    use crate::Csr;
    use crate::generate::{PlantedSpec, planted};

    /// The hierarchy, and how many arcs the searches visited, each as often as they did.
    fn counted(attention: &Attention, previous: Option<&Hierarchy>) -> (Hierarchy, usize) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        pool.install(|| {
            let found = community_stage(attention, previous, &CommunitySettings::default());
            (found, ARCS_VISITED.take())
        })
    }

    #[test]
    fn a_run_after_a_small_change_visits_few_arcs() {
        let world = planted(&PlantedSpec::usual(20_000, 0.4), RandomSeed(1));
        let arcs = Csr::from_arcs(20_000, world.arcs.list()).unwrap().csr;
        let changed = arcs.filter(|source, target, _| (source * 31 + target * 17) % 1000 != 0);
        let (first, from_nothing) = counted(&Attention::of(arcs), None);
        let (_, near) = counted(&Attention::of(changed), Some(&first));
        assert!(near * 8 < from_nothing, "{near} arcs after {from_nothing}");
    }
}
