//! How ranks changed since the run before, and who brought it about.
//!
//! A change is told of a person who is or was among the first [`HEAD`] of a community that both
//! runs have, or of the world: if it moved by at least a fifth of its better rank, or if it got or
//! lost its rank. Of a run at most [`CHANGES_MAX`] are told, the best ranks first. The reasons are
//! exact: each contributor's part in either run is worked out from that run's own arcs, which are
//! loaded one after the other. Who is unlisted is neither a subject nor a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use graph::evidence::{Contributor, change_reasons, community_terms, global_terms};
use graph::{CommunityPeople, GlobalRank};
use model::port::{Clock, Objects};
use model::rank_change::{RankChange, Reason, Stood};
use model::{CommunityId, PersonId, RunId};
use rayon::prelude::*;
use store::pg::community::WORLD;
use tokio::task::block_in_place;

use super::names::Names;
use super::{World, open_people, seal_as, snapshot_of};
use crate::seal::{key, open};
use crate::snapshot::{self, Nodes};
use crate::{Doors, RunSettings, ScoreError};

/// How far down a ranking changes are told.
const HEAD: u32 = 100;

/// The most changes that are told of one run.
const CHANGES_MAX: usize = 1_000;

/// The most reasons of one change.
const REASONS_MAX: usize = 5;

/// The most contributors of one share that are looked at, the largest first.
const TERMS_MAX: usize = 2_000;

/// A change without its reasons.
struct Moved {
    community: CommunityId,
    person: PersonId,
    before: Stood,
    after: Stood,
}

/// What a person's share is made of.
type Parts = Vec<(PersonId, f64)>;

/// The name under which the changes of a run are sealed.
pub(super) const CHANGES: &str = "changes";

/// Seals the changes of a run, so that whoever publishes it tells the same ones.
pub(super) async fn changes<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    this: RunId,
) -> Result<(), ScoreError> {
    let settings: RunSettings = open(doors.objects, &key(this, "settings")).await?;
    let changes = match settings.last {
        Some(last) => find(doors, last, this).await?,
        None => Vec::new(),
    };
    seal_as(doors.objects, this, CHANGES, &changes).await
}

async fn find<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    last: RunId,
    this: RunId,
) -> Result<Vec<RankChange>, ScoreError> {
    let snapshot = snapshot_of(doors.pg, last).await?;
    // Without the last run's snapshot nobody can tell why.
    let Some(nodes) = snapshot::load_last_nodes(doors.objects, snapshot).await? else {
        return Ok(Vec::new());
    };
    let old = Side::open(doors, last, nodes).await?;
    let snapshot = snapshot_of(doors.pg, this).await?;
    let nodes = snapshot::load_nodes(doors.objects, snapshot).await?;
    let new = Side::open(doors, this, nodes).await?;
    let mut moved = compare(WORLD, old.world(), new.world());
    for (level, names) in new.names.levels.iter().enumerate() {
        moved.extend(moved_on(doors, (&old, &new), level, &names.ids).await?);
    }
    moved.retain(|one| old.may_tell(one.person) && new.is_there(one.person));
    moved.sort_by_key(|one| (better(one), one.community, one.person));
    moved.truncate(CHANGES_MAX);
    if moved.is_empty() {
        return Ok(Vec::new());
    }
    let before = old.parts(doors, &moved).await?;
    let after = new.parts(doors, &moved).await?;
    let parts = before.iter().zip(&after);
    Ok(moved.iter().zip(parts).map(|(one, parts)| told(this, one, parts)).collect())
}

fn told(run: RunId, moved: &Moved, (before, after): (&Parts, &Parts)) -> RankChange {
    let reasons = change_reasons(before, after, REASONS_MAX).into_iter();
    let reasons = reasons.map(|reason| Reason {
        person: reason.person,
        before: reason.before as f32,
        after: reason.after as f32,
    });
    let &Moved { community, person, before, after } = moved;
    RankChange { person, community, run, before, after, reasons: reasons.collect() }
}

