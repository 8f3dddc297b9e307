//! Who may be named, and beside which communities: as it is while the rows are read.

use std::collections::HashMap;

use model::{Community, CommunityId, Consent, PersonId, SensitiveTopics};
use store::Pg;
use store::pg::community::{self, WORLD};
use store::pg::people;
use store::pg::profile::Profile;

use crate::ExportError;

/// A person with those of its profiles that are listed: at least one.
#[derive(Debug, Clone)]
pub(crate) struct ListedPerson {
    pub(crate) profiles: Vec<Profile>,
}

impl ListedPerson {
    /// Whether it may be named beside a community about these topics.
    pub(crate) fn may_be_beside(&self, topics: SensitiveTopics) -> bool {
        let is_public = |profile: &&Profile| !profile.consent.has(Consent::WORDS_PRIVATE);
        let public = self.profiles.iter().filter(is_public);
        let bios = public.filter_map(|profile| profile.texts.bio.as_deref());
        search::sensitive::may_be_shown(topics, bios)
    }
}

/// Those of these people who are listed.
pub(crate) async fn listed(
    pg: &Pg,
    ids: &[PersonId],
) -> Result<HashMap<PersonId, ListedPerson>, ExportError> {
    let is_listed = |profile: &Profile| profile.gone.is_none() && profile.consent.is_listed();
    let mut listed = HashMap::with_capacity(ids.len());
    for mut person in people::load(pg, ids).await? {
        person.profiles.retain(is_listed);
        if !person.profiles.is_empty() {
            listed.insert(person.id, ListedPerson { profiles: person.profiles });
        }
    }
    Ok(listed)
}

/// What a community is about that is sensitive.
pub(crate) fn topics(community: &Community) -> SensitiveTopics {
    let labels = community.labels.iter().map(String::as_str);
    search::sensitive::about(community.sensitive, labels)
}

/// What communities are about, whatever run they are named in: each by all that kept runs say of it.
#[derive(Debug, Default)]
pub(crate) struct KnownTopics(HashMap<CommunityId, SensitiveTopics>);

impl KnownTopics {
    /// Reads those of these communities.
    pub(crate) async fn of(pg: &Pg, ids: &[CommunityId]) -> Result<KnownTopics, ExportError> {
        let mut known: HashMap<CommunityId, SensitiveTopics> = HashMap::new();
        for one in community::in_kept_runs(pg, ids).await? {
            let topics = topics(&one);
            let of_all = known.entry(one.id).or_default();
            *of_all = of_all.union(topics);
        }
        Ok(KnownTopics(known))
    }

    /// Whether a person may be named beside a community: beside the world always, beside one that is not known never.
    pub(crate) fn admit(&self, community: CommunityId, person: &ListedPerson) -> bool {
        if community == WORLD {
            return true;
        }
        self.0.get(&community).is_some_and(|&topics| person.may_be_beside(topics))
    }
}
