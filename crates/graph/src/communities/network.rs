//! The undirected weighted graph that communities are searched in, and its aggregation.
//!
//! Memory: 8 B per arc (each edge lies in both rows) and 24 B per node. Aggregation is linear and
//! keeps total weight and volumes, so an objective means the same on every aggregate.

use crate::csr::Csr;

/// Undirected graph: rows hold both directions of each edge, self-loops lie apart.
#[derive(Debug, Clone)]
pub(crate) struct Network {
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

impl Network {
    /// Takes a symmetric graph.
    pub(crate) fn from_symmetric(graph: Csr) -> Network {
        let volumes = graph.strengths();
        let (offsets, targets, weights) = graph.into_parts();
        Network {
            weights: weights.unwrap_or_else(|| vec![1.0; targets.len()]),
            offsets,
            targets,
            loops: vec![0.0; volumes.len()],
            total: volumes.iter().sum(),
            volumes,
        }
    }

    /// Number of nodes.
    pub(crate) fn nodes(&self) -> usize {
        self.volumes.len()
    }

    /// Neighbours of a node, and the weights towards them.
    #[inline]
    pub(crate) fn row(&self, node: usize) -> (&[u32], &[f32]) {
        let range = self.offsets[node] as usize..self.offsets[node + 1] as usize;
        (&self.targets[range.clone()], &self.weights[range])
    }

    /// Neighbours of a node, each with the weight towards it.
    #[inline]
    pub(crate) fn edges(&self, node: usize) -> impl Iterator<Item = (u32, f64)> + '_ {
        let (targets, weights) = self.row(node);
        targets.iter().zip(weights).map(|(&to, &weight)| (to, f64::from(weight)))
    }

    /// Weight from a node to all others.
    #[inline]
    pub(crate) fn exit(&self, node: usize) -> f64 {
        (self.volumes[node] - self.loops[node]).max(0.0)
    }

    /// Merges each community into one node. Communities are `0..communities`.
    pub(crate) fn aggregate(&self, community_of: &[u32], communities: usize) -> Network {
        let members = Groups::new(community_of, communities);
        let mut sums = Sums::new(communities);
        let mut merged = Network {
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
            let outside = self.edges(node).filter(|edge| community_of[edge.0 as usize] != own);
            exits[own as usize] += outside.map(|edge| edge.1).sum::<f64>();
        }
        exits
    }

