//! Whose membership in a community may be shown: the one place that decides.
//!
//! In a community about something sensitive a membership is shown only for people who name the topic in
//! a bio that is listed and public, as it is when the answer is made. Of all others there is no row, no
//! rank, no evidence and no event that says so; an answer is what it would be if they had nothing
//! to do with the community. Whatever names a person beside a community asks a [`MembershipGate`].

use std::collections::HashMap;

use model::{Community, CommunityId, Consent, SensitiveKind, SensitiveTopics};
use store::Pg;
use store::pg::community::{self, WORLD};
use store::pg::profile::Profile;

use crate::error::Problem;

/// Whose membership in one community may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MembershipGate {
    /// Of everybody who is listed, or who names these topics, if there are any.
    Topics(SensitiveTopics),
    /// Of no one: what the community is about is not known.
    Closed,
}

impl MembershipGate {
    /// The gate of a community in a run.
    pub(crate) fn of(community: &Community) -> MembershipGate {
        MembershipGate::Topics(topics_of(community))
    }

    /// Whether a person with these listed profiles may be named beside the community.
    pub(crate) fn admits(self, listed: &[Profile]) -> bool {
        match self {
            MembershipGate::Topics(topics) => {
                search::sensitive::may_be_shown(topics, public_bios(listed))
            }
            MembershipGate::Closed => false,
        }
    }
}

/// The bios of those profiles whose words may be public.
fn public_bios(listed: &[Profile]) -> impl Iterator<Item = &str> {
    let is_public = |profile: &&Profile| !profile.consent.has(Consent::WORDS_PRIVATE);
    listed.iter().filter(is_public).filter_map(|profile| profile.texts.bio.as_deref())
}

/// The kinds of what a community is about that is sensitive.
pub(crate) fn kinds_of(community: &Community) -> Vec<SensitiveKind> {
    topics_of(community).kinds().collect()
}

/// What it is about.
fn topics_of(community: &Community) -> SensitiveTopics {
    let labels = community.labels.iter().map(String::as_str);
    search::sensitive::about(community.sensitive, labels)
}

/// The gates of several communities.
#[derive(Debug, Default)]
pub(crate) struct MembershipGates(HashMap<CommunityId, MembershipGate>);

impl MembershipGates {
    /// Of communities of one run.
    pub(crate) fn of<'a>(communities: impl IntoIterator<Item = &'a Community>) -> MembershipGates {
        let gates = communities.into_iter().map(|one| (one.id, MembershipGate::of(one)));
        MembershipGates(gates.collect())
    }

    /// Reads those of communities whatever run they are named in, such as in the change log: each by all
    /// that kept runs say of it.
    pub(crate) async fn of_kept_runs(
        pg: &Pg,
        ids: &[CommunityId],
    ) -> Result<MembershipGates, Problem> {
        let ids: Vec<CommunityId> = ids.iter().copied().filter(|&id| id != WORLD).collect();
        if ids.is_empty() {
            return Ok(MembershipGates::default());
        }
        let mut topics: HashMap<CommunityId, SensitiveTopics> = HashMap::new();
        for one in community::in_kept_runs(pg, &ids).await? {
            let known = topics.entry(one.id).or_default();
            *known = known.union(topics_of(&one));
        }
        let gates = topics.into_iter().map(|(id, topics)| (id, MembershipGate::Topics(topics)));
        Ok(MembershipGates(gates.collect()))
    }

    /// The gate of one: open for the world, closed where nothing is known of the community.
    pub(crate) fn get(&self, id: CommunityId) -> MembershipGate {
        if id == WORLD {
            return MembershipGate::Topics(SensitiveTopics::NONE);
        }
        self.0.get(&id).copied().unwrap_or(MembershipGate::Closed)
    }

    /// Whether a person with these listed profiles may be named beside a community.
    pub(crate) fn admit(&self, id: CommunityId, listed: &[Profile]) -> bool {
        self.get(id).admits(listed)
    }
}

#[cfg(test)]
mod tests {
    use model::profile_text::ProfileTexts;
    use model::{PersonKind, Platform, ProfileId, SensitiveTopic};

    use super::*;

    fn community(id: u64, labels: &[&str], sensitive: SensitiveTopics) -> Community {
        Community {
            id: CommunityId::new(id),
            parent: None,
            level: 0,
            last_level: 0,
            same_as: None,
            members: 9,
            trust: 0.5,
            low_trust: false,
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
            sensitive,
        }
    }

    fn person(bios: &[(&str, Consent)]) -> Vec<Profile> {
        let profile = |(number, &(bio, consent)): (u64, &(&str, Consent))| {
            let id = ProfileId::on(Platform::BLUESKY, number);
            Profile {
                id,
                person: id.home_person(),
                native_id: None,
                handle: Some("muslim.example.org".to_owned()),
                texts: ProfileTexts { bio: Some(bio.to_owned()), ..ProfileTexts::default() },
                followers: None,
                following: None,
                posts: None,
                kind: PersonKind::Unknown,
                consent,
                gone: None,
                created_at: None,
                crawled_at: None,
            }
        };
        (1..).zip(bios).map(profile).collect()
    }

    #[test]
    fn a_membership_is_told_of_those_whose_public_bio_names_the_topic() {
        let open = Consent::default();
        let mosque = MembershipGate::of(&community(1, &["mosque", "tea"], SensitiveTopics::NONE));
        for (bios, shown) in [
            (vec![("baker", open)], false),
            (vec![("muslim, baker", open)], true),
            (vec![("muslim, baker", Consent::WORDS_PRIVATE)], false),
            (vec![("pastor, baptist", open)], false),
            (vec![("no religion", open), ("muslimah", open)], true),
            (vec![("see @mosque", open)], false),
        ] {
            assert_eq!(mosque.admits(&person(&bios)), shown, "{bios:?}");
        }
        let tea = MembershipGate::of(&community(2, &["tea"], SensitiveTopics::NONE));
        assert!(tea.admits(&person(&[("baker", Consent::WORDS_PRIVATE)])));
    }

    #[test]
    fn what_the_run_found_counts_beside_the_labels() {
        let unnamed = community(1, &["tea"], SensitiveTopic::Hiv.into());
        let baker = person(&[("baker", Consent::default())]);
        assert!(!MembershipGate::of(&unnamed).admits(&baker));
        assert_eq!(kinds_of(&unnamed), [SensitiveKind::Health]);
        let both = community(1, &["queer"], SensitiveTopic::Hiv.into());
        assert_eq!(kinds_of(&both), [SensitiveKind::Health, SensitiveKind::Sexuality]);
        assert!(!MembershipGate::of(&both).admits(&person(&[("queer", Consent::default())])));
    }

    #[test]
    fn what_is_not_known_is_not_told_but_of_the_world_all_is() {
        let gates = MembershipGates::of(&[community(1, &["tea"], SensitiveTopics::NONE)]);
        let baker = person(&[("baker", Consent::default())]);
        assert!(gates.admit(CommunityId::new(1), &baker) && gates.admit(WORLD, &baker));
        assert!(!gates.admit(CommunityId::new(2), &baker));
    }
}
