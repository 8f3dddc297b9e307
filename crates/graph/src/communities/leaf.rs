//! The leaf partition: the one that describes the graph in the fewest bits, split further wherever
//! a community's own edges are described in fewer bits by its parts.
//!
//! A first search at γ = 1 is followed by searches at the resolution that its result points to
//! (Newman 2016), where the parts that people were put together in are joined anew if that settles;
//! then by the map equation and modularity in turns from the best; small graphs try a ladder of
//! resolutions too. Splitting, into few parts at a time, lets small communities inside of large ones
//! be found whatever the size of the whole graph. A run after another begins with the last leaf
//! instead: people and whole communities move, and parts are looked for where much has changed. Time:
//! one search for each candidate, about four, or a few sweeps near the last leaf; memory: a search's
//! state for each thread. Decisions 13 and 20.

use rayon::prelude::*;

use super::description::Shape;
use super::leiden::{Draft, leiden, moved_alone, near, renumber, split_components};
use super::network::{Groups, Network, Sums};
use crate::seed::Seed;

/// How hard to search.
#[derive(Debug)]
struct Effort {
    /// Resolutions of modularity that are tried on the whole graph.
    resolutions: &'static [f64],
    /// Whether the map equation is tried too.
    map: bool,
    /// Passes of each search.
    passes: usize,
    /// A search from the best is worth another one if it shortens the description by more than this
    /// share.
    worth: f64,
    /// After a last run, a community that has changed little is searched for parts with a
    /// probability of 1 in so many.
    turns: f64,
}

/// For graphs of at most [`SMALL_ARCS`], where time does not matter.
const THOROUGH: Effort = Effort {
    resolutions: &[0.3, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0],
    map: true,
    passes: 3,
    worth: 0.0,
    turns: 1.0,
};

/// For larger ones: one search, then the resolutions that its results point to.
const QUICK: Effort =
    Effort { resolutions: &[1.0], map: false, passes: 1, worth: 1e-3, turns: 32.0 };

/// The resolution at which a community is searched for parts, relative to its own edges: a low one,
/// for a few large parts, each of which is searched again. A high one finds many at once, and they
/// shorten the description too, by less than the right few would.
const SPLIT: f64 = 0.5;

/// Graphs up to this are searched thoroughly.
const SMALL_ARCS: usize = 200_000;

/// A draft that takes so many times the bits of what it is to replace is not searched on from: that
/// shortens it by a tenth of a percent or two.
const HOPELESS: f64 = 1.01;

/// A resolution is followed while it differs from the last by more than this factor …
const FOLLOWED: f64 = 1.25;

/// … and at most so many times.
const STEPS_MAX: usize = 8;

/// Searches from the best end after so many turns.
const POLISHES_MAX: u64 = 4;

/// Communities with fewer members are not split.
const SPLIT_MIN: usize = 8;

/// A community has at least so many people, unless they know nobody else.
const SIZE_MIN: usize = 3;

/// Nesting below the first partition; a guard, three is much.
const SPLITS_MAX: usize = 8;

/// A partition from the last run stays unless a new one is shorter by more than this share: ids
/// should not change where nothing happened.
const INERTIA: f64 = 5e-4;

/// If the last run's partition, searched on from, describes an edge in more bits than the best since
/// the last search from nothing by more than this share, a new one is looked for.
const STALE: f64 = 2e-3;

/// A community has changed if the weight inside of it has by more than this share.
const CHANGED: f64 = 0.02;

/// A candidate and what it costs.
#[derive(Debug, Clone)]
struct Candidate {
    community_of: Vec<u32>,
    count: usize,
    shape: Shape,
    bits: f64,
    /// Resolution of modularity; `None` for the map equation.
    resolution: Option<f64>,
}

impl Candidate {
    fn new(network: &Network, mut community_of: Vec<u32>, resolution: Option<f64>) -> Candidate {
        let count = renumber(&mut community_of);
        let shape = Shape::new(network, &community_of, count);
        let bits = shape.bits(network);
        Candidate { community_of, count, shape, bits, resolution }
    }

    fn search(
        network: &Network,
        start: Vec<u32>,
        resolution: Option<f64>,
        (effort, seed): (&Effort, Seed),
    ) -> Candidate {
        Candidate::new(network, leiden(network, resolution, start, effort.passes, seed), resolution)
    }

