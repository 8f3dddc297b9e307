//! Seed sets: the cores of communities to which other communities attend.
//!
//! A farm receives little attention from outside of itself, whatever it sends, so a community that
//! gives seeds must receive attention. The other communities vote on that: each member's community
//! approves of those to which a short walk between communities, in which attention within one does not
//! count, brings at least half as much per member as to the median member's. (Not the mean: a handful
//! of celebrities would raise it beyond any honest but quiet community.) Seeds come from communities
//! that most members' communities approve of. So a farm gains nothing by being many communities that
//! attend to each other, until most people are fakes. The cores are dealt to the sets by size, so that
//! a wrongly approved community decides in one set only.
//!
//! Time O(m + voters · flows · log communities) with at most 101 voters, memory O(flows): pairs of
//! communities with an arc. The vote is ours.

use model::index::{CommunityIndex, PersonIndex};
use rayon::prelude::*;
use typed_index_collections::{TiSlice, TiVec};

use super::walk::TrustWalk;
use crate::communities::{GroupMembers, Hierarchy, KeyedSums, Level, OptionalCommunity};

/// Communities with fewer members give no seeds.
const MEMBERS_MIN: usize = 20;

/// Seeds from one community.
const CORE_SIZE: usize = 20;

/// A community is approved of if it gets this part of what the median member's community gets.
const APPROVED_MIN: f64 = 0.5;

/// Members whose communities vote on the others; odd, so that there is a median.
const VOTERS: usize = 101;

/// A set of one or two seeds decides nothing.
const SET_SIZE_MIN: usize = 3;

/// Seeds, and who is believed at first.
pub(super) struct SeedChoice {
    /// Independent sets of people.
    pub(super) sets: Vec<Vec<PersonIndex>>,
    /// Whether most voters approve of each person's community.
    pub(super) approved: Vec<bool>,
}

/// A member of a community that may become a seed.
struct CoreCandidate {
    person: PersonIndex,
    belonging: f64,
}

/// A community that votes.
struct CommunityVoter {
    community: CommunityIndex,
    /// Its number of votes.
    votes: usize,
}

/// Attention from one community to another.
struct CommunityFlow {
    to: CommunityIndex,
    attention: f64,
}

/// Deals a list to `sets` sets in turn; fewer if the list is shorter.
pub(super) fn deal(seeds: &[PersonIndex], sets: usize) -> Vec<Vec<PersonIndex>> {
    let mut seeds = seeds.to_vec();
    seeds.sort_unstable();
    seeds.dedup();
    let sets = sets.min(seeds.len() / SET_SIZE_MIN).max(1);
    (0..sets).map(|set| seeds.iter().copied().skip(set).step_by(sets).collect()).collect()
}

/// Automatic seed sets.
pub(super) fn automatic(walk: &TrustWalk<'_>, hierarchy: &Hierarchy, sets: usize) -> SeedChoice {
    let level = seed_level(hierarchy, sets);
    let sizes = level.sizes();
    let approvals = approvals(walk, level, &sizes);
    let approved =
        |own: &OptionalCommunity| own.get().is_some_and(|community| approvals[community]);
    SeedChoice {
        sets: deal_cores(&cores(walk, level, &sizes, &approvals), sets),
        approved: level.community_of.iter().map(approved).collect(),
    }
}

fn deal_cores(cores: &[Vec<PersonIndex>], sets: usize) -> Vec<Vec<PersonIndex>> {
    let mut dealt = vec![Vec::new(); sets.max(1)];
    let few = cores.len() < sets;
    for (community, core) in cores.iter().enumerate() {
        for (member, &person) in core.iter().enumerate() {
            // With fewer communities than sets, each of them gives to all sets.
            let set = if few { member } else { community };
            dealt[set % sets.max(1)].push(person);
        }
    }
    dealt.retain(|set| !set.is_empty());
    dealt
}

/// The coarsest level on which there are at least twice as many large communities as sets, so that
/// the parts of one farm are not many; else the leaf level.
fn seed_level(hierarchy: &Hierarchy, sets: usize) -> &Level {
    let has_enough = |level: &&Level| {
        let large = level.sizes().into_iter().filter(|&size| size >= MEMBERS_MIN);
        large.count() >= 2 * sets
    };
    let coarse = hierarchy.levels[..=hierarchy.leaf].iter().find(has_enough);
    coarse.unwrap_or_else(|| hierarchy.leaf_level())
}

/// The cores of the communities that give seeds, largest community first.
fn cores(
    walk: &TrustWalk<'_>,
    level: &Level,
    sizes: &TiSlice<CommunityIndex, usize>,
    approvals: &TiSlice<CommunityIndex, bool>,
) -> Vec<Vec<PersonIndex>> {
    let mut candidates: TiVec<CommunityIndex, Vec<CoreCandidate>> =
        sizes.iter().map(|_| Vec::new()).collect();
    let people = belonging(walk, level).into_iter().zip(level.community_of.iter_enumerated());
    for (belonging, (person, community)) in people {
        if let Some(community) = community.get() {
            candidates[community].push(CoreCandidate { person, belonging });
        }
    }
    // Communities are numbered by falling size.
    sizes
        .keys()
        .filter(|&community| sizes[community] >= MEMBERS_MIN && approvals[community])
        .map(|community| core(&mut candidates[community]))
        .collect()
}

