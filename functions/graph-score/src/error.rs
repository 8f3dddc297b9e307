//! Why a stage did not end.

use snapshot::SnapshotError;
use snapshot::artifact::ArtifactError;
use store::StoreError;

/// What went wrong in a stage. What it has sealed by then stays, and the next try continues from there.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A snapshot or an artifact failed.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Arcs that do not fit together.
    #[error("{0}")]
    Graph(String),
    /// A stored list is no adjacency.
    #[error("read a stored list: {0}")]
    List(#[from] model::adjacency::AdjacencyError),
    /// A result cannot be written as a table.
    #[error(transparent)]
    Table(#[from] store::table::TableError),
    /// The run cannot continue: it is not what the job says, or too much for this machine.
    #[error("{0}")]
    Run(String),
}

impl ScoreError {
    /// Whether the same job may work later.
    pub fn is_passing(&self) -> bool {
        match self {
            ScoreError::Store(error) => error.is_passing(),
            ScoreError::Snapshot(error) => error.is_passing(),
            _ => false,
        }
    }

    /// Whether the sealed objects are missing, broken, or of another format.
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self, ScoreError::Snapshot(error) if error.is_unreadable())
    }
}

/// `None` in place of what is missing, broken or of another format.
pub(crate) fn unless_unreadable<T>(found: Result<T, ScoreError>) -> Result<Option<T>, ScoreError> {
    match found {
        Err(error) if error.is_unreadable() => Ok(None),
        found => found.map(Some),
    }
}

impl From<ArtifactError> for ScoreError {
    fn from(error: ArtifactError) -> ScoreError {
        ScoreError::Snapshot(error.into())
    }
}

impl From<graph::CsrError> for ScoreError {
    fn from(error: graph::CsrError) -> ScoreError {
        ScoreError::Graph(error.to_string())
    }
}
