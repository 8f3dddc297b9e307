//! Seed sets: the cores of communities that other communities attend to.
//!
//! A farm receives little attention from outside of itself, whatever it sends, so a community that
//! gives seeds must be attended to. By whom, its like decide: each member's community approves of
//! those to which a short walk between communities, in which attention within one does not count,
//! brings at least half as much per member as to the median member's. (Not the mean: a handful of
//! celebrities would raise it beyond what any honest but quiet community has.) Seeds come from
//! communities that most members' communities approve of. So a farm gains nothing by being many
//! communities that attend to each other, until most people are fakes. The cores are dealt to the
//! sets by size, so that a community that slipped through decides in one set only.
//!
//! Time O(m + voters · flows · log communities) with at most 101 voters, memory O(flows): pairs of
//! communities with an arc. The vote is ours.

use rayon::prelude::*;

use super::spread::Spread;
use crate::communities::{Groups, Hierarchy, Level, NO_COMMUNITY, Sums};

/// Communities with fewer members give no seeds.
const MEMBERS_MIN: usize = 20;

/// Seeds from one community.
const CORE: usize = 20;

/// What a community approves of, against what the median member's community gets from it.
const APPROVED: f64 = 0.5;

/// So many members' communities judge the others; odd, so that there is a median.
const VOTERS: usize = 101;

/// Deals a list to `sets` sets in turn; fewer if the list is shorter.
pub(super) fn deal(seeds: &[u32], sets: usize) -> Vec<Vec<u32>> {
    let mut seeds = seeds.to_vec();
    seeds.sort_unstable();
    seeds.dedup();
    // A set of one or two seeds says nothing: rather fewer sets.
    let sets = sets.min(seeds.len() / 3).max(1);
    (0..sets).map(|set| seeds.iter().copied().skip(set).step_by(sets).collect()).collect()
}

/// Automatic seed sets, and whether most approve of each person's community.
pub(super) fn automatic(
    spread: &Spread<'_>,
    hierarchy: &Hierarchy,
    sets: usize,
) -> (Vec<Vec<u32>>, Vec<bool>) {
    let level = seed_level(hierarchy, sets);
    let sizes = sizes(level);
    let approvals = approvals(spread, level, &sizes);
    let approved = |&at: &u32| at != NO_COMMUNITY && approvals[at as usize];
    let dealt = deal_cores(&cores(spread, level, &sizes, &approvals), sets);
    (dealt, level.community_of.iter().map(approved).collect())
}

fn deal_cores(cores: &[Vec<u32>], sets: usize) -> Vec<Vec<u32>> {
    let mut dealt = vec![Vec::new(); sets.max(1)];
    let few = cores.len() < sets;
    for (place, core) in cores.iter().enumerate() {
        for (seat, &person) in core.iter().enumerate() {
            // With fewer communities than sets each of them gives to all sets.
            let set = if few { seat } else { place };
            dealt[set % sets.max(1)].push(person);
        }
    }
    dealt.retain(|set| !set.is_empty());
    dealt
}

/// The coarsest level on which there are at least twice as many real communities as sets, so that
/// the parts of one farm are not many; else the leaf.
fn seed_level(hierarchy: &Hierarchy, sets: usize) -> &Level {
    let large = |level: &&Level| {
        sizes(level).into_iter().filter(|&size| size >= MEMBERS_MIN).count() >= 2 * sets
    };
    let coarse = hierarchy.levels[..=hierarchy.leaf].iter().find(large);
    coarse.unwrap_or_else(|| hierarchy.leaf_level())
}

fn sizes(level: &Level) -> Vec<usize> {
    let mut sizes = vec![0; level.communities as usize];
    for &community in level.community_of.iter().filter(|&&community| community != NO_COMMUNITY) {
        sizes[community as usize] += 1;
    }
    sizes
}

/// The cores of the communities that give seeds, largest community first.
fn cores(spread: &Spread<'_>, level: &Level, sizes: &[usize], approvals: &[bool]) -> Vec<Vec<u32>> {
    let mut core_of: Vec<Vec<(f64, u32)>> = vec![Vec::new(); sizes.len()];
    for ((person, belonging), &community) in
        (0..).zip(belonging(spread, level)).zip(&level.community_of)
    {
        if community != NO_COMMUNITY {
            core_of[community as usize].push((belonging, person));
        }
    }
    // Communities are numbered by falling size.
    (0..sizes.len())
        .filter(|&at| sizes[at] >= MEMBERS_MIN && approvals[at])
        .map(|at| {
            let members = &mut core_of[at];
            members.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            members.iter().take(CORE).map(|member| member.1).collect()
        })
        .collect()
}

