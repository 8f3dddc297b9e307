//! What became of the previous run's communities: which keep their id, and which were born, grew,
//! shrank, split, merged or died.
//!
//! Communities are matched one to one by shared people, the largest overlaps first; a match needs
//! a share of at least 0.3 of the larger side (Greene, Doyle, Cunningham 2010 use the same
//! threshold on the Jaccard index). Time O(n + overlaps · log overlaps), memory O(overlaps).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use model::EventKind;
use model::index::CommunityIndex;
use serde::{Deserialize, Serialize};
use typed_index_collections::{TiSlice, TiVec};

use crate::communities::Level;

/// A match shares at least this part of the larger side.
const SHARE_MIN: f64 = 0.3;

/// A change of size by less than this factor is no event.
const SIZE_FACTOR: f64 = 1.25;

/// One event of one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CommunityEvent {
    /// What happened.
    pub kind: EventKind,
    /// The community of this run that it is about, or that the old one went into.
    pub new: Option<CommunityIndex>,
    /// The community of the previous run that it was, or came from.
    pub old: Option<CommunityIndex>,
    /// How many people the two share.
    pub shared: u32,
}

/// How a level follows from the previous run's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// For each community the one of the previous run whose id it keeps.
    pub kept: TiVec<CommunityIndex, Option<CommunityIndex>>,
    /// The events: those of new communities by number, then those of old ones.
    pub events: Vec<CommunityEvent>,
}

/// For each new level the old one that it continues: the two whose resolutions are nearest from both
/// sides, so that no level is continued twice. `old` and `new` are the levels' resolutions.
///
/// ```
/// use graph::lineage::continued_levels;
///
/// assert_eq!(continued_levels(&[0.57, 1.0], &[0.33, 0.57, 1.0]), [None, Some(0), Some(1)]);
/// ```
pub fn continued_levels(old: &[f64], new: &[f64]) -> Vec<Option<usize>> {
    let nearest = |resolution: f64, among: &[f64]| {
        let distance = |at: &usize| (among[*at].ln() - resolution.ln()).abs();
        (0..among.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    };
    let continued = new.iter().enumerate().map(|(at, &resolution)| {
        nearest(resolution, old).filter(|&level| nearest(old[level], new) == Some(at))
    });
    continued.collect()
}

/// Follows the communities of a level from `old` to `new`, over the same person numbers.
///
/// ```
/// use graph::Level;
/// use graph::lineage::follow;
/// use model::EventKind;
/// use model::index::CommunityIndex;
///
/// let level = |numbers: &[u32], communities| Level {
///     resolution: 1.0,
///     community_of: numbers.iter().map(|&own| CommunityIndex::new(own).into()).collect(),
///     communities,
///     parents: vec![].into(),
/// };
/// // A community of six loses two of its people to a new one.
/// let lineage = follow(&level(&[0; 6], 1), &level(&[0, 0, 0, 0, 1, 1], 2));
/// assert_eq!(lineage.kept.raw, [Some(CommunityIndex::new(0)), None]);
/// let kinds: Vec<EventKind> = lineage.events.iter().map(|event| event.kind).collect();
/// assert_eq!(kinds, [EventKind::Shrunk, EventKind::Split]);
/// ```
pub fn follow(old: &Level, new: &Level) -> Lineage {
    let overlaps = CommunityOverlaps::new(old, new);
    let kept = overlaps.matched();
    let mut continues: TiVec<CommunityIndex, bool> = vec![false; old.communities as usize].into();
    kept.iter().flatten().for_each(|&community| continues[community] = true);
    let born =
        kept.keys().filter_map(|community| overlaps.event_of_new(community, &kept, &continues));
    let ended = continues.keys().filter(|&community| !continues[community]);
    let events = born.chain(ended.map(|community| overlaps.event_of_old(community))).collect();
    Lineage { kept, events }
}

/// Two communities that share people. Ordered by `own`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct CommunityPair {
    own: CommunityIndex,
    other: CommunityIndex,
}

