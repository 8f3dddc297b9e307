//! Follow lists and the like: every page's people, until the cursor ends.
//!
//! Whoever is missing in a complete list is removed from the record, so a list is complete only if the
//! host says where it ends. One that lost much since the last round, of which the profile's own count
//! says nothing, is asked for again; see [`is_doubtful`].

use std::collections::HashSet;

use model::observation::{ListCoverage, Observation, SeenArc, SeenList};
use model::port::{Clock, Web};
use model::{Day, Direction, Layer};

use super::Engine;
use super::ask::{Answer, Stop};
use super::mark::{Mark, Next};
use super::names::Settled;
use super::people::{Person, open_names, resettle, take_in};
use super::run::{Outcome, StreamRun};
use super::scene::Scene;
use super::subject::Subject;
use super::values::Values;
use super::via::{Gate, Via};
use crate::manifest::{Counted, ListRules};

/// A list that lost more than one in so many is doubted.
const DOUBTED_LOSS: u32 = 4;

/// The profile's own count may exceed the list by one in so many, for those whom a host leaves out.
const COUNT_SLACK: u32 = 20;

/// A visit to a list stream in progress.
#[derive(Debug, Default)]
struct Visit {
    mark: Mark,
    arcs: Vec<SeenArc>,
    left_out: u32,
    pages: u32,
    /// Cursors used in this visit: one that comes back is a loop.
    used: HashSet<String>,
}