/// Attention from each person's own community, times its share of all that it receives.
fn belonging(spread: &Spread<'_>, level: &Level) -> Vec<f64> {
    let community = |person: u32| level.community_of[person as usize];
    let inside = spread.arcs.receive(|sum: &mut f64, (from, to, weight)| {
        *sum += if community(from) == community(to) { f64::from(weight) } else { 0.0 };
    });
    let people = inside.into_iter().zip(&spread.received);
    people.map(|(inside, all)| if *all > 0.0 { inside * inside / all } else { 0.0 }).collect()
}

/// Whether most voters approve of each community; where they agree on none, those that the largest
/// number approves of. Where no community attends to another there are no voters: nothing speaks
/// against any.
fn approvals(spread: &Spread<'_>, level: &Level, sizes: &[usize]) -> Vec<bool> {
    let flows = flows(spread, level, sizes.len());
    let mut voters = voters(sizes);
    // Who attends to no other community has no opinion.
    voters.retain(|&(voter, _)| !flows[voter].is_empty());
    if voters.is_empty() {
        return vec![true; sizes.len()];
    }
    let ballots: Vec<Vec<bool>> =
        voters.par_iter().map(|&(voter, _)| ballot(&flows, sizes, voter)).collect();
    let votes = |at: usize| -> usize {
        let ballots = ballots.iter().zip(&voters).filter(|(ballot, _)| ballot[at]);
        ballots.map(|(_, voter)| voter.1).sum()
    };
    let votes: Vec<usize> = (0..sizes.len()).map(votes).collect();
    let all: usize = voters.iter().map(|voter| voter.1).sum();
    let most = votes.iter().copied().max().unwrap_or(0);
    let needed = most.min(all / 2 + 1).max(1);
    votes.into_iter().map(|votes| votes >= needed).collect()
}

/// The communities of [`VOTERS`] members, evenly spaced in the order of communities, each with the
/// number of those members.
fn voters(sizes: &[usize]) -> Vec<(usize, usize)> {
    let ends: Vec<usize> = sizes
        .iter()
        .scan(0, |end, size| {
            *end += size;
            Some(*end)
        })
        .collect();
    let people = ends.last().copied().unwrap_or(0);
    let count = VOTERS.min(people);
    let seats = (0..count).map(|seat| (2 * seat + 1) * people / (2 * count));
    let homes: Vec<usize> =
        seats.map(|member| ends.partition_point(|&end| end <= member)).collect();
    homes.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect()
}

/// Which communities a voter's approves of: by what a walk from it brings to each, per member.
fn ballot(flows: &[Vec<(u32, f64)>], sizes: &[usize], voter: usize) -> Vec<bool> {
    let mut mass = vec![0.0; flows.len()];
    mass[voter] = 1.0;
    let mut earned = vec![0.0; flows.len()];
    for _ in 0..flows.len().max(2).ilog2() + 1 {
        let mut next = vec![0.0; flows.len()];
        for (mass, row) in mass.iter().zip(flows).filter(|(mass, _)| **mass > 0.0) {
            let sent: f64 = row.iter().map(|flow| flow.1).sum();
            row.iter().for_each(|&(to, flow)| next[to as usize] += mass * flow / sent);
        }
        mass = next;
        earned.iter_mut().zip(&mass).for_each(|(earned, mass)| *earned += mass);
    }
    let per_member: Vec<f64> =
        earned.iter().zip(sizes).map(|(earned, &size)| earned / size.max(1) as f64).collect();
    let median = weighted_median(&per_member, sizes).max(f64::MIN_POSITIVE);
    per_member.into_iter().map(|earned| earned >= APPROVED * median).collect()
}

/// The value that as many members are below as above.
fn weighted_median(values: &[f64], sizes: &[usize]) -> f64 {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    let half = sizes.iter().sum::<usize>() / 2;
    let mut below = 0;
    let middle = order.into_iter().find(|&at| {
        below += sizes[at];
        below > half
    });
    middle.map_or(0.0, |at| values[at])
}

/// Attention between different communities, by source, then by target.
fn flows(spread: &Spread<'_>, level: &Level, count: usize) -> Vec<Vec<(u32, f64)>> {
    let groups = Groups::new(&level.community_of, count);
    let flows = |sums: &mut Sums, from: usize| {
        for &source in groups.of(from) {
            for (target, weight) in spread.arcs.arcs_of(source) {
                let to = level.community_of[target as usize];
                if to as usize != from && to != NO_COMMUNITY {
                    sums.add(to, f64::from(weight));
                }
            }
        }
        let mut row = Vec::new();
        sums.drain(|to, flow| row.push((to, flow)));
        row.sort_unstable_by_key(|flow| flow.0);
        row
    };
    (0..count).into_par_iter().map_init(|| Sums::new(count), flows).collect()
}
