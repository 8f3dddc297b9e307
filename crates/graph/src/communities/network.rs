//! The undirected weighted graph that communities are searched in, and its aggregation.
//!
//! Memory: 8 B per arc (each edge lies in both rows) and 24 B per node. Aggregation is linear and
//! keeps total weight and volumes, so an objective has the same meaning on every aggregate.

use super::groups::GroupMembers;
use super::sums::KeyedSums;
use crate::csr::Csr;

/// Undirected weighted graph of ties: rows hold both directions of each edge, self-loops are stored
/// apart.
#[derive(Debug, Clone)]
pub(crate) struct TieNetwork {
    /// Start of each row.
    pub(crate) offsets: Vec<u64>,
    /// Neighbours.
    pub(crate) targets: Vec<u32>,
    /// Weights beside the neighbours.
    pub(crate) weights: Vec<f32>,
    /// Weight of edges inside of each node, counted in both directions.
    pub(crate) loops: Vec<f64>,
    /// Volume of each node: all its weight, `loops` included.
    pub(crate) volumes: Vec<f64>,
    /// Sum of the volumes.
    pub(crate) total: f64,
}

impl TieNetwork {
    /// Takes a symmetric graph.
    pub(crate) fn from_symmetric(graph: Csr) -> TieNetwork {
        let volumes = graph.strengths();
        let parts = graph.into_parts();
        TieNetwork {
            weights: parts.weights.unwrap_or_else(|| vec![1.0; parts.targets.len()]),
            offsets: parts.offsets,
            targets: parts.targets,
            loops: vec![0.0; volumes.len()],
            total: volumes.iter().sum(),
            volumes,
        }
    }

    /// Number of nodes.
    pub(crate) fn nodes(&self) -> usize {
        self.volumes.len()
    }

    #[inline]
    fn range(&self, node: usize) -> std::ops::Range<usize> {
        self.offsets[node] as usize..self.offsets[node + 1] as usize
    }

    /// Neighbours of a node.
    #[inline]
    pub(crate) fn neighbours(&self, node: usize) -> &[u32] {
        &self.targets[self.range(node)]
    }

    /// Weights towards the neighbours of a node.
    #[inline]
    pub(crate) fn neighbour_weights(&self, node: usize) -> &[f32] {
        &self.weights[self.range(node)]
    }

    /// Neighbours of a node, each with the weight towards it.
    #[inline]
    pub(crate) fn edges(&self, node: usize) -> impl Iterator<Item = (u32, f64)> + '_ {
        let weights = self.neighbour_weights(node).iter();
        self.neighbours(node).iter().zip(weights).map(|(&to, &weight)| (to, f64::from(weight)))
    }

    /// Weight from a node to all others.
    #[inline]
    pub(crate) fn exit(&self, node: usize) -> f64 {
        (self.volumes[node] - self.loops[node]).max(0.0)
    }

    /// Merges each community into one node. Communities are `0..communities`.
    pub(crate) fn aggregate(&self, community_of: &[u32], communities: usize) -> TieNetwork {
        let members = GroupMembers::new(community_of, communities);
        let mut sums = KeyedSums::new(communities);
        let mut merged = TieNetwork {
            offsets: vec![0],
            targets: Vec::new(),
            weights: Vec::new(),
            loops: vec![0.0; communities],
            volumes: vec![0.0; communities],
            total: self.total,
        };
        for community in 0..communities {
            for &node in members.of(community) {
                merged.loops[community] += self.loops[node as usize];
                merged.volumes[community] += self.volumes[node as usize];
                for (to, weight) in self.edges(node as usize) {
                    sums.add(community_of[to as usize], weight);
                }
            }
            merged.loops[community] += sums.take(community as u32);
            sums.drain(|to, weight| {
                merged.targets.push(to);
                merged.weights.push(weight as f32);
            });
            merged.offsets.push(merged.targets.len() as u64);
        }
        merged
    }

    /// Weight that leaves each community, as many as there are nodes.
    pub(crate) fn exits(&self, community_of: &[u32]) -> Vec<f64> {
        let mut exits = vec![0.0; self.nodes()];
        for (node, &own) in community_of.iter().enumerate() {
            let outside = self.edges(node).filter(|&(to, _)| community_of[to as usize] != own);
            exits[own as usize] += outside.map(|(_, weight)| weight).sum::<f64>();
        }
        exits
    }

    /// The graph among the members of one group alone, renumbered in their order.
    pub(crate) fn induced(&self, groups: &GroupMembers, group: usize) -> TieNetwork {
        let members = groups.of(group);
        let mut inside = TieNetwork {
            offsets: vec![0],
            targets: Vec::new(),
            weights: Vec::new(),
            loops: members.iter().map(|&node| self.loops[node as usize]).collect(),
            volumes: Vec::with_capacity(members.len()),
            total: 0.0,
        };
        for (at, &node) in members.iter().enumerate() {
            let mut volume = inside.loops[at];
            for (to, weight) in self.edges(node as usize) {
                let index = groups.member_index(to);
                if members.get(index as usize) == Some(&to) {
                    inside.targets.push(index);
                    inside.weights.push(weight as f32);
                    volume += weight;
                }
            }
            inside.offsets.push(inside.targets.len() as u64);
            inside.volumes.push(volume);
            inside.total += volume;
        }
        inside
    }

    /// The graph without the edges between communities. Volumes stay, so that a resolution keeps its
    /// meaning.
    pub(crate) fn within(&self, community_of: &[u32]) -> TieNetwork {
        let mut within = TieNetwork {
            offsets: vec![0],
            targets: Vec::new(),
            weights: Vec::new(),
            loops: self.loops.clone(),
            volumes: self.volumes.clone(),
            total: self.total,
        };
        for (node, own) in community_of.iter().enumerate() {
            for (to, weight) in
                self.edges(node).filter(|&(to, _)| community_of[to as usize] == *own)
            {
                within.targets.push(to);
                within.weights.push(weight as f32);
            }
            within.offsets.push(within.targets.len() as u64);
        }
        within
    }

    /// The same graph with its nodes in this order.
    pub(crate) fn arranged(&self, order: &[u32]) -> TieNetwork {
        let mut new_nodes = vec![0; self.nodes()];
        for (new, &old) in order.iter().enumerate() {
            new_nodes[old as usize] = new as u32;
        }
        let olds = || order.iter().map(|&node| node as usize);
        let ends = olds().scan(0, |end, node| {
            *end += self.neighbours(node).len() as u64;
            Some(*end)
        });
        let mut targets = Vec::with_capacity(self.targets.len());
        let new = |&to: &u32| new_nodes[to as usize];
        olds().for_each(|node| targets.extend(self.neighbours(node).iter().map(new)));
        let mut weights = Vec::with_capacity(self.weights.len());
        olds().for_each(|node| weights.extend_from_slice(self.neighbour_weights(node)));
        TieNetwork {
            offsets: std::iter::once(0).chain(ends).collect(),
            targets,
            weights,
            loops: olds().map(|node| self.loops[node]).collect(),
            volumes: olds().map(|node| self.volumes[node]).collect(),
            total: self.total,
        }
    }
}
