//! What a scoring works with.

use model::RunId;
use model::port::Clock;
use snapshot::ObjectStore;
use store::Pg;

use crate::artifacts::RunArtifacts;

/// What one invocation is given.
#[derive(Clone, Copy)]
pub struct ScoreDependencies<'a> {
    /// The database.
    pub pg: &'a Pg,
    /// Snapshots and artifacts.
    pub objects: ObjectStore<'a>,
    /// The present.
    pub clock: &'a dyn Clock,
}

impl<'a> ScoreDependencies<'a> {
    /// The artifacts of a run.
    pub(crate) fn artifacts(self, run: RunId) -> RunArtifacts<'a> {
        RunArtifacts { objects: self.objects, run }
    }
}
