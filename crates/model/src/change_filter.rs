//! Which events of the change stream a reader wants: one rule for pages, streams, consumers and webhooks.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::change::ChangeKind;
use crate::id::{CommunityId, PersonId, ProfileId};
use crate::platform::Platform;
use crate::whole_number;

/// The most ids that one field of a filter names.
pub const FILTER_IDS_MAX: usize = 100;

/// Which events are wanted. A field that names nothing wants all. Its JSON has the names of the parameters.
///
/// ```
/// use model::change::ChangeKind;
/// use model::change_filter::{ChangeFacts, ChangeFilter};
///
/// let filter: ChangeFilter = serde_json::from_str(r#"{"kind":["gone"]}"#).unwrap();
/// let facts = |kind| ChangeFacts::of(kind);
/// assert!(filter.matches(&facts(ChangeKind::Gone)) && !filter.matches(&facts(ChangeKind::Arcs)));
/// assert!(ChangeFilter::default().matches(&facts(ChangeKind::Arcs)));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeFilter {
    /// Events of these kinds.
    #[serde(rename = "kind", skip_serializing_if = "BTreeSet::is_empty")]
    pub kinds: BTreeSet<ChangeKind>,
    /// Events about these people or about `profiles`.
    #[serde(rename = "person", skip_serializing_if = "BTreeSet::is_empty")]
    pub people: BTreeSet<PersonId>,
    /// Events about these profiles or about `people`.
    #[serde(rename = "profile", skip_serializing_if = "BTreeSet::is_empty")]
    pub profiles: BTreeSet<ProfileId>,
    /// Events that name these communities. What is gone is wanted whatever they are: nothing says any more where
    /// it was, and who keeps it must hear.
    #[serde(rename = "community", skip_serializing_if = "BTreeSet::is_empty")]
    pub communities: BTreeSet<CommunityId>,
    /// Events about profiles of these platforms.
    #[serde(rename = "platform", skip_serializing_if = "BTreeSet::is_empty")]
    pub platforms: BTreeSet<Platform>,
    /// Of changed ranks those that moved by as much, or were got or lost. Other kinds are wanted whatever it is.
    #[serde(deserialize_with = "whole_number::some", skip_serializing_if = "Option::is_none")]
    pub min_rank_delta: Option<u32>,
}

/// What a filter looks at in an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeFacts {
    /// Its kind.
    pub kind: ChangeKind,
    /// The profiles that it names.
    pub profiles: Vec<ProfileId>,
    /// The person that it is about.
    pub person: Option<PersonId>,
    /// The communities that it names.
    pub communities: Vec<CommunityId>,
    /// How far a rank moved; `None` if it was got or lost, and of other kinds.
    pub rank_delta: Option<u32>,
}

/// A filter names more than [`FILTER_IDS_MAX`] ids in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field}: at most {FILTER_IDS_MAX} ids, not {count}")]
pub struct ChangeFilterError {
    /// The field.
    pub field: &'static str,
    /// How many ids it names.
    pub count: usize,
}

impl ChangeFacts {
    /// Those of an event of this kind that names nothing yet.
    pub const fn of(kind: ChangeKind) -> ChangeFacts {
        ChangeFacts {
            kind,
            profiles: Vec::new(),
            person: None,
            communities: Vec::new(),
            rank_delta: None,
        }
    }
}