/// The changes in the communities of one level that the old run has too, on whatever level.
async fn moved_on<O: Objects, C>(
    doors: Doors<'_, O, C>,
    (old, new): (&Side, &Side),
    level: usize,
    ids: &[CommunityId],
) -> Result<Vec<Moved>, ScoreError> {
    let mut moved = Vec::new();
    let tables = new.tables(doors, level).await?;
    for (old_level, names) in old.names.levels.iter().enumerate() {
        let common: BTreeSet<CommunityId> =
            names.ids.iter().copied().filter(|id| ids.contains(id)).collect();
        if common.is_empty() {
            continue;
        }
        let old_tables = old.tables(doors, old_level).await?;
        let of = |table: &CommunityPeople| names.ids[table.community as usize];
        let old_tables: BTreeMap<CommunityId, &CommunityPeople> =
            old_tables.iter().map(|table| (of(table), table)).collect();
        let found = tables.par_iter().filter_map(|table| {
            let id = ids[table.community as usize];
            let before = old_tables.get(&id)?;
            Some(compare(id, old.inside(before), new.inside(table)))
        });
        moved.extend(block_in_place(|| found.collect::<Vec<_>>()).into_iter().flatten());
    }
    Ok(moved)
}

/// The better of a change's two ranks.
fn better(moved: &Moved) -> u32 {
    let ranks = [moved.before.rank, moved.after.rank];
    ranks.into_iter().flatten().min().map_or(u32::MAX, NonZeroU32::get)
}

/// Everybody listed in a ranking, with the ranks that are served.
type Ranking = Vec<(PersonId, Stood)>;

/// The changes between two rankings of one community.
fn compare(community: CommunityId, old: Ranking, new: Ranking) -> Vec<Moved> {
    let is_head = |one: &&(PersonId, Stood)| one.1.rank.is_some_and(|rank| rank.get() <= HEAD);
    let mut heads: Vec<PersonId> =
        old.iter().chain(&new).filter(is_head).map(|one| one.0).collect();
    heads.sort_unstable();
    heads.dedup();
    let stood = |ranking: &Ranking| -> BTreeMap<PersonId, Stood> {
        let heads = ranking.iter().filter(|one| heads.binary_search(&one.0).is_ok());
        heads.copied().collect()
    };
    let (old, new) = (stood(&old), stood(&new));
    let nowhere = Stood { rank: None, attention: 0.0 };
    let moved = heads.iter().map(|person| Moved {
        community,
        person: *person,
        before: old.get(person).copied().unwrap_or(nowhere),
        after: new.get(person).copied().unwrap_or(nowhere),
    });
    moved.filter(|one| counts(one.before.rank, one.after.rank)).collect()
}

/// Whether a change of a rank is told.
fn counts(before: Option<NonZeroU32>, after: Option<NonZeroU32>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => {
            let better = before.min(after).get();
            before.get().abs_diff(after.get()) >= (better / 5).max(1)
        }
        (before, after) => before != after,
    }
}

/// One of the two runs that are compared.
struct Side {
    run: RunId,
    nodes: Nodes,
    names: Names,
    global: GlobalRank,
}

impl Side {
    async fn open<O: Objects, C>(
        doors: Doors<'_, O, C>,
        run: RunId,
        nodes: Nodes,
    ) -> Result<Side, ScoreError> {
        Ok(Side {
            run,
            nodes,
            names: open(doors.objects, &key(run, "names")).await?,
            global: open(doors.objects, &key(run, "global")).await?,
        })
    }

    async fn tables<O: Objects, C>(
        &self,
        doors: Doors<'_, O, C>,
        level: usize,
    ) -> Result<Vec<CommunityPeople>, ScoreError> {
        open_people(doors.objects, self.run, level).await
    }

    fn place(&self, person: PersonId) -> Option<usize> {
        Some(self.nodes.person(person)? as usize)
    }

    fn is_there(&self, person: PersonId) -> bool {
        self.place(person).is_some_and(|place| !self.nodes.unlisted[place])
    }

    /// Whether nothing here speaks against naming a person; one that is new may be named.
    fn may_tell(&self, person: PersonId) -> bool {
        self.place(person).is_none_or(|place| !self.nodes.unlisted[place])
    }

    /// The ranking of one community.
    fn inside(&self, table: &CommunityPeople) -> Ranking {
        let people = table.people.iter();
        self.served(people.map(|one| (one.person, one.rank.is_some(), one.share)))
    }

