//! A run beside the world that it was crawled from.

use model::index::ProfileIndex;
use sample::SampleWorld;
use sample::world::AccountId;
use typed_index_collections::TiVec;

use crate::commands::served::ServedRun;

/// A run and the planted account of each of its profiles.
pub(super) struct PlantedRun<'a> {
    pub(super) world: &'a SampleWorld,
    pub(super) served: &'a ServedRun<'a>,
    pub(super) accounts: TiVec<ProfileIndex, Option<AccountId>>,
}
