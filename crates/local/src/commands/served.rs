//! The served run as exports and comparisons read it.

use anyhow::{Context as _, Result};
use graph_score::SealedRun;
use model::index::{PersonIndex, RunPerson};
use store::pg::score;
use typed_index_collections::TiVec;

use crate::home::BorgHome;
use crate::naming::NodeNames;

/// People read at a time.
const PAGE: u32 = 2_000;

/// The artifacts of the served run, and the names of its profiles.
pub(crate) struct ServedRun<'a> {
    pub(crate) home: &'a BorgHome,
    pub(crate) sealed: SealedRun,
    pub(crate) names: NodeNames,
}

impl ServedRun<'_> {
    /// Opens the served run.
    pub(crate) async fn open(home: &BorgHome) -> Result<ServedRun<'_>> {
        let sealed = SealedRun::active(&home.pg, &home.objects).await?;
        let names = NodeNames::of(&home.pg, &sealed.nodes.profiles).await?;
        Ok(ServedRun { home, sealed, names })
    }

    /// The person index of each person of the run, by its number in the run.
    pub(crate) async fn person_indexes(&self) -> Result<TiVec<RunPerson, PersonIndex>> {
        let mut indexes = TiVec::with_capacity(self.sealed.nodes.people.len());
        loop {
            let (run, next) = (self.sealed.run, indexes.len() as u32);
            let page = score::page(&self.home.pg, run, next, PAGE).await?;
            if page.is_empty() {
                return Ok(indexes);
            }
            for score in page {
                let index = self.sealed.nodes.person(score.person);
                indexes.push(index.with_context(|| format!("{} is not in its run", score.person))?);
            }
        }
    }
}
