//! PostgreSQL, the system of record: a file for each noun, and the only place with SQL.
//!
//! A statement that answers a request is prepared once for each connection ([`mod@reading`]); the others
//! are unnamed and typed (one round trip, no prepare). Bulk values travel as arrays through `unnest`,
//! those of imports and runs by binary COPY. Every function is one statement or one transaction that is
//! tried again when the connection breaks or PostgreSQL requests it. Ids carry their platform, so the big
//! tables are partitioned by ranges of `profile_id`, one range for each platform.

pub mod account_key;
pub mod adjacency;
pub mod alert;
pub mod answer_count;
pub mod audit;
pub mod change;
pub mod community;
mod connection;
pub mod consumer;
mod copy;
pub mod crawl;
pub mod erase;
pub mod evidence;
pub mod export;
mod failure;
pub mod frontier;
pub mod history;
pub mod host;
pub mod identity;
pub mod key;
pub mod ledger;
pub mod lineage;
pub mod map;
pub mod measure;
pub mod membership;
pub mod meter_place;
mod migrate;
mod params;
mod partition;
pub mod people;
pub mod person;
pub mod platform;
pub mod price;
pub mod privacy_request;
pub mod profile;
mod profile_columns;
pub mod publish;
pub(crate) mod queue;
pub mod quote;
mod reading;
pub mod retention;
mod round_outcome;
mod row;
pub mod run;
pub mod score;
pub mod snapshot;
pub mod spending;
pub mod term;
mod transaction;
mod value;
pub(crate) mod wallet;
pub mod webhook;
mod withdrawal;

pub use connection::{Pg, Timeouts};
pub use migrate::{migrate, schema_hash};
