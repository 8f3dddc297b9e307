//! What a run adds to the history of ranks: where they changed since the run that was published last.
//!
//! Both runs are read as they were sealed, so the steps are the same at each try. If another run is published
//! meanwhile, they are found again, under another name: the history has no gap and no step twice.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use graph::CommunityPeople;
use model::community::STRANGER_TRUST;
use model::{CommunityId, PersonId, RankStep, RunId};
use rayon::prelude::*;
use store::pg::community::WORLD;
use store::pg::history::{self, RunHistory};
use store::pg::run;
use tokio::task::block_in_place;

use super::memberships::{ranks, world_ranks};
use super::results::RunResults;
use super::same_groups::SameGroup;
use crate::artifacts::steps_name;
use crate::error::unless_unreadable;
use crate::{ScoreDependencies, ScoreError};

/// Whether the steps of a run are sealed, as they follow from the run published last; or need not be.
pub(super) async fn is_sealed(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
    sealed: &HashSet<String>,
) -> Result<bool, ScoreError> {
    if history::is_published(dependencies.pg, run).await? {
        return Ok(true);
    }
    Ok(sealed.contains(&steps_name(history::newest(dependencies.pg).await?)))
}

/// Finds and seals the steps of a run since the one that was published last.
pub(super) async fn seal(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
) -> Result<(), ScoreError> {
    let previous = history::newest(dependencies.pg).await?;
    seal_since(dependencies, run, previous).await.map(|_| ())
}

async fn seal_since(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
    previous: Option<RunId>,
) -> Result<Vec<RankStep>, ScoreError> {
    let steps = find_steps(dependencies, run, previous).await?;
    dependencies.artifacts(run).seal(&steps_name(previous), &steps).await?;
    Ok(steps)
}

/// Loads what a run adds to the history, unless it is there.
pub(super) async fn load(
    dependencies: ScoreDependencies<'_>,
    results: &RunResults,
) -> Result<(), ScoreError> {
    let (run, artifacts) = (results.run, dependencies.artifacts(results.run));
    if history::is_published(dependencies.pg, run).await? {
        return Ok(());
    }
    let previous = history::newest(dependencies.pg).await?;
    let steps = match artifacts.find_steps(previous).await? {
        Some(steps) => steps,
        // Another run was published since they were sealed.
        None => seal_since(dependencies, run, previous).await?,
    };
    // Reasons are those since the run that this one continues.
    let changes = match artifacts.settings().await?.last == previous {
        true => artifacts.changes().await?,
        false => Vec::new(),
    };
    let events = &results.names.lineage;
    let loaded = RunHistory { run, previous, steps: &steps, changes: &changes, events };
    Ok(history::load(dependencies.pg, &loaded).await?)
}

/// The steps since a run, by person and community. If that one cannot be read any more, all ranks are new.
async fn find_steps(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
    previous: Option<RunId>,
) -> Result<Vec<RankStep>, ScoreError> {
    let new = RunResults::open(dependencies, run).await?;
    let old = match previous {
        Some(previous) => open_previous(dependencies, previous).await?,
        None => None,
    };
    let pair = HistoryPair {
        dependencies,
        old: old.as_ref(),
        new: &new,
        is_whole: history::begins_part(run, previous),
    };
    let mut steps = block_in_place(|| pair.of_world());
    for level in 0..new.hierarchy.levels.len() {
        steps.extend(pair.of_level(level).await?);
    }
    steps.sort_unstable_by_key(|step| (step.person, step.community));
    Ok(steps)
}

/// The results of an earlier run; `None` if they are not there, or cannot be read any more.
async fn open_previous(
    dependencies: ScoreDependencies<'_>,
    previous: RunId,
) -> Result<Option<RunResults>, ScoreError> {
    let known = run::get(dependencies.pg, previous).await?;
    if known.is_none_or(|run| run.snapshot.is_none()) {
        return Ok(None);
    }
    unless_unreadable(RunResults::open(dependencies, previous).await)
}

/// The two runs that are compared.
struct HistoryPair<'a> {
    dependencies: ScoreDependencies<'a>,
    old: Option<&'a RunResults>,
    new: &'a RunResults,
    /// Whether ranks that did not change are steps too.
    is_whole: bool,
}

