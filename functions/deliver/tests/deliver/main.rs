//! Deliveries to real receivers on this machine, by the one web client, with a clock that tests move.

#![cfg(test)]

mod outcomes;
mod receiver;
mod standard;
mod world;
