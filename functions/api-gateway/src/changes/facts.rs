//! What a filter looks at: in events as they are stored, to leave out early what cannot match; and in events as they
//! are shown, so that nothing hidden can be found by a filter.

use std::collections::HashMap;
use std::num::NonZeroU32;

use model::change::{LineageChange, MembershipChange};
use model::{ChangeFacts, ChangeFilter, ChangeKind, CommunityId, PersonId, ProfileId};
use store::pg::change::{Change, Event};

use super::view::{ChangeView, EventView};

/// The person of each profile that events are about, where a filter asks for people.
pub(super) type PersonOf = HashMap<ProfileId, PersonId>;

/// What a filter wants, and what it may want before it is known which profile shows a person.
pub(super) struct EarlyFilter<'a> {
    filter: &'a ChangeFilter,
    of_people: ChangeFilter,
}

impl<'a> EarlyFilter<'a> {
    pub(super) fn new(filter: &'a ChangeFilter) -> EarlyFilter<'a> {
        let mut of_people = filter.clone();
        of_people.platforms.clear();
        if !of_people.profiles.is_empty() {
            of_people.profiles.clear();
            of_people.people.clear();
        }
        EarlyFilter { filter, of_people }
    }

    /// Whether the event may be wanted.
    pub(super) fn may_match(&self, event: &Event, person_of: &PersonOf) -> bool {
        let facts = stored_facts(event, person_of);
        match facts.kind {
            ChangeKind::Rank | ChangeKind::Membership => self.of_people.matches(&facts),
            _ => self.filter.matches(&facts),
        }
    }
}

fn stored_facts(event: &Event, person_of: &PersonOf) -> ChangeFacts {
    let subject = event.subject;
    let facts = ChangeFacts {
        profiles: subject.into_iter().collect(),
        person: subject.and_then(|subject| person_of.get(&subject).copied()),
        ..ChangeFacts::of(event.change.kind())
    };
    match &event.change {
        Change::Arcs { .. } | Change::Gone | Change::Profile(_) => facts,
        Change::Joined(others) | Change::Parted(others) => {
            let profiles = facts.profiles.iter().chain(others).copied().collect();
            ChangeFacts { profiles, person: subject.map(ProfileId::home_person), ..facts }
        }
        Change::Rank(change) => ChangeFacts {
            person: Some(change.person),
            communities: vec![change.community],
            rank_delta: rank_delta(change.before.rank, change.after.rank),
            ..facts
        },
        Change::Membership(MembershipChange { person, before, after, .. }) => {
            ChangeFacts { person: Some(*person), communities: both(*before, *after), ..facts }
        }
        Change::Lineage(LineageChange { community, other, .. }) => {
            ChangeFacts { communities: both(Some(*community), *other), ..facts }
        }
    }
}

/// The facts of an event as it is shown.
pub(super) fn shown_facts(event: &EventView, person_of: &PersonOf) -> ChangeFacts {
    let facts = ChangeFacts {
        profiles: event.profile.into_iter().collect(),
        person: event.profile.and_then(|profile| person_of.get(&profile).copied()),
        ..ChangeFacts::of(event.kind())
    };
    match &event.change {
        ChangeView::Arcs { .. } | ChangeView::Gone | ChangeView::Profile { .. } => facts,
        ChangeView::Joined { profiles } | ChangeView::Parted { profiles } => {
            let person = event.profile.map(ProfileId::home_person);
            let profiles = facts.profiles.iter().chain(profiles).copied().collect();
            ChangeFacts { profiles, person, ..facts }
        }
        ChangeView::Rank { person, community, rank_before, rank_after, .. } => ChangeFacts {
            person: Some(*person),
            communities: vec![*community],
            rank_delta: rank_before.zip(*rank_after).map(|(a, b)| a.abs_diff(b)),
            ..facts
        },
        ChangeView::Membership { person, before, after, .. } => {
            ChangeFacts { person: Some(*person), communities: both(*before, *after), ..facts }
        }
        ChangeView::Lineage { community, other, .. } => {
            ChangeFacts { communities: both(Some(*community), *other), ..facts }
        }
    }
}

fn both(one: Option<CommunityId>, other: Option<CommunityId>) -> Vec<CommunityId> {
    one.into_iter().chain(other).collect()
}

fn rank_delta(before: Option<NonZeroU32>, after: Option<NonZeroU32>) -> Option<u32> {
    before.zip(after).map(|(before, after)| before.get().abs_diff(after.get()))
}
