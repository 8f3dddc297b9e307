//! The stage that finds communities, keeps their ids, and labels them.

use graph::labels::LabelCounter;
use graph::lineage::{Event, EventKind, Lineage, follow};
use graph::{Hierarchy, Level, NO_COMMUNITY, community_stage_across};
use model::port::{Clock, Objects};
use model::{CommunityId, RunId};
use store::pg::{community, run};

use super::names::{LevelNames, LineageEvent, Names};
use super::{World, open_hierarchy, seal_as, snapshot_of, words};
use crate::seal::{key, open};
use crate::snapshot::{self, Nodes};
use crate::{Doors, ScoreError};

/// Labels kept of each community.
const LABELS_MAX: usize = 8;

/// Finds the hierarchy, warm-started from the served run, and names it.
pub(crate) async fn communities<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    this: RunId,
) -> Result<(), ScoreError> {
    let world = World::open(doors, this).await?;
    let last = Last::open(doors, &world.snapshot.nodes).await?;
    let platforms = world.snapshot.nodes.platforms();
    let hierarchy = tokio::task::block_in_place(|| {
        let start = last.as_ref().map(|last| &last.hierarchy);
        community_stage_across(&world.attention, &platforms, start, &world.settings.communities)
    });
    seal_as(doors.objects, this, "hierarchy", &hierarchy).await?;
    let mut names = name(doors, &hierarchy, last.as_ref()).await?;
    label(doors, &world.snapshot.nodes, &hierarchy, &mut names).await?;
    seal_as(doors.objects, this, "names", &names).await
}

/// The communities of the served run, over this snapshot's persons.
struct Last {
    hierarchy: Hierarchy,
    names: Names,
}

impl Last {
    async fn open<O: Objects, C>(
        doors: Doors<'_, O, C>,
        nodes: &Nodes,
    ) -> Result<Option<Last>, ScoreError> {
        let Some(run) = run::active(doors.pg).await? else { return Ok(None) };
        let snapshot = snapshot_of(doors.pg, run).await?;
        let old = snapshot::load_last_nodes(doors.objects, snapshot).await?;
        let Some(old) = old else { return Ok(None) };
        let mut hierarchy = open_hierarchy(doors.objects, run).await?;
        let names = open(doors.objects, &key(run, "names")).await?;
        let places: Vec<Option<usize>> =
            nodes.people.iter().map(|&person| Some(old.person(person)? as usize)).collect();
        for level in &mut hierarchy.levels {
            let of =
                |place: &Option<usize>| place.map_or(NO_COMMUNITY, |at| level.community_of[at]);
            level.community_of = places.iter().map(of).collect();
        }
        Ok(Some(Last { hierarchy, names }))
    }

    /// The last run's level that a level continues: the one of the nearest resolution.
    fn level(&self, resolution: f64) -> Option<usize> {
        let distance = |level: &Level| (level.resolution.ln() - resolution.ln()).abs();
        let levels = self.hierarchy.levels.iter().enumerate();
        levels.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1))).map(|(at, _)| at)
    }
}

/// Gives every community an id: that of the one it continues, or a new one.
async fn name<O, C>(
    doors: Doors<'_, O, C>,
    hierarchy: &Hierarchy,
    last: Option<&Last>,
) -> Result<Names, ScoreError> {
    let mut names = Names::default();
    for (number, level) in hierarchy.levels.iter().enumerate() {
        let before = last.and_then(|last| Some((last, last.level(level.resolution)?)));
        let lineage = before.map(|(last, at)| {
            let old = &last.hierarchy.levels[at];
            let old = (old.community_of.as_slice(), old.communities);
            follow(old, (&level.community_of, level.communities))
        });
        let old_ids = before.map(|(last, at)| last.names.levels[at].ids.as_slice());
        let lineage = lineage.unwrap_or_else(|| all_born(level));
        let ids = give_ids(doors, &lineage, old_ids.unwrap_or_default(), &names).await?;
        let events = lineage.events.iter();
        let told =
            events.filter_map(|event| tell(number, event, &ids, old_ids.unwrap_or_default()));
        names.lineage.extend(told);
        names.levels.push(LevelNames { ids, labels: Vec::new() });
    }
    Ok(names)
}

fn all_born(level: &Level) -> Lineage {
    let born = |number| Event { kind: EventKind::Born, new: Some(number), old: None, shared: 0 };
    Lineage {
        kept: vec![None; level.communities as usize],
        events: (0..level.communities).map(born).collect(),
    }
}

/// Old ids where they are kept and no coarser level has taken them already, else new ones.
async fn give_ids<O, C>(
    doors: Doors<'_, O, C>,
    lineage: &Lineage,
    old_ids: &[CommunityId],
    taken: &Names,
) -> Result<Vec<CommunityId>, ScoreError> {
    let is_taken = |id: &CommunityId| taken.levels.iter().any(|level| level.ids.contains(id));
    let kept: Vec<Option<CommunityId>> = lineage
        .kept
        .iter()
        .map(|old| old.map(|old| old_ids[old as usize]).filter(|id| !is_taken(id)))
        .collect();
    let missing = kept.iter().filter(|id| id.is_none()).count();
    let minted = community::mint(doors.pg, u32::try_from(missing).unwrap_or(u32::MAX)).await?;
    let mut fresh = minted.into_iter();
    let ids: Option<Vec<CommunityId>> =
        kept.into_iter().map(|id| id.or_else(|| fresh.next())).collect();
    ids.ok_or_else(|| ScoreError::Run("too few community ids were minted".to_owned()))
}

fn tell(
    level: usize,
    event: &Event,
    ids: &[CommunityId],
    old_ids: &[CommunityId],
) -> Option<LineageEvent> {
    let new = event.new.map(|new| ids[new as usize]);
    let old = event.old.map(|old| old_ids[old as usize]);
    let (community, other) = match event.kind {
        EventKind::Merged | EventKind::Died => (old?, new),
        EventKind::Born | EventKind::Split => (new?, old),
        EventKind::Grown | EventKind::Shrunk => (new?, None),
    };
    let level = u8::try_from(level).unwrap_or(u8::MAX);
    Some(LineageEvent { level, community, event: event.kind, other, shared: event.shared })
}

async fn label<O, C>(
    doors: Doors<'_, O, C>,
    nodes: &Nodes,
    hierarchy: &Hierarchy,
    names: &mut Names,
) -> Result<(), ScoreError> {
    let words = words::by_person(doors.pg, nodes).await?;
    for (level, names) in hierarchy.levels.iter().zip(&mut names.levels) {
        let mut counter = LabelCounter::new(level.communities);
        for (person, words) in words.iter().enumerate() {
            let community = level.community_of[person];
            if community != NO_COMMUNITY && !words.is_empty() {
                counter.add(community, &words::told(words));
            }
        }
        names.labels = counter.labels(LABELS_MAX);
    }
    Ok(())
}
