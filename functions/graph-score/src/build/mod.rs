//! The database → a sealed snapshot.
//!
//! A snapshot is made from that of the served run and what changed since, or from the whole database:
//! if there is no parent that can be read, if too many of its numbers are out of order, if it is broken
//! or of an older format, and if what changed does not say all ([`FullBuildReason`]). A build that dies
//! leaves objects without a manifest, which are never read, under an id that is never given again.

mod database;
mod full;
mod merge;
#[cfg(test)]
mod tests;

use model::snapshot::SnapshotManifest;
use model::{ProfileId, RunId, SnapshotId};
use snapshot::build::{BuildLimits, BuildTarget, CommunityOrder, FullBuildReason, ProfilePage};
use snapshot::load::{if_readable, open_nodes};
use snapshot::load_manifest;
use store::pg::snapshot::{NodeRow, mint};
use store::pg::{identity, person, run};

use crate::artifacts::snapshot_of;
use crate::error::unless_unreadable;
use crate::{ScoreDependencies, ScoreError};

pub use database::{DatabaseGraph, read_database};

/// A snapshot gives new numbers once one in this many is vacant or out of order.
const DISORDER: u64 = 4;

/// What became of a snapshot that was to be made from its parent.
#[derive(Debug)]
enum MergeOutcome {
    /// It is sealed.
    Sealed(SnapshotManifest),
    /// The whole database must be read.
    NeedsFullBuild(FullBuildReason),
}

/// The run that is served, and its snapshot.
struct ServedSnapshot {
    run: RunId,
    manifest: SnapshotManifest,
}

/// Turns the claims in the database into links, and the links into persons.
pub(crate) async fn join_persons(dependencies: ScoreDependencies<'_>) -> Result<(), ScoreError> {
    let links = identity::proven(dependencies.pg).await?;
    let pairs: Vec<(ProfileId, ProfileId)> = links.iter().map(|link| (link.a, link.b)).collect();
    let groups = graph::union::groups(&pairs);
    person::save_groups(dependencies.pg, &groups, dependencies.clock.now()).await?;
    Ok(())
}

/// Seals the attention graph as the database has it now.
pub(crate) async fn seal_now(
    dependencies: ScoreDependencies<'_>,
) -> Result<SnapshotId, ScoreError> {
    let served = served_snapshot(dependencies).await?;
    if let Some(parent) =
        served.as_ref().map(|served| &served.manifest).filter(|one| is_parent(one))
    {
        match seal_from_parent(dependencies, BuildLimits::default(), parent).await {
            Ok(MergeOutcome::Sealed(manifest)) => return Ok(manifest.id),
            Ok(MergeOutcome::NeedsFullBuild(reason)) => {
                tracing::info!(parent = %parent.id, ?reason, "the whole database is read");
            }
            Err(error) if error.is_unreadable() => {
                tracing::warn!(parent = %parent.id, %error, "the whole database is read");
            }
            Err(error) => return Err(error),
        }
    }
    let order = match &served {
        Some(served) => community_order(dependencies, served).await?,
        None => None,
    };
    Ok(seal_full(dependencies, BuildLimits::default(), order.as_ref()).await?.id)
}

/// Seals a snapshot of the whole database.
async fn seal_full(
    dependencies: ScoreDependencies<'_>,
    limits: BuildLimits,
    order: Option<&CommunityOrder>,
) -> Result<SnapshotManifest, ScoreError> {
    full::seal(dependencies, target(dependencies, limits).await?, order).await
}

/// Seals a snapshot of a parent and what changed since.
async fn seal_from_parent(
    dependencies: ScoreDependencies<'_>,
    limits: BuildLimits,
    parent: &SnapshotManifest,
) -> Result<MergeOutcome, ScoreError> {
    merge::seal(dependencies, target(dependencies, limits).await?, parent).await
}

async fn target<'a>(
    dependencies: ScoreDependencies<'a>,
    limits: BuildLimits,
) -> Result<BuildTarget<'a>, ScoreError> {
    let id = mint(dependencies.pg).await?;
    Ok(BuildTarget { objects: dependencies.objects, id, limits })
}

/// The run that is served, if its snapshot can be read.
async fn served_snapshot(
    dependencies: ScoreDependencies<'_>,
) -> Result<Option<ServedSnapshot>, ScoreError> {
    let Some(run) = run::active(dependencies.pg).await? else { return Ok(None) };
    let id = snapshot_of(dependencies.pg, run).await?;
    let manifest = if_readable(load_manifest(dependencies.objects, id).await)?;
    Ok(manifest.map(|manifest| ServedSnapshot { run, manifest }))
}

/// Whether a snapshot may be made from this one: its arcs can be read, and its numbers are worth
/// keeping. A snapshot that was made before there were communities is given an order by the next one.
fn is_parent(manifest: &SnapshotManifest) -> bool {
    let vacant = manifest.numbers.saturating_sub(manifest.profiles);
    let late = manifest.numbers.saturating_sub(manifest.ordered);
    manifest.format == snapshot::FORMAT && (late + vacant) * DISORDER <= manifest.numbers
}

/// The persons of the served run in the order of their communities; `None` if it cannot be read.
async fn community_order(
    dependencies: ScoreDependencies<'_>,
    served: &ServedSnapshot,
) -> Result<Option<CommunityOrder>, ScoreError> {
    let hierarchy = dependencies.artifacts(served.run).hierarchy().await;
    let Some(hierarchy) = unless_unreadable(hierarchy)? else { return Ok(None) };
    let nodes = if_readable(open_nodes(dependencies.objects, &served.manifest).await)?;
    Ok(nodes.map(|nodes| CommunityOrder::new(nodes, &hierarchy)))
}

/// A stored page as a build takes it; `None` if the profile must leave every snapshot.
fn to_page(row: &NodeRow) -> Option<ProfilePage> {
    let is_there = row.gone.is_none() && !row.consent.has(model::Consent::REFUSED);
    is_there.then(|| ProfilePage {
        id: row.id,
        person: row.person,
        kind: row.kind,
        unlisted: row.consent.has(model::Consent::UNLISTED),
    })
}
