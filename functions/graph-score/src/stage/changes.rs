//! How ranks changed since the run before, and who brought it about.
//!
//! A change is told of a person who is or was among the first [`HEAD`] of a community that both
//! runs have, or of the world: if it moved by at least a fifth of its better rank, or if it got or
//! lost its rank. Of a run at most [`CHANGES_MAX`] are told, the best ranks first. The reasons are
//! exact: each contributor's part in either run is worked out from that run's own arcs, both of which are
//! held. Who is unlisted in either run, or gone, is neither a subject nor a reason. Where the last run's
//! arcs cannot be read any more, changes are told without reasons.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::num::NonZeroU32;

use graph::evidence::{ContributorPart, ShareTerm, change_reasons, community_terms, global_terms};
use graph::{CommunityPeople, GlobalRank};
use model::index::PersonIndex;
use model::port::{Clock, Objects};
use model::rank_change::{RankChange, RankChangeReason, RankState};
use model::{CommunityId, PersonId, RunId};
use rayon::prelude::*;
use store::pg::community::WORLD;
use tokio::task::block_in_place;

use super::memberships::{ranks, world_ranks};
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

/// A change without its reasons.
struct Moved {
    community: CommunityId,
    person: PersonId,
    before: RankState,
    after: RankState,
}

/// The reasons of changes, by whose they are.
type Reasons = BTreeMap<(CommunityId, PersonId), Vec<RankChangeReason>>;

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
    for level in 0..new.names.levels.len() {
        let compare =
            |id, [before, after]: Pair<'_>| compare(id, old.inside(before), new.inside(after));
        let found = in_both(doors, (&old, &new), level, |_| true, compare).await?;
        moved.extend(found.into_iter().flatten());
    }
    moved.retain(|one| may_tell((&old, &new), one.person));
    moved.sort_by_key(|one| (better(one), one.community, one.person));
    moved.truncate(CHANGES_MAX);
    let mut reasons = match moved.is_empty() {
        true => Reasons::new(),
        false => reasons(doors, (&old, &new), &moved).await?,
    };
    let told = moved.into_iter().map(|Moved { community, person, before, after }| RankChange {
        person,
        community,
        run: this,
        before,
        after,
        reasons: reasons.remove(&(community, person)).unwrap_or_default(),
    });
    Ok(told.collect())
}

/// One community as the two runs have it.
type Pair<'a> = [&'a CommunityPeople; 2];

