//! What became of the last run's communities: who keeps its id, and who was born, grew, shrank,
//! split, merged or died.
//!
//! Communities are matched one to one by shared people, the largest overlaps first; a match needs
//! a share of at least 0.3 of the larger side (Greene, Doyle, Cunningham 2010 use the same
//! threshold on the Jaccard index). Time O(n + overlaps · log overlaps), memory O(overlaps).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::communities::NO_COMMUNITY;

/// A match shares at least this part of the larger side.
const SHARE_MIN: f64 = 0.3;

/// A size that changed by less than this factor is no event.
const SIZE_FACTOR: f64 = 1.25;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A new community with no past.
    Born,
    /// It kept its id and is at least a quarter larger.
    Grown,
    /// It kept its id and is at least a fifth smaller.
    Shrunk,
    /// A new community, most of which left the named old one, which lives on.
    Split,
    /// An old community, most of which went into the named new one, which has another's id.
    Merged,
    /// An old community whose people went everywhere, or are gone.
    Died,
}

impl EventKind {
    /// The lower-case name used in the API and in files.
    pub const fn slug(self) -> &'static str {
        match self {
            EventKind::Born => "born",
            EventKind::Grown => "grown",
            EventKind::Shrunk => "shrunk",
            EventKind::Split => "split",
            EventKind::Merged => "merged",
            EventKind::Died => "died",
        }
    }
}

/// One event of one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The community of this run that it is about, or that the old one went into.
    pub new: Option<u32>,
    /// The community of the last run that it was, or came from.
    pub old: Option<u32>,
    /// How many people the two share.
    pub shared: u32,
}

/// How a level follows from the last run's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// For each community the one of the last run whose id it keeps.
    pub kept: Vec<Option<u32>>,
    /// The events: those of new communities by number, then those of old ones.
    pub events: Vec<Event>,
}

/// For each new level the old one that it continues: the two are of the nearest resolutions from both
/// sides, so that no level is continued twice. `old` and `new` are the levels' resolutions.
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

/// Follows communities from `old` to `new`: the community of each person, `0..communities` or
/// [`NO_COMMUNITY`], over the same person numbers.
pub fn follow(old: (&[u32], u32), new: (&[u32], u32)) -> Lineage {
    let overlaps = Overlaps::new(old, new);
    let kept = overlaps.matched();
    let mut lives_on = vec![false; old.1 as usize];
    kept.iter().flatten().for_each(|&community| lives_on[community as usize] = true);
    let born = (0..new.1).filter_map(|number| overlaps.event_of_new(number, &kept, &lives_on));
    let ended = (0..old.1).filter(|&number| !lives_on[number as usize]);
    let events = born.chain(ended.map(|number| overlaps.event_of_old(number))).collect();
    Lineage { kept, events }
}

/// How many people each pair of communities shares.
struct Overlaps {
    /// By (old, new).
    shared: BTreeMap<(u32, u32), u32>,
    /// By (new, old).
    sources: BTreeMap<(u32, u32), u32>,
    old_sizes: Vec<u32>,
    new_sizes: Vec<u32>,
}

impl Overlaps {
    fn new(old: (&[u32], u32), new: (&[u32], u32)) -> Overlaps {
        let mut shared = BTreeMap::new();
        for (&old, &new) in old.0.iter().zip(new.0) {
            if old != NO_COMMUNITY && new != NO_COMMUNITY {
                *shared.entry((old, new)).or_insert(0) += 1;
            }
        }
        let sources = shared.iter().map(|(&(old, new), &count)| ((new, old), count)).collect();
        Overlaps { shared, sources, old_sizes: sizes(old), new_sizes: sizes(new) }
    }

    fn matched(&self) -> Vec<Option<u32>> {
        let mut pairs: Vec<(&(u32, u32), &u32)> = self.shared.iter().collect();
        pairs.sort_by_key(|&(pair, &shared)| (std::cmp::Reverse(shared), *pair));
        let mut taken = vec![false; self.old_sizes.len()];
        let mut kept = vec![None; self.new_sizes.len()];
        for (&(old, new), &shared) in pairs {
            let larger = self.old_sizes[old as usize].max(self.new_sizes[new as usize]);
            let enough = f64::from(shared) >= SHARE_MIN * f64::from(larger);
            if enough && !taken[old as usize] && kept[new as usize].is_none() {
                taken[old as usize] = true;
                kept[new as usize] = Some(old);
            }
        }
        kept
    }

