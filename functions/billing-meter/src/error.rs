//! Why the meter could not do all of its work.

use model::port::PortError;
use pricing::history::EpochFault;
use store::StoreError;

/// What went wrong. What was done by then stays, and the next time continues from there.
#[derive(Debug, thiserror::Error)]
pub enum MeterError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The wallet, the ledger or the queue failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// An epoch does not follow from the published ones.
    #[error("publish a price: {0}")]
    Price(#[from] EpochFault),
    /// Statements could not be sealed.
    #[error("seal statements: {failed} of {payers} payers failed, such as {payer}: {why}")]
    Statements {
        /// How many failed.
        failed: u64,
        /// Of how many.
        payers: u64,
        /// One of them.
        payer: model::PayerId,
        /// Why.
        why: String,
    },
}
