//! The map: where people and communities lie. Sealed for everybody, so that the next run starts from it; what
//! is loaded for serving leaves out the unlisted.

use graph::{
    Hierarchy, HomeDepth, Layout, LayoutInput, PreviousLayout, layout_stage, visible_depths,
};
use model::index::{CommunityIndex, PersonIndex};
use model::map::{MapDisc, MappedPerson, tiles};
use model::{CommunityId, RunId};
use snapshot::load::if_readable;
use snapshot::load_nodes;
use store::pg::community::WORLD;
use store::pg::map::MapRegion;
use store::pg::publish::RunLoader;
use tokio::task::block_in_place;
use typed_index_collections::TiVec;

use super::memberships::by_share;
use super::results::RunResults;
use crate::artifacts::snapshot_of;
use crate::world::ScoredWorld;
use crate::{ScoreDependencies, ScoreError};

/// Lays out everybody, near where the previous run did, and seals that.
pub(super) async fn layout(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
) -> Result<(), ScoreError> {
    let world = ScoredWorld::open(dependencies, run).await?;
    let artifacts = dependencies.artifacts(run);
    let (hierarchy, global) = (artifacts.hierarchy().await?, artifacts.global().await?);
    let previous = previous_layout(dependencies, &world).await?;
    let depths = depths(&hierarchy);
    let layout = block_in_place(|| {
        layout_stage(LayoutInput {
            hierarchy: &hierarchy,
            arcs: &world.attention.arcs,
            shares: &global.shares,
            depths: &depths,
            previous: previous.as_ref(),
        })
    });
    artifacts.seal_layout(&layout).await
}

/// In which community each person lies, for outside eyes: in its finest one, as long as no membership is hidden.
fn depths(hierarchy: &Hierarchy) -> TiVec<PersonIndex, HomeDepth> {
    visible_depths(hierarchy, |_, _, _| false)
}

/// Where people were in the previous run, if there is a map of it that can be read.
async fn previous_layout(
    dependencies: ScoreDependencies<'_>,
    world: &ScoredWorld,
) -> Result<Option<PreviousLayout>, ScoreError> {
    let Some(previous) = world.settings.last else { return Ok(None) };
    let snapshot = snapshot_of(dependencies.pg, previous).await?;
    let nodes = if_readable(load_nodes(dependencies.objects, snapshot).await)?;
    let layout = readable(dependencies.artifacts(previous).find_layout().await)?;
    let Some((nodes, layout)) = nodes.zip(layout) else { return Ok(None) };
    let was = |&person| nodes.person(person).map(|at| layout.people[at]);
    let people = world.snapshot.nodes.people.iter().map(was).collect();
    Ok(Some(PreviousLayout { unit: layout.unit, people }))
}

/// The layout of the previous run; one of another format, or a broken one, counts as none.
fn readable(found: Result<Option<Layout>, ScoreError>) -> Result<Option<Layout>, ScoreError> {
    match found {
        Err(ScoreError::Snapshot(error)) if error.is_unreadable() => {
            tracing::warn!(%error, "without the previous layout people get new places");
            Ok(None)
        }
        found => found,
    }
}

/// Loads the map, without those who are not listed.
pub(super) async fn load_map(
    loader: &mut RunLoader<'_>,
    results: &RunResults,
    layout: &Layout,
) -> Result<(), ScoreError> {
    let disc = |&person: &PersonIndex| {
        let is_listed = !results.nodes.unlisted[person];
        is_listed.then(|| layout.people[person])
    };
    let discs: Vec<Option<MapDisc>> = results.numbering.order.iter().map(disc).collect();
    loader.map_people(&discs).await?;
    loader.map_regions(&regions(results, layout)).await?;
    let tiles = block_in_place(|| tiles(&mapped_people(results, layout)));
    Ok(loader.map_tiles(&tiles).await?)
}

/// The world and every community.
fn regions(results: &RunResults, layout: &Layout) -> Vec<MapRegion> {
    let people = results.nodes.people.len();
    let world = MapRegion {
        community: WORLD,
        level: None,
        members: u32::try_from(people).unwrap_or(u32::MAX),
        disc: MapDisc::WORLD,
    };
    let mut regions = vec![world];
    for (at, (level, discs)) in results.hierarchy.levels.iter().zip(&layout.regions).enumerate() {
        let sizes = level.sizes();
        let region = |(community, &disc): (CommunityIndex, &MapDisc)| MapRegion {
            community: results.names.levels[at].ids[community.index()],
            level: Some(u8::try_from(at).unwrap_or(u8::MAX)),
            members: u32::try_from(sizes[community]).unwrap_or(u32::MAX),
            disc,
        };
        regions.extend(discs.iter_enumerated().map(region));
    }
    regions
}

/// The listed people, those with the most attention first.
fn mapped_people(results: &RunResults, layout: &Layout) -> Vec<MappedPerson> {
    let depths = depths(&results.hierarchy);
    let community = |person: PersonIndex| -> Option<CommunityId> {
        let level = usize::from(depths[person].0).checked_sub(1)?;
        let community = results.hierarchy.levels[level].community_of[person].get()?;
        Some(results.names.levels[level].ids[community.index()])
    };
    let listed = by_share(&results.global).into_iter().filter(|&one| !results.nodes.unlisted[one]);
    let mapped = |person: PersonIndex| MappedPerson {
        person: results.nodes.people[person],
        disc: layout.people[person],
        community: community(person),
    };
    listed.map(mapped).collect()
}
