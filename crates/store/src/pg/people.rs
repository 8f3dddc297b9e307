//! Persons with their profiles, for answers.

use std::collections::{HashMap, HashSet};

use model::{PersonId, ProfileId};

use super::Pg;
use super::person;
use super::profile::{self, HomeProfile, Profile};
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

/// The persons with these ids and their profiles, in their order and each once; unknown ones are left out.
pub async fn load(pg: &Pg, ids: &[PersonId]) -> Result<Vec<PersonWithProfiles>, StoreError> {
    let homes: Vec<ProfileId> = ids.iter().map(|id| ProfileId::new(id.number())).collect();
    let homes = profile::homes(pg, &homes).await?;
    let others = homes.iter().filter(|home| home.merged_into().is_none());
    let others: Vec<ProfileId> = others.flat_map(|home| &home.others).copied().collect();
    let others = profile::get(pg, &others).await?;
    let mut others: HashMap<ProfileId, Profile> =
        others.into_iter().map(|profile| (profile.id, profile)).collect();
    let gather = |home: HomeProfile| {
        let (id, merged_into) = (home.profile.id.home_person(), home.merged_into());
        let mut profiles: Vec<Profile> =
            home.others.iter().filter_map(|id| others.remove(id)).collect();
        profiles.push(home.profile);
        profiles.sort_unstable_by_key(|profile| profile.id);
        PersonWithProfiles { id, merged_into, profiles }
    };
    Ok(homes.into_iter().map(gather).collect())
}

/// Those of these persons that may be in answers, in no order: one of whose profiles is listed; of one that
/// was merged, its own.
pub async fn listed(pg: &Pg, ids: &[PersonId]) -> Result<HashSet<PersonId>, StoreError> {
    let people = person::get(pg, ids).await?;
    let own = |id: PersonId| ProfileId::new(id.number());
    let profiles_of = |one: &person::Person| match one.merged_into {
        Some(_) => vec![own(one.id)],
        None => one.profiles.clone(),
    };
    let profiles: Vec<ProfileId> = people.iter().flat_map(profiles_of).collect();
    let listed = profile::listed(pg, &profiles).await?;
    let is_listed = |one: &&person::Person| profiles_of(one).iter().any(|id| listed.contains(id));
    Ok(people.iter().filter(is_listed).map(|one| one.id).collect())
}

impl HomeProfile {
    /// The person that it belongs to, if that is not the one that was created for it.
    fn merged_into(&self) -> Option<PersonId> {
        let Profile { id, person, .. } = self.profile;
        Some(person).filter(|&person| person != id.home_person())
    }
}
