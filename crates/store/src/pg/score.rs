//! The people of a run: numbered from the most trusted on, with their global scores.

use std::num::NonZeroU32;

use model::{PersonId, PersonKind, RunId};

use super::Pg;
use crate::StoreError;

/// One person of a run. Its number is its place in the order of trust, 0 the most trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PersonScore {
    /// The person.
    pub person: PersonId,
    /// Who it is.
    pub kind: PersonKind,
    /// Never listed or suggested: shown only to those who ask for it by id.
    pub unlisted: bool,
    /// Share of all attention; shares sum to 1.
    pub attention: f32,
    /// Attention on the scale 0 to 1000.
    pub score: u16,
    /// Trust.
    pub trust: f32,
    /// Global rank; `None` under the noise level.
    pub rank: Option<NonZeroU32>,
}

/// The people with these numbers, in their order; unknown ones are `None`.
pub async fn get(
    pg: &Pg,
    run: RunId,
    numbers: &[u32],
) -> Result<Vec<Option<PersonScore>>, StoreError> {
    todo!()
}

/// The numbers of these persons in the run, in their order; `None` for those not in it.
pub async fn numbers(
    pg: &Pg,
    run: RunId,
    people: &[PersonId],
) -> Result<Vec<Option<u32>>, StoreError> {
    todo!()
}

/// The people from number `first` on, at most `limit`.
pub async fn page(
    pg: &Pg,
    run: RunId,
    first: u32,
    limit: u32,
) -> Result<Vec<PersonScore>, StoreError> {
    todo!()
}
