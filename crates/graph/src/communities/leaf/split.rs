//! Splitting communities while that shortens the description of their own edges.

use rayon::prelude::*;

use super::candidate::LeafCandidate;
use super::tuning::{LeafSearch, TUNING};
use crate::communities::groups::GroupMembers;
use crate::communities::leiden::renumber;
use crate::communities::network::TieNetwork;

/// Splits the communities that are `due`, at most `depth` times.
pub(super) fn split(
    network: &TieNetwork,
    whole: LeafCandidate,
    due: &[bool],
    search: LeafSearch,
    depth: usize,
) -> Vec<u32> {
    let LeafCandidate { mut community_of, count, .. } = whole;
    let groups = GroupMembers::new(&community_of, count);
    let parts: Vec<Option<Vec<u32>>> = (0..count)
        .into_par_iter()
        .map(|group| {
            let is_due =
                due[group] && groups.of(group).len() >= TUNING.split_members_min && depth > 0;
            let inside = is_due.then(|| network.induced(&groups, group))?;
            split_one(&inside, search.fork(group as u64), depth)
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

/// The parts of one community, given as a graph of its own, or `None` if it is best whole.
fn split_one(inside: &TieNetwork, search: LeafSearch, depth: usize) -> Option<Vec<u32>> {
    let best = LeafCandidate::best(inside, &[TUNING.split_resolution], search);
    let all = vec![true; best.count];
    (best.count > 1).then(|| split(inside, best, &all, search, depth - 1))
}
