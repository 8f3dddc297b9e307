//! What the meter works with.

use model::port::Clock;
use store::Pg;
use store::pg::ledger::PgLedger;
use store::queue::StoredQueue;
use store::wallet::StoredWallet;

use crate::PriceTargets;

/// What one invocation is given.
#[derive(Clone, Copy)]
pub struct MeterDependencies<'a> {
    /// The database: the ledger, prices, alerts.
    pub pg: &'a Pg,
    /// What payers were charged.
    pub wallet: &'a StoredWallet,
    /// Where doorbells ring.
    pub queue: &'a StoredQueue,
    /// The present.
    pub clock: &'a dyn Clock,
    /// How much of each class should be used.
    pub targets: &'a PriceTargets,
}

impl MeterDependencies<'_> {
    /// The ledger.
    pub(crate) fn ledger(&self) -> PgLedger {
        PgLedger::new(self.pg.clone())
    }
}
