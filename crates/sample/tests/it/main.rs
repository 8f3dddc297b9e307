//! The sample web as a crawler meets it: worlds, protocols over real HTTP, limits and faults.

#![cfg(test)]

mod bluesky;
mod client;
mod crawl;
mod faults;
mod fediverse;
mod handmade;
mod limits;
mod world;
