//! Persons: which profiles are one human, organisation or bot.
//!
//! A person exists by itself for each profile, with the profile's number. Rows are stored only for
//! profiles whose person is not their own: a merge adds rows, and the persons left behind answer
//! with the one they were merged into; an unmerge deletes rows, and they live again. The person of
//! a group is always that of one of its profiles, so no two groups can ever share one.

use model::time::Timestamp;
use model::{PersonId, ProfileId};

use super::Pg;
use crate::StoreError;

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Its id.
    pub id: PersonId,
    /// The person that its own profile belongs to now, if that is another.
    pub merged_into: Option<PersonId>,
    /// Its profiles, sorted; none if it was merged.
    pub profiles: Vec<ProfileId>,
}

/// What saving groups changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Saved {
    /// Profiles that joined another person.
    pub joined: u64,
    /// Profiles that went back to being a person of their own.
    pub parted: u64,
}

/// The persons with these ids, in their order; unknown ones are left out.
pub async fn get(pg: &Pg, ids: &[PersonId]) -> Result<Vec<Person>, StoreError> {
    todo!()
}

/// The person of each of these profiles, in their order.
pub async fn of_profiles(pg: &Pg, ids: &[ProfileId]) -> Result<Vec<PersonId>, StoreError> {
    todo!()
}

/// Makes these groups (disjoint, of two profiles or more) the only persons of several profiles.
/// A group keeps the person that already has members, else the one with the smallest id.
pub async fn save_groups(
    pg: &Pg,
    groups: &[Vec<ProfileId>],
    now: Timestamp,
) -> Result<Saved, StoreError> {
    todo!()
}
