//! What the record knows of persons: those who are served, with what is served of them.

use std::collections::HashMap;

use model::{PersonId, PersonKind, ProfileId};
use store::Pg;
use store::pg::person::{self, Person};
use store::pg::profile::{self, Profile};

use crate::error::Problem;
use crate::profiles::is_listed;

/// A person with those of its profiles that are listed: at least one.
///
/// Of one that was merged these are its home profile only, so that answers from runs before the
/// merge still have a name.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) id: PersonId,
    pub(crate) merged_into: Option<PersonId>,
    pub(crate) profiles: Vec<Profile>,
    /// Whether it has others too, of which nothing is told.
    pub(crate) has_hidden: bool,
}

impl Known {
    /// The profile that stands for the person in lists: the one with the most followers, of
    /// several the oldest.
    pub(crate) fn face(&self) -> Option<&Profile> {
        let followers = |profile: &&Profile| profile.followers.unwrap_or(0);
        self.profiles.iter().rev().max_by_key(followers)
    }

    /// Who it is: what any profile says, bot before organisation before person.
    pub(crate) fn kind(&self) -> PersonKind {
        self.profiles.iter().map(|profile| profile.kind).max().unwrap_or_default()
    }
}

/// The persons with these ids that are listed, in their order. A person is if one of its profiles is.
pub(crate) async fn known(pg: &Pg, ids: &[PersonId]) -> Result<Vec<Known>, Problem> {
    let people = person::get(pg, ids).await?;
    let wanted: Vec<ProfileId> = people.iter().flat_map(profiles_of).collect();
    let profiles = profile::get(pg, &wanted).await?;
    let profiles: HashMap<ProfileId, Profile> =
        profiles.into_iter().map(|profile| (profile.id, profile)).collect();
    Ok(people.into_iter().filter_map(|person| gather(person, &profiles)).collect())
}

/// The same, by id.
pub(crate) async fn by_id(pg: &Pg, ids: &[PersonId]) -> Result<HashMap<PersonId, Known>, Problem> {
    Ok(known(pg, ids).await?.into_iter().map(|person| (person.id, person)).collect())
}

fn profiles_of(person: &Person) -> Vec<ProfileId> {
    match person.merged_into {
        Some(_) => vec![ProfileId::new(person.id.number())],
        None => person.profiles.clone(),
    }
}

fn gather(person: Person, all: &HashMap<ProfileId, Profile>) -> Option<Known> {
    let ids = profiles_of(&person);
    let listed = ids.iter().filter_map(|id| all.get(id)).filter(|profile| is_listed(profile));
    let profiles: Vec<Profile> = listed.cloned().collect();
    let has_hidden = profiles.len() < ids.len();
    let known = Known { id: person.id, merged_into: person.merged_into, profiles, has_hidden };
    (!known.profiles.is_empty()).then_some(known)
}