impl Engine {
    /// One visit to a list stream.
    pub(super) async fn list<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        scene: Scene<'_>,
        rules: &ListRules,
    ) -> StreamRun {
        let began = scene.subject.progress(&scene.stream.name).and_then(|at| at.cursor.clone());
        let before = via.requests;
        let mark = Mark::parse(began.as_deref());
        let (mut visit, end) = self.visit(via, scene, rules, mark).await;
        if began.is_none() && end.is_ok() && is_doubtful(scene, rules, &visit) {
            let (again, end) = self.visit(via, scene, rules, Mark::default()).await;
            match end {
                Ok(()) if again.mark.people >= visit.mark.people => visit = again,
                Ok(()) => {}
                // What the first asking showed is kept, but proves no end.
                Err(_) => visit.mark.is_open = true,
            }
        }
        finish(scene, rules, began, visit, end, via.requests - before)
    }

    /// Reads the list from a mark on, as far as one visit may.
    async fn visit<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        scene: Scene<'_>,
        rules: &ListRules,
        mark: Mark,
    ) -> (Visit, Result<(), Stop>) {
        let mut visit = Visit { mark, ..Visit::default() };
        let end = match &rules.for_each {
            None => self.pages(via, scene, rules, None, &mut visit).await,
            Some(for_each) => match self.items(via, scene, for_each).await {
                Ok((items, are_all)) => {
                    visit.mark.is_open |= !are_all;
                    self.each(via, scene, rules, &items, &mut visit).await
                }
                Err(stop) => Err(stop),
            },
        };
        (visit, end)
    }

    /// Every page of every item, from the marked one on.
    async fn each<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        scene: Scene<'_>,
        rules: &ListRules,
        items: &[String],
        visit: &mut Visit,
    ) -> Result<(), Stop> {
        let marked = visit.mark.item.take();
        let start = marked.and_then(|item| items.iter().position(|known| *known == item));
        for item in &items[start.unwrap_or(0)..] {
            visit.mark.item = Some(item.clone());
            match self.pages(via, scene, rules, Some(item), visit).await {
                Ok(()) | Err(Stop::Empty | Stop::Hidden) => visit.mark.cursor = None,
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    /// Pages of one list from the mark on, until the end or the visit's cap.
    async fn pages<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        scene: Scene<'_>,
        rules: &ListRules,
        item: Option<&str>,
        visit: &mut Visit,
    ) -> Result<(), Stop> {
        let paging = &scene.stream.paging;
        loop {
            if visit.mark.pages >= paging.pages_max || visit.pages >= paging.pages_per_visit {
                return Err(Stop::Cut);
            }
            let cursor = visit.mark.cursor.clone();
            visit.used.extend(cursor.clone().map(|cursor| used(item, &cursor)));
            let size = paging.page_size.to_string();
            let values = Values {
                page_size: Some(&size),
                cursor: cursor.as_deref(),
                item,
                ..scene.values()
            };
            let answer = self.ask(via, scene.ask(&scene.stream.requests, values)).await?;
            let next = self.page(via, scene, rules, &answer, visit).await?;
            visit.mark.pages += 1;
            visit.pages += 1;
            visit.mark.is_open |= next == Next::Unknown;
            visit.mark.cursor = next.cursor();
            if visit.mark.cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Takes in one page. Nothing of it is kept if there is trouble with it.
    async fn page<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        scene: Scene<'_>,
        rules: &ListRules,
        answer: &Answer,
        visit: &mut Visit,
    ) -> Result<Next, Stop> {
        let (next, mut people) =
            take_in(scene, rules, answer, visit.mark.cursor.as_deref(), via.memory)?;
        if let Next::Page(next) = &next
            && visit.used.contains(&used(visit.mark.item.as_deref(), next))
        {
            return Err(Stop::Unreadable(format!("{} sends the same cursor twice", answer.host)));
        }
        let open = open_names(&people, &rules.other.find);
        if !open.is_empty() {
            self.look_up(via, scene.manifest, scene.subject, open, &answer.host).await?;
            for person in &mut people {
                person.who = resettle(&scene, via.memory, rules, person, &answer.host);
            }
        }
        keep(scene.subject, people, visit);
        Ok(next)
    }
}

/// Cursors of different lists may be alike.
fn used(item: Option<&str>, cursor: &str) -> String {
    format!("{} {cursor}", item.unwrap_or_default())
}

fn keep(subject: &Subject, people: Vec<Person>, visit: &mut Visit) {
    visit.arcs.reserve(people.len());
    let named = u32::try_from(people.len()).unwrap_or(u32::MAX);
    visit.mark.people = visit.mark.people.saturating_add(named);
    for person in people {
        match person.who {
            Settled::Known(other) if other.native_id == subject.named.native_id => {}
            Settled::Known(other) => visit.arcs.push(SeenArc {
                other,
                count: 0,
                last_day: Day(0),
                weight: person.weight,
            }),
            Settled::Open(_) | Settled::Unknowable | Settled::Nobody => visit.left_out += 1,
        }
    }
}

/// Whether a list lost so many people since the last round that it must be asked for again before any
/// of them is removed: more than one in [`DOUBTED_LOSS`], and the profile's own count has not fallen
/// with it.
fn is_doubtful(scene: Scene<'_>, rules: &ListRules, visit: &Visit) -> bool {
    let known = scene.subject.list_length(rules.layer, rules.direction);
    let counted = count(scene.subject, rules.layer, rules.direction);
    has_lost_much(visit.mark.people, known) && counted.is_none_or(|count| exceeds(count, visit))
}

fn has_lost_much(people: u32, before: u32) -> bool {
    let (people, before) = (u64::from(people), u64::from(before));
    people * u64::from(DOUBTED_LOSS) < before * u64::from(DOUBTED_LOSS - 1)
}

/// Whether a count says that there are more people than the list shows.
fn exceeds(count: u32, visit: &Visit) -> bool {
    let people = visit.mark.people;
    count > people.saturating_add(people / COUNT_SLACK)
}

/// Whether the end of the list that was read is the end of the list. Where the host did not say so, a
/// count in step with the list must; where it did, such a count must not say that much is missing.
fn is_whole(subject: &Subject, rules: &ListRules, visit: &Visit) -> bool {
    match (trusted_count(subject, rules), visit.mark.is_open) {
        (None, is_open) => !is_open,
        (Some(count), true) => !exceeds(count, visit),
        (Some(count), false) => !has_lost_much(visit.mark.people, count),
    }
}

/// The visit's result.
fn finish(
    scene: Scene<'_>,
    rules: &ListRules,
    began: Option<String>,
    visit: Visit,
    end: Result<(), Stop>,
    requests: u32,
) -> StreamRun {
    let cursor = visit.mark.cursor();
    let capped = visit.mark.pages >= scene.stream.paging.pages_max;
    let (coverage, outcome) = match end {
        Ok(()) | Err(Stop::Empty) => {
            let nothing = visit.arcs.is_empty() && visit.left_out == 0 && began.is_none();
            let is_counted = trusted_count(scene.subject, rules).is_some_and(|count| count > 0);
            let coverage = match (nothing && is_counted, is_whole(scene.subject, rules, &visit)) {
                (true, _) => Some(ListCoverage::Hidden),
                (false, true) => Some(ListCoverage::Complete),
                (false, false) => part(&cursor, &visit),
            };
            (coverage, Outcome::Done)
        }
        Err(Stop::Hidden) => (Some(ListCoverage::Hidden), Outcome::Done),
        Err(Stop::Cut) if capped => (part(&cursor, &visit), Outcome::Done),
        Err(Stop::Cut) => (part(&cursor, &visit), Outcome::More { cursor: cursor.clone() }),
        Err(Stop::Retry { after_ms, why }) => {
            (part(&cursor, &visit), Outcome::Retry { cursor: cursor.clone(), after_ms, why })
        }
        Err(Stop::Unreadable(why)) => {
            (part(&cursor, &visit), Outcome::Unreadable { cursor: cursor.clone(), why })
        }
        Err(Stop::Refused(why) | Stop::Disallowed(why)) => {
            (part(&cursor, &visit), Outcome::Refused { why })
        }
        Err(Stop::Gone(gone)) => {
            return StreamRun {
                stream: scene.stream.name.clone(),
                began,
                observations: vec![Observation::Gone(gone)],
                outcome: Outcome::Done,
                requests,
                left_out: visit.left_out,
            };
        }
    };
    let list = coverage.map(|coverage| {
        let (layer, direction) = (rules.layer, rules.direction);
        Observation::List(SeenList { layer, direction, arcs: visit.arcs, coverage })
    });
    StreamRun {
        stream: scene.stream.name.clone(),
        began,
        observations: list.into_iter().collect(),
        outcome,
        requests,
        left_out: visit.left_out,
    }
}

/// The coverage of an unfinished list; nothing where no page was read.
fn part(cursor: &Option<String>, visit: &Visit) -> Option<ListCoverage> {
    let cursor = cursor.clone().unwrap_or_default();
    (visit.pages > 0).then_some(ListCoverage::Part { cursor })
}

/// The profile's own count of a list, where its platform keeps it in step with the list, so that an
/// empty one is hidden.
fn trusted_count(subject: &Subject, rules: &ListRules) -> Option<u32> {
    match rules.hidden_if? {
        Counted::Followers => subject.followers,
        Counted::Following => subject.following,
    }
}

/// The profile's own count of a list, whatever it is worth.
fn count(subject: &Subject, layer: Layer, direction: Direction) -> Option<u32> {
    match (layer, direction) {
        (Layer::Follow, Direction::Out) => subject.following,
        (Layer::Follow, Direction::In) => subject.followers,
        _ => None,
    }
}