impl ChangeFilter {
    /// Whether an event is wanted.
    pub fn matches(&self, facts: &ChangeFacts) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&facts.kind))
            && self.is_about(facts)
            && self.names_community(facts)
            && self.is_of_platform(facts)
            && self.moved_enough(facts)
    }

    fn is_about(&self, facts: &ChangeFacts) -> bool {
        (self.people.is_empty() && self.profiles.is_empty())
            || facts.person.is_some_and(|person| self.people.contains(&person))
            || facts.profiles.iter().any(|profile| self.profiles.contains(profile))
    }

    fn names_community(&self, facts: &ChangeFacts) -> bool {
        self.communities.is_empty()
            || facts.kind == ChangeKind::Gone
            || facts.communities.iter().any(|community| self.communities.contains(community))
    }

    fn is_of_platform(&self, facts: &ChangeFacts) -> bool {
        let mut platforms = facts.profiles.iter().filter_map(|profile| profile.platform());
        self.platforms.is_empty() || platforms.any(|platform| self.platforms.contains(&platform))
    }

    fn moved_enough(&self, facts: &ChangeFacts) -> bool {
        let least = self.min_rank_delta.filter(|_| facts.kind == ChangeKind::Rank);
        least.is_none_or(|least| facts.rank_delta.is_none_or(|delta| delta >= least))
    }

    /// Whether it names no more ids than a filter may.
    ///
    /// # Errors
    /// The first field that names more.
    pub fn check(&self) -> Result<(), ChangeFilterError> {
        let counts = [
            ("person", self.people.len()),
            ("profile", self.profiles.len()),
            ("community", self.communities.len()),
        ];
        let large = counts.into_iter().find(|&(_, count)| count > FILTER_IDS_MAX);
        large.map_or(Ok(()), |(field, count)| Err(ChangeFilterError { field, count }))
    }

    /// The same bytes for the same filter, however it was written.
    pub fn canonical(&self) -> Vec<u8> {
        // Sets are sorted, and all that is in them is written in one way.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(json: &str) -> ChangeFilter {
        serde_json::from_str(json).unwrap()
    }

    fn rank(person: u64, community: u64, delta: Option<u32>) -> ChangeFacts {
        ChangeFacts {
            person: Some(PersonId::new(person)),
            profiles: vec![ProfileId::on(Platform::BLUESKY, person)],
            communities: vec![CommunityId::new(community)],
            rank_delta: delta,
            ..ChangeFacts::of(ChangeKind::Rank)
        }
    }

    #[test]
    fn each_field_narrows_and_ids_of_one_field_widen() {
        let wanted = filter(r#"{"person":["per_1","per_2"],"community":["com_7"]}"#);
        assert!(wanted.matches(&rank(1, 7, Some(1))) && wanted.matches(&rank(2, 7, None)));
        assert!(!wanted.matches(&rank(3, 7, Some(1))) && !wanted.matches(&rank(1, 8, Some(1))));
        let either = filter(r#"{"person":["per_9"],"profile":["prf_2000000001"]}"#);
        assert!(either.matches(&rank(1, 7, Some(1))) && either.matches(&rank(9, 7, Some(1))));
        assert!(!either.matches(&rank(2, 7, Some(1))));
        let platform = filter(r#"{"platform":["fediverse"]}"#);
        assert!(!platform.matches(&rank(1, 7, Some(1))));
        assert!(!platform.matches(&ChangeFacts::of(ChangeKind::Lineage)));
    }

    #[test]
    fn ranks_move_far_enough_or_are_got_or_lost_and_other_kinds_pass() {
        let wanted = filter(r#"{"min_rank_delta":5}"#);
        assert!(wanted.matches(&rank(1, 7, Some(5))) && wanted.matches(&rank(1, 7, None)));
        assert!(!wanted.matches(&rank(1, 7, Some(4))));
        assert!(wanted.matches(&ChangeFacts::of(ChangeKind::Arcs)));
    }

    #[test]
    fn what_is_gone_is_heard_whatever_the_community() {
        let wanted = filter(r#"{"community":["com_7"]}"#);
        assert!(wanted.matches(&ChangeFacts::of(ChangeKind::Gone)));
        assert!(!wanted.matches(&ChangeFacts::of(ChangeKind::Arcs)));
        let kinds = filter(r#"{"community":["com_7"],"kind":["membership"]}"#);
        assert!(
            !kinds.matches(&ChangeFacts::of(ChangeKind::Gone)),
            "unless its kind is not wanted"
        );
    }

    #[test]
    fn one_filter_has_one_canonical_form_that_reads_back() {
        let one = filter(r#"{"kind":["gone","arcs","gone"],"platform":["bsky"]}"#);
        let same = filter(r#"{"platform":["bluesky"],"kind":["arcs","gone"]}"#);
        assert_eq!(one.canonical(), same.canonical());
        assert_eq!(serde_json::from_slice::<ChangeFilter>(&one.canonical()).unwrap(), one);
        assert_eq!(ChangeFilter::default().canonical(), b"{}");
        assert_ne!(one.canonical(), filter(r#"{"kind":["arcs"]}"#).canonical());
    }

    #[test]
    fn a_filter_is_bounded_and_says_which_field_is_not() {
        let people = |count: usize| ChangeFilter {
            people: (0..count as u64).map(PersonId::new).collect(),
            ..ChangeFilter::default()
        };
        assert_eq!(people(FILTER_IDS_MAX).check(), Ok(()));
        let error = people(FILTER_IDS_MAX + 1).check().unwrap_err();
        assert_eq!(error.to_string(), "person: at most 100 ids, not 101");
        assert!(serde_json::from_str::<ChangeFilter>(r#"{"people":[]}"#).is_err());
        assert!(serde_json::from_str::<ChangeFilter>(r#"{"kind":["x"]}"#).is_err());
        assert!(serde_json::from_str::<ChangeFilter>(r#"{"min_rank_delta":null}"#).is_err());
    }
}
