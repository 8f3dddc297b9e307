//! How many bits a partition needs to describe the graph: the principle by which levels are chosen.
//!
//! Each edge is coded in two parts: inside or between communities; then the community (inside) or
//! both communities (between) by their shares of such edges; then both ends within theirs by
//! volume. The partition itself, n·H(sizes), and two counts for every community are added:
//! `DL = E·[h(f) + f·H(in_c) + (1−f)·(2·H(out_c) + log₂(1 − Σ out_c²)) + 2·H(node | c)] +
//! n·H(sizes) + C·log₂E`; the logarithm because both ends are never in the same community.
//! This is the likelihood of a degree-corrected block model with assortative blocks (Karrer &
//! Newman 2011; Zhang & Peixoto 2020) as a two-part code. Time O(edges).

use super::network::TieNetwork;
use super::objective::plogp;

/// The coarsest resolution.
pub(super) const RESOLUTION_MIN: f64 = 0.1;

/// Totals of a dense partition, community by community.
#[derive(Debug, Clone)]
pub(super) struct PartitionShape {
    volumes: Vec<f64>,
    exits: Vec<f64>,
    sizes: Vec<f64>,
}

impl PartitionShape {
    /// The shape of a partition of `network`. Time O(edges).
    pub(super) fn new(network: &TieNetwork, community_of: &[u32], count: usize) -> PartitionShape {
        let zeroes = || vec![0.0; count];
        let mut shape = PartitionShape { volumes: zeroes(), exits: zeroes(), sizes: zeroes() };
        for (node, &own) in community_of.iter().enumerate() {
            shape.sizes[own as usize] += 1.0;
            shape.volumes[own as usize] += network.volumes[node];
            let outside = network.edges(node).filter(|&(to, _)| community_of[to as usize] != own);
            shape.exits[own as usize] += outside.map(|(_, weight)| weight).sum::<f64>();
        }
        shape
    }

    /// The shape of a partition whose communities have been merged into nodes. Time O(nodes).
    pub(super) fn of_merged(merged: &TieNetwork, community_of: &[u32]) -> PartitionShape {
        let mut sizes = vec![0.0; merged.nodes()];
        community_of.iter().for_each(|&own| sizes[own as usize] += 1.0);
        let exits = (0..merged.nodes()).map(|community| merged.exit(community)).collect();
        PartitionShape { volumes: merged.volumes.clone(), exits, sizes }
    }

    /// Share of all weight that lies inside of each community.
    pub(super) fn insides(&self, network: &TieNetwork) -> impl Iterator<Item = f64> + '_ {
        let total = network.total.max(f64::MIN_POSITIVE);
        self.volumes.iter().zip(&self.exits).map(move |(volume, exit)| (volume - exit) / total)
    }

    /// Description length of `network`, in bits; 0 if it has no edges.
    pub(super) fn bits(&self, network: &TieNetwork) -> f64 {
        if network.targets.is_empty() {
            return 0.0;
        }
        let (total, edges) = (network.total, network.targets.len() as f64 / 2.0);
        let (nodes, count) = (network.nodes() as f64, self.sizes.len() as f64);
        let exit: f64 = self.exits.iter().sum();
        let inside = (total - exit).max(0.0);
        let insides = self.volumes.iter().zip(&self.exits);
        let insides = insides.map(|(volume, exit)| (volume - exit).max(0.0));
        let within = entropy(network.volumes.iter().copied(), total)
            - entropy(self.volumes.iter().copied(), total);
        let per_edge = entropy([inside, exit].into_iter(), total)
            + inside / total * entropy(insides, inside)
            + exit / total * pair_bits(&self.exits, exit)
            + 2.0 * within;
        edges * per_edge
            + nodes * entropy(self.sizes.iter().copied(), nodes)
            + count * edges.max(1.0).log2()
    }

    /// The γ at which modularity is the likelihood of a planted partition with these densities
    /// (Newman 2016): `(ω_in − ω_out) / (ln ω_in − ln ω_out)`.
    pub(super) fn resolution(&self, network: &TieNetwork) -> f64 {
        let total = network.total;
        let expected: f64 = self.volumes.iter().map(|volume| volume * volume / total).sum();
        let exit: f64 = self.exits.iter().sum();
        let dense = (total - exit) / expected.max(f64::MIN_POSITIVE);
        let sparse = exit / (total - expected).max(f64::MIN_POSITIVE);
        match dense > sparse && sparse > 0.0 && dense.is_finite() {
            true => ((dense - sparse) / (dense / sparse).ln()).clamp(RESOLUTION_MIN, 1e9),
            false => 1.0,
        }
    }
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
