//! Dense scores in the form in which they are served: persons numbered from the most trusted on.

use std::num::NonZeroU32;

use graph::{CommunityPeople, GlobalRank, Hierarchy, Level, Overlap, Trust};
use model::index::{CommunityIndex, PersonIndex, RunPerson};
use model::interval::SUPPORT_CONFIDENT;
use model::{Membership, PersonKind};
use snapshot::Nodes;
use store::pg::score::PersonScore;
use typed_index_collections::{TiSlice, TiVec, ti_vec};

/// Persons in the order in which they are numbered.
#[derive(Debug)]
pub struct PersonNumbering {
    /// The person of each number.
    pub(super) order: TiVec<RunPerson, PersonIndex>,
    /// The number of each person.
    number: TiVec<PersonIndex, RunPerson>,
}

impl PersonNumbering {
    /// The most trusted first; of equals the most attended, then the first in the snapshot. All at or
    /// below the noise level are equals, so that no order shows how little a person is trusted.
    pub fn new(trust: &Trust, global: &GlobalRank) -> PersonNumbering {
        let mut order: TiVec<RunPerson, PersonIndex> = trust.values.keys().collect();
        let known = |person: PersonIndex| trust.values[person].max(trust.noise);
        let share = |person: PersonIndex| global.shares[person];
        order.sort_by(|&a, &b| {
            let by_trust = known(b).total_cmp(&known(a));
            by_trust.then(share(b).total_cmp(&share(a))).then(a.cmp(&b))
        });
        let mut number = ti_vec![RunPerson::new(0); order.len()];
        order.iter_enumerated().for_each(|(at, &person)| number[person] = at);
        PersonNumbering { order, number }
    }

    /// The number of a person.
    pub(super) fn of(&self, person: PersonIndex) -> RunPerson {
        self.number[person]
    }
}

/// The ranks of a person in a community by attention, as they are served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CommunityRanks {
    /// Among all.
    pub(super) all: Option<NonZeroU32>,
    /// Among persons and people of unknown kind.
    pub(super) person: Option<NonZeroU32>,
    /// Among organisations.
    pub(super) organisation: Option<NonZeroU32>,
}

/// Counts those who take a rank.
#[derive(Default)]
struct RankCounter(u32);

impl RankCounter {
    fn next(&mut self) -> Option<NonZeroU32> {
        self.0 += 1;
        NonZeroU32::new(self.0)
    }
}

/// The ranks of each row of a community. The unlisted take none: a gap would show them.
pub(super) fn ranks(community: &CommunityPeople, nodes: &Nodes) -> Vec<CommunityRanks> {
    let (mut all, mut persons, mut organisations) =
        <(RankCounter, RankCounter, RankCounter)>::default();
    let ranks = community.people.iter().map(|one| {
        if one.rank.is_none() || nodes.unlisted[one.person] {
            return CommunityRanks::default();
        }
        let (person, organisation) = match nodes.kinds[one.person] {
            PersonKind::Unknown | PersonKind::Person => (persons.next(), None),
            PersonKind::Organisation => (None, organisations.next()),
            PersonKind::Bot => (None, None),
        };
        CommunityRanks { all: all.next(), person, organisation }
    });
    ranks.collect()
}

/// The rank of each row by insider score. The unlisted take none.
pub(super) fn insider_ranks(community: &CommunityPeople, nodes: &Nodes) -> Vec<Option<NonZeroU32>> {
    let rows = community.by_insider().into_iter().map(|row| row.index());
    let listed = rows.filter(|&row| !nodes.unlisted[community.people[row].person]);
    let (mut ranks, mut count) = (vec![None; community.people.len()], RankCounter::default());
    listed.for_each(|row| ranks[row] = count.next());
    ranks
}

