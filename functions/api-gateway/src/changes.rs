//! The change log: what happened to profiles, in an order that can be followed without gaps.
//!
//! An event names its profile and how much changed, not the other ends: the lists themselves are at
//! `/v1/profiles/{id}/neighbors`. Consent is applied as it is when the log is read: of an unlisted
//! profile the log shows only that it is gone, and arcs to and from it do not count. A rank change
//! names the people who caused it, if they are listed now.

use std::collections::{HashMap, HashSet};

use model::rank_change::{RankChange, RankChangeReason};
use model::time::Timestamp;
use model::{CommunityId, Direction, Layer, PersonId, ProfileId, RunId};
use serde::{Deserialize, Serialize};
use store::Pg;
use store::pg::change::{self, Change, Event, Position};
use store::pg::profile;
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::error::Problem;
use crate::extract::{ApiCall, Query};
use crate::people::{ListedPerson, load_by_id};
use crate::query::PageLimit;

/// The most profiles that the events of a page name; a page has at least one event.
const NAMED_MAX: usize = 50_000;

/// One event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    /// Its place in the log: larger ones come later.
    #[schema(value_type = [u64; 2], example = json!([731, 12]))]
    position: [u64; 2],
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The profile that it happened to; of a rank, one of the person's.
    #[schema(value_type = String, example = "prf_2001")]
    profile: ProfileId,
    /// What happened.
    change: ChangeView,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase", tag = "type")]
pub(crate) enum ChangeView {
    /// One of its lists gained and lost arcs.
    Arcs {
        /// The layer of the arcs.
        #[schema(value_type = String, example = "follow")]
        layer: Layer,
        /// `out`: to whom it attends; `in`: who attends to it.
        #[schema(value_type = String, example = "out")]
        direction: Direction,
        /// How many arcs the list gained, those to and from the unlisted not counted.
        added: usize,
        /// How many arcs the list lost, counted likewise.
        removed: usize,
    },
    /// It is not there any more, or does not want to be found: forget what you know of it.
    Gone,
    /// Profiles joined its person.
    Joined {
        /// Which.
        #[schema(value_type = Vec<String>)]
        profiles: Vec<ProfileId>,
    },
    /// Profiles parted from its person.
    Parted {
        /// Which.
        #[schema(value_type = Vec<String>)]
        profiles: Vec<ProfileId>,
    },
    /// Its person's rank in a community changed from one run to the next: by at least a fifth of
    /// the better rank, or it got or lost its rank, within the first 100.
    #[serde(rename = "rank_changed")]
    Rank {
        /// Whose rank.
        #[schema(value_type = String, example = "per_2001")]
        person: PersonId,
        /// Where; `com_0` is the whole world.
        #[schema(value_type = String, example = "com_7")]
        community: CommunityId,
        /// The run that found it.
        #[schema(value_type = String, example = "run_3")]
        run: RunId,
        /// The rank in the run before; `null` under the noise level.
        rank_before: Option<u32>,
        /// The rank now; `null` under the noise level.
        rank_after: Option<u32>,
        /// The share of the community's attention in the run before.
        attention_before: f32,
        /// The share now.
        attention_after: f32,
        /// Those whose gain or loss explains the change, the largest first, at most 5. Who does
        /// not want to be listed is not among them.
        reasons: Vec<ReasonView>,
    },
}

/// What one contributor changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReasonView {
    /// Who attends, or attended, to the person.
    #[schema(value_type = String, example = "per_2002")]
    person: PersonId,
    /// Its part of the person's attention before; 0 for nothing.
    before: f32,
    /// Its part now; 0 for nothing.
    after: f32,
}

