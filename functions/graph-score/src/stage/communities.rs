//! The stage that finds communities and keeps their ids.

use graph::lineage::{CommunityEvent, continued_levels, follow};
use graph::{Hierarchy, Level, OptionalCommunity, community_stage_across};
use model::index::{CommunityIndex, PersonIndex};
use model::{CommunityId, EventKind, LineageEvent, RunId};
use snapshot::load::if_readable;
use snapshot::{Nodes, load_nodes};
use store::Pg;
use store::pg::community;
use tokio::task::block_in_place;

use crate::artifacts::snapshot_of;
use crate::community_names::{CommunityNames, LevelNames};
use crate::world::ScoredWorld;
use crate::{ScoreDependencies, ScoreError};

/// Finds the hierarchy, warm-started from the previous run, and names it. Ids are minted once for a run,
/// so that the worker after one that died gives the same ones.
pub(crate) async fn communities(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
) -> Result<(), ScoreError> {
    let artifacts = dependencies.artifacts(run);
    let settings = artifacts.settings().await?;
    let snapshot = snapshot_of(dependencies.pg, run).await?;
    let nodes = load_nodes(dependencies.objects, snapshot).await?;
    let previous = match settings.last {
        Some(previous) => PreviousCommunities::open(dependencies, previous, &nodes).await?,
        None => None,
    };
    let hierarchy = match artifacts.find_hierarchy().await? {
        Some(sealed) => sealed,
        None => search(dependencies, run, previous.as_ref()).await?,
    };
    let names = name(dependencies.pg, run, &hierarchy, previous.as_ref()).await?;
    artifacts.seal_names(&names).await
}

/// Finds the hierarchy and seals it.
async fn search(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
    previous: Option<&PreviousCommunities>,
) -> Result<Hierarchy, ScoreError> {
    let world = ScoredWorld::open(dependencies, run).await?;
    let platform_of = world.snapshot.nodes.platform_of();
    let hierarchy = block_in_place(|| {
        let start = previous.map(|previous| &previous.hierarchy);
        community_stage_across(&world.attention, &platform_of, start, &world.settings.communities)
    });
    dependencies.artifacts(run).seal_hierarchy(&hierarchy).await?;
    Ok(hierarchy)
}

/// The communities of the previous run, over this snapshot's persons.
struct PreviousCommunities {
    hierarchy: Hierarchy,
    names: CommunityNames,
}

impl PreviousCommunities {
    async fn open(
        dependencies: ScoreDependencies<'_>,
        run: RunId,
        nodes: &Nodes,
    ) -> Result<Option<PreviousCommunities>, ScoreError> {
        let snapshot = snapshot_of(dependencies.pg, run).await?;
        let old = if_readable(load_nodes(dependencies.objects, snapshot).await)?;
        let Some(old) = old else { return Ok(None) };
        let artifacts = dependencies.artifacts(run);
        let mut hierarchy = artifacts.hierarchy().await?;
        let names = artifacts.names().await?;
        let positions = nodes.people.iter().map(|&person| old.person(person));
        let positions: Vec<Option<PersonIndex>> = positions.collect();
        for level in &mut hierarchy.levels {
            let of = |position: &Option<PersonIndex>| {
                position.map_or(OptionalCommunity::NONE, |at| level.community_of[at])
            };
            level.community_of = positions.iter().map(of).collect();
        }
        Ok(Some(PreviousCommunities { hierarchy, names }))
    }

    /// The end of all communities of levels that no new one continues.
    fn ended<'a>(
        &'a self,
        continues: &'a [Option<usize>],
    ) -> impl Iterator<Item = LineageEvent> + 'a {
        let levels = self.names.levels.iter().enumerate();
        let lost = levels.filter(|(at, _)| !continues.contains(&Some(*at)));
        lost.flat_map(|(at, names)| {
            names.ids.iter().map(move |&community| LineageEvent {
                level: u8::try_from(at).unwrap_or(u8::MAX),
                community,
                event: EventKind::Died,
                other: None,
                shared: 0,
            })
        })
    }
}

