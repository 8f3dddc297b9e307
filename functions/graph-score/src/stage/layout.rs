//! The map: where people and communities lie. Sealed for everybody, so that the next run starts from it; what
//! is loaded for serving leaves out the unlisted.

use graph::{Layout, LayoutInput, PreviousLayout, layout_stage};
use model::index::{CommunityIndex, PersonIndex};
use model::map::{MapDisc, MapPlace, MappedPerson, tiles};
use model::{CommunityId, RunId};
use snapshot::load::if_readable;
use snapshot::load_nodes;
use store::pg::community::WORLD;
use store::pg::map::MapRegion;
use store::pg::publish::RunLoader;
use tokio::task::block_in_place;

use super::memberships::by_share;
use super::results::RunResults;
use super::same_groups::LevelPlace;
use super::shown_places::shown_depths;
use crate::artifacts::{RunMap, snapshot_of};
use crate::error::unless_unreadable;
use crate::world::ScoredWorld;
use crate::{ScoreDependencies, ScoreError};

/// Lays out everybody, near where the previous run did, and seals that.
pub(super) async fn layout(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
) -> Result<(), ScoreError> {
    let world = ScoredWorld::open(dependencies, run).await?;
    let results = RunResults::open(dependencies, run).await?;
    let previous = previous_layout(dependencies, &world).await?;
    let depths = shown_depths(dependencies.pg, &results).await?;
    let layout = block_in_place(|| {
        layout_stage(LayoutInput {
            hierarchy: &results.hierarchy,
            arcs: &world.attention.arcs,
            shares: &results.global.shares,
            depths: &depths,
            previous: previous.as_ref(),
        })
    });
    dependencies.artifacts(run).seal_map(&RunMap { layout, depths }).await
}

/// Where people were in the previous run, if there is a map of it that can be read.
async fn previous_layout(
    dependencies: ScoreDependencies<'_>,
    world: &ScoredWorld,
) -> Result<Option<PreviousLayout>, ScoreError> {
    let Some(previous) = world.settings.last else { return Ok(None) };
    let snapshot = snapshot_of(dependencies.pg, previous).await?;
    let nodes = if_readable(load_nodes(dependencies.objects, snapshot).await)?;
    let map = unless_unreadable(dependencies.artifacts(previous).map().await)?;
    let Some((nodes, RunMap { layout, .. })) = nodes.zip(map) else { return Ok(None) };
    let was = |&person| nodes.person(person).map(|at| layout.people[at]);
    let people = world.snapshot.nodes.people.iter().map(was).collect();
    Ok(Some(PreviousLayout { unit: layout.unit, people }))
}

/// Loads the map, without those who are not listed.
pub(super) async fn load_map(
    loader: &mut RunLoader<'_>,
    results: &RunResults,
    map: &RunMap,
) -> Result<(), ScoreError> {
    let place = |&person: &PersonIndex| {
        let is_listed = !results.nodes.unlisted[person];
        is_listed.then(|| place(results, map, person))
    };
    let places: Vec<Option<MapPlace>> = results.numbering.order.iter().map(place).collect();
    loader.map_people(&places).await?;
    loader.map_regions(&regions(results, &map.layout)).await?;
    let tiles = block_in_place(|| tiles(&mapped_people(results, map)));
    Ok(loader.map_tiles(&tiles).await?)
}

/// Where a person lies, and in which community, under the id that answers have of it.
fn place(results: &RunResults, map: &RunMap, person: PersonIndex) -> MapPlace {
    let community = || -> Option<CommunityId> {
        let level = map.depths.get(person).and_then(|depth| usize::from(depth.0).checked_sub(1))?;
        let community = results.hierarchy.levels.get(level)?.community_of[person].get()?;
        Some(results.id(results.groups.of(LevelPlace { level, community }).first))
    };
    MapPlace { disc: map.layout.people[person], community: community() }
}

/// The world and every community, each group that is the same on several levels once.
fn regions(results: &RunResults, layout: &Layout) -> Vec<MapRegion> {
    let world = MapRegion { community: WORLD, level: None, last_level: None, disc: MapDisc::WORLD };
    let mut regions = vec![world];
    let number = |level: usize| Some(u8::try_from(level).unwrap_or(u8::MAX));
    for (level, discs) in layout.regions.iter().enumerate() {
        let region = |(community, &disc): (CommunityIndex, &MapDisc)| {
            let group = results.groups.of(LevelPlace { level, community });
            let is_first = group.first == LevelPlace { level, community };
            is_first.then(|| MapRegion {
                community: results.id(group.first),
                level: number(level),
                last_level: number(group.last_level),
                disc,
            })
        };
        regions.extend(discs.iter_enumerated().filter_map(region));
    }
    regions
}

/// The listed people, those with the most attention first.
fn mapped_people(results: &RunResults, map: &RunMap) -> Vec<MappedPerson> {
    let listed = by_share(&results.global).into_iter().filter(|&one| !results.nodes.unlisted[one]);
    let mapped = |person: PersonIndex| MappedPerson {
        person: results.nodes.people[person],
        place: place(results, map, person),
    };
    listed.map(mapped).collect()
}
