//! Overlapping NMI, the maximum version of McDaid, Greene and Hurley (2011), after Lancichinetti,
//! Fortunato and Kertész (2009).
//!
//! `ONMI = ½ [H(X) − H(X|Y) + H(Y) − H(Y|X)] / max(H(X), H(Y))`, where each community is compared
//! with the one of the other cover that tells most about it. Time O(Σ over people of |X_p|·|Y_p|).

use std::collections::BTreeMap;

/// PartitionAgreement of two covers of `people` people; a cover lists the members of each community, each
/// once. 1 for equal covers, 0 for unrelated ones.
pub fn onmi(people: usize, found: &[Vec<u32>], truth: &[Vec<u32>]) -> f64 {
    let (own_found, given_truth) = entropies(people, found, truth);
    let (own_truth, given_found) = entropies(people, truth, found);
    let largest = own_found.max(own_truth);
    if largest <= 0.0 {
        return if own_found == own_truth { 1.0 } else { 0.0 };
    }
    0.5 * (own_found - given_truth + own_truth - given_found) / largest
}

/// H(X) and H(X|Y), in nats.
fn entropies(people: usize, cover: &[Vec<u32>], other: &[Vec<u32>]) -> (f64, f64) {
    let mut others_of = vec![Vec::new(); people];
    for (at, members) in other.iter().enumerate() {
        for &person in members {
            others_of[person as usize].push(at);
        }
    }
    let (mut own, mut given) = (0.0, 0.0);
    for members in cover {
        let alone = term(people, members.len()) + term(people, people - members.len());
        let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
        for other_at in members.iter().flat_map(|&person| &others_of[person as usize]) {
            *shared.entry(*other_at).or_default() += 1;
        }
        let best = shared
            .into_iter()
            .filter_map(|(at, both)| conditional(people, members.len(), other[at].len(), both))
            .fold(alone, f64::min);
        own += alone;
        given += best;
    }
    (own, given)
}

/// H(X_i | Y_j) of two communities by their sizes and intersection; `None` where the other tells
/// more about the complement than about the community.
fn conditional(people: usize, size: usize, other: usize, both: usize) -> Option<f64> {
    let neither = people + both - size - other;
    let agree = term(people, both) + term(people, neither);
    let differ = term(people, size - both) + term(people, other - both);
    let other_alone = term(people, other) + term(people, people - other);
    (agree >= differ).then_some(agree + differ - other_alone)
}

fn term(people: usize, count: usize) -> f64 {
    if count == 0 || people == 0 {
        return 0.0;
    }
    let share = count as f64 / people as f64;
    -share * share.ln()
}
