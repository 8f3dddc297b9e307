//! The stage that spreads trust and ranks the whole world.

use graph::{Trust, rank_stage, trust_stage};
use model::RunId;
use model::index::PersonIndex;
use snapshot::load::if_readable;
use snapshot::load_nodes;
use tokio::task::block_in_place;

use crate::artifacts::snapshot_of;
use crate::world::ScoredWorld;
use crate::{ScoreDependencies, ScoreError};

/// Spreads trust from the requested seeds, or from automatic ones, then ranks everybody.
pub(crate) async fn rank(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
) -> Result<(), ScoreError> {
    let world = ScoredWorld::open(dependencies, run).await?;
    let trust = match dependencies.artifacts(run).find_trust().await? {
        Some(sealed) => sealed,
        None => spread_trust(dependencies, run, &world).await?,
    };
    let previous = previous_shares(dependencies, &world).await?;
    let global = block_in_place(|| {
        let previous = previous.as_deref().map(AsRef::as_ref);
        rank_stage(&world.attention, &trust, previous, &world.settings.rank)
    });
    dependencies.artifacts(run).seal_global(&global).await
}

/// Spreads trust and seals it.
async fn spread_trust(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
    world: &ScoredWorld,
) -> Result<Trust, ScoreError> {
    let hierarchy = dependencies.artifacts(run).hierarchy().await?;
    let seeds = seeds(world)?;
    let trust =
        block_in_place(|| trust_stage(&world.attention, &hierarchy, &seeds, &world.settings.trust));
    dependencies.artifacts(run).seal_trust(&trust).await?;
    Ok(trust)
}

fn seeds(world: &ScoredWorld) -> Result<Vec<PersonIndex>, ScoreError> {
    let requested = &world.settings.trust_seeds;
    let seeds = world.snapshot.nodes.people_of(requested);
    if seeds.is_empty() && !requested.is_empty() {
        return Err(ScoreError::Run("none of the trust seeds is in the snapshot".to_owned()));
    }
    Ok(seeds)
}

/// The shares of the previous run, for the persons that are still there.
async fn previous_shares(
    dependencies: ScoreDependencies<'_>,
    world: &ScoredWorld,
) -> Result<Option<Vec<f32>>, ScoreError> {
    let Some(previous) = world.settings.last else { return Ok(None) };
    let snapshot = snapshot_of(dependencies.pg, previous).await?;
    let nodes = if_readable(load_nodes(dependencies.objects, snapshot).await)?;
    let Some(nodes) = nodes else { return Ok(None) };
    let global = dependencies.artifacts(previous).global().await?;
    let share = |&person| nodes.person(person).map_or(0.0, |at| global.shares[at]);
    let shares = world.snapshot.nodes.people.iter().map(share);
    Ok(Some(shares.collect()))
}
