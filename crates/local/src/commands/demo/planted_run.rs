//! A run beside the world that it was crawled from.

use sample::SampleWorld;
use sample::world::AccountId;

use crate::commands::served::ServedRun;

/// A run and the planted account of each of its profiles.
pub(super) struct PlantedRun<'a> {
    pub(super) world: &'a SampleWorld,
    pub(super) served: &'a ServedRun<'a>,
    pub(super) accounts: Vec<Option<AccountId>>,
}
