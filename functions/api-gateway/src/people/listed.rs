//! People with those of their profiles that may be in answers.

use std::collections::HashMap;

use model::{PersonId, PersonKind};
use store::Pg;
use store::pg::people::{self, PersonWithProfiles};
use store::pg::profile::Profile;

use crate::error::Problem;
use crate::profiles::is_listed;

/// A person with those of its profiles that are listed: at least one.
///
/// Of one that was merged these are its home profile only, so that answers from runs before the
/// merge still have a name.
#[derive(Debug, Clone)]
pub(crate) struct ListedPerson {
    pub(crate) id: PersonId,
    pub(crate) merged_into: Option<PersonId>,
    pub(crate) profiles: Vec<Profile>,
    /// Whether it has further profiles, which are not in answers.
    pub(crate) has_hidden: bool,
}

impl ListedPerson {
    /// The profile that lists show: the one with the most followers, of several the oldest.
    pub(crate) fn face(&self) -> Option<&Profile> {
        let followers = |profile: &&Profile| profile.followers.unwrap_or(0);
        self.profiles.iter().rev().max_by_key(followers)
    }

    /// The kind that any profile has: bot before organisation before person.
    pub(crate) fn kind(&self) -> PersonKind {
        self.profiles.iter().map(|profile| profile.kind).max().unwrap_or_default()
    }
}

/// The persons with these ids that are listed, in their order. A person is if one of its profiles is.
pub(crate) async fn load(pg: &Pg, ids: &[PersonId]) -> Result<Vec<ListedPerson>, Problem> {
    let people = people::load(pg, ids).await?;
    Ok(people.into_iter().filter_map(without_hidden).collect())
}

/// People who are listed, by id.
pub(crate) type ListedPeople = HashMap<PersonId, ListedPerson>;

/// The same, by id.
pub(crate) async fn load_by_id(pg: &Pg, ids: &[PersonId]) -> Result<ListedPeople, Problem> {
    Ok(load(pg, ids).await?.into_iter().map(|person| (person.id, person)).collect())
}

fn without_hidden(person: PersonWithProfiles) -> Option<ListedPerson> {
    let PersonWithProfiles { id, merged_into, mut profiles } = person;
    let all = profiles.len();
    profiles.retain(is_listed);
    let has_hidden = profiles.len() < all;
    (!profiles.is_empty()).then_some(ListedPerson { id, merged_into, profiles, has_hidden })
}
