//! What an export works with.

use model::port::Clock;
use snapshot::ObjectStore;
use store::Pg;
use store::queue::StoredQueue;
use store::wallet::StoredWallet;

/// What one invocation is given.
#[derive(Clone, Copy)]
pub struct ExportDependencies<'a> {
    /// The database.
    pub pg: &'a Pg,
    /// Where parts are sealed.
    pub objects: ObjectStore<'a>,
    /// What holds the most of each export.
    pub wallet: &'a StoredWallet,
    /// Where jobs wait.
    pub queue: &'a StoredQueue,
    /// Where doorbells ring for charges.
    pub usage: &'a StoredQueue,
    /// The present.
    pub clock: &'a dyn Clock,
}
