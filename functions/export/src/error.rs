//! Why an export does not go on.

use model::port::PortError;
use pricing::PriceError;
use store::StoreError;
use store::table::TableError;

/// What went wrong. What was added by then stays, and the next job goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The objects, the wallet or a queue failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A part could not be written or read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// It costs more than can be counted.
    #[error(transparent)]
    Price(#[from] PriceError),
    /// The export can never be finished, for a reason that its payer may know.
    #[error("{0}")]
    GivenUp(String),
    /// It is written, and cannot be charged any more.
    #[error("the hold of its credits ended before it was charged: order it again")]
    HoldEnded,
}

impl ExportError {
    /// Whether the same job may work later.
    pub fn is_passing(&self) -> bool {
        match self {
            ExportError::Store(error) => error.is_passing(),
            ExportError::Port(error) => matches!(error, PortError::Retry(_)),
            ExportError::Table(_)
            | ExportError::Price(_)
            | ExportError::GivenUp(_)
            | ExportError::HoldEnded => false,
        }
    }
}

impl From<std::io::Error> for ExportError {
    fn from(error: std::io::Error) -> ExportError {
        ExportError::Table(error.into())
    }
}
