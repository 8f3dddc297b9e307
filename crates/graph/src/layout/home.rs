//! In which community each person is placed, for outside eyes.

use model::index::{CommunityIndex, PersonIndex};
use serde::{Deserialize, Serialize};
use typed_index_collections::TiVec;

use crate::communities::Hierarchy;

/// How many levels of a person's communities, from the coarsest on, it is placed in: 0 is outside of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HomeDepth(pub u8);

/// Where each person is placed so that its place tells of no community in which it `is_hidden` (person, level,
/// community): in the nearest one around that, beside the parts of it, and outside of all if there is
/// none. What a hidden community contains is hidden, too.
pub fn visible_depths(
    hierarchy: &Hierarchy,
    is_hidden: impl Fn(PersonIndex, usize, CommunityIndex) -> bool,
) -> TiVec<PersonIndex, HomeDepth> {
    let Some(finest) = hierarchy.levels.last() else { return TiVec::new() };
    let depth = |person: PersonIndex| {
        let is_shown = |level: usize| {
            let community = hierarchy.levels[level].community_of[person].get();
            community.is_some_and(|community| !is_hidden(person, level, community))
        };
        let shown = (0..hierarchy.levels.len()).take_while(|&level| is_shown(level)).count();
        HomeDepth(u8::try_from(shown).unwrap_or(u8::MAX))
    };
    finest.community_of.keys().map(depth).collect()
}