/// A community and how many people it shares with another.
#[derive(Clone, Copy)]
struct SharedPeople {
    other: CommunityIndex,
    people: u32,
}

/// How many people each pair of communities shares.
struct CommunityOverlaps {
    /// From old communities to new ones.
    forward: BTreeMap<CommunityPair, u32>,
    /// From new communities to old ones.
    backward: BTreeMap<CommunityPair, u32>,
    old_sizes: TiVec<CommunityIndex, usize>,
    new_sizes: TiVec<CommunityIndex, usize>,
}

impl CommunityOverlaps {
    fn new(old: &Level, new: &Level) -> CommunityOverlaps {
        let (mut forward, mut backward) = (BTreeMap::new(), BTreeMap::new());
        for (old, new) in old.community_of.iter().zip(&new.community_of) {
            if let (Some(old), Some(new)) = (old.get(), new.get()) {
                *forward.entry(CommunityPair { own: old, other: new }).or_insert(0) += 1;
                *backward.entry(CommunityPair { own: new, other: old }).or_insert(0) += 1;
            }
        }
        let (old_sizes, new_sizes) = (old.sizes(), new.sizes());
        CommunityOverlaps { forward, backward, old_sizes, new_sizes }
    }

    fn matched(&self) -> TiVec<CommunityIndex, Option<CommunityIndex>> {
        let mut pairs: Vec<(&CommunityPair, &u32)> = self.forward.iter().collect();
        pairs.sort_by_key(|&(pair, &shared)| (Reverse(shared), *pair));
        let mut is_taken: TiVec<CommunityIndex, bool> = vec![false; self.old_sizes.len()].into();
        let mut kept: TiVec<CommunityIndex, Option<CommunityIndex>> =
            vec![None; self.new_sizes.len()].into();
        for (&CommunityPair { own: old, other: new }, &shared) in pairs {
            let larger = self.old_sizes[old].max(self.new_sizes[new]);
            let is_enough = f64::from(shared) >= SHARE_MIN * larger as f64;
            if is_enough && !is_taken[old] && kept[new].is_none() {
                is_taken[old] = true;
                kept[new] = Some(old);
            }
        }
        kept
    }

    fn event_of_new(
        &self,
        new: CommunityIndex,
        kept: &TiSlice<CommunityIndex, Option<CommunityIndex>>,
        continues: &TiSlice<CommunityIndex, bool>,
    ) -> Option<CommunityEvent> {
        let size = self.new_sizes[new];
        if let Some(old) = kept[new] {
            let pair = CommunityPair { own: old, other: new };
            let shared = self.forward.get(&pair).copied().unwrap_or(0);
            let kind = resized(self.old_sizes[old], size)?;
            return Some(CommunityEvent { kind, new: Some(new), old: Some(old), shared });
        }
        let left = most_of(&self.backward, new, size);
        let left = left.filter(|most| continues[most.other]);
        Some(match left {
            Some(SharedPeople { other, people }) => CommunityEvent {
                kind: EventKind::Split,
                new: Some(new),
                old: Some(other),
                shared: people,
            },
            None => CommunityEvent { kind: EventKind::Born, new: Some(new), old: None, shared: 0 },
        })
    }

    fn event_of_old(&self, old: CommunityIndex) -> CommunityEvent {
        match most_of(&self.forward, old, self.old_sizes[old]) {
            Some(SharedPeople { other, people }) => CommunityEvent {
                kind: EventKind::Merged,
                new: Some(other),
                old: Some(old),
                shared: people,
            },
            None => CommunityEvent { kind: EventKind::Died, new: None, old: Some(old), shared: 0 },
        }
    }
}

/// The community that shares most with `own`, the first of equals, if that is at least half of it.
fn most_of(
    shared: &BTreeMap<CommunityPair, u32>,
    own: CommunityIndex,
    size: usize,
) -> Option<SharedPeople> {
    let first = CommunityPair { own, other: CommunityIndex::new(0) };
    let last = CommunityPair { own, other: CommunityIndex::new(u32::MAX) };
    let pairs = shared.range(first..=last);
    let pairs = pairs.map(|(pair, &people)| SharedPeople { other: pair.other, people });
    let most = pairs.max_by_key(|shared| (shared.people, Reverse(shared.other)));
    most.filter(|most| 2 * most.people as usize >= size)
}