    /// From people who stand alone. A draft for modularity is searched on from unless that is hopeless:
    /// if it takes more than `bits_max`. The draft is given with what it was good enough for.
    fn alone(
        network: &Network,
        resolution: Option<f64>,
        bits_max: f64,
        (effort, seed): (&Effort, Seed),
    ) -> (Candidate, Option<Draft>) {
        let Some(own) = resolution else {
            let alone = (0..network.nodes() as u32).collect();
            return (Candidate::search(network, alone, None, (effort, seed)), None);
        };
        let draft = Draft::new(network, own, seed);
        let joined = draft.joined(network, own, seed.fork(1));
        let found = Candidate::new(network, joined.community_of, resolution);
        if effort.passes == 1 && (joined.settled || found.bits > bits_max) {
            return (found, joined.settled.then_some(draft));
        }
        let with = (effort, seed.fork(2));
        (Candidate::search(network, found.community_of, resolution, with), None)
    }

    fn shorter(self, other: Candidate) -> Candidate {
        if other.bits < self.bits { other } else { self }
    }
}

/// The last run's leaf over this run's nodes.
#[derive(Debug)]
pub(crate) struct LastLeaf {
    /// Communities, numbered as they were; new people alone.
    pub(crate) community_of: Vec<u32>,
    /// The fewest bits in which an edge was described since a search began anew.
    pub(crate) fewest: f64,
    /// Share of all weight that lay inside of each community; 0 beyond.
    pub(crate) insides: Vec<f64>,
}

/// A leaf partition, dense.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) community_of: Vec<u32>,
    /// Whether all was searched anew, not only near the last run's.
    pub(crate) anew: bool,
    /// Whether some are parts of what was found first.
    pub(crate) split: bool,
}

/// What [`leaf`] begins with where there is no last run.
#[derive(Debug)]
pub(crate) struct First {
    pub(crate) community_of: Vec<u32>,
    /// Parts that were good for it, so they may be for other resolutions.
    pub(crate) draft: Option<Draft>,
}

/// One quick search from nothing.
pub(crate) fn first(network: &Network, seed: Seed) -> First {
    let whole = whole(network);
    let bits_max = whole.bits * HOPELESS;
    let (found, draft) =
        Candidate::alone(network, Some(QUICK.resolutions[0]), bits_max, (&QUICK, seed));
    First { community_of: whole.shorter(found).community_of, draft }
}

/// Finds the leaf partition after a [`first`] one.
pub(crate) fn leaf(network: &Network, first: First, seed: Seed) -> Leaf {
    let with = (effort(network), seed);
    finished(network, cold(network, first, with), None, with)
}

/// Finds the leaf partition near the last run's, or anew if that has become stale.
pub(crate) fn leaf_near(network: &Network, last: LastLeaf, seed: Seed) -> Leaf {
    let with = (effort(network), seed);
    let best = warm(network, last.community_of.clone(), with);
    if per_edge(network, best.bits) <= last.fewest * (1.0 + STALE) {
        return finished(network, best, Some(&last), with);
    }
    let far = cold(network, first(network, seed), with);
    let best = if best.bits <= far.bits * (1.0 + INERTIA) { best } else { far };
    finished(network, best, None, with)
}

/// A leaf some of whose communities are parts: whoever stands at the edge of one was looked at by that
/// part's arcs alone, so single people move once more, by all.
pub(crate) fn touched_up(network: &Network, community_of: Vec<u32>, seed: Seed) -> Vec<u32> {
    let mut community_of = moved_alone(network, community_of, seed);
    settle(network, &mut community_of);
    community_of
}

fn effort(network: &Network) -> &'static Effort {
    if network.targets.len() <= SMALL_ARCS { &THOROUGH } else { &QUICK }
}

/// The leaf that the best candidate becomes; after a last run it is split only where that is due.
fn finished(
    network: &Network,
    best: Candidate,
    last: Option<&LastLeaf>,
    (effort, seed): (&Effort, Seed),
) -> Leaf {
    let due = match last {
        Some(last) => due(network, &best, last, (effort, seed)),
        None => vec![true; best.count],
    };
    let count = best.count;
    let mut community_of = split(network, best, &due, (effort, seed), SPLITS_MAX);
    let split = renumber(&mut community_of) > count;
    settle(network, &mut community_of);
    Leaf { community_of, anew: last.is_none(), split }
}

