//! The stage that finds communities and keeps their ids.

use graph::lineage::{CommunityEvent, EventKind, continued_levels, follow};
use graph::{Hierarchy, Level, OptionalCommunity, community_stage_across};
use model::index::{CommunityIndex, PersonIndex};
use model::port::{Clock, Objects};
use model::{CommunityId, RunId};
use store::Pg;
use store::pg::community;

use super::names::{LevelNames, LineageEvent, Names};
use super::{World, open_hierarchy, seal_as, snapshot_of};
use crate::seal::{find_sealed, key, open};
use crate::snapshot::{self, Nodes};
use crate::{Doors, RunSettings, ScoreError};

/// Finds the hierarchy, warm-started from the last run, and names it. Ids are minted once for a run,
/// so that whoever goes on after a worker that died gives the same ones.
pub(crate) async fn communities<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    this: RunId,
) -> Result<(), ScoreError> {
    let settings: RunSettings = open(doors.objects, &key(this, "settings")).await?;
    let nodes = snapshot::load_nodes(doors.objects, snapshot_of(doors.pg, this).await?).await?;
    let last = Last::open(doors, settings.last, &nodes).await?;
    let hierarchy = match find_sealed(doors.objects, &key(this, "hierarchy")).await? {
        Some(sealed) => sealed,
        None => search(doors, this, last.as_ref()).await?,
    };
    let names = name(doors.pg, this, &hierarchy, last.as_ref()).await?;
    seal_as(doors.objects, this, "names", &names).await
}

/// Finds the hierarchy and seals it.
async fn search<O: Objects, C>(
    doors: Doors<'_, O, C>,
    this: RunId,
    last: Option<&Last>,
) -> Result<Hierarchy, ScoreError> {
    let world = World::open(doors, this).await?;
    let platform_of = world.snapshot.nodes.platform_of();
    let hierarchy = tokio::task::block_in_place(|| {
        let start = last.map(|last| &last.hierarchy);
        let platform_of = platform_of.as_slice().as_ref();
        community_stage_across(&world.attention, platform_of, start, &world.settings.communities)
    });
    seal_as(doors.objects, this, "hierarchy", &hierarchy).await?;
    Ok(hierarchy)
}

/// The communities of the run before, over this snapshot's persons.
struct Last {
    hierarchy: Hierarchy,
    names: Names,
}

impl Last {
    async fn open<O: Objects, C>(
        doors: Doors<'_, O, C>,
        run: Option<RunId>,
        nodes: &Nodes,
    ) -> Result<Option<Last>, ScoreError> {
        let Some(run) = run else { return Ok(None) };
        let snapshot = snapshot_of(doors.pg, run).await?;
        let old = snapshot::load_last_nodes(doors.objects, snapshot).await?;
        let Some(old) = old else { return Ok(None) };
        let mut hierarchy = open_hierarchy(doors.objects, run).await?;
        let names = open(doors.objects, &key(run, "names")).await?;
        let places = nodes.people.iter().map(|&person| old.person(person).map(PersonIndex::new));
        let places: Vec<Option<PersonIndex>> = places.collect();
        for level in &mut hierarchy.levels {
            let of = |place: &Option<PersonIndex>| {
                place.map_or(OptionalCommunity::NONE, |at| level.community_of[at])
            };
            level.community_of = places.iter().map(of).collect();
        }
        Ok(Some(Last { hierarchy, names }))
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

/// How a level continues the last run's: the ids kept in its order, and what happened.
struct Continued<'a> {
    kept: Vec<Option<CommunityId>>,
    events: Vec<CommunityEvent>,
    old_ids: &'a [CommunityId],
}

/// Gives every community an id: that of the one it continues, or a new one.
async fn name(
    pg: &Pg,
    run: RunId,
    hierarchy: &Hierarchy,
    last: Option<&Last>,
) -> Result<Names, ScoreError> {
    let continues = last.map_or_else(
        || vec![None; hierarchy.levels.len()],
        |last| continued_levels(&resolutions(&last.hierarchy), &resolutions(hierarchy)),
    );
    let levels: Vec<Continued<'_>> = hierarchy
        .levels
        .iter()
        .zip(&continues)
        .map(|(level, &old)| continued(level, last.zip(old)))
        .collect();
    let missing = levels.iter().flat_map(|level| &level.kept).filter(|id| id.is_none()).count();
    let count = u32::try_from(missing).unwrap_or(u32::MAX);
    let mut fresh = community::mint_once(pg, run, count).await?.into_iter();
    let mut names = Names::default();
    for (number, level) in levels.iter().enumerate() {
        let ids = level.kept.iter().map(|id| id.or_else(|| fresh.next()));
        let ids: Option<Vec<CommunityId>> = ids.collect();
        let ids = ids.ok_or_else(|| ScoreError::Run("too few community ids".to_owned()))?;
        let told = level.events.iter().filter_map(|event| tell(number, event, &ids, level.old_ids));
        names.lineage.extend(told);
        names.levels.push(LevelNames { ids, labels: Vec::new() });
    }
    names.lineage.extend(last.into_iter().flat_map(|last| last.ended(&continues)));
    Ok(names)
}

fn resolutions(hierarchy: &Hierarchy) -> Vec<f64> {
    hierarchy.levels.iter().map(|level| level.resolution).collect()
}

/// A level with the ids of the one that it continues, where they are kept.
fn continued<'a>(level: &Level, old: Option<(&'a Last, usize)>) -> Continued<'a> {
    let Some((last, at)) = old else { return all_born(level) };
    let (old, old_ids) = (&last.hierarchy.levels[at], last.names.levels[at].ids.as_slice());
    let lineage = follow(old, level);
    let kept = lineage.kept.iter().map(|old| old.map(|old| old_ids[old.index()]));
    Continued { kept: kept.collect(), events: lineage.events, old_ids }
}

fn all_born(level: &Level) -> Continued<'static> {
    let born =
        |number| CommunityEvent { kind: EventKind::Born, new: Some(number), old: None, shared: 0 };
    Continued {
        kept: vec![None; level.communities as usize],
        events: (0..level.communities).map(CommunityIndex::new).map(born).collect(),
        old_ids: &[],
    }
}

fn tell(
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
