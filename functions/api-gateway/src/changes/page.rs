//! One page: events that a filter wants and consent allows, and the part of the stream that was looked at.

use model::change::ChangeRange;
use model::{ChangeFilter, ChangePosition, ProfileId};
use store::Pg;
use store::pg::change::{ChangeScan, Event, PlacedEvent, scan};
use store::pg::person;

use super::facts::{EarlyFilter, PersonOf, shown_facts};
use super::shown::{named, shown};
use super::view::EventView;
use crate::error::Problem;

/// The most events read at once.
const CHUNK: u32 = 1_000;

/// The most profiles that events shown at once name; of them there is at least one event.
const NAMED_MAX: usize = 50_000;

/// Which page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventRequest<'a> {
    /// Which events are wanted.
    pub(crate) filter: &'a ChangeFilter,
    /// After this position.
    pub(crate) after: ChangePosition,
    /// Up to this one at most.
    pub(crate) until: ChangePosition,
    /// The most events.
    pub(crate) limit: usize,
}

/// A page.
#[derive(Debug)]
pub(crate) struct EventPage {
    /// Its events.
    pub(crate) events: Vec<EventView>,
    /// All that the filter wants of this part is in `events`.
    pub(crate) range: ChangeRange,
}

impl EventPage {
    /// The page up to a position, if it goes beyond.
    pub(super) fn cut(&mut self, to: ChangePosition) {
        if self.range.to > to {
            self.events.retain(|event| event.seq <= to);
            self.range.to = to;
        }
    }
}

/// Reads a page.
pub(crate) async fn read(pg: &Pg, request: EventRequest<'_>) -> Result<EventPage, Problem> {
    let EventRequest { filter, after, until, limit } = request;
    let early = EarlyFilter::new(filter);
    let kinds: Vec<_> = filter.kinds.iter().copied().collect();
    let end = until.max(after);
    let (mut events, mut at) = (Vec::new(), after);
    while at < end && events.len() < limit {
        let next = ChangeScan { after: at, until: end, kinds: &kinds, limit: CHUNK };
        let mut read = scan(pg, &next).await?;
        let is_last = read.len() < CHUNK as usize;
        let person_of = person_of(pg, filter, &read).await?;
        let wanted = |placed: &PlacedEvent| early.may_match(&placed.event, &person_of);
        let whole = within(&read, wanted);
        at = if is_last && whole == read.len() {
            end
        } else {
            read[..whole].last().map_or(end, |placed| placed.position)
        };
        read.truncate(whole);
        read.retain(wanted);
        let found = shown(pg, read).await?.into_iter();
        events.extend(found.filter(|event| filter.matches(&shown_facts(event, &person_of))));
    }
    if events.len() > limit {
        events.truncate(limit);
        at = events.last().map_or(at, |event| event.seq);
    }
    Ok(EventPage { events, range: ChangeRange { from: after, to: at } })
}

/// How many events, from the first on, name no more profiles than are looked up at once, unwanted ones not
/// counted; at least one.
fn within(events: &[PlacedEvent], wanted: impl Fn(&PlacedEvent) -> bool) -> usize {
    let count = |event: &Event| named(event).count();
    let named = events.iter().scan(0, |sum, placed| {
        *sum += if wanted(placed) { count(&placed.event) } else { 0 };
        Some(*sum)
    });
    named.take_while(|&sum| sum <= NAMED_MAX).count().max(1).min(events.len())
}

/// The people of the profiles that events are about, if the filter asks for people.
async fn person_of(
    pg: &Pg,
    filter: &ChangeFilter,
    events: &[PlacedEvent],
) -> Result<PersonOf, Problem> {
    if filter.people.is_empty() {
        return Ok(PersonOf::new());
    }
    let mut subjects: Vec<ProfileId> =
        events.iter().filter_map(|placed| placed.event.subject).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let people = person::of_profiles(pg, &subjects).await?;
    Ok(subjects.into_iter().zip(people).collect())
}
