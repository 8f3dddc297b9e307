//! Proven links → groups of profiles that are one person.
//!
//! Union-find (petgraph's, with path compression): O(links · α). The result does not depend on the
//! order of the links.

use std::collections::BTreeMap;

use petgraph::unionfind::UnionFind;

/// The groups of two or more that links join, each sorted, sorted by their first member.
///
/// ```
/// let groups = graph::union::groups(&[(5, 2), (9, 8), (2, 7)]);
/// assert_eq!(groups, [vec![2, 5, 7], vec![8, 9]]);
/// ```
pub fn groups<T: Ord + Copy>(links: &[(T, T)]) -> Vec<Vec<T>> {
    let mut members: Vec<T> = links.iter().flat_map(|&(a, b)| [a, b]).collect();
    members.sort_unstable();
    members.dedup();
    let index = |member: &T| members.binary_search(member).unwrap_or_default();
    let mut union = UnionFind::<usize>::new(members.len());
    for (a, b) in links {
        union.union(index(a), index(b));
    }
    let mut groups: BTreeMap<usize, Vec<T>> = BTreeMap::new();
    for (at, &member) in members.iter().enumerate() {
        groups.entry(union.find(at)).or_default().push(member);
    }
    let mut groups: Vec<Vec<T>> = groups.into_values().filter(|group| group.len() > 1).collect();
    groups.sort_unstable();
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn links_join_transitively() {
        assert_eq!(groups(&[(5, 2), (9, 8), (2, 7), (4, 4)]), [vec![2, 5, 7], vec![8, 9]]);
        assert!(groups::<u32>(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn the_order_of_links_does_not_matter(mut links: Vec<(u8, u8)>) {
            let wanted = groups(&links);
            links.reverse();
            let swapped: Vec<(u8, u8)> = links.iter().map(|&(a, b)| (b, a)).collect();
            prop_assert_eq!(groups(&swapped), wanted);
        }
    }
}
