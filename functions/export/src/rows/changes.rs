//! A range of the change stream.

use std::collections::{HashMap, HashSet};

use model::change::{ChangeRange, LineageChange, MembershipChange, ProfileField};
use model::export::ExportPlace;
use model::{ChangeKind, ChangePosition, CommunityId, PersonId, ProfileId, RankChange};
use store::Pg;
use store::pg::change::{self, Change, ChangeScan, PlacedEvent};
use store::pg::profile;
use store::table::CellValue;

use super::{RowStep, STEP, optional_text, rank, share, text, whole};
use crate::ExportError;
use crate::consent::{KnownTopics, ListedPerson, NamingProfiles, listed};

/// All kinds but arcs.
const KINDS: &[ChangeKind] = &[
    ChangeKind::Gone,
    ChangeKind::Joined,
    ChangeKind::Parted,
    ChangeKind::Rank,
    ChangeKind::Membership,
    ChangeKind::Lineage,
    ChangeKind::Profile,
];

/// The cells of an event; all others are empty.
#[derive(Default)]
struct EventCells {
    profile: Option<ProfileId>,
    other_profile: Option<ProfileId>,
    fields: Option<String>,
    said: Vec<(usize, CellValue)>,
}

/// Columns after those that every event has: their places in the schema.
mod place {
    pub(super) const PERSON: usize = 6;
    pub(super) const RUN: usize = 7;
    pub(super) const COMMUNITY: usize = 8;
    pub(super) const OTHER_COMMUNITY: usize = 9;
    pub(super) const RANK_BEFORE: usize = 10;
    pub(super) const RANK_AFTER: usize = 11;
    pub(super) const ATTENTION_BEFORE: usize = 12;
    pub(super) const ATTENTION_AFTER: usize = 13;
    pub(super) const EVENT: usize = 14;
    pub(super) const LEVEL: usize = 15;
    pub(super) const SHARED: usize = 16;
    pub(super) const ALL: usize = 17;
}

/// Who of those that events name may be named.
struct ListedNames {
    profiles: HashSet<ProfileId>,
    people: HashMap<PersonId, ListedPerson>,
    topics: KnownTopics,
}

/// Whether all after a place is kept still.
pub(crate) async fn check_stream(pg: &Pg, place: ExportPlace) -> Result<(), ExportError> {
    if ChangePosition::new(place.row) < change::sequence(pg).await?.floor {
        let why = "what it was to have is not kept any more: order a later range";
        return Err(ExportError::GivenUp(why.to_owned()));
    }
    Ok(())
}

/// The events after a position, up to the end of the range. To be checked afterwards: [`check_stream`].
pub(super) async fn step(
    pg: &Pg,
    range: ChangeRange,
    place: ExportPlace,
) -> Result<RowStep, ExportError> {
    let after = ChangePosition::new(place.row);
    let scan = ChangeScan { after, until: range.to, kinds: KINDS, limit: STEP };
    let mut events = change::scan(pg, &scan).await?;
    let last = events.last().filter(|_| events.len() == STEP as usize).map(|event| event.position);
    // The last statement of a range may go on beyond it.
    events.retain(|event| event.position <= range.to);
    let (rows, names) = shown(pg, &events).await?;
    let next = last.filter(|&last| last < range.to);
    let next = next.map(|last| ExportPlace { row: last.number(), ..place });
    Ok(RowStep { rows, names, next })
}

async fn shown(
    pg: &Pg,
    events: &[PlacedEvent],
) -> Result<(Vec<Vec<CellValue>>, NamingProfiles), ExportError> {
    let profiles: Vec<ProfileId> = sorted(events.iter().flat_map(profiles_of).collect());
    let people: Vec<PersonId> = sorted(events.iter().filter_map(person_of).collect());
    let communities: Vec<CommunityId> = sorted(events.iter().flat_map(communities_of).collect());
    let names = ListedNames {
        profiles: profile::listed(pg, &profiles).await?,
        people: listed(pg, &people).await?,
        topics: KnownTopics::of(pg, &communities).await?,
    };
    let (mut rows, mut by) = (Vec::new(), NamingProfiles::default());
    for placed in events {
        let said = names.said(placed);
        if let Some(person) = person_of(placed).filter(|_| !said.is_empty()) {
            let mut beside = communities_of(placed).into_iter();
            let is_by_bio = beside.any(|community| names.topics.is_sensitive(community));
            names.people.get(&person).into_iter().for_each(|person| by.add(person, is_by_bio));
        }
        rows.extend(said.into_iter().map(|cells| row(placed, cells)));
    }
    Ok((rows, by))
}

fn sorted<T: Ord>(mut ids: Vec<T>) -> Vec<T> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn profiles_of(placed: &PlacedEvent) -> Vec<ProfileId> {
    let others = match &placed.event.change {
        Change::Joined(others) | Change::Parted(others) => others.as_slice(),
        _ => &[],
    };
    others.iter().copied().chain(placed.event.subject).collect()
}

fn person_of(placed: &PlacedEvent) -> Option<PersonId> {
    match &placed.event.change {
        Change::Rank(change) => Some(change.person),
        Change::Membership(change) => Some(change.person),
        _ => None,
    }
}

