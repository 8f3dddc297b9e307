//! Runs: one scoring of one snapshot each, stage by stage, and the one that is served.

use model::message::Stage;
use model::time::Timestamp;
use model::{RunId, SnapshotId};

use super::Pg;
use crate::StoreError;

/// How a run stands. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum RunState {
    /// Its stages are being done.
    Running = 1,
    /// It is, or was, served.
    Published = 2,
    /// It was given up.
    Failed = 3,
    /// Its results were dropped from the record; those that are sealed stay.
    Retired = 4,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The snapshot that it scores, once there is one.
    pub snapshot: Option<SnapshotId>,
    /// How it stands.
    pub state: RunState,
    /// The stage that is sealed last.
    pub sealed: Option<Stage>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its last stage was sealed, or it failed.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
}

/// The answer to a wish to do a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageLease {
    /// Do it.
    Taken,
    /// It is sealed: there is nothing to do.
    Sealed,
    /// Another worker does it, or the stage before is not sealed yet.
    Busy,
    /// The run failed or was retired: there is nothing to do.
    Ended,
}

/// A new run, of a given snapshot or of one that is still to be sealed.
pub async fn create(
    pg: &Pg,
    snapshot: Option<SnapshotId>,
    now: Timestamp,
) -> Result<RunId, StoreError> {
    todo!()
}

/// The run with this id.
pub async fn get(pg: &Pg, id: RunId) -> Result<Option<Run>, StoreError> {
    todo!()
}

/// The newest runs, at most `limit`, older than `before`.
pub async fn list(pg: &Pg, before: Option<RunId>, limit: u32) -> Result<Vec<Run>, StoreError> {
    todo!()
}

/// Records the snapshot of a run.
pub async fn set_snapshot(pg: &Pg, id: RunId, snapshot: SnapshotId) -> Result<(), StoreError> {
    todo!()
}

/// Takes the lease on a stage. It runs out by itself, so that another worker can go on.
pub async fn lease_stage(
    pg: &Pg,
    id: RunId,
    stage: Stage,
    now: Timestamp,
    lease_seconds: u32,
) -> Result<StageLease, StoreError> {
    todo!()
}

/// Seals a stage and ends its lease. Sealing twice is no error.
pub async fn finish_stage(
    pg: &Pg,
    id: RunId,
    stage: Stage,
    now: Timestamp,
) -> Result<(), StoreError> {
    todo!()
}

/// Gives up a run, for a reason.
pub async fn fail(pg: &Pg, id: RunId, why: &str, now: Timestamp) -> Result<(), StoreError> {
    todo!()
}

/// Serves this run from now on: one row changes, readers never wait. Its results must be loaded.
pub async fn activate(pg: &Pg, id: RunId) -> Result<(), StoreError> {
    todo!()
}

/// The run that is served.
pub async fn active(pg: &Pg) -> Result<Option<RunId>, StoreError> {
    todo!()
}

/// Drops the results of a run from the record. The active run cannot be retired.
pub async fn retire(pg: &Pg, id: RunId) -> Result<(), StoreError> {
    todo!()
}
