//! How many bits a partition needs to describe the graph: the principle by which levels are chosen.
//!
//! Each edge is told in two parts: inside or between communities; then the community (inside) or
//! both communities (between) by their shares of such edges; then both ends within theirs by
//! volume. To that come the partition itself, n·H(sizes), and two counts for every community:
//! `DL = E·[h(f) + f·H(in_c) + (1−f)·(2·H(out_c) + log₂(1 − Σ out_c²)) + 2·H(node | c)] +
//! n·H(sizes) + C·log₂E`; the logarithm because both ends are never in the same community.
//! This is the likelihood of a degree-corrected block model with assortative blocks (Karrer &
//! Newman 2011; Zhang & Peixoto 2020) as a two-part code. Time O(edges).

use super::network::Network;
use super::objective::plogp;

/// Description length of `network` under dense communities, in bits.
pub(crate) fn description_bits(network: &Network, community_of: &[u32], count: usize) -> f64 {
    let mut volumes = vec![0.0; count];
    let mut exits = vec![0.0; count];
    let mut sizes = vec![0.0; count];
    for (node, &own) in community_of.iter().enumerate() {
        sizes[own as usize] += 1.0;
        volumes[own as usize] += network.volumes[node];
        let outside = network.edges(node).filter(|&(to, _)| community_of[to as usize] != own);
        exits[own as usize] += outside.map(|edge| edge.1).sum::<f64>();
    }
    let edges = network.targets.len() as f64 / 2.0;
    let nodes = community_of.len() as f64;
    let exit: f64 = exits.iter().sum();
    let inside = (network.total - exit).max(0.0);
    let insides = volumes.iter().zip(&exits).map(|(volume, exit)| (volume - exit).max(0.0));
    let within = entropy(network.volumes.iter().copied(), network.total)
        - entropy(volumes.iter().copied(), network.total);
    let per_edge = entropy([inside, exit].into_iter(), network.total)
        + inside / network.total * entropy(insides, inside)
        + exit / network.total * pair_bits(&exits, exit)
        + 2.0 * within;
    edges * per_edge
        + nodes * entropy(sizes.into_iter(), nodes)
        + count as f64 * edges.max(1.0).log2()
}

/// Bits for the two different communities of an edge between communities.
fn pair_bits(exits: &[f64], exit: f64) -> f64 {
    if exit <= 0.0 {
        return 0.0;
    }
    let same: f64 = exits.iter().map(|part| (part / exit).powi(2)).sum();
    2.0 * entropy(exits.iter().copied(), exit) + (1.0 - same).max(1e-12).log2()
}

/// Entropy of the shares of `total`, in bits.
fn entropy(parts: impl Iterator<Item = f64>, total: f64) -> f64 {
    if total > 0.0 { -parts.map(|part| plogp(part / total)).sum::<f64>() } else { 0.0 }
}
