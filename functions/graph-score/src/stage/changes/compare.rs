//! Two rankings of one community → the ranks that moved far enough.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use model::rank_change::RankState;
use model::{CommunityId, PersonId};

/// How far down a ranking changes are reported.
pub(super) const HEAD: u32 = 100;

/// A change without its reasons.
#[derive(Debug)]
pub(super) struct MovedRank {
    pub(super) community: CommunityId,
    pub(super) person: PersonId,
    pub(super) before: RankState,
    pub(super) after: RankState,
}

impl MovedRank {
    /// The better of the two ranks.
    pub(super) fn better_rank(&self) -> u32 {
        let ranks = [self.before.rank, self.after.rank];
        ranks.into_iter().flatten().min().map_or(u32::MAX, NonZeroU32::get)
    }
}

/// A person who is listed in a ranking, with the rank that is served.
#[derive(Debug, Clone, Copy)]
pub(super) struct RankedPerson {
    pub(super) person: PersonId,
    pub(super) state: RankState,
}

/// The changes between two rankings of one community.
pub(super) fn compare(
    community: CommunityId,
    old: Vec<RankedPerson>,
    new: Vec<RankedPerson>,
) -> Vec<MovedRank> {
    let is_head = |one: &&RankedPerson| one.state.rank.is_some_and(|rank| rank.get() <= HEAD);
    let mut heads: Vec<PersonId> =
        old.iter().chain(&new).filter(is_head).map(|one| one.person).collect();
    heads.sort_unstable();
    heads.dedup();
    let states = |ranking: &[RankedPerson]| -> BTreeMap<PersonId, RankState> {
        let heads = ranking.iter().filter(|one| heads.binary_search(&one.person).is_ok());
        heads.map(|one| (one.person, one.state)).collect()
    };
    let (old, new) = (states(&old), states(&new));
    let absent = RankState { rank: None, attention: 0.0 };
    let moved = heads.iter().map(|person| MovedRank {
        community,
        person: *person,
        before: old.get(person).copied().unwrap_or(absent),
        after: new.get(person).copied().unwrap_or(absent),
    });
    moved.filter(|moved| is_reported(moved.before.rank, moved.after.rank)).collect()
}

/// Whether a change of a rank is reported.
fn is_reported(before: Option<NonZeroU32>, after: Option<NonZeroU32>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => {
            let better = before.min(after).get();
            before.get().abs_diff(after.get()) >= (better / 5).max(1)
        }
        (before, after) => before != after,
    }
}

#[cfg(test)]
mod tests {
    use store::pg::community::WORLD;

    use super::*;

    #[test]
    fn ranks_that_move_far_enough_are_reported() {
        let rank = NonZeroU32::new;
        assert!(is_reported(rank(1), rank(2)) && is_reported(rank(12), rank(10)));
        assert!(!is_reported(rank(11), rank(10)) && !is_reported(rank(60), rank(59)));
        assert!(is_reported(None, rank(3)) && is_reported(rank(100), None));
        assert!(!is_reported(None, None));
    }

    #[test]
    fn only_heads_are_compared() {
        let ranking = |ranks: &[(u64, u32)]| -> Vec<RankedPerson> {
            let ranked = |&(person, rank): &(u64, u32)| RankedPerson {
                person: PersonId::new(person),
                state: RankState { rank: NonZeroU32::new(rank), attention: 0.1 },
            };
            ranks.iter().map(ranked).collect()
        };
        let old = ranking(&[(1, 1), (2, 300), (3, 400), (4, 90)]);
        let new = ranking(&[(1, 1), (2, 50), (3, 150)]);
        let moved = compare(WORLD, old, new);
        let people: Vec<u64> = moved.iter().map(|one| one.person.number()).collect();
        assert_eq!(people, [2, 4]);
        assert_eq!((moved[1].after.rank, moved[1].after.attention), (None, 0.0));
        assert!(moved[0].better_rank() < moved[1].better_rank());
    }
}