/// The rank of each person in the whole world. The unlisted take none.
pub(super) fn world_ranks(
    nodes: &Nodes,
    global: &GlobalRank,
) -> TiVec<PersonIndex, Option<NonZeroU32>> {
    let ranked = |person: &PersonIndex| global.ranks[*person].is_some();
    let listed = |person: &PersonIndex| !nodes.unlisted[*person];
    let mut people: Vec<PersonIndex> = global.ranks.keys().filter(ranked).filter(listed).collect();
    people.sort_by_key(|&person| global.ranks[person]);
    let (mut ranks, mut count) = (ti_vec![None; global.ranks.len()], RankCounter::default());
    people.iter().for_each(|&person| ranks[person] = count.next());
    ranks
}

/// The global scores of the person with each number.
pub(super) fn person_scores<'a>(
    numbering: &'a PersonNumbering,
    nodes: &'a Nodes,
    trust: &'a Trust,
    global: &'a GlobalRank,
) -> impl Iterator<Item = PersonScore> + 'a {
    let ranks = world_ranks(nodes, global);
    numbering.order.iter().map(move |&person| PersonScore {
        person: nodes.people[person],
        kind: nodes.kinds[person],
        unlisted: nodes.unlisted[person],
        attention: global.shares[person],
        score: global.scores[person].round() as u16,
        trust: trust.values[person],
        rank: ranks[person],
    })
}

/// How much each person belongs to the communities of one level.
pub(super) struct LevelBelonging<'a> {
    overlap: &'a Overlap,
    level: &'a Level,
    is_leaf: bool,
}

impl<'a> LevelBelonging<'a> {
    pub(super) fn new(hierarchy: &'a Hierarchy, level: usize) -> LevelBelonging<'a> {
        LevelBelonging {
            overlap: &hierarchy.overlap,
            level: &hierarchy.levels[level],
            is_leaf: level == hierarchy.leaf,
        }
    }

    /// The overlapping share on the leaf level; above it, whole or not at all.
    pub(super) fn of(&self, person: PersonIndex, community: CommunityIndex) -> f32 {
        if !self.is_leaf {
            return if self.level.community_of[person].get() == Some(community) {
                1.0
            } else {
                0.0
            };
        }
        let mut memberships = self.overlap.of(person);
        memberships.find(|one| one.community == community).map_or(0.0, |one| one.share)
    }
}

/// The memberships of one community, by falling attention.
pub(super) fn memberships(
    community: &CommunityPeople,
    numbering: &PersonNumbering,
    nodes: &Nodes,
    belonging: &LevelBelonging<'_>,
) -> Vec<Membership> {
    let membership = |one: &graph::ScoredPerson| Membership {
        person: numbering.of(one.person),
        kind: nodes.kinds[one.person],
        member: one.member,
        ranked: one.rank.is_some() && !nodes.unlisted[one.person],
        low_confidence: one.is_low_confidence(),
        support: one.support,
        attention: one.share,
        score: one.score().round() as u16,
        insider: one.insider,
        belonging: belonging.of(one.person, community.community),
    };
    community.people.iter().map(membership).collect()
}

/// The most memberships that the ranking of the whole world keeps.
pub(super) const WORLD_MAX: usize = 100_000;

/// Everybody by falling global share, then by number.
pub(super) fn by_share(global: &GlobalRank) -> Vec<PersonIndex> {
    let mut people: Vec<PersonIndex> = global.shares.keys().collect();
    let share = |person: PersonIndex| global.shares[person];
    people.sort_by(|&a, &b| share(b).total_cmp(&share(a)).then(a.cmp(&b)));
    people
}

/// The ranking of the whole world, by falling attention.
pub(super) fn world_memberships(
    numbering: &PersonNumbering,
    nodes: &Nodes,
    global: &GlobalRank,
    support: &TiSlice<PersonIndex, f32>,
) -> Vec<Membership> {
    let people = by_share(global);
    let membership = |&person: &PersonIndex| Membership {
        person: numbering.of(person),
        kind: nodes.kinds[person],
        member: true,
        ranked: global.ranks[person].is_some() && !nodes.unlisted[person],
        low_confidence: support[person] < SUPPORT_CONFIDENT,
        support: support[person],
        attention: global.shares[person],
        score: global.scores[person].round() as u16,
        insider: 0.0,
        belonging: 1.0,
    };
    people.iter().take(WORLD_MAX).map(membership).collect()
}
