//! Groups of people that are the same on several levels: each is one community, the coarsest.

use std::collections::BTreeMap;

use graph::Hierarchy;
use model::CommunityId;
use model::index::CommunityIndex;

use crate::CommunityNames;

/// A community by its level and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LevelPlace {
    pub(super) level: usize,
    pub(super) community: CommunityIndex,
}

/// One group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SameGroup {
    /// Its community on the coarsest level: that answers for it.
    pub(super) first: LevelPlace,
    /// The finest level that it is on.
    pub(super) last_level: usize,
    /// Whose people are shown: those of the leaf level, where people belong in part, else of the first.
    pub(super) shown: LevelPlace,
}

/// The groups of a run's hierarchy.
#[derive(Debug)]
pub(super) struct SameGroups {
    groups: Vec<SameGroup>,
    /// The group of each community of each level, by its place in `groups`.
    group_of: Vec<Vec<usize>>,
    /// The id of the first community of each group.
    ids: Vec<CommunityId>,
    by_id: BTreeMap<CommunityId, usize>,
}

impl SameGroups {
    /// A community is the same as its parent if it has as many people: levels are nested. O(people · levels).
    pub(super) fn new(hierarchy: &Hierarchy, names: &CommunityNames) -> SameGroups {
        let mut all = SameGroups {
            groups: Vec::new(),
            group_of: Vec::new(),
            ids: Vec::new(),
            by_id: BTreeMap::new(),
        };
        let mut above = None;
        for (number, level) in hierarchy.levels.iter().enumerate() {
            let sizes = level.sizes();
            let of_level = sizes.iter_enumerated().map(|(community, &size)| {
                let parent = level.parents.get(community).copied();
                let same = parent.filter(|&parent| {
                    above.as_ref().is_some_and(|above: &Sizes| above.get(parent) == Some(&size))
                });
                let place = LevelPlace { level: number, community };
                let id = names.levels[number].ids[community.index()];
                let group = match same {
                    Some(parent) => all.extend(parent, place, hierarchy.leaf),
                    None => all.begin(place, id),
                };
                all.by_id.insert(id, group);
                group
            });
            let of_level = of_level.collect();
            all.group_of.push(of_level);
            above = Some(sizes);
        }
        all
    }

    /// Adds a group of its own; returns its place.
    fn begin(&mut self, place: LevelPlace, id: CommunityId) -> usize {
        self.ids.push(id);
        self.groups.push(SameGroup { first: place, last_level: place.level, shown: place });
        self.groups.len() - 1
    }

    /// Adds a community to the group of its parent; returns its place.
    fn extend(&mut self, parent: CommunityIndex, place: LevelPlace, leaf: usize) -> usize {
        let group = self.group_of[place.level - 1][parent.index()];
        let found = &mut self.groups[group];
        found.last_level = place.level;
        if place.level == leaf {
            found.shown = place;
        }
        group
    }

    /// The group of a community.
    pub(super) fn of(&self, place: LevelPlace) -> SameGroup {
        self.groups[self.group_of[place.level][place.community.index()]]
    }

    /// The group whose first community has this id.
    pub(super) fn by_id(&self, id: CommunityId) -> Option<SameGroup> {
        let group = self.by_id.get(&id).filter(|&&group| self.ids[group] == id);
        group.map(|&group| self.groups[group])
    }

    /// The id of the community that stands for one.
    pub(super) fn first_of(&self, id: CommunityId) -> CommunityId {
        self.by_id.get(&id).map_or(id, |&group| self.ids[group])
    }

    /// The groups whose people are shown as those of this level.
    pub(super) fn shown_on(&self, level: usize) -> impl Iterator<Item = SameGroup> + '_ {
        self.groups.iter().filter(move |group| group.shown.level == level).copied()
    }
}

type Sizes = typed_index_collections::TiVec<CommunityIndex, usize>;

#[cfg(test)]
mod tests {
    use graph::{Level, Overlap};
    use typed_index_collections::TiVec;

    use super::*;
    use crate::community_names::LevelNames;

    fn level(numbers: &[u32], communities: u32, parents: &[u32]) -> Level {
        Level {
            resolution: 1.0,
            community_of: numbers.iter().map(|&own| CommunityIndex::new(own).into()).collect(),
            communities,
            parents: parents.iter().copied().map(CommunityIndex::new).collect(),
        }
    }

    fn place(level: usize, community: u32) -> LevelPlace {
        LevelPlace { level, community: CommunityIndex::new(community) }
    }

    #[test]
    fn a_group_is_one_community_over_levels_until_it_is_divided() {
        let levels = vec![
            level(&[0, 0, 0, 0, 1, 1], 2, &[]),
            level(&[0, 0, 0, 0, 1, 1], 2, &[0, 1]),
            level(&[0, 0, 2, 2, 1, 1], 3, &[0, 1, 0]),
        ];
        let ids = |from: u64, count: u64| (from..from + count).map(CommunityId::new).collect();
        let names = [ids(10, 2), ids(20, 2), ids(30, 3)].map(|ids| LevelNames {
            ids,
            labels: Vec::new(),
            topics: Vec::new(),
        });
        let names = CommunityNames { levels: names.into(), lineage: Vec::new() };
        let hierarchy = Hierarchy {
            levels,
            leaf: 1,
            bits: 0.0,
            fewest: 0.0,
            insides: TiVec::new(),
            overlap: Overlap::default(),
        };
        let groups = SameGroups::new(&hierarchy, &names);
        let whole = groups.of(place(1, 0));
        assert_eq!((whole.first, whole.last_level), (place(0, 0), 1));
        assert_eq!(whole.shown, place(1, 0), "people belong to it in part");
        let small = groups.of(place(2, 1));
        assert_eq!((small.first, small.last_level, small.shown), (place(0, 1), 2, place(1, 1)));
        let half = groups.of(place(2, 2));
        assert_eq!((half.first, half.last_level, half.shown), (place(2, 2), 2, place(2, 2)));
        assert_eq!(groups.by_id(CommunityId::new(10)), Some(whole));
        assert_eq!(groups.by_id(CommunityId::new(20)), None);
        let first = |id| groups.first_of(CommunityId::new(id)).number();
        assert_eq!([10, 20, 31, 30, 99].map(first), [10, 10, 11, 30, 99]);
        assert_eq!([0, 1, 2].map(|level| groups.shown_on(level).count()), [0, 2, 2]);
    }
}
