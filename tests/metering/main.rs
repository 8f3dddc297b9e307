//! The meter on a real database.
#![cfg(test)]

mod alerts;
mod auditing;
mod closing;
mod posting;
mod prices;
mod sweeping;
mod world;
