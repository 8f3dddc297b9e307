//! The router, driven in-process on a real PostgreSQL with a small run.

#![cfg(test)]

mod access;
mod accounts;
mod archive;
mod batches;
mod caching;
mod changes;
mod charging;
mod communities;
mod consent;
mod consumers;
mod documents;
mod edge;
mod event_stream;
mod exports;
mod growth;
mod history;
mod keys;
mod limits;
mod lineage;
mod map;
mod mcp;
mod paths;
mod payments;
mod people;
mod personal;
mod prepared;
mod prices;
mod privacy;
mod profiles;
mod quotes;
mod refusals;
mod runs;
mod same_groups;
mod search;
mod sensitive;
mod stream;
mod suggest;
mod tenancy;
mod walks;
mod webhooks;
mod withdrawals;
mod world;
