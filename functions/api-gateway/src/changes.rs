//! The change log: what happened to profiles, in an order that can be followed without gaps.
//!
//! Events name whose they are and how much changed, not with whom: the lists themselves are at
//! `/v1/profiles/{id}/neighbors`, where consent is applied as it is at that time. Of unlisted
//! profiles only that they are gone is told.

use std::collections::HashSet;

use model::time::Timestamp;
use model::{Direction, Layer, ProfileId, RunId};
use serde::{Deserialize, Serialize};
use store::Pg;
use store::pg::change::{self, Change, Event, Position};
use store::pg::profile;
use utoipa::ToSchema;

use crate::answer::{Answer, Class, Envelope};
use crate::error::{Problem, ProblemBody};
use crate::extract::{Asked, Call};
use crate::profiles::is_listed;
use crate::query::Limit;

/// One event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    /// Its place in the log: larger ones come later.
    #[schema(value_type = [u64; 2], example = json!([731, 12]))]
    position: [u64; 2],
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The profile that it happened to.
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
        /// How many arcs the list gained.
        added: usize,
        /// How many arcs the list lost.
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
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangeParams {
    /// How many events are looked at: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before; the log's beginning, unless given.
    cursor: Option<String>,
}

/// What changed since. There is always a `next_cursor`: keep it, and ask again with it later.
#[utoipa::path(get, operation_id = "list_changes", path = "/v1/changes", tag = "changes", params(ChangeParams), responses(
    (status = 200, body = Envelope<Vec<EventView>>, description = "The answer."), (status = "default", body = ProblemBody,
        description = "Why there is no answer.", content_type = "application/problem+json")))]
pub(crate) async fn changes(
    call: Call,
    Asked(asked): Asked<ChangeParams>,
) -> Result<Answer<Vec<EventView>>, Problem> {
    let rows = asked.limit.unwrap_or_default().rows();
    let walk = call.opened(asked.cursor.as_deref())?;
    let after = walk.map_or_else(Position::default, |cursor| Position {
        xid: cursor.position[0],
        seq: i64::try_from(cursor.position[1]).unwrap_or(i64::MAX),
    });
    let events = change::page(call.pg(), after, rows).await?;
    let last = events.last().map_or(after, |event| event.position);
    let next = call.cursor(RunId::new(0), numbers(last));
    let shown = shown(call.pg(), events).await?;
    Ok(Answer::page(Class::Stream, shown).then(Some(next)))
}

fn numbers(position: Position) -> [u64; 2] {
    [position.xid, u64::try_from(position.seq).unwrap_or(0)]
}

async fn shown(pg: &Pg, events: Vec<Event>) -> Result<Vec<EventView>, Problem> {
    let subjects: Vec<ProfileId> = events.iter().flat_map(named).collect();
    let listed = profile::get(pg, &subjects).await?.into_iter().filter(is_listed);
    let listed: HashSet<ProfileId> = listed.map(|profile| profile.id).collect();
    Ok(events.into_iter().filter_map(|event| view(event, &listed)).collect())
}

fn named(event: &Event) -> Vec<ProfileId> {
    match &event.change {
        Change::Joined(others) | Change::Parted(others) => {
            others.iter().copied().chain([event.subject]).collect()
        }
        Change::Arcs { .. } | Change::Gone => vec![event.subject],
    }
}

fn view(event: Event, listed: &HashSet<ProfileId>) -> Option<EventView> {
    let subject_listed = listed.contains(&event.subject);
    let listed = |others: Vec<ProfileId>| {
        let others: Vec<ProfileId> = others.into_iter().filter(|id| listed.contains(id)).collect();
        (subject_listed && !others.is_empty()).then_some(others)
    };
    let change = match event.change {
        Change::Gone => ChangeView::Gone,
        Change::Arcs { layer, direction, added, removed } => {
            let (added, removed) = (added.len(), removed.len());
            let shown = subject_listed && !layer.is_negative();
            shown.then_some(ChangeView::Arcs { layer, direction, added, removed })?
        }
        Change::Joined(others) => ChangeView::Joined { profiles: listed(others)? },
        Change::Parted(others) => ChangeView::Parted { profiles: listed(others)? },
    };
    let position = numbers(event.position);
    Some(EventView { position, at: event.at, profile: event.subject, change })
}
