//! Who is in another main community than in the previous run, and what happened to communities: for the change
//! stream.
//!
//! A person's main community is the one that it belongs to most on the leaf level. At most [`MOVES_MAX`] people of
//! a run are reported, the most attended first. People who are unlisted in either run are not, nor are those who
//! are not in this one: their profiles are gone, or joined another person, which is an event of its own.

use std::collections::BTreeSet;

use model::change::{LineageChange, MembershipChange};
use model::index::PersonIndex;
use model::{CommunityId, LineageEvent, RunId};
use snapshot::load::if_readable;
use snapshot::{Nodes, load_nodes};
use typed_index_collections::TiVec;

use super::memberships::by_share;
use super::results::RunResults;
use super::same_groups::SameGroups;
use crate::artifacts::{MOVES, snapshot_of};
use crate::{ScoreDependencies, ScoreError};

/// The most people of one run that are reported.
const MOVES_MAX: usize = 100_000;

/// Seals who moved, so that every try to publish the run reports the same.
pub(super) async fn moves(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
) -> Result<(), ScoreError> {
    let found = match dependencies.artifacts(run).settings().await?.last {
        Some(previous) => find_moves(dependencies, previous, run).await?,
        None => Vec::new(),
    };
    dependencies.artifacts(run).seal(MOVES, &found).await
}

async fn find_moves(
    dependencies: ScoreDependencies<'_>,
    previous: RunId,
    run: RunId,
) -> Result<Vec<MembershipChange>, ScoreError> {
    let Some(old) = LeafCommunities::find(dependencies, previous).await? else {
        return Ok(Vec::new());
    };
    let Some(new) = LeafCommunities::find(dependencies, run).await? else {
        return Ok(Vec::new());
    };
    let global = dependencies.artifacts(run).global().await?;
    let mut moved: Vec<MembershipChange> =
        by_share(&global).into_iter().filter_map(|at| moved(&old, &new, at, run)).collect();
    if moved.len() > MOVES_MAX {
        tracing::warn!(%run, moved = moved.len(), MOVES_MAX, "not all who moved are reported");
        moved.truncate(MOVES_MAX);
    }
    Ok(moved)
}

/// The change of a person of the new run; `None` if it may not be named or is where it was.
fn moved(
    old: &LeafCommunities,
    new: &LeafCommunities,
    at: PersonIndex,
    run: RunId,
) -> Option<MembershipChange> {
    let person = new.nodes.people[at];
    let before = old.nodes.person(person);
    if new.nodes.unlisted[at] || before.is_some_and(|at| old.nodes.unlisted[at]) {
        return None;
    }
    let (before, after) = (before.and_then(|at| old.main[at]), new.main[at]);
    (before != after).then_some(MembershipChange { person, run, before, after })
}

/// The main communities of a run's people.
struct LeafCommunities {
    nodes: Nodes,
    main: TiVec<PersonIndex, Option<CommunityId>>,
}

impl LeafCommunities {
    /// Those of a run; `None` if its people cannot be read any more.
    async fn find(
        dependencies: ScoreDependencies<'_>,
        run: RunId,
    ) -> Result<Option<LeafCommunities>, ScoreError> {
        let snapshot = snapshot_of(dependencies.pg, run).await?;
        let nodes = if_readable(load_nodes(dependencies.objects, snapshot).await)?;
        let Some(nodes) = nodes else { return Ok(None) };
        let artifacts = dependencies.artifacts(run);
        let (hierarchy, names) = (artifacts.hierarchy().await?, artifacts.names().await?);
        let ids = names.levels.get(hierarchy.leaf).map(|level| &level.ids);
        let (Some(level), Some(ids)) = (hierarchy.levels.get(hierarchy.leaf), ids) else {
            return Ok(None);
        };
        // Under the id that lists have of the group.
        let groups = SameGroups::new(&hierarchy, &names);
        let id = |community: &graph::OptionalCommunity| {
            let id = community.get().and_then(|community| ids.get(community.index()).copied());
            id.map(|id| groups.first_of(id))
        };
        let main = level.community_of.iter().map(id).collect();
        Ok(Some(LeafCommunities { nodes, main }))
    }
}

/// What happened to a run's communities, under the ids that lists have of them: what happened to a group on several
/// levels happened once.
pub(super) fn lineage_changes(run: RunId, results: &RunResults) -> Vec<LineageChange> {
    let groups = SameGroups::new(&results.hierarchy, &results.names);
    let change = |event: &LineageEvent| LineageChange {
        community: groups.first_of(event.community),
        run,
        level: event.level,
        kind: event.event,
        other: event.other.map(|other| groups.first_of(other)),
        shared: event.shared,
    };
    let mut seen = BTreeSet::new();
    let changes = results.names.lineage.iter().map(change);
    changes.filter(|change| seen.insert((change.community, change.kind))).collect()
}
