//! Overlapping NMI, the maximum version of McDaid, Greene and Hurley (2011), after Lancichinetti,
//! Fortunato and Kertész (2009).
//!
//! `ONMI = ½ [H(X) − H(X|Y) + H(Y) − H(Y|X)] / max(H(X), H(Y))`, where each community is compared
//! with the one of the other cover with the most information about it. Time O(Σ over people of |X_p|·|Y_p|).

use std::collections::BTreeMap;

/// Agreement of two covers of `people` people; a cover lists the members of each community, each
/// once. 1 for equal covers, 0 for unrelated ones.
pub fn onmi(people: usize, found: &[Vec<u32>], truth: &[Vec<u32>]) -> f64 {
    let of_found = CoverEntropy::new(people, found, truth);
    let of_truth = CoverEntropy::new(people, truth, found);
    let largest = of_found.own.max(of_truth.own);
    if largest <= 0.0 {
        return if of_found.own == of_truth.own { 1.0 } else { 0.0 };
    }
    0.5 * (of_found.own - of_found.given_other + of_truth.own - of_truth.given_other) / largest
}

/// Entropies of a cover X, in nats.
struct CoverEntropy {
    /// H(X).
    own: f64,
    /// H(X|Y), Y the other cover.
    given_other: f64,
}

impl CoverEntropy {
    fn new(people: usize, cover: &[Vec<u32>], other: &[Vec<u32>]) -> CoverEntropy {
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
        CoverEntropy { own, given_other: given }
    }
}

/// H(X_i | Y_j) of two communities by their sizes and intersection; `None` where the other has more
/// information about the complement than about the community.
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
