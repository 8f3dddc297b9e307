//! The stage that spreads trust and ranks the whole world.

use graph::{GlobalRank, Trust, rank_stage, trust_stage};
use model::RunId;
use model::index::PersonIndex;
use model::port::{Clock, Objects};

use super::{World, open_hierarchy, seal_as};
use crate::seal::{find_sealed, key, open};
use crate::{Doors, ScoreError};

/// Spreads trust from the seeds asked for, or from automatic ones, then ranks everybody.
pub(crate) async fn rank<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    this: RunId,
) -> Result<(), ScoreError> {
    let world = World::open(doors, this).await?;
    let trust = match find_sealed(doors.objects, &key(this, "trust")).await? {
        Some(sealed) => sealed,
        None => trust(doors, this, &world).await?,
    };
    let last = warm_start(doors, &world).await?;
    let global = tokio::task::block_in_place(|| {
        let last = last.as_deref().map(AsRef::as_ref);
        rank_stage(&world.attention, &trust, last, &world.settings.rank)
    });
    seal_as(doors.objects, this, "global", &global).await
}

/// Spreads trust and seals it.
async fn trust<O: Objects, C>(
    doors: Doors<'_, O, C>,
    this: RunId,
    world: &World,
) -> Result<Trust, ScoreError> {
    let hierarchy = open_hierarchy(doors.objects, this).await?;
    let seeds = seeds(world)?;
    let trust = tokio::task::block_in_place(|| {
        trust_stage(&world.attention, &hierarchy, &seeds, &world.settings.trust)
    });
    seal_as(doors.objects, this, "trust", &trust).await?;
    Ok(trust)
}

fn seeds(world: &World) -> Result<Vec<PersonIndex>, ScoreError> {
    let asked = &world.settings.trust_seeds;
    let seeds = world.snapshot.nodes.people_of(asked);
    if seeds.is_empty() && !asked.is_empty() {
        return Err(ScoreError::Run("none of the trust seeds is in the snapshot".to_owned()));
    }
    Ok(seeds.into_iter().map(PersonIndex::new).collect())
}

/// The shares of the run before, for the persons that are still there.
async fn warm_start<O: Objects, C>(
    doors: Doors<'_, O, C>,
    world: &World,
) -> Result<Option<Vec<f32>>, ScoreError> {
    let Some(last) = world.settings.last else { return Ok(None) };
    let snapshot = super::snapshot_of(doors.pg, last).await?;
    let nodes = crate::snapshot::load_last_nodes(doors.objects, snapshot).await?;
    let Some(nodes) = nodes else { return Ok(None) };
    let global: GlobalRank = open(doors.objects, &key(last, "global")).await?;
    let share = |&person| nodes.person(person).map_or(0.0, |at| global.shares.raw[at as usize]);
    let shares = world.snapshot.nodes.people.iter().map(share);
    Ok(Some(shares.collect()))
}
