//! The database on a real PostgreSQL, and the ports' suites: a file for each noun.

#![cfg(test)]

mod account_key;
mod adjacency;
mod alert;
mod answer_count;
mod change;
mod changes;
mod compat;
mod consumer;
mod crawl;
mod crawl_parts;
mod crawl_twice;
mod erase;
mod export;
mod frontier;
mod growth;
mod history;
mod host;
mod identity;
mod key;
mod ledger;
mod lineage;
mod listing;
mod map;
mod meter_place;
mod opt_out;
mod person;
mod platform;
mod ports;
mod price;
mod privacy_request;
mod profile;
mod publish;
mod quote;
mod retention;
mod run;
mod schema;
mod segment;
mod snapshot;
mod spending;
mod stream;
mod timeouts;
mod wallet;
mod web;
mod webhook;