/// The members who belong most, by falling belonging.
fn core(members: &mut [CoreCandidate]) -> Vec<PersonIndex> {
    members
        .sort_unstable_by(|a, b| b.belonging.total_cmp(&a.belonging).then(a.person.cmp(&b.person)));
    members.iter().take(CORE_SIZE).map(|member| member.person).collect()
}

/// Attention from each person's own community, times its share of all that it receives.
fn belonging(walk: &TrustWalk<'_>, level: &Level) -> Vec<f64> {
    let community = |person: u32| level.community_of.raw[person as usize];
    let inside = walk.arcs.sum_received(|sum: &mut f64, arc| {
        let is_inside = community(arc.source) == community(arc.target);
        *sum += if is_inside { f64::from(arc.weight) } else { 0.0 };
    });
    let people = inside.into_iter().zip(&walk.received);
    people.map(|(inside, all)| if *all > 0.0 { inside * inside / all } else { 0.0 }).collect()
}

/// Whether most voters approve of each community. If none has a majority, those with the most votes
/// are approved of. Where no community attends to another there are no voters, and all are.
fn approvals(
    walk: &TrustWalk<'_>,
    level: &Level,
    sizes: &TiSlice<CommunityIndex, usize>,
) -> TiVec<CommunityIndex, bool> {
    let flows = flows(walk, level, sizes.len());
    let mut voters = voters(sizes);
    // A community that attends to no other one does not vote.
    voters.retain(|voter| !flows[voter.community].is_empty());
    if voters.is_empty() {
        return vec![true; sizes.len()].into();
    }
    let ballots: Vec<TiVec<CommunityIndex, bool>> =
        voters.par_iter().map(|voter| ballot(&flows, sizes, voter.community)).collect();
    let votes = |community: CommunityIndex| -> usize {
        let ballots = ballots.iter().zip(&voters).filter(|(ballot, _)| ballot[community]);
        ballots.map(|(_, voter)| voter.votes).sum()
    };
    let votes: Vec<usize> = sizes.keys().map(votes).collect();
    let all: usize = voters.iter().map(|voter| voter.votes).sum();
    let most = votes.iter().copied().max().unwrap_or(0);
    let needed = most.min(all / 2 + 1).max(1);
    votes.into_iter().map(|votes| votes >= needed).collect()
}

/// The communities of [`VOTERS`] members, evenly spaced in the order of communities.
fn voters(sizes: &TiSlice<CommunityIndex, usize>) -> Vec<CommunityVoter> {
    let ends: Vec<usize> = sizes
        .iter()
        .scan(0, |end, size| {
            *end += size;
            Some(*end)
        })
        .collect();
    let people = ends.last().copied().unwrap_or(0);
    let count = VOTERS.min(people);
    let members = (0..count).map(|voter| (2 * voter + 1) * people / (2 * count));
    let communities = members.map(|member| ends.partition_point(|&end| end <= member));
    let communities: Vec<CommunityIndex> = communities.map(CommunityIndex::from).collect();
    let voters = communities.chunk_by(|a, b| a == b);
    voters.map(|same| CommunityVoter { community: same[0], votes: same.len() }).collect()
}

/// Which communities a voter approves of: by the mass that a walk from it brings to each, per member.
fn ballot(
    flows: &TiSlice<CommunityIndex, Vec<CommunityFlow>>,
    sizes: &TiSlice<CommunityIndex, usize>,
    voter: CommunityIndex,
) -> TiVec<CommunityIndex, bool> {
    let mut mass = vec![0.0; flows.len()];
    mass[voter.index()] = 1.0;
    let mut earned = vec![0.0; flows.len()];
    for _ in 0..flows.len().max(2).ilog2() + 1 {
        let mut next = vec![0.0; flows.len()];
        for (mass, row) in mass.iter().zip(flows).filter(|(mass, _)| **mass > 0.0) {
            let sent: f64 = row.iter().map(|flow| flow.attention).sum();
            row.iter().for_each(|flow| next[flow.to.index()] += mass * flow.attention / sent);
        }
        mass = next;
        earned.iter_mut().zip(&mass).for_each(|(earned, mass)| *earned += mass);
    }
    let per_member: Vec<f64> =
        earned.iter().zip(sizes).map(|(earned, &size)| earned / size.max(1) as f64).collect();
    let median = weighted_median(&per_member, &sizes.raw).max(f64::MIN_POSITIVE);
    per_member.into_iter().map(|earned| earned >= APPROVED_MIN * median).collect()
}

/// The value with as many members below as above.
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
fn flows(
    walk: &TrustWalk<'_>,
    level: &Level,
    count: usize,
) -> TiVec<CommunityIndex, Vec<CommunityFlow>> {
    let groups = GroupMembers::from_numbers(level.iter_numbers(), count);
    let flows = |sums: &mut KeyedSums, from: usize| {
        for &source in groups.of(from) {
            for (target, weight) in walk.arcs.arcs_of(source) {
                match level.community_of.raw[target as usize].get() {
                    Some(to) if to.index() != from => sums.add(to.number(), f64::from(weight)),
                    _ => {}
                }
            }
        }
        let mut row = Vec::new();
        sums.drain(|to, attention| {
            row.push(CommunityFlow { to: CommunityIndex::new(to), attention });
        });
        row.sort_unstable_by_key(|flow| flow.to);
        row
    };
    let rows: Vec<Vec<CommunityFlow>> =
        (0..count).into_par_iter().map_init(|| KeyedSums::new(count), flows).collect();
    rows.into()
}
