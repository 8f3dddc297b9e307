//! The record on a real PostgreSQL, and the ports' suites: a file for each noun.

#![cfg(test)]

mod adjacency;
mod change;
mod crawl;
mod crawl_parts;
mod crawl_twice;
mod erase;
mod frontier;
mod host;
mod ident;
mod identity;
mod key;
mod opt_out;
mod person;
mod ports;
mod profile;
mod publish;
mod run;
mod schema;
mod snapshot;
mod web;
