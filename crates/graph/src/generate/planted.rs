//! A planted partition in the manner of LFR (Lancichinetti, Fortunato, Radicchi 2008): power laws
//! of degrees and community sizes, a share µ of each person's edges outside of its community, and
//! optionally parents that a part of those stay within. Edges come from a configuration model.

use super::arcs::DrawnArcs;
use crate::seed::RandomSeed;

/// What to plant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlantedSpec {
    /// Number of people.
    pub nodes: usize,
    /// Mean number of neighbours.
    pub mean_degree: f64,
    /// Largest number of neighbours.
    pub degree_max: f64,
    /// Exponent of the degrees' power law, above 2.
    pub degree_exponent: f64,
    /// Members of the smallest community.
    pub size_min: usize,
    /// Members of the largest community.
    pub size_max: usize,
    /// Exponent of the sizes' power law.
    pub size_exponent: f64,
    /// µ: share of edges that leave the community.
    pub mixing: f64,
    /// Communities in one parent; 1 plants no parents.
    pub siblings: usize,
    /// Share of the leaving edges that stay within the parent.
    pub kept_by_parent: f64,
    /// Share of people who are in a second community too, with half of their inner edges.
    pub overlapping: f64,
}

impl PlantedSpec {
    /// The shape that benchmarks usually plant: mean degree 20, communities of 20 to 2,000, power
    /// laws of 2.5 and 1.5, no parents and no overlaps.
    pub fn usual(nodes: usize, mixing: f64) -> PlantedSpec {
        PlantedSpec {
            nodes,
            mean_degree: 20.0,
            degree_max: 200.0,
            degree_exponent: 2.5,
            size_min: 20,
            size_max: 2_000.min(nodes / 4),
            size_exponent: 1.5,
            mixing,
            siblings: 1,
            kept_by_parent: 0.0,
            overlapping: 0.0,
        }
    }
}

/// A planted graph and its truth.
#[derive(Debug, Clone, PartialEq)]
pub struct PlantedGraph {
    /// Every edge in both directions.
    pub arcs: DrawnArcs,
    /// Community of each person.
    pub community_of: Vec<u32>,
    /// Its second community; the first one again for people who are in one only.
    pub second_of: Vec<u32>,
    /// Parent of each person's community.
    pub parent_of: Vec<u32>,
}

impl PlantedGraph {
    /// The members of each community, ascending; those of two are in both.
    pub fn cover(&self) -> Vec<Vec<u32>> {
        let communities = self.community_of.iter().max().map_or(0, |&last| last as usize + 1);
        let mut members = vec![Vec::new(); communities];
        for (person, (&own, &second)) in self.community_of.iter().zip(&self.second_of).enumerate() {
            members[own as usize].push(person as u32);
            if second != own {
                members[second as usize].push(person as u32);
            }
        }
        members
    }
}

/// An end of an edge. Ordered by group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct EdgeEnd {
    group: u32,
    person: u32,
}

/// Plants `spec`. Ids do not depend on the communities.
pub fn planted(spec: &PlantedSpec, seed: RandomSeed) -> PlantedGraph {
    let community_of = communities(spec, seed.fork(1));
    let parent_of: Vec<u32> =
        community_of.iter().map(|&community| community / spec.siblings as u32).collect();
    let second_of = seconds(spec, &community_of, seed.fork(9));
    let stubs = stubs(spec, seed.fork(2));
    let mut arcs = DrawnArcs::default();
    let layers = [community_of.as_slice(), &parent_of, &[]];
    for (layer, group_of) in layers.into_iter().enumerate() {
        let mut ends: Vec<EdgeEnd> = Vec::new();
        for (person, stubs) in stubs.iter().enumerate() {
            let group = group_of.get(person).copied().unwrap_or(0);
            let elsewhere = match layer {
                0 if second_of[person] != group => stubs[layer] / 2,
                _ => 0,
            };
            let own = EdgeEnd { group, person: person as u32 };
            ends.extend(std::iter::repeat_n(own, stubs[layer] - elsewhere));
            let second = EdgeEnd { group: second_of[person], ..own };
            ends.extend(std::iter::repeat_n(second, elsewhere));
        }
        wire(ends, seed.fork(3 + layer as u64), &mut arcs);
    }
    PlantedGraph { arcs, community_of, second_of, parent_of }
}

/// Second communities: those of others, so that the larger ones get more.
fn seconds(spec: &PlantedSpec, community_of: &[u32], mut random: RandomSeed) -> Vec<u32> {
    let second = |&own: &u32| match random.unit() < spec.overlapping {
        true => community_of[random.below(community_of.len() as u64) as usize],
        false => own,
    };
    community_of.iter().map(second).collect()
}

/// Pairs the ends within each group at random.
fn wire(mut ends: Vec<EdgeEnd>, seed: RandomSeed, arcs: &mut DrawnArcs) {
    ends.sort_unstable();
    for (at, group) in ends.chunk_by_mut(|a, b| a.group == b.group).enumerate() {
        seed.fork(at as u64).shuffle(group);
        for pair in group.chunks_exact(2) {
            arcs.push(pair[0].person, pair[1].person);
            arcs.push(pair[1].person, pair[0].person);
        }
    }
}

/// Edge ends of each person: within the community, within the parent, anywhere.
fn stubs(spec: &PlantedSpec, mut random: RandomSeed) -> Vec<[usize; 3]> {
    let power = 1.0 - spec.degree_exponent;
    let low = lowest_degree(spec);
    (0..spec.nodes)
        .map(|_| {
            let degree = draw(low, spec.degree_max, power, random.unit());
            let outside = degree * spec.mixing;
            let within_parent = if spec.siblings > 1 { outside * spec.kept_by_parent } else { 0.0 };
            [degree - outside, within_parent, outside - within_parent]
                .map(|ends| (ends + random.unit()) as usize)
        })
        .collect()
}

/// The lower end of the power law that has the wanted mean, by bisection.
fn lowest_degree(spec: &PlantedSpec) -> f64 {
    let (mut low, mut high) = (0.5, spec.mean_degree);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if mean(middle, spec.degree_max, spec.degree_exponent) < spec.mean_degree {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

fn mean(low: f64, high: f64, exponent: f64) -> f64 {
    let moment = |power: f64| (high.powf(power) - low.powf(power)) / power;
    moment(2.0 - exponent) / moment(1.0 - exponent)
}

/// The value of a truncated power law at quantile `unit`; `power` = 1 − exponent, not 0.
fn draw(low: f64, high: f64, power: f64, unit: f64) -> f64 {
    (low.powf(power) + unit * (high.powf(power) - low.powf(power))).powf(1.0 / power)
}

fn communities(spec: &PlantedSpec, mut random: RandomSeed) -> Vec<u32> {
    let (low, high) = (spec.size_min as f64, spec.size_max as f64 + 1.0);
    let mut community_of = Vec::with_capacity(spec.nodes);
    let mut community = 0;
    while community_of.len() < spec.nodes {
        let size = draw(low, high, 1.0 - spec.size_exponent, random.unit()) as usize;
        let left = spec.nodes - community_of.len();
        // A rest too small for a community of its own joins the last one.
        let size = if left < size + spec.size_min { left } else { size };
        community_of.extend(std::iter::repeat_n(community, size));
        community += 1;
    }
    random.shuffle(&mut community_of);
    community_of
}
