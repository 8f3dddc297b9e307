//! Who may be named, and beside which communities: as it is while the rows are read.

use std::collections::HashMap;

use model::{Community, CommunityId, Consent, PersonId, ProfileId, SensitiveTopics};
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
        let bios = self.public_bios().map(|(_, bio)| bio);
        search::sensitive::may_be_shown(topics, bios)
    }

    fn public_bios(&self) -> impl Iterator<Item = (ProfileId, &str)> {
        let is_public = |profile: &&Profile| !profile.consent.has(Consent::WORDS_PRIVATE);
        let public = self.profiles.iter().filter(is_public);
        public.filter_map(|profile| Some((profile.id, profile.texts.bio.as_deref()?)))
    }
}

/// The profiles by which people are named: numbers, each perhaps several times.
#[derive(Debug, Default)]
pub(crate) struct NamingProfiles {
    /// Those that are listed.
    pub(crate) listed: Vec<u64>,
    /// Those whose bios count, since a person is named beside a sensitive community.
    pub(crate) by_bio: Vec<u64>,
}

impl NamingProfiles {
    /// Adds those of a person who is named, with whether that is beside a sensitive community.
    pub(crate) fn add(&mut self, person: &ListedPerson, is_by_bio: bool) {
        self.listed.extend(person.profiles.iter().map(|profile| profile.id.number()));
        if is_by_bio {
            self.by_bio.extend(person.public_bios().map(|(id, _)| id.number()));
        }
    }

    /// Adds all of another step.
    pub(crate) fn extend(&mut self, others: NamingProfiles) {
        self.listed.extend(others.listed);
        self.by_bio.extend(others.by_bio);
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

    /// Whether what is known of a community is sensitive.
    pub(crate) fn is_sensitive(&self, community: CommunityId) -> bool {
        self.0.get(&community).is_some_and(|topics| !topics.is_empty())
    }

    /// Whether a person may be named beside a community: beside the world always, beside one that is not known never.
    pub(crate) fn admit(&self, community: CommunityId, person: &ListedPerson) -> bool {
        if community == WORLD {
            return true;
        }
        self.0.get(&community).is_some_and(|&topics| person.may_be_beside(topics))
    }
}
