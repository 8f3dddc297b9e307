//! PostgreSQL, the record: a file for each noun, and the only place with SQL.
//!
//! A statement that answers a request is prepared once for each connection ([`mod@reading`]); the others
//! are unnamed and typed (one round trip, no prepare). Bulk values travel as arrays
//! through `unnest`, and every function is one statement or one transaction that is tried again
//! when the connection breaks or PostgreSQL asks for it. Ids carry their platform, so the big
//! tables are partitioned by ranges of `profile_id`, one range for each platform.

pub mod adjacency;
pub mod audit;
pub mod change;
pub mod community;
mod connection;
pub mod crawl;
pub mod erase;
pub mod evidence;
pub mod frontier;
pub mod host;
pub mod ident;
pub mod identity;
pub mod key;
pub mod measure;
pub mod membership;
mod migrate;
mod partition;
pub mod people;
pub mod person;
pub mod profile;
pub mod publish;
pub(crate) mod queue;
mod reading;
pub mod retention;
pub mod run;
pub mod score;
pub mod snapshot;
pub mod term;
mod transaction;
mod value;

pub use connection::{Pg, Timeouts};
pub use migrate::{migrate, schema_hash};