    /// The ranking of the whole world.
    fn world(&self) -> Ranking {
        let mut people: Vec<u32> = (0..self.nodes.people.len() as u32).collect();
        // Those without a rank come last; their order does not matter.
        let rank = |&person: &u32| self.global.ranks[person as usize].map_or(u32::MAX, u32::from);
        people.sort_by_key(rank);
        let people = people.iter().map(|&person| {
            let at = person as usize;
            (person, self.global.ranks[at].is_some(), self.global.shares[at])
        });
        self.served(people)
    }

    /// Ranks as they are served: the unlisted take none, and are left out.
    fn served(&self, people: impl Iterator<Item = (u32, bool, f32)>) -> Ranking {
        let mut last = 0;
        let listed = people.filter(|one| !self.nodes.unlisted[one.0 as usize]);
        let stood = listed.map(|(person, ranked, attention)| {
            last += u32::from(ranked);
            let rank = NonZeroU32::new(last).filter(|_| ranked);
            (self.nodes.people[person as usize], Stood { rank, attention })
        });
        stood.collect()
    }

    /// What the share of each of these is made of in this run.
    async fn parts<O: Objects, C>(
        &self,
        doors: Doors<'_, O, C>,
        moved: &[Moved],
    ) -> Result<Vec<Parts>, ScoreError> {
        let world = World::open(doors, self.run).await?;
        let (arcs, damping) = (&world.attention.arcs, world.settings.rank.damping);
        let mut wanted: BTreeMap<CommunityId, BTreeSet<u32>> = BTreeMap::new();
        for one in moved {
            let place = self.place(one.person).map(|place| place as u32);
            wanted.entry(one.community).or_default().extend(place);
        }
        let mut found: BTreeMap<(CommunityId, u32), Vec<Contributor>> = BTreeMap::new();
        let mut keep = |community, terms: BTreeMap<u32, Vec<Contributor>>| {
            found.extend(terms.into_iter().map(|(person, terms)| ((community, person), terms)));
        };
        if let Some(people) = wanted.get(&WORLD) {
            keep(WORLD, global_terms(arcs, &self.global, damping, people));
        }
        for (level, names) in self.names.levels.iter().enumerate() {
            if names.ids.iter().any(|id| wanted.contains_key(id)) {
                for table in self.tables(doors, level).await? {
                    let id = names.ids[table.community as usize];
                    if let Some(people) = wanted.get(&id) {
                        keep(id, community_terms(arcs, &table, people));
                    }
                }
            }
        }
        let of = |one: &Moved| {
            let place = self.place(one.person)? as u32;
            found.remove(&(one.community, place))
        };
        let terms: Vec<_> = moved.iter().map(of).map(Option::unwrap_or_default).collect();
        Ok(terms.into_iter().map(|terms| self.named(terms)).collect())
    }

    /// The largest terms of those who may be named.
    fn named(&self, mut terms: Vec<Contributor>) -> Parts {
        terms.sort_by(|a, b| b.part.total_cmp(&a.part).then(a.person.cmp(&b.person)));
        let listed = terms.iter().filter(|term| !self.nodes.unlisted[term.person as usize]);
        let part = |term: &Contributor| (self.nodes.people[term.person as usize], term.part);
        listed.take(TERMS_MAX).map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stood(rank: u32) -> Stood {
        Stood { rank: NonZeroU32::new(rank), attention: 0.1 }
    }

    #[test]
    fn what_moves_far_enough_is_told() {
        let rank = NonZeroU32::new;
        assert!(counts(rank(1), rank(2)) && counts(rank(12), rank(10)));
        assert!(!counts(rank(11), rank(10)) && !counts(rank(60), rank(59)));
        assert!(counts(None, rank(3)) && counts(rank(100), None) && !counts(None, None));
    }

    #[test]
    fn only_heads_are_compared() {
        let ranking = |ranks: &[(u64, u32)]| -> Ranking {
            ranks.iter().map(|&(person, rank)| (PersonId::new(person), stood(rank))).collect()
        };
        let old = ranking(&[(1, 1), (2, 300), (3, 400), (4, 90)]);
        let new = ranking(&[(1, 1), (2, 50), (3, 150)]);
        let moved = compare(WORLD, old, new);
        let people: Vec<u64> = moved.iter().map(|one| one.person.number()).collect();
        assert_eq!(people, [2, 4]);
        assert_eq!((moved[1].after.rank, moved[1].after.attention), (None, 0.0));
        assert!(better(&moved[0]) < better(&moved[1]));
    }
}
