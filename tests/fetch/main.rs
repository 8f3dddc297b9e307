//! Fetch jobs against a real PostgreSQL and scripted hosts.
#![cfg(test)]

mod deadline;
mod events;
mod jobs;
mod proofs;
mod seeds;
mod world;
