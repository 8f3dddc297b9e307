//! The stages of a run, a file each.

mod changes;
mod communities;
pub mod evidence;
mod history;
mod label_names;
mod labels;
mod layout;
pub mod memberships;
mod moves;
pub mod people;
mod person_rows;
mod publish;
mod rank;
mod results;
mod same_groups;
mod shown_places;
pub mod tables;
mod topics;
mod words;

use model::RunId;
use store::pg::run;

use crate::{ScoreDependencies, ScoreError, build};

pub(crate) use communities::communities;
pub(crate) use people::people;
pub(crate) use publish::publish;
pub(crate) use rank::rank;

/// Seals the attention graph as it is now.
pub(crate) async fn snapshot(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
) -> Result<(), ScoreError> {
    build::join_persons(dependencies).await?;
    let id = build::seal_now(dependencies).await?;
    Ok(run::set_snapshot(dependencies.pg, run, id).await?)
}
