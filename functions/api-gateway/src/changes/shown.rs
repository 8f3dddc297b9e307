//! Which events are shown, and what of them: what consent allows now.

use std::collections::{HashMap, HashSet};

use model::change::MembershipChange;
use model::{CommunityId, PersonId, ProfileId};
use store::Pg;
use store::pg::change::{Change, Event, PlacedEvent};
use store::pg::profile;

use super::view::{ChangeView, EventView};
use crate::error::Problem;
use crate::people::{ListedPerson, load_by_id};
use crate::sensitive::MembershipGates;

/// Who of those that events name is listed.
struct ListedNames {
    profiles: HashSet<ProfileId>,
    people: HashMap<PersonId, ListedPerson>,
    gates: MembershipGates,
}

impl ListedNames {
    /// The person, if it may be named beside the community.
    fn beside(&self, community: CommunityId, person: PersonId) -> Option<&ListedPerson> {
        self.people.get(&person).filter(|person| self.gates.admit(community, &person.profiles))
    }
}

/// The events as they are shown; those of which nothing remains are left out.
pub(super) async fn shown(pg: &Pg, events: Vec<PlacedEvent>) -> Result<Vec<EventView>, Problem> {
    let mut profiles: Vec<ProfileId> =
        events.iter().flat_map(|placed| named(&placed.event)).collect();
    profiles.sort_unstable();
    profiles.dedup();
    let mut people: Vec<PersonId> =
        events.iter().flat_map(|placed| people(&placed.event)).collect();
    people.sort_unstable();
    people.dedup();
    let mut communities: Vec<CommunityId> =
        events.iter().flat_map(|placed| communities(&placed.event)).collect();
    communities.sort_unstable();
    communities.dedup();
    let listed = ListedNames {
        profiles: profile::listed(pg, &profiles).await?,
        people: load_by_id(pg, &people).await?,
        gates: MembershipGates::of_kept_runs(pg, &communities).await?,
    };
    Ok(events.into_iter().filter_map(|placed| view(placed, &listed)).collect())
}

/// The profiles that an event names.
pub(super) fn named(event: &Event) -> impl Iterator<Item = ProfileId> {
    let (some, more): (&[ProfileId], &[ProfileId]) = match &event.change {
        Change::Joined(others) | Change::Parted(others) => (others, &[]),
        Change::Arcs { added, removed, .. } => (added, removed),
        Change::Gone
        | Change::Rank(_)
        | Change::Membership(_)
        | Change::Lineage(_)
        | Change::Profile(_) => (&[], &[]),
    };
    some.iter().chain(more).copied().chain(event.subject)
}

/// The people that an event names.
fn people(event: &Event) -> Vec<PersonId> {
    match &event.change {
        Change::Rank(change) => {
            change.reasons.iter().map(|reason| reason.person).chain([change.person]).collect()
        }
        Change::Membership(change) => vec![change.person],
        _ => Vec::new(),
    }
}

/// The communities beside which an event names people.
fn communities(event: &Event) -> Vec<CommunityId> {
    match &event.change {
        Change::Rank(change) => vec![change.community],
        Change::Membership(change) => [change.before, change.after].into_iter().flatten().collect(),
        _ => Vec::new(),
    }
}

/// The event without what is not listed; `None` if nothing remains.
fn view(placed: PlacedEvent, all: &ListedNames) -> Option<EventView> {
    let PlacedEvent { position, event: Event { at, subject, change, .. } } = placed;
    let (profile, change) = match change {
        Change::Rank(_) | Change::Membership(_) | Change::Lineage(_) => {
            of_community(subject, change, all)?
        }
        change => (subject, of_profile(subject?, change, all)?),
    };
    Some(EventView { seq: position, position: [position.number(), 0], at, profile, change })
}

/// An event that names a community, with the profile that shows its person; `None` if it is not shown. This is the
/// one place that decides whether events about communities are.
fn of_community(
    subject: Option<ProfileId>,
    change: Change,
    all: &ListedNames,
) -> Option<(Option<ProfileId>, ChangeView)> {
    match change {
        Change::Rank(change) => {
            let at = change.community;
            let profile = shown_of(all.beside(at, change.person)?, subject?)?;
            let is_shown = |person| all.beside(at, person).is_some();
            Some((Some(profile), ChangeView::rank(change, is_shown)))
        }
        Change::Membership(change) => {
            let person = all.people.get(&change.person)?;
            let shown =
                |at: Option<CommunityId>| at.filter(|&at| all.gates.admit(at, &person.profiles));
            let (before, after) = (shown(change.before), shown(change.after));
            // Where neither end may be shown, nothing happened for those outside.
            let change = MembershipChange { before, after, ..change };
            let profile = shown_of(person, subject?)?;
            (before != after).then(|| (Some(profile), ChangeView::membership(change)))
        }
        Change::Lineage(change) => Some((None, ChangeView::lineage(change))),
        _ => None,
    }
}

/// What happened to a profile, or to the profiles of its person.
fn of_profile(subject: ProfileId, change: Change, all: &ListedNames) -> Option<ChangeView> {
    let listed = |others: Vec<ProfileId>| -> Vec<ProfileId> {
        others.into_iter().filter(|id| all.profiles.contains(id)).collect()
    };
    let some = |others| Some(listed(others)).filter(|others| !others.is_empty());
    match change {
        Change::Gone => Some(ChangeView::Gone),
        _ if !all.profiles.contains(&subject) => None,
        Change::Arcs { layer, direction, added, removed } => {
            let (added, removed) = (listed(added).len(), listed(removed).len());
            let is_shown = layer.is_served() && added + removed > 0;
            is_shown.then_some(ChangeView::Arcs { layer, direction, added, removed })
        }
        Change::Joined(others) => Some(ChangeView::Joined { profiles: some(others)? }),
        Change::Parted(others) => Some(ChangeView::Parted { profiles: some(others)? }),
        Change::Profile(fields) => {
            let fields = fields.into_iter().map(model::change::ProfileField::slug).collect();
            Some(ChangeView::Profile { fields })
        }
        Change::Rank(_) | Change::Membership(_) | Change::Lineage(_) => None,
    }
}

/// The profile that a person was minted for or, if that one is not listed, its main profile.
fn shown_of(person: &ListedPerson, home: ProfileId) -> Option<ProfileId> {
    let is_home = person.profiles.iter().any(|profile| profile.id == home);
    if is_home { Some(home) } else { person.face().map(|face| face.id) }
}