fn resized(old: usize, new: usize) -> Option<EventKind> {
    let (old, new) = (old as f64, new as f64);
    if new >= SIZE_FACTOR * old {
        Some(EventKind::Grown)
    } else if new * SIZE_FACTOR <= old {
        Some(EventKind::Shrunk)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::communities::{NO_COMMUNITY, OptionalCommunity};

    /// Communities of these sizes, one after another.
    fn blocks(sizes: &[usize]) -> Level {
        let numbered = sizes.iter().enumerate();
        level(numbered.flat_map(|(at, &size)| std::iter::repeat_n(at as u32, size)).collect())
    }

    fn level(community_of: Vec<u32>) -> Level {
        let known = community_of.iter().filter(|&&community| community != NO_COMMUNITY);
        let communities = known.max().map_or(0, |&last| last + 1);
        let number = |number| match number {
            NO_COMMUNITY => OptionalCommunity::NONE,
            number => CommunityIndex::new(number).into(),
        };
        let community_of = community_of.into_iter().map(number).collect();
        Level { resolution: 1.0, community_of, communities, parents: TiVec::new() }
    }

    fn kept(lineage: &Lineage) -> Vec<Option<u32>> {
        lineage.kept.iter().map(|kept| kept.map(CommunityIndex::number)).collect()
    }

    fn kinds(lineage: &Lineage) -> Vec<(EventKind, Option<u32>, Option<u32>)> {
        let number = |community: Option<CommunityIndex>| community.map(CommunityIndex::number);
        let events = lineage.events.iter();
        events.map(|event| (event.kind, number(event.new), number(event.old))).collect()
    }

    #[test]
    fn a_level_continues_one_level_at_most() {
        assert_eq!(continued_levels(&[0.3, 0.5, 1.0], &[0.52, 1.1]), [Some(1), Some(2)]);
        assert_eq!(continued_levels(&[], &[1.0]), [None]);
    }

    #[test]
    fn equal_partitions_keep_every_id_without_events() {
        let old = blocks(&[5, 3, 9]);
        let renumbered = level(old.iter_numbers().map(|community| 2 - community).collect());
        let lineage = follow(&old, &renumbered);
        assert_eq!(kept(&lineage), [Some(2), Some(1), Some(0)]);
        assert!(lineage.events.is_empty());
    }

    #[test]
    fn a_split_leaves_the_id_with_the_larger_part() {
        let (old, new) = (blocks(&[10, 10]), blocks(&[7, 3, 10]));
        let lineage = follow(&old, &new);
        assert_eq!(kept(&lineage), [Some(0), None, Some(1)]);
        let wanted = [(EventKind::Shrunk, Some(0), Some(0)), (EventKind::Split, Some(1), Some(0))];
        assert_eq!(kinds(&lineage), wanted);
    }

    #[test]
    fn a_merge_keeps_the_id_of_the_larger_part() {
        let (old, new) = (blocks(&[10, 6]), blocks(&[16]));
        let lineage = follow(&old, &new);
        assert_eq!(kept(&lineage), [Some(0)]);
        let wanted = [(EventKind::Grown, Some(0), Some(0)), (EventKind::Merged, Some(0), Some(1))];
        assert_eq!(kinds(&lineage), wanted);
    }

    #[test]
    fn the_new_are_born_and_the_scattered_die() {
        let old = level([vec![0; 4], vec![NO_COMMUNITY; 20]].concat());
        let new = level([0, 1, 2, 3].into_iter().chain((0..20).map(|at| at % 4)).collect());
        let lineage = follow(&old, &new);
        assert!(lineage.kept.iter().all(Option::is_none));
        assert_eq!(kinds(&lineage).last(), Some(&(EventKind::Died, None, Some(0))));
        assert!(lineage.events[..4].iter().all(|event| event.kind == EventKind::Born));
    }
}
