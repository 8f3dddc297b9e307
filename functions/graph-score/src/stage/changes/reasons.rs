//! Why ranks moved: what each share is made of in either run, and how that differs.

use std::collections::{BTreeMap, HashSet};

use graph::CommunityPeople;
use graph::evidence::{ContributorPart, ShareTerm, change_reasons, community_terms, global_terms};
use model::index::PersonIndex;
use model::rank_change::RankChangeReason;
use model::{CommunityId, PersonId};
use store::pg::community::WORLD;
use tokio::task::block_in_place;

use super::compare::MovedRank;
use super::ranked_run::{CommunityPair, RankedRun, RunPair};
use crate::error::unless_unreadable;
use crate::world::ScoredWorld;
use crate::{ScoreDependencies, ScoreError};

/// The most reasons of one change.
const REASONS_MAX: usize = 5;

/// The reasons of changes by community and person.
pub(super) type ChangeReasons = BTreeMap<(CommunityId, PersonId), Vec<RankChangeReason>>;

/// What shares are made of, by dense person.
type ShareTerms = BTreeMap<PersonIndex, Vec<ShareTerm>>;

/// Finds the reasons of changes, community by community.
pub(super) async fn find_reasons(
    dependencies: ScoreDependencies<'_>,
    pair: &RunPair<'_>,
    moved: &[MovedRank],
) -> Result<ChangeReasons, ScoreError> {
    let old_run = pair.old.artifacts.run;
    let Some(old) = unless_unreadable(ScoredWorld::open(dependencies, old_run).await)? else {
        tracing::warn!(run = %old_run, "its arcs cannot be read: changes have no reasons");
        return Ok(ChangeReasons::new());
    };
    let new = ScoredWorld::open(dependencies, pair.new.artifacts.run).await?;
    let mut subjects: BTreeMap<CommunityId, Vec<PersonId>> = BTreeMap::new();
    moved.iter().for_each(|one| subjects.entry(one.community).or_default().push(one.person));
    let finder = ReasonFinder { pair, old: &old, new: &new, subjects: &subjects };
    let mut reasons = block_in_place(|| finder.of_world());
    let communities: HashSet<CommunityId> = subjects.keys().copied().collect();
    for level in 0..pair.new.names.levels.len() {
        let found = pair.map_common(level, &communities, |community| finder.of(community));
        reasons.extend(found.await?.into_iter().flatten());
    }
    Ok(reasons)
}

/// What reasons are found in.
struct ReasonFinder<'a> {
    pair: &'a RunPair<'a>,
    old: &'a ScoredWorld,
    new: &'a ScoredWorld,
    /// The people whose ranks moved, by community.
    subjects: &'a BTreeMap<CommunityId, Vec<PersonId>>,
}

impl ReasonFinder<'_> {
    /// The reasons of changes in the whole world.
    fn of_world(&self) -> ChangeReasons {
        let Some(people) = self.subjects.get(&WORLD) else { return ChangeReasons::new() };
        let terms = |run: &RankedRun<'_>, world: &ScoredWorld| {
            let damping = world.settings.rank.damping;
            global_terms(&world.attention.arcs, &run.global, damping, &run.indexes(people))
        };
        let (old, new) = (terms(&self.pair.old, self.old), terms(&self.pair.new, self.new));
        self.differences(WORLD, old, new)
    }

    /// The reasons of changes in one community.
    fn of(&self, community: CommunityPair<'_>) -> ChangeReasons {
        let people = &self.subjects[&community.id];
        let terms = |run: &RankedRun<'_>, world: &ScoredWorld, table: &CommunityPeople| {
            let (arcs, people) = (&world.attention.arcs, run.indexes(people));
            community_terms(arcs, table.masses(), table.flow, &people)
        };
        let old = terms(&self.pair.old, self.old, community.old);
        let new = terms(&self.pair.new, self.new, community.new);
        self.differences(community.id, old, new)
    }

    /// How what the subjects' shares are made of differs.
    fn differences(
        &self,
        community: CommunityId,
        mut old: ShareTerms,
        mut new: ShareTerms,
    ) -> ChangeReasons {
        let reasons = self.subjects[&community].iter().map(|&person| {
            let before = self.named_parts(&self.pair.old, &mut old, person);
            let after = self.named_parts(&self.pair.new, &mut new, person);
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

    /// The parts of a person's share that come from people who may be named.
    fn named_parts(
        &self,
        run: &RankedRun<'_>,
        terms: &mut ShareTerms,
        person: PersonId,
    ) -> Vec<ContributorPart<PersonId>> {
        let terms = run.nodes.person(person).and_then(|person| terms.remove(&person));
        let parts = terms.into_iter().flatten();
        let parts = parts
            .map(|term| ContributorPart { person: run.nodes.people[term.person], part: term.part });
        parts.filter(|part| self.pair.may_name(part.person)).collect()
    }
}