/// How a level continues the previous run's: the ids kept in its order, and what happened.
struct ContinuedLevel<'a> {
    kept: Vec<Option<CommunityId>>,
    events: Vec<CommunityEvent>,
    old_ids: &'a [CommunityId],
}

/// Gives every community an id: that of the one it continues, or a new one.
async fn name(
    pg: &Pg,
    run: RunId,
    hierarchy: &Hierarchy,
    previous: Option<&PreviousCommunities>,
) -> Result<CommunityNames, ScoreError> {
    let continues = previous.map_or_else(
        || vec![None; hierarchy.levels.len()],
        |previous| continued_levels(&resolutions(&previous.hierarchy), &resolutions(hierarchy)),
    );
    let levels: Vec<ContinuedLevel<'_>> = hierarchy
        .levels
        .iter()
        .zip(&continues)
        .map(|(level, &old)| continued(level, previous.zip(old)))
        .collect();
    let missing = levels.iter().flat_map(|level| &level.kept).filter(|id| id.is_none()).count();
    let count = u32::try_from(missing).unwrap_or(u32::MAX);
    let mut fresh = community::mint_once(pg, run, count).await?.into_iter();
    let mut names = CommunityNames::default();
    for (number, level) in levels.iter().enumerate() {
        let ids = level.kept.iter().map(|id| id.or_else(|| fresh.next()));
        let ids: Option<Vec<CommunityId>> = ids.collect();
        let ids = ids.ok_or_else(|| ScoreError::Run("too few community ids".to_owned()))?;
        let events = level
            .events
            .iter()
            .filter_map(|event| lineage_event(number, event, &ids, level.old_ids));
        names.lineage.extend(events);
        names.levels.push(LevelNames { ids, labels: Vec::new(), topics: Vec::new() });
    }
    names.lineage.extend(previous.into_iter().flat_map(|previous| previous.ended(&continues)));
    Ok(names)
}

fn resolutions(hierarchy: &Hierarchy) -> Vec<f64> {
    hierarchy.levels.iter().map(|level| level.resolution).collect()
}

/// A level with the ids of the one that it continues, where they are kept.
fn continued<'a>(
    level: &Level,
    old: Option<(&'a PreviousCommunities, usize)>,
) -> ContinuedLevel<'a> {
    let Some((previous, at)) = old else { return all_born(level) };
    let (old, old_ids) = (&previous.hierarchy.levels[at], previous.names.levels[at].ids.as_slice());
    let lineage = follow(old, level);
    let kept = lineage.kept.iter().map(|old| old.map(|old| old_ids[old.index()]));
    ContinuedLevel { kept: kept.collect(), events: lineage.events, old_ids }
}

fn all_born(level: &Level) -> ContinuedLevel<'static> {
    let born =
        |number| CommunityEvent { kind: EventKind::Born, new: Some(number), old: None, shared: 0 };
    ContinuedLevel {
        kept: vec![None; level.communities as usize],
        events: (0..level.communities).map(CommunityIndex::new).map(born).collect(),
        old_ids: &[],
    }
}

fn lineage_event(
    level: usize,
    event: &CommunityEvent,
    ids: &[CommunityId],
    old_ids: &[CommunityId],
) -> Option<LineageEvent> {
    let new = event.new.map(|new| ids[new.index()]);
    let old = event.old.map(|old| old_ids[old.index()]);
    let (community, other) = match event.kind {
        EventKind::Merged | EventKind::Died => (old?, new),
        EventKind::Born | EventKind::Split => (new?, old),
        EventKind::Grown | EventKind::Shrunk => (new?, None),
    };
    let level = u8::try_from(level).unwrap_or(u8::MAX);
    Some(LineageEvent { level, community, event: event.kind, other, shared: event.shared })
}
