//! The router, driven in-process on a real PostgreSQL with a small run.

#![cfg(test)]

mod access;
mod batches;
mod caching;
mod changes;
mod communities;
mod consent;
mod documents;
mod people;
mod prepared;
mod profiles;
mod refusals;
mod runs;
mod search;
mod walks;
mod world;