impl HistoryPair<'_> {
    /// The steps of the communities that are shown by a level of the new run.
    async fn of_level(&self, level: usize) -> Result<Vec<RankStep>, ScoreError> {
        let groups: Vec<SameGroup> = self.new.groups.shown_on(level).collect();
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let people = self.dependencies.artifacts(self.new.run).people(level).await?;
        let old = self.old_tables(&groups).await?;
        let steps = |group: &SameGroup| {
            let id = self.new.id(group.first);
            let before = self.old.zip(old.get(&id));
            let before = before.map(|(run, table)| inside(run, (id, table), |_| false));
            let before = FollowedPeople::new(before.unwrap_or_default());
            let table = &people[group.shown.community.index()];
            let now = inside(self.new, (id, table), |person| before.has(person));
            self.compare(before, now)
        };
        Ok(block_in_place(|| groups.par_iter().flat_map_iter(steps).collect()))
    }

    /// The tables of those groups that the old run has too.
    async fn old_tables(
        &self,
        groups: &[SameGroup],
    ) -> Result<BTreeMap<CommunityId, CommunityPeople>, ScoreError> {
        let Some(old) = self.old else { return Ok(BTreeMap::new()) };
        let ids = groups.iter().map(|group| self.new.id(group.first));
        let known: BTreeMap<CommunityId, SameGroup> =
            ids.filter_map(|id| Some((id, old.groups.by_id(id)?))).collect();
        let levels: BTreeSet<usize> = known.values().map(|group| group.shown.level).collect();
        let mut tables = BTreeMap::new();
        for level in levels {
            let people = self.dependencies.artifacts(old.run).people(level).await?;
            let mut people: Vec<Option<CommunityPeople>> = people.into_iter().map(Some).collect();
            for (&id, group) in known.iter().filter(|(_, group)| group.shown.level == level) {
                let table = people.get_mut(group.shown.community.index()).and_then(Option::take);
                tables.extend(table.map(|table| (id, table)));
            }
        }
        Ok(tables)
    }

    fn of_world(&self) -> Vec<RankStep> {
        let before = self.old.map(|run| world(run, |_| false)).unwrap_or_default();
        let before = FollowedPeople::new(before);
        let now = world(self.new, |person| before.has(person));
        self.compare(before, now)
    }

    /// The steps of those who are followed now, or were until now.
    fn compare(&self, mut before: FollowedPeople, now: Vec<RankStep>) -> Vec<RankStep> {
        let mut steps = Vec::new();
        for one in now {
            let was = before.steps.remove(&one.person);
            let is_change = was.is_none_or(|was| !was.is_same(&one));
            if is_change || (self.is_whole && one.is_followed()) {
                steps.push(RankStep { is_change, ..one });
            }
        }
        let left = before.steps.into_values().filter(|one| self.is_listed(one.person));
        steps.extend(left.map(|one| RankStep { rank: None, attention: 0.0, support: 0.0, ..one }));
        steps
    }

    /// Whether a person is there now, and may be shown.
    fn is_listed(&self, person: PersonId) -> bool {
        let nodes = &self.new.nodes;
        nodes.person(person).is_some_and(|at| !nodes.unlisted[at])
    }
}

/// Those who were followed in a community, with their ranks.
struct FollowedPeople {
    steps: HashMap<PersonId, RankStep>,
}

impl FollowedPeople {
    fn new(steps: Vec<RankStep>) -> FollowedPeople {
        FollowedPeople { steps: steps.into_iter().map(|step| (step.person, step)).collect() }
    }

    fn has(&self, person: PersonId) -> bool {
        self.steps.contains_key(&person)
    }
}

/// The listed people of a community that are followed, and those that are wanted besides. One that is too
/// little known gives no ranks.
fn inside(
    run: &RunResults,
    (community, table): (CommunityId, &CommunityPeople),
    is_wanted: impl Fn(PersonId) -> bool,
) -> Vec<RankStep> {
    let is_known = !table.low_trust && table.trust > STRANGER_TRUST;
    let people = table.people.iter().zip(ranks(table, &run.nodes));
    let listed = people.filter(|(one, _)| !run.nodes.unlisted[one.person]);
    let step = listed.map(|(one, ranks)| RankStep {
        person: run.nodes.people[one.person],
        community,
        rank: ranks.all.filter(|_| is_known),
        attention: one.share,
        support: one.support,
        is_change: true,
    });
    step.filter(|step| step.is_followed() || is_wanted(step.person)).collect()
}

/// As [`inside`], of the whole world.
fn world(run: &RunResults, is_wanted: impl Fn(PersonId) -> bool) -> Vec<RankStep> {
    let ranks = world_ranks(&run.nodes, &run.global).into_iter_enumerated();
    let listed = ranks.filter(|&(at, _)| !run.nodes.unlisted[at]);
    let step = listed.map(|(at, rank)| RankStep {
        person: run.nodes.people[at],
        community: WORLD,
        rank,
        attention: run.global.shares[at],
        support: run.support[at],
        is_change: true,
    });
    step.filter(|step| step.is_followed() || is_wanted(step.person)).collect()
}
