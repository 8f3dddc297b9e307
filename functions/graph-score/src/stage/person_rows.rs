//! The attention between people, in blocks that the API reads for personal views and paths.

use graph::GlobalRank;
use graph::rank::residue_shares;
use snapshot::person_rows::{INDEX, PersonRowsInput, RowWriter, part_name};
use tokio::task::block_in_place;

use super::memberships::PersonNumbering;
use crate::ScoreError;
use crate::artifacts::RunArtifacts;
use crate::world::ScoredWorld;

/// Seals the parts, then the index: who sees the index can read all.
pub(super) async fn seal(
    artifacts: RunArtifacts<'_>,
    world: &ScoredWorld,
    global: &GlobalRank,
    numbering: &PersonNumbering,
) -> Result<(), ScoreError> {
    let (arcs, nodes) = (&world.attention.arcs, &world.snapshot.nodes);
    let residue_shares =
        block_in_place(|| residue_shares(arcs, &global.shares.raw, &world.settings.rank));
    let input = PersonRowsInput {
        arcs,
        residue_shares: &residue_shares,
        unlisted: &nodes.unlisted,
        ids: &nodes.people,
        order: &numbering.order,
    };
    let mut writer = block_in_place(|| RowWriter::new(input));
    while let Some(part) = block_in_place(|| writer.next_part()) {
        artifacts.put(&part_name(part.number), part.body).await?;
    }
    artifacts.seal(INDEX, &writer.finish()).await
}
