//! Databases, clocks and the ports' suites, for tests only.
//!
//! [`database()`] gives each test a database of its own, migrated and empty, on `DATABASE_URL` or on
//! a cluster that the test processes of one machine share and the last of them stops.

mod clock;
mod database;
mod explained;
mod ledger;
mod objects;
mod queue;
mod server;
mod wallet;

pub use clock::Frozen;
pub use database::{Database, database};
pub use explained::{Explained, Read, Reads, explained};
pub use ledger::ledger_suite;
pub use objects::objects_suite;
pub use queue::queue_suite;
pub use wallet::wallet_suite;