impl ChangeView {
    fn rank(change: RankChange, listed: &ListedNames) -> ChangeView {
        let shown = |reason: &RankChangeReason| listed.people.contains_key(&reason.person);
        let reason =
            |RankChangeReason { person, before, after }| ReasonView { person, before, after };
        let RankChange { person, community, run, before, after, reasons } = change;
        ChangeView::Rank {
            person,
            community,
            run,
            rank_before: before.rank.map(Into::into),
            rank_after: after.rank.map(Into::into),
            attention_before: before.attention,
            attention_after: after.attention,
            reasons: reasons.into_iter().filter(shown).map(reason).collect(),
        }
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangeParams {
    /// How many events are looked at: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// `next_cursor` of the page before; the log's beginning, unless given.
    cursor: Option<String>,
}

/// What changed since. There is always a `next_cursor`: keep it, and ask again with it later.
#[utoipa::path(
    get,
    path = "/v1/changes",
    operation_id = "list_changes",
    tag = "changes",
    params(ChangeParams),
    responses((status = 200, body = Envelope<Vec<EventView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    Query(query): Query<ChangeParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<EventView>>, Problem> {
    let rows = query.limit.unwrap_or_default().rows();
    let cursor = call.open_cursor(query.cursor.as_deref())?;
    let after = cursor.map_or_else(Position::default, |cursor| Position {
        xid: cursor.position[0],
        seq: i64::try_from(cursor.position[1]).unwrap_or(i64::MAX),
    });
    let mut events = change::page(call.pg(), after, rows).await?;
    events.truncate(within(&events, NAMED_MAX));
    let last = events.last().map_or(after, |event| event.position);
    let next = call.cursor(RunId::new(0), numbers(last));
    let shown = shown(call.pg(), events).await?;
    Ok(ApiAnswer::page(shown).then(Some(next)))
}

fn numbers(position: Position) -> [u64; 2] {
    [position.xid, u64::try_from(position.seq).unwrap_or(0)]
}

/// How many events, from the first on, name no more than `most` profiles; at least one.
fn within(events: &[Event], most: usize) -> usize {
    let named = events.iter().scan(0, |sum, event| {
        *sum += named(event).count();
        Some(*sum)
    });
    named.take_while(|&sum| sum <= most).count().max(1)
}

/// Who of those that events name is listed.
struct ListedNames {
    profiles: HashSet<ProfileId>,
    people: HashMap<PersonId, ListedPerson>,
}

async fn shown(pg: &Pg, events: Vec<Event>) -> Result<Vec<EventView>, Problem> {
    let mut profiles: Vec<ProfileId> = events.iter().flat_map(named).collect();
    profiles.sort_unstable();
    profiles.dedup();
    let mut ranked: Vec<PersonId> = events.iter().flat_map(ranked).collect();
    ranked.sort_unstable();
    ranked.dedup();
    let listed = ListedNames {
        profiles: profile::listed(pg, &profiles).await?,
        people: load_by_id(pg, &ranked).await?,
    };
    Ok(events.into_iter().filter_map(|event| view(event, &listed)).collect())
}

/// The profiles that an event names.
fn named(event: &Event) -> impl Iterator<Item = ProfileId> {
    let (some, more): (&[ProfileId], &[ProfileId]) = match &event.change {
        Change::Joined(others) | Change::Parted(others) => (others, &[]),
        Change::Arcs { added, removed, .. } => (added, removed),
        Change::Gone | Change::Rank(_) => (&[], &[]),
    };
    some.iter().chain(more).copied().chain([event.subject])
}

/// The people that an event names.
fn ranked(event: &Event) -> Vec<PersonId> {
    let Change::Rank(change) = &event.change else { return Vec::new() };
    change.reasons.iter().map(|reason| reason.person).chain([change.person]).collect()
}

/// The event without what is not listed; `None` if nothing remains.
fn view(event: Event, all: &ListedNames) -> Option<EventView> {
    let listed = |others: Vec<ProfileId>| -> Vec<ProfileId> {
        others.into_iter().filter(|id| all.profiles.contains(id)).collect()
    };
    let some = |others| Some(listed(others)).filter(|others| !others.is_empty());
    let is_listed = all.profiles.contains(&event.subject);
    let (profile, change) = match event.change {
        Change::Gone => (event.subject, ChangeView::Gone),
        Change::Rank(change) => {
            let person = all.people.get(&change.person)?;
            (shown_of(person, event.subject)?, ChangeView::rank(change, all))
        }
        _ if !is_listed => return None,
        Change::Arcs { layer, direction, added, removed } => {
            let (added, removed) = (listed(added).len(), listed(removed).len());
            let is_shown = layer.is_served() && added + removed > 0;
            (
                event.subject,
                is_shown.then_some(ChangeView::Arcs { layer, direction, added, removed })?,
            )
        }
        Change::Joined(others) => (event.subject, ChangeView::Joined { profiles: some(others)? }),
        Change::Parted(others) => (event.subject, ChangeView::Parted { profiles: some(others)? }),
    };
    Some(EventView { position: numbers(event.position), at: event.at, profile, change })
}

/// The profile that a person was minted for or, if that one is not listed, its main profile.
fn shown_of(person: &ListedPerson, home: ProfileId) -> Option<ProfileId> {
    let is_home = person.profiles.iter().any(|profile| profile.id == home);
    if is_home { Some(home) } else { person.face().map(|face| face.id) }
}