    /// The graph among the members of one group alone, renumbered in their order.
    pub(crate) fn induced(&self, groups: &Groups, group: usize) -> Network {
        let members = groups.of(group);
        let mut inside = Network {
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
                let seat = groups.seats[to as usize];
                if members.get(seat as usize) == Some(&to) {
                    inside.targets.push(seat);
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

    /// The graph without the edges between communities. Volumes stay, so that a resolution means
    /// the same.
    pub(crate) fn within(&self, community_of: &[u32]) -> Network {
        let mut within = Network {
            offsets: vec![0],
            targets: Vec::new(),
            weights: Vec::new(),
            loops: self.loops.clone(),
            volumes: self.volumes.clone(),
            total: self.total,
        };
        for (node, own) in community_of.iter().enumerate() {
            for (to, weight) in
                self.edges(node).filter(|edge| community_of[edge.0 as usize] == *own)
            {
                within.targets.push(to);
                within.weights.push(weight as f32);
            }
            within.offsets.push(within.targets.len() as u64);
        }
        within
    }

    /// The same graph with its nodes in this order.
    pub(crate) fn arranged(&self, order: &[u32]) -> Network {
        let mut places = vec![0; self.nodes()];
        for (place, &node) in order.iter().enumerate() {
            places[node as usize] = place as u32;
        }
        let ends = order.iter().scan(0, |end, &node| {
            *end += self.row(node as usize).0.len() as u64;
            Some(*end)
        });
        let rows = || order.iter().map(|&node| self.row(node as usize));
        let mut targets = Vec::with_capacity(self.targets.len());
        rows().for_each(|row| targets.extend(row.0.iter().map(|&to| places[to as usize])));
        let mut weights = Vec::with_capacity(self.weights.len());
        rows().for_each(|row| weights.extend_from_slice(row.1));
        Network {
            offsets: std::iter::once(0).chain(ends).collect(),
            targets,
            weights,
            loops: order.iter().map(|&node| self.loops[node as usize]).collect(),
            volumes: order.iter().map(|&node| self.volumes[node as usize]).collect(),
            total: self.total,
        }
    }
}

/// Members of each group, by a counting sort: ascending within a group.
#[derive(Debug)]
pub(crate) struct Groups {
    starts: Vec<u32>,
    members: Vec<u32>,
    /// Position of each node among the members of its group; 0 outside of all groups.
    seats: Vec<u32>,
}

impl Groups {
    /// Groups the nodes by `group_of`; groups beyond `groups` (no community) are left out.
    pub(crate) fn new(group_of: &[u32], groups: usize) -> Groups {
        let mut starts = vec![0u32; groups + 1];
        let inside =
            || group_of.iter().enumerate().filter(|&(_, &group)| (group as usize) < groups);
        for (_, &group) in inside() {
            starts[group as usize + 1] += 1;
        }
        for group in 0..groups {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut members = vec![0u32; starts[groups] as usize];
        let mut seats = vec![0u32; group_of.len()];
        for (node, &group) in inside() {
            let place = &mut next[group as usize];
            members[*place as usize] = node as u32;
            seats[node] = *place - starts[group as usize];
            *place += 1;
        }
        Groups { starts, members, seats }
    }

    /// Members of one group, ascending.
    pub(crate) fn of(&self, group: usize) -> &[u32] {
        &self.members[self.starts[group] as usize..self.starts[group + 1] as usize]
    }

    /// All members, group by group.
    pub(crate) fn in_order(&self) -> &[u32] {
        &self.members
    }
}

/// Keys that were touched, in the order of first touch.
#[derive(Debug)]
pub(crate) struct Touched {
    /// The first `count`, and room for a next one.
    keys: Vec<u32>,
    count: usize,
}

impl Touched {
    /// At most so many keys.
    pub(crate) fn new(keys: usize) -> Touched {
        Touched { keys: vec![0; keys + 1], count: 0 }
    }

    /// Notes a key if it is new. Nobody can foresee whether it is, so there is no branch: it is
    /// written in any case.
    #[inline]
    pub(crate) fn note(&mut self, key: u32, is_new: bool) {
        self.keys[self.count] = key;
        self.count += usize::from(is_new);
    }

    /// The keys.
    #[inline]
    pub(crate) fn keys(&self) -> &[u32] {
        &self.keys[..self.count]
    }

    /// Forgets all.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }
}

/// Sums by small keys: a dense table and the keys that were touched.
#[derive(Debug)]
pub(crate) struct Sums {
    values: Vec<f64>,
    touched: Touched,
}

impl Sums {
    /// A table for the keys `0..keys`.
    pub(crate) fn new(keys: usize) -> Sums {
        Sums { values: vec![0.0; keys], touched: Touched::new(keys) }
    }

    /// Adds a positive value.
    #[inline]
    pub(crate) fn add(&mut self, key: u32, value: f64) {
        let slot = &mut self.values[key as usize];
        self.touched.note(key, *slot == 0.0 && value > 0.0);
        *slot += value;
    }

    /// The sum of a key.
    #[inline]
    pub(crate) fn get(&self, key: u32) -> f64 {
        self.values[key as usize]
    }

    /// Takes one key's sum out.
    pub(crate) fn take(&mut self, key: u32) -> f64 {
        std::mem::take(&mut self.values[key as usize])
    }

    /// Hands out all positive sums and empties the table.
    pub(crate) fn drain(&mut self, mut each: impl FnMut(u32, f64)) {
        for &key in self.touched.keys() {
            let value = std::mem::take(&mut self.values[key as usize]);
            if value > 0.0 {
                each(key, value);
            }
        }
        self.touched.clear();
    }
}