/// Bits for each edge.
pub(crate) fn per_edge(network: &Network, bits: f64) -> f64 {
    bits / (network.targets.len() as f64 / 2.0).max(1.0)
}

/// Whether parts are looked for in each community: where the weight inside has changed by more than
/// [`CHANGED`] in a run; elsewhere once in [`Effort::turns`] changes, by chance.
fn due(
    network: &Network,
    best: &Candidate,
    last: &LastLeaf,
    (effort, seed): (&Effort, Seed),
) -> Vec<bool> {
    let groups = Groups::new(&best.community_of, best.count);
    let is_due = |(group, now): (usize, f64)| {
        let name = last.community_of[groups.of(group)[0] as usize];
        let then = last.insides.get(name as usize).copied().unwrap_or(0.0);
        let turn = seed.fork(now.to_bits()).unit() * effort.turns < 1.0;
        (now - then).abs() > CHANGED * then || (turn && now != then)
    };
    best.shape.insides(network).enumerate().map(is_due).collect()
}

/// The best that can be found from nothing but a first partition.
fn cold(network: &Network, first: First, (effort, seed): (&Effort, Seed)) -> Candidate {
    let First { community_of, draft } = first;
    let first = Candidate::new(network, community_of, Some(QUICK.resolutions[0]));
    let others = effort.resolutions.iter().filter(|&tried| !QUICK.resolutions.contains(tried));
    let others: Vec<f64> = others.copied().collect();
    let fresh = match others.is_empty() {
        true => first,
        false => best_candidate(network, &others, (effort, seed)).shorter(first),
    };
    let followed = follow_resolution(network, fresh, draft, (effort, seed));
    polish(network, followed, (effort, seed.fork(1)))
}

/// The best near the last run's partition. Where little moves, little is gained: then single
/// people and whole communities are all that is moved.
fn warm(network: &Network, last: Vec<u32>, (effort, seed): (&Effort, Seed)) -> Candidate {
    let mut best = Candidate::new(network, last, None);
    let enough = best.bits * (1.0 - effort.worth);
    let next = near(network, None, best.community_of.clone(), seed);
    let next = Candidate::new(network, next, None);
    if next.bits <= best.bits {
        best = next;
    } else {
        split_components(network, &mut best.community_of);
        best = Candidate::new(network, best.community_of, None);
    }
    if best.bits < enough { polish(network, best, (effort, seed)) } else { best }
}

/// Gives people of communities below [`SIZE_MIN`], such as a celebrity whose audience is everywhere,
/// to the neighbouring community that they are tied to most beyond chance. Where there is none, as
/// in a component of two, they stay.
fn settle(network: &Network, community_of: &mut [u32]) {
    let count = renumber(community_of);
    let groups = Groups::new(community_of, count);
    let mut volumes = vec![0.0; count];
    for (node, &community) in community_of.iter().enumerate() {
        volumes[community as usize] += network.volumes[node];
    }
    let mut sums = Sums::new(count);
    let small = |community: u32| groups.of(community as usize).len() < SIZE_MIN;
    let homeless: Vec<u32> = (0..count as u32)
        .filter(|&community| small(community))
        .flat_map(|community| groups.of(community as usize).iter().copied())
        .collect();
    // Twice, so that somebody known only to the homeless follows them.
    for node in homeless.iter().chain(&homeless).map(|&node| node as usize) {
        for (to, weight) in network.edges(node) {
            sums.add(community_of[to as usize], weight);
        }
        let mut best = (f64::NEG_INFINITY, community_of[node]);
        sums.drain(|community, weight| {
            let chance = network.volumes[node] * volumes[community as usize] / network.total;
            if !small(community) && (weight - chance > best.0) {
                best = (weight - chance, community);
            }
        });
        community_of[node] = best.1;
    }
    renumber(community_of);
}

