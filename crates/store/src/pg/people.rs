//! Persons with their profiles, for answers.

use std::collections::HashMap;

use model::{PersonId, ProfileId};
use tokio::try_join;

use super::profile::{self, Profile};
use super::{Pg, person};
use crate::StoreError;

/// One person with its profiles.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonWithProfiles {
    /// Its id.
    pub id: PersonId,
    /// The person that its own profile belongs to now, if that is another.
    pub merged_into: Option<PersonId>,
    /// Its profiles, sorted by id; of one that was merged, its own only.
    pub profiles: Vec<Profile>,
}

/// The persons with these ids and their profiles, in their order; unknown ones are left out.
pub async fn load(pg: &Pg, ids: &[PersonId]) -> Result<Vec<PersonWithProfiles>, StoreError> {
    let homes: Vec<ProfileId> = ids.iter().map(|id| ProfileId::new(id.number())).collect();
    let (profiles, members) = try_join!(profile::get(pg, &homes), person::members_of(pg, ids))?;
    let mut profiles: HashMap<ProfileId, Profile> =
        profiles.into_iter().map(|profile| (profile.id, profile)).collect();
    let others: Vec<ProfileId> = members.values().flatten().copied().collect();
    profiles.extend(profile::get(pg, &others).await?.into_iter().map(|one| (one.id, one)));
    let gather = |(&id, home): (&PersonId, ProfileId)| {
        let own = profiles.get(&home);
        let merged_into = own.map(|own| own.person).filter(|&person| person != id);
        let members = members.get(&id).map_or(&[][..], Vec::as_slice);
        let (home, members) = match merged_into {
            Some(_) => (Some(home), &[][..]),
            None => (own.map(|_| home), members),
        };
        let mut ids: Vec<ProfileId> = home.into_iter().chain(members.iter().copied()).collect();
        ids.sort_unstable();
        let profiles = ids.iter().filter_map(|id| profiles.get(id).cloned()).collect();
        (!ids.is_empty()).then_some(PersonWithProfiles { id, merged_into, profiles })
    };
    Ok(ids.iter().zip(homes).filter_map(gather).collect())
}
