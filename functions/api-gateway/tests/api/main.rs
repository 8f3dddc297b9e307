//! The router, driven in-process on a real PostgreSQL with a small run.

#![cfg(test)]

mod access;
mod accounts;
mod batches;
mod caching;
mod changes;
mod charging;
mod communities;
mod consent;
mod documents;
mod keys;
mod limits;
mod map;
mod payments;
mod people;
mod prepared;
mod prices;
mod profiles;
mod quotes;
mod refusals;
mod runs;
mod search;
mod tenancy;
mod walks;
mod world;
