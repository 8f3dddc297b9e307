//! How ranks changed since the previous run, and who caused it.
//!
//! A change is reported of a person who is or was among the first [`compare::HEAD`] of a community that both runs
//! have (of a group that is the same on several levels once), or of the world: if it moved by at least a fifth of its better rank, or if it got or lost its
//! rank. At most [`CHANGES_MAX`] changes of a run are reported, the best ranks first. The reasons are
//! exact: each contributor's part in either run is computed from that run's own arcs. People who are
//! unlisted in either run, or gone, are neither subjects nor reasons. If the previous run's arcs cannot be
//! read any more, changes have no reasons.

mod compare;
mod ranked_run;
mod reasons;

use std::collections::HashSet;

use model::rank_change::RankChange;
use model::{CommunityId, RunId};
use snapshot::load::if_readable;
use snapshot::load_nodes;
use store::pg::community::WORLD;

use super::same_groups::SameGroups;
use crate::artifacts::{CHANGES, snapshot_of};
use crate::{ScoreDependencies, ScoreError};
use compare::{MovedRank, compare};
use ranked_run::{RankedRun, RunPair};
use reasons::{ChangeReasons, find_reasons};

/// The most changes of one run that are reported.
const CHANGES_MAX: usize = 1_000;

/// Seals the changes of a run, so that every try to publish it reports the same ones.
pub(super) async fn changes(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
) -> Result<(), ScoreError> {
    let changes = match dependencies.artifacts(run).settings().await?.last {
        Some(previous) => find_changes(dependencies, previous, run).await?,
        None => Vec::new(),
    };
    dependencies.artifacts(run).seal(CHANGES, &changes).await
}

async fn find_changes(
    dependencies: ScoreDependencies<'_>,
    previous: RunId,
    run: RunId,
) -> Result<Vec<RankChange>, ScoreError> {
    let snapshot = snapshot_of(dependencies.pg, previous).await?;
    let nodes = if_readable(load_nodes(dependencies.objects, snapshot).await)?;
    let Some(nodes) = nodes else { return Ok(Vec::new()) };
    let old = RankedRun::open(dependencies.artifacts(previous), nodes).await?;
    let snapshot = snapshot_of(dependencies.pg, run).await?;
    let nodes = load_nodes(dependencies.objects, snapshot).await?;
    let pair = RunPair { old, new: RankedRun::open(dependencies.artifacts(run), nodes).await? };
    let groups = SameGroups::new(&pair.new.artifacts.hierarchy().await?, &pair.new.names);
    let moved = moved_ranks(&pair, &groups).await?;
    let mut reasons = match moved.is_empty() {
        true => ChangeReasons::new(),
        false => find_reasons(dependencies, &pair, &moved).await?,
    };
    let changes = moved.into_iter().map(|moved| RankChange {
        person: moved.person,
        community: groups.first_of(moved.community),
        run,
        reasons: reasons.remove(&(moved.community, moved.person)).unwrap_or_default(),
        before: moved.before,
        after: moved.after,
    });
    Ok(changes.collect())
}

/// The changes that are reported, the best ranks first.
async fn moved_ranks(
    pair: &RunPair<'_>,
    groups: &SameGroups,
) -> Result<Vec<MovedRank>, ScoreError> {
    let mut moved = compare(WORLD, pair.old.world(), pair.new.world());
    for level in 0..pair.new.names.levels.len() {
        let ids = &pair.new.names.levels[level].ids;
        let shown = groups.shown_on(level).map(|group| ids[group.shown.community.index()]);
        let all: HashSet<CommunityId> = shown.collect();
        let found = pair.map_common(level, &all, |community| {
            let (old, new) = (pair.old.inside(community.old), pair.new.inside(community.new));
            compare(community.id, old, new)
        });
        moved.extend(found.await?.into_iter().flatten());
    }
    moved.retain(|moved| pair.may_name(moved.person));
    moved.sort_by_key(|moved| (moved.better_rank(), moved.community, moved.person));
    moved.truncate(CHANGES_MAX);
    Ok(moved)
}