    fn event_of_new(&self, new: u32, kept: &[Option<u32>], lives_on: &[bool]) -> Option<Event> {
        let size = self.new_sizes[new as usize];
        if let Some(old) = kept[new as usize] {
            let shared = self.shared.get(&(old, new)).copied().unwrap_or(0);
            let kind = resized(self.old_sizes[old as usize], size)?;
            return Some(Event { kind, new: Some(new), old: Some(old), shared });
        }
        let main = largest(&self.sources, new);
        let left = main.filter(|&(old, shared)| 2 * shared >= size && lives_on[old as usize]);
        Some(match left {
            Some((old, shared)) => {
                Event { kind: EventKind::Split, new: Some(new), old: Some(old), shared }
            }
            None => Event { kind: EventKind::Born, new: Some(new), old: None, shared: 0 },
        })
    }

    fn event_of_old(&self, old: u32) -> Event {
        let size = self.old_sizes[old as usize];
        match largest(&self.shared, old).filter(|&(_, shared)| 2 * shared >= size) {
            Some((new, shared)) => {
                Event { kind: EventKind::Merged, new: Some(new), old: Some(old), shared }
            }
            None => Event { kind: EventKind::Died, new: None, old: Some(old), shared: 0 },
        }
    }
}

/// The community that shares most with `one`, the first of equals, and how much.
fn largest(shared: &BTreeMap<(u32, u32), u32>, one: u32) -> Option<(u32, u32)> {
    let pairs = shared.range((one, 0)..=(one, u32::MAX));
    let main = pairs.max_by_key(|&((_, other), &count)| (count, std::cmp::Reverse(*other)));
    main.map(|(&(_, other), &count)| (other, count))
}

fn sizes((community_of, communities): (&[u32], u32)) -> Vec<u32> {
    let mut sizes = vec![0; communities as usize];
    for &community in community_of.iter().filter(|&&community| community != NO_COMMUNITY) {
        sizes[community as usize] += 1;
    }
    sizes
}

fn resized(old: u32, new: u32) -> Option<EventKind> {
    if f64::from(new) >= SIZE_FACTOR * f64::from(old) {
        Some(EventKind::Grown)
    } else if f64::from(new) * SIZE_FACTOR <= f64::from(old) {
        Some(EventKind::Shrunk)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(sizes: &[usize]) -> Vec<u32> {
        let numbered = sizes.iter().enumerate();
        numbered.flat_map(|(at, &size)| std::iter::repeat_n(at as u32, size)).collect()
    }

    fn kinds(lineage: &Lineage) -> Vec<(EventKind, Option<u32>, Option<u32>)> {
        lineage.events.iter().map(|event| (event.kind, event.new, event.old)).collect()
    }

    #[test]
    fn a_level_continues_one_level_at_most() {
        let levels = continued_levels(&[0.57, 1.0], &[0.33, 0.57, 1.0]);
        assert_eq!(levels, [None, Some(0), Some(1)]);
        assert_eq!(continued_levels(&[0.3, 0.5, 1.0], &[0.52, 1.1]), [Some(1), Some(2)]);
        assert_eq!(continued_levels(&[], &[1.0]), [None]);
    }

    #[test]
    fn equal_partitions_keep_every_id_without_events() {
        let old = blocks(&[5, 3, 9]);
        let renumbered: Vec<u32> = old.iter().map(|&community| 2 - community).collect();
        let lineage = follow((&old, 3), (&renumbered, 3));
        assert_eq!(lineage.kept, [Some(2), Some(1), Some(0)]);
        assert!(lineage.events.is_empty());
    }

    #[test]
    fn a_split_leaves_the_id_with_the_larger_part() {
        let (old, new) = (blocks(&[10, 10]), blocks(&[7, 3, 10]));
        let lineage = follow((&old, 2), (&new, 3));
        assert_eq!(lineage.kept, [Some(0), None, Some(1)]);
        let wanted = [(EventKind::Shrunk, Some(0), Some(0)), (EventKind::Split, Some(1), Some(0))];
        assert_eq!(kinds(&lineage), wanted);
    }

    #[test]
    fn a_merge_keeps_the_id_of_the_larger_part() {
        let (old, new) = (blocks(&[10, 6]), blocks(&[16]));
        let lineage = follow((&old, 2), (&new, 1));
        assert_eq!(lineage.kept, [Some(0)]);
        let wanted = [(EventKind::Grown, Some(0), Some(0)), (EventKind::Merged, Some(0), Some(1))];
        assert_eq!(kinds(&lineage), wanted);
    }

    #[test]
    fn the_new_are_born_and_the_scattered_die() {
        let old: Vec<u32> = [blocks(&[4]), vec![NO_COMMUNITY; 20]].concat();
        let new = [0, 1, 2, 3].into_iter().chain((0..20).map(|at| at % 4)).collect::<Vec<u32>>();
        let lineage = follow((&old, 1), (&new, 4));
        assert!(lineage.kept.iter().all(Option::is_none));
        assert_eq!(kinds(&lineage).last(), Some(&(EventKind::Died, None, Some(0))));
        assert!(lineage.events[..4].iter().all(|event| event.kind == EventKind::Born));
    }
}