/// Makes something of each wanted community of a level that the old run has too, on whatever level.
async fn in_both<O: Objects, C, T: Send>(
    doors: Doors<'_, O, C>,
    (old, new): (&Side, &Side),
    level: usize,
    wanted: impl Fn(CommunityId) -> bool,
    make: impl Fn(CommunityId, Pair<'_>) -> T + Sync,
) -> Result<Vec<T>, ScoreError> {
    let ids = &new.names.levels[level].ids;
    let wanted: HashSet<CommunityId> = ids.iter().copied().filter(|&id| wanted(id)).collect();
    let mut made = Vec::new();
    let mut tables = None;
    for (old_level, names) in old.names.levels.iter().enumerate() {
        if !names.ids.iter().any(|id| wanted.contains(id)) {
            continue;
        }
        if tables.is_none() {
            tables = Some(new.tables(doors, level).await?);
        }
        let old_tables = old.tables(doors, old_level).await?;
        let of = |table: &CommunityPeople| names.ids[table.community.index()];
        let old_tables: BTreeMap<CommunityId, &CommunityPeople> =
            old_tables.iter().map(|table| (of(table), table)).collect();
        let pairs = tables.iter().flatten().filter_map(|table| {
            let id = ids[table.community.index()];
            let before = old_tables.get(&id).filter(|_| wanted.contains(&id))?;
            Some((id, [*before, table]))
        });
        let pairs: Vec<(CommunityId, Pair<'_>)> = pairs.collect();
        let found = pairs.into_par_iter().map(|(id, pair)| make(id, pair));
        made.extend(block_in_place(|| found.collect::<Vec<_>>()));
    }
    Ok(made)
}

/// Whether nothing in either run speaks against naming a person.
fn may_tell((old, new): (&Side, &Side), person: PersonId) -> bool {
    old.may_tell(person) && new.is_there(person)
}

/// Why these changed, community by community: from all that each share is made of in either run.
async fn reasons<O: Objects, C>(
    doors: Doors<'_, O, C>,
    (old, new): (&Side, &Side),
    moved: &[Moved],
) -> Result<Reasons, ScoreError> {
    let Some(before) = snapshot::if_readable(World::open(doors, old.run).await)? else {
        tracing::warn!(run = %old.run, "its arcs cannot be read: changes are told without reasons");
        return Ok(Reasons::new());
    };
    let after = World::open(doors, new.run).await?;
    let mut wanted: BTreeMap<CommunityId, Vec<PersonId>> = BTreeMap::new();
    moved.iter().for_each(|one| wanted.entry(one.community).or_default().push(one.person));
    let mut reasons = Reasons::new();
    if let Some(people) = wanted.get(&WORLD) {
        let terms = |side: &Side, world: &World| {
            let damping = world.settings.rank.damping;
            global_terms(&world.attention.arcs, &side.global, damping, &side.places(people))
        };
        let terms = block_in_place(|| [terms(old, &before), terms(new, &after)]);
        reasons.extend(explained((old, new), WORLD, people, terms));
    }
    for level in 0..new.names.levels.len() {
        let explain = |id, [old_table, new_table]: Pair<'_>| {
            let people = &wanted[&id];
            let terms = |side: &Side, world: &World, table: &CommunityPeople| {
                let (arcs, people) = (&world.attention.arcs, side.places(people));
                community_terms(arcs, table.masses(), table.flow, &people)
            };
            let terms = [terms(old, &before, old_table), terms(new, &after, new_table)];
            explained((old, new), id, people, terms)
        };
        let is_wanted = |id| wanted.contains_key(&id);
        let found = in_both(doors, (old, new), level, is_wanted, explain).await?;
        reasons.extend(found.into_iter().flatten());
    }
    Ok(reasons)
}

/// The reasons of some people's changes in one community, from the terms in the old and the new run.
fn explained(
    (old, new): (&Side, &Side),
    community: CommunityId,
    people: &[PersonId],
    [mut before, mut after]: [BTreeMap<PersonIndex, Vec<ShareTerm>>; 2],
) -> Reasons {
    let named = |side: &Side,
                 terms: &mut BTreeMap<PersonIndex, Vec<ShareTerm>>,
                 person: PersonId| {
        let terms = side.place(person).and_then(|place| terms.remove(&PersonIndex::from(place)));
        let parts = terms.into_iter().flatten();
        let parts = parts.map(|term| ContributorPart {
            person: side.nodes.people[term.person.index()],
            part: term.part,
        });
        parts.filter(|part| may_tell((old, new), part.person)).collect::<Vec<_>>()
    };
    let reasons = people.iter().map(|&person| {
        let (before, after) = (named(old, &mut before, person), named(new, &mut after, person));
        let reasons = change_reasons(&before, &after, REASONS_MAX).into_iter();
        let reasons = reasons.map(|reason| RankChangeReason {
            person: reason.person,
            before: reason.before as f32,
            after: reason.after as f32,
        });
        ((community, person), reasons.collect())
    });
    reasons.collect()
}

/// The better of a change's two ranks.
fn better(moved: &Moved) -> u32 {
    let ranks = [moved.before.rank, moved.after.rank];
    ranks.into_iter().flatten().min().map_or(u32::MAX, NonZeroU32::get)
}

/// Everybody listed in a ranking, with the ranks that are served.
type Ranking = Vec<(PersonId, RankState)>;

/// The changes between two rankings of one community.
fn compare(community: CommunityId, old: Ranking, new: Ranking) -> Vec<Moved> {
    let is_head = |one: &&(PersonId, RankState)| one.1.rank.is_some_and(|rank| rank.get() <= HEAD);
    let mut heads: Vec<PersonId> =
        old.iter().chain(&new).filter(is_head).map(|one| one.0).collect();
    heads.sort_unstable();
    heads.dedup();
    let stood = |ranking: &Ranking| -> BTreeMap<PersonId, RankState> {
        let heads = ranking.iter().filter(|one| heads.binary_search(&one.0).is_ok());
        heads.copied().collect()
    };
    let (old, new) = (stood(&old), stood(&new));
    let nowhere = RankState { rank: None, attention: 0.0 };
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

    fn places(&self, people: &[PersonId]) -> BTreeSet<PersonIndex> {
        let people = people.iter().filter_map(|&person| self.nodes.person(person));
        people.map(PersonIndex::new).collect()
    }

    fn is_there(&self, person: PersonId) -> bool {
        self.place(person).is_some_and(|place| !self.nodes.unlisted[place])
    }

    /// Whether nothing here speaks against naming a person; one that is new may be named.
    fn may_tell(&self, person: PersonId) -> bool {
        self.place(person).is_none_or(|place| !self.nodes.unlisted[place])
    }

    /// The ranking of one community, of those who are listed.
    fn inside(&self, table: &CommunityPeople) -> Ranking {
        let people = table.people.iter().zip(ranks(table, &self.nodes));
        let listed = people.filter(|(one, _)| !self.nodes.unlisted[one.person.index()]);
        let stood = listed.map(|(one, ranks)| {
            let stood = RankState { rank: ranks.all, attention: one.share };
            (self.nodes.people[one.person.index()], stood)
        });
        stood.collect()
    }

    /// The ranking of the whole world, of those who are listed.
    fn world(&self) -> Ranking {
        let ranks = world_ranks(&self.nodes, &self.global).into_iter().enumerate();
        let listed = ranks.filter(|&(at, _)| !self.nodes.unlisted[at]);
        let stood = listed.map(|(at, rank)| {
            (self.nodes.people[at], RankState { rank, attention: self.global.shares.raw[at] })
        });
        stood.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stood(rank: u32) -> RankState {
        RankState { rank: NonZeroU32::new(rank), attention: 0.1 }
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
