//! Loading the results of a run for serving.
//!
//! Everything goes into tables that stand alone until [`Loader::finish`] attaches them: readers
//! see a run as a whole or not at all, and a loader that died is simply begun again.

use model::{Community, CommunityId, RunId, Standing};

use super::Pg;
use super::score::PersonScore;
use crate::StoreError;

/// Fills the tables of one run.
#[derive(Debug)]
pub struct Loader<'a> {
    pg: &'a Pg,
    run: RunId,
}

impl<'a> Loader<'a> {
    /// Creates empty tables for the run; what an earlier loader left is dropped. A run that is
    /// being served is refused.
    pub async fn begin(pg: &'a Pg, run: RunId) -> Result<Loader<'a>, StoreError> {
        todo!()
    }

    /// Adds people, continuing with the next number. The most trusted come first.
    pub async fn people(&mut self, people: &[PersonScore]) -> Result<(), StoreError> {
        todo!()
    }

    /// Adds communities.
    pub async fn communities(&mut self, communities: &[Community]) -> Result<(), StoreError> {
        todo!()
    }

    /// Adds the standings of one community, by falling attention.
    pub async fn standings(
        &mut self,
        community: CommunityId,
        standings: &[Standing],
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// Adds evidence: (community, person's number, body).
    pub async fn evidence(
        &mut self,
        rows: &[(CommunityId, u32, Vec<u8>)],
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// Adds terms, each once, with the numbers of the people that have them, ascending.
    pub async fn terms(&mut self, terms: &[(String, Vec<u32>)]) -> Result<(), StoreError> {
        todo!()
    }

    /// Attaches the tables: the run can be read, and be made the active one.
    pub async fn finish(self) -> Result<(), StoreError> {
        todo!()
    }
}