/// Searches anew at the resolution that the best partition's own densities make the likelihood of a
/// planted one, while that shortens the description.
fn follow_resolution(
    network: &Network,
    mut best: Candidate,
    draft: Option<Draft>,
    (effort, seed): (&Effort, Seed),
) -> Candidate {
    if let Some(draft) = draft {
        let own = best.shape.resolution(network);
        let joined = draft.joined(network, own, seed.fork(STEPS_MAX as u64));
        if joined.settled {
            best = best.shorter(Candidate::new(network, joined.community_of, Some(own)));
        }
    }
    for step in 0..STEPS_MAX {
        let own = best.shape.resolution(network);
        let is_near = |last: f64| (own / last).ln().abs() <= FOLLOWED.ln();
        if best.resolution.is_some_and(is_near) {
            break;
        }
        let with = (effort, seed.fork(step as u64));
        let (next, _) = Candidate::alone(network, Some(own), best.bits * HOPELESS, with);
        if next.bits >= best.bits {
            break;
        }
        best = next;
    }
    best
}

/// Searches on from the best by the map equation and by modularity in turns, while that shortens
/// the description by enough. The map equation sees small communities that modularity merges,
/// modularity what the map equation tears to pieces where most edges leave.
fn polish(network: &Network, mut best: Candidate, (effort, seed): (&Effort, Seed)) -> Candidate {
    for round in 0..POLISHES_MAX {
        let before = best.bits;
        for map in [true, false] {
            let own = best.shape.resolution(network);
            let (start, seed) = (best.community_of.clone(), seed.fork(2 * round + u64::from(map)));
            let next = Candidate::search(network, start, (!map).then_some(own), (effort, seed));
            best = best.shorter(next);
            if best.bits >= before * (1.0 - effort.worth) {
                return best;
            }
        }
    }
    best
}

/// The shortest of the connected components, the map equation's optimum and modularity's.
fn best_candidate(
    network: &Network,
    resolutions: &[f64],
    (effort, seed): (&Effort, Seed),
) -> Candidate {
    let whole = whole(network);
    let objectives: Vec<Option<f64>> = effort
        .map
        .then_some(None)
        .into_iter()
        .chain(resolutions.iter().copied().map(Some))
        .collect();
    let found: Vec<Candidate> = objectives
        .into_par_iter()
        .map(|resolution| {
            Candidate::alone(network, resolution, whole.bits * HOPELESS, (effort, seed)).0
        })
        .collect();
    found.into_iter().fold(whole, Candidate::shorter)
}

/// The connected components.
fn whole(network: &Network) -> Candidate {
    let mut components = vec![0; network.nodes()];
    split_components(network, &mut components);
    Candidate::new(network, components, None)
}

/// Splits communities, if they are due, while that shortens the description of their own edges.
fn split(
    network: &Network,
    whole: Candidate,
    due: &[bool],
    (effort, seed): (&Effort, Seed),
    depth: usize,
) -> Vec<u32> {
    let Candidate { mut community_of, count, .. } = whole;
    let groups = Groups::new(&community_of, count);
    let parts: Vec<Option<Vec<u32>>> = (0..count)
        .into_par_iter()
        .map(|group| {
            let with = (effort, seed.fork(group as u64));
            due[group].then(|| split_one(network, (&groups, group), with, depth)).flatten()
        })
        .collect();
    let mut next = count as u32;
    for (group, parts) in parts.into_iter().enumerate() {
        let Some(parts) = parts else { continue };
        let highest = parts.iter().copied().max().unwrap_or(0);
        for (&node, part) in groups.of(group).iter().zip(parts) {
            community_of[node as usize] = next + part;
        }
        next += highest + 1;
    }
    renumber(&mut community_of);
    community_of
}

/// The parts of one community's members, or `None` if it is best left whole.
fn split_one(
    network: &Network,
    (groups, group): (&Groups, usize),
    (effort, seed): (&Effort, Seed),
    depth: usize,
) -> Option<Vec<u32>> {
    if groups.of(group).len() < SPLIT_MIN || depth == 0 {
        return None;
    }
    let inside = network.induced(groups, group);
    let best = best_candidate(&inside, &[SPLIT], (effort, seed));
    let all = vec![true; best.count];
    (best.count > 1).then(|| split(&inside, best, &all, (effort, seed), depth - 1))
}
