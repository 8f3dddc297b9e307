//! Why a stage did not end.

use model::snapshot::SnapshotManifestError;
use store::StoreError;

use crate::seal::SealError;

/// What went wrong in a stage. What it has sealed by then stays, and whoever tries again goes on from
/// there.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The record failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sealed object failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A snapshot cannot be read.
    #[error(transparent)]
    Manifest(#[from] SnapshotManifestError),
    /// Arcs that do not fit together.
    #[error("{0}")]
    Graph(String),
    /// A list of the record is no adjacency.
    #[error("read a list of the record: {0}")]
    List(#[from] model::adjacency::AdjacencyError),
    /// A result cannot be written as a table.
    #[error(transparent)]
    Table(#[from] store::table::TableError),
    /// The run cannot go on: it is not what the job takes it for, or too much for this machine.
    #[error("{0}")]
    Run(String),
}

impl ScoreError {
    /// Whether the same job may work later.
    pub fn is_passing(&self) -> bool {
        match self {
            ScoreError::Store(error) => error.is_passing(),
            ScoreError::Seal(SealError::Port { source, .. }) => {
                matches!(source, model::port::PortError::Retry(_))
            }
            _ => false,
        }
    }
}

impl From<graph::CsrError> for ScoreError {
    fn from(error: graph::CsrError) -> ScoreError {
        ScoreError::Graph(error.to_string())
    }
}
