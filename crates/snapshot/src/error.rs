//! Why a snapshot cannot be made or read.

use model::SnapshotId;
use model::snapshot::SnapshotManifestError;

use crate::artifact::ArtifactError;

/// Why a snapshot cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// A sealed object failed.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The manifest cannot be used, or a shard is not the one that it names.
    #[error(transparent)]
    Manifest(#[from] SnapshotManifestError),
    /// An older version wrote the arcs; nodes of that format are still read.
    #[error("the arcs of snapshot {id} have format {format}, which this version cannot read")]
    OldArcs {
        /// The snapshot.
        id: SnapshotId,
        /// Its format.
        format: u32,
    },
    /// The arcs do not fit together.
    #[error(transparent)]
    Rows(#[from] graph::CsrError),
}

impl SnapshotError {
    /// Whether the sealed objects are missing, broken, or of another format.
    pub fn is_unreadable(&self) -> bool {
        match self {
            SnapshotError::Artifact(error) => error.is_unreadable(),
            SnapshotError::Manifest(_) | SnapshotError::OldArcs { .. } => true,
            SnapshotError::Rows(_) => false,
        }
    }

    /// Whether the same call may work later.
    pub fn is_passing(&self) -> bool {
        matches!(self, SnapshotError::Artifact(error) if error.is_passing())
    }
}