fn communities_of(placed: &PlacedEvent) -> Vec<CommunityId> {
    match &placed.event.change {
        Change::Rank(change) => vec![change.community],
        Change::Membership(change) => [change.before, change.after].into_iter().flatten().collect(),
        _ => Vec::new(),
    }
}

impl ListedNames {
    /// What may be said of an event: nothing, a row, or a row for each profile that it names.
    fn said(&self, placed: &PlacedEvent) -> Vec<EventCells> {
        let subject = placed.event.subject;
        let of = |profile| EventCells { profile, ..EventCells::default() };
        let listed = subject.filter(|id| self.profiles.contains(id));
        match &placed.event.change {
            // The marker by which readers forget it.
            Change::Gone => subject.map(|id| of(Some(id))).into_iter().collect(),
            Change::Lineage(change) => vec![EventCells { said: lineage(change), ..of(None) }],
            Change::Rank(change) => self.rank(change).into_iter().collect(),
            Change::Membership(change) => self.membership(change).into_iter().collect(),
            Change::Joined(others) | Change::Parted(others) if listed.is_some() => {
                let others = others.iter().copied().filter(|id| self.profiles.contains(id));
                others.map(|id| EventCells { other_profile: Some(id), ..of(listed) }).collect()
            }
            Change::Profile(fields) if listed.is_some() => {
                let fields: Vec<&str> =
                    fields.iter().map(|field| ProfileField::slug(*field)).collect();
                vec![EventCells { fields: Some(fields.join(",")), ..of(listed) }]
            }
            Change::Joined(_) | Change::Parted(_) | Change::Profile(_) | Change::Arcs { .. } => {
                Vec::new()
            }
        }
    }

    fn rank(&self, change: &RankChange) -> Option<EventCells> {
        let person = self.people.get(&change.person)?;
        let is_shown = self.topics.admit(change.community, person);
        let said = || {
            vec![
                (place::PERSON, text(change.person)),
                (place::RUN, text(change.run)),
                (place::COMMUNITY, text(change.community)),
                (place::RANK_BEFORE, rank(change.before.rank)),
                (place::RANK_AFTER, rank(change.after.rank)),
                (place::ATTENTION_BEFORE, share(change.before.attention)),
                (place::ATTENTION_AFTER, share(change.after.attention)),
            ]
        };
        is_shown.then(|| EventCells { said: said(), ..EventCells::default() })
    }

    fn membership(&self, change: &MembershipChange) -> Option<EventCells> {
        let person = self.people.get(&change.person)?;
        let said = |at: Option<CommunityId>| at.filter(|&at| self.topics.admit(at, person));
        let (before, after) = (said(change.before), said(change.after));
        // Where neither end may be said, nothing happened for those outside.
        let cells = || {
            vec![
                (place::PERSON, text(change.person)),
                (place::RUN, text(change.run)),
                (place::COMMUNITY, optional_text(after)),
                (place::OTHER_COMMUNITY, optional_text(before)),
            ]
        };
        (before != after).then(|| EventCells { said: cells(), ..EventCells::default() })
    }
}

fn lineage(change: &LineageChange) -> Vec<(usize, CellValue)> {
    vec![
        (place::RUN, text(change.run)),
        (place::COMMUNITY, text(change.community)),
        (place::OTHER_COMMUNITY, optional_text(change.other)),
        (place::EVENT, text(change.kind.slug())),
        (place::LEVEL, whole(change.level)),
        (place::SHARED, whole(change.shared)),
    ]
}

fn row(placed: &PlacedEvent, cells: EventCells) -> Vec<CellValue> {
    let position = i64::try_from(placed.position.number()).unwrap_or(i64::MAX);
    let mut row = vec![
        whole(position),
        text(placed.event.at),
        text(placed.event.change.kind().slug()),
        optional_text(cells.profile),
        optional_text(cells.other_profile),
        optional_text(cells.fields),
    ];
    row.resize(place::ALL, CellValue::Null);
    for (place, cell) in cells.said {
        row[place] = cell;
    }
    row
}

#[cfg(test)]
mod tests {
    use model::ExportSubject;

    use super::place;
    use crate::schema::columns;

    #[test]
    fn cells_lie_in_their_columns() {
        let columns = columns(ExportSubject::Changes);
        let name = |place: usize| columns[place].name;
        assert_eq!(columns.len(), place::ALL);
        assert_eq!(name(place::PERSON), "person");
        assert_eq!((name(place::RUN), name(place::COMMUNITY)), ("run", "community"));
        assert_eq!(name(place::OTHER_COMMUNITY), "other_community");
        assert_eq!(
            (name(place::RANK_BEFORE), name(place::RANK_AFTER)),
            ("rank_before", "rank_after")
        );
        assert_eq!(name(place::ATTENTION_BEFORE), "attention_before");
        assert_eq!(name(place::ATTENTION_AFTER), "attention_after");
        assert_eq!((name(place::EVENT), name(place::LEVEL)), ("event", "level"));
        assert_eq!(name(place::SHARED), "shared");
    }
}
