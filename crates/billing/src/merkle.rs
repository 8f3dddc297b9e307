//! Merkle trees over the lines of a statement, as in RFC 6962: a root stands for all lines in their order,
//! and a short proof shows that one of them is among them.
//!
//! ```
//! use billing::merkle::{leaf, proof, proven_root, root};
//!
//! let leaves: Vec<[u8; 32]> = ["a", "b", "c"].iter().map(|line| leaf(line.as_bytes())).collect();
//! let steps = proof(&leaves, 2).unwrap();
//! assert_eq!(proven_root(leaf(b"c"), &steps), root(&leaves));
//! ```

use sha2::{Digest, Sha256};

/// A step from a leaf to the root: the hash of the other half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofStep {
    /// The hash of the other half.
    pub other: [u8; 32],
    /// Whether the other half comes first.
    pub other_is_first: bool,
}

/// The hash of a line.
pub fn leaf(line: &[u8]) -> [u8; 32] {
    hash(0, &[line])
}

/// A first byte tells leaves, inner nodes and chains apart, so that none can pass as another.
fn hash(kind: u8, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update([kind]);
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// Where a list of two or more is divided: at the greatest power of two below its length.
fn middle(length: usize) -> usize {
    length.next_power_of_two() / 2
}

/// The root of these leaves; zeros if there are none.
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => [0; 32],
        [only] => *only,
        _ => {
            let (first, second) = leaves.split_at(middle(leaves.len()));
            hash(1, &[&root(first), &root(second)])
        }
    }
}

/// The steps from the leaf at `index` to the root; `None` if there is none.
pub fn proof(leaves: &[[u8; 32]], index: usize) -> Option<Vec<ProofStep>> {
    let is_there = index < leaves.len();
    if leaves.len() < 2 {
        return is_there.then(Vec::new);
    }
    let at = middle(leaves.len());
    let (first, second) = leaves.split_at(at);
    let (mut steps, other) = match index.checked_sub(at) {
        None => (proof(first, index)?, second),
        Some(index) => (proof(second, index)?, first),
    };
    steps.push(ProofStep { other: root(other), other_is_first: index >= at });
    Some(steps)
}

/// The root to which the steps lead from a leaf.
pub fn proven_root(leaf: [u8; 32], steps: &[ProofStep]) -> [u8; 32] {
    steps.iter().fold(leaf, |node, step| match step.other_is_first {
        true => hash(1, &[&step.other, &node]),
        false => hash(1, &[&node, &step.other]),
    })
}

/// The root of a month, chained to that of the month before.
pub fn chained(previous: &[u8; 32], head: &[u8], lines: &[u8; 32]) -> [u8; 32] {
    hash(2, &[previous, head, lines])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(count: u8) -> Vec<[u8; 32]> {
        (0..count).map(|line| leaf(&[line])).collect()
    }

    proptest! {
        #[test]
        fn every_line_is_proven_and_no_other(count in 1u8..70, index in 0usize..70, wrong: u8) {
            let leaves = leaves(count);
            let Some(steps) = proof(&leaves, index) else {
                prop_assert!(index >= leaves.len());
                return Ok(());
            };
            prop_assert_eq!(proven_root(leaves[index], &steps), root(&leaves));
            if usize::from(wrong) != index {
                prop_assert_ne!(proven_root(leaf(&[wrong]), &steps), root(&leaves));
            }
        }
    }

    #[test]
    fn roots_are_those_of_rfc_6962() {
        // The known roots of the first one and three leaves of the RFC's test data.
        let hex =
            |hash: [u8; 32]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let known = [leaf(b""), leaf(&[0]), leaf(&[0x10])];
        assert_eq!(
            hex(root(&known[..1])),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            hex(root(&known)),
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
        );
        assert_eq!((root(&[]), proof(&[], 0)), ([0; 32], None));
        assert_ne!(chained(&[0; 32], b"", &[1; 32]), chained(&[1; 32], b"", &[0; 32]));
    }
}
