//! Levels of communities, and overlapping membership.

use std::fmt::{self, Debug, Formatter};

use model::index::{CommunityIndex, PersonIndex};
use serde::{Deserialize, Serialize};
use typed_index_collections::{TiSlice, TiVec};

/// The community of a person, or none, which is ordered last: four bytes, and serialized as a number.
///
/// ```
/// use graph::OptionalCommunity;
/// use model::index::CommunityIndex;
///
/// let own = OptionalCommunity::from(CommunityIndex::new(7));
/// assert_eq!(own.get(), Some(CommunityIndex::new(7)));
/// assert_eq!(OptionalCommunity::NONE.get(), None);
/// assert_eq!(size_of::<OptionalCommunity>(), 4);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[repr(transparent)]
pub struct OptionalCommunity {
    number: u32,
}

/// In a list of raw community numbers, marks a person without one.
pub const NO_COMMUNITY: u32 = OptionalCommunity::NONE.number;

impl OptionalCommunity {
    /// No community: a person without any arc.
    pub const NONE: OptionalCommunity = OptionalCommunity { number: u32::MAX };

    /// The community, if there is one.
    #[inline]
    pub const fn get(self) -> Option<CommunityIndex> {
        if self.number == u32::MAX { None } else { Some(CommunityIndex::new(self.number)) }
    }

    /// The number of the community; that of none is larger than any.
    #[inline]
    pub const fn number(self) -> u32 {
        self.number
    }

    pub(super) const fn from_number(number: u32) -> OptionalCommunity {
        OptionalCommunity { number }
    }
}

impl From<CommunityIndex> for OptionalCommunity {
    fn from(community: CommunityIndex) -> OptionalCommunity {
        OptionalCommunity { number: community.number() }
    }
}

impl From<Option<CommunityIndex>> for OptionalCommunity {
    fn from(community: Option<CommunityIndex>) -> OptionalCommunity {
        community.map_or(OptionalCommunity::NONE, OptionalCommunity::from)
    }
}

impl Debug for OptionalCommunity {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// One partition of the people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// Resolution γ at which it was found.
    pub resolution: f64,
    /// Community of each person. Communities are numbered by falling size, then by first member.
    pub community_of: TiVec<PersonIndex, OptionalCommunity>,
    /// Number of communities.
    pub communities: u32,
    /// The community of the level above that contains each of these; empty on level 0.
    pub parents: TiVec<CommunityIndex, CommunityIndex>,
}

/// Partitions from the coarsest (level 0) to the finest, each refining the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hierarchy {
    /// The levels; at least one.
    pub levels: Vec<Level>,
    /// The index of the leaf level, which describes the graph best.
    pub leaf: usize,
    /// Bits in which the leaf level describes an edge of the backbone.
    pub bits: f64,
    /// The fewest bits since the last search from nothing. The next run starts from the leaf level,
    /// and searches elsewhere only if that level by then describes the graph less well.
    pub fewest: f64,
    /// Share of the backbone's weight inside of each leaf community: where it has changed, the next
    /// run searches for parts.
    pub insides: TiVec<CommunityIndex, f64>,
    /// Overlapping memberships on the leaf level.
    pub overlap: Overlap,
}

/// Up to 8 communities per person, by the share of its attention, given and received.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Where each person's memberships start; one more at the end.
    pub offsets: Vec<u64>,
    /// Communities of the leaf level, by falling share.
    pub communities: Vec<CommunityIndex>,
    /// Shares beside `communities`; each person's sum to at most 1.
    pub shares: Vec<f32>,
}

/// One of a person's memberships on the leaf level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OverlapShare {
    /// The community.
    pub community: CommunityIndex,
    /// The share of the person's attention, given and received, that goes there.
    pub share: f32,
}

impl Level {
    /// Community of a person; none for people who are not in the level.
    pub(crate) fn community(&self, person: u32) -> Option<CommunityIndex> {
        self.community_of.raw.get(person as usize)?.get()
    }

    /// The number of each person's community, or [`NO_COMMUNITY`].
    pub fn numbers(&self) -> Vec<u32> {
        self.iter_numbers().collect()
    }

    /// As [`Level::numbers`].
    pub(crate) fn iter_numbers(&self) -> impl Iterator<Item = u32> + Clone + '_ {
        self.community_of.iter().map(|community| community.number())
    }

    /// Number of members of each community.
    pub fn sizes(&self) -> TiVec<CommunityIndex, usize> {
        let mut sizes: TiVec<CommunityIndex, usize> = vec![0; self.communities as usize].into();
        let communities = self.community_of.iter().filter_map(|community| community.get());
        communities.for_each(|community| sizes[community] += 1);
        sizes
    }

    /// How many communities of the level below each of these contains.
    fn parts_below(
        &self,
        parents: &TiSlice<CommunityIndex, CommunityIndex>,
    ) -> TiVec<CommunityIndex, u32> {
        let mut parts: TiVec<CommunityIndex, u32> = vec![0; self.communities as usize].into();
        parents.iter().for_each(|&parent| parts[parent] += 1);
        parts
    }
}

impl Overlap {
    /// Memberships of one person.
    pub fn of(&self, person: PersonIndex) -> impl Iterator<Item = OverlapShare> + '_ {
        let at = person.index();
        let range = self.offsets[at] as usize..self.offsets[at + 1] as usize;
        let memberships = self.communities[range.clone()].iter().zip(&self.shares[range]);
        memberships.map(|(&community, &share)| OverlapShare { community, share })
    }

    /// The members of each of `communities`, ascending; a person in several is in each.
    pub fn cover(&self, communities: u32) -> Vec<Vec<u32>> {
        let mut members = vec![Vec::new(); communities as usize];
        for person in 0..(self.offsets.len() - 1) as u32 {
            let own = self.of(PersonIndex::new(person));
            own.for_each(|one| members[one.community.index()].push(person));
        }
        members
    }
}

impl Hierarchy {
    /// The leaf level.
    pub fn leaf_level(&self) -> &Level {
        &self.levels[self.leaf]
    }

    /// For each community of a level the one above that has the same people. `None` also if one of
    /// the two levels is the leaf level, where people belong to communities in part.
    pub fn same_above(&self, level: usize) -> TiVec<CommunityIndex, Option<CommunityIndex>> {
        let own = &self.levels[level];
        if level == 0 || level == self.leaf || level == self.leaf + 1 {
            return vec![None; own.communities as usize].into();
        }
        let parts = self.levels[level - 1].parts_below(&own.parents);
        let is_whole = |&parent: &CommunityIndex| parts[parent] == 1;
        own.parents.iter().map(|&parent| Some(parent).filter(is_whole)).collect()
    }
}
