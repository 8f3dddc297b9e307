//! Follow lists and the like: every page's people, until the cursor ends.

use std::collections::HashSet;

use model::Day;
use model::observation::{Observation, Reach, SeenArc, SeenList};
use model::port::{Clock, Web};

use super::Engine;
use super::ask::{Answer, Stop};
use super::mark::Mark;
use super::names::Settled;
use super::people::{Person, open_names, resettle, take_in};
use super::run::{Outcome, StreamRun};
use super::scene::Scene;
use super::subject::Subject;
use super::values::Values;
use super::via::{Gate, Via};
use crate::manifest::{Counted, ListRules};

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
        let mut visit = Visit { mark: Mark::parse(began.as_deref()), ..Visit::default() };
        let before = via.requests;
        let end = match &rules.for_each {
            None => self.pages(via, scene, rules, None, &mut visit).await,
            Some(for_each) => match self.items(via, scene, for_each).await {
                Ok(items) => self.each(via, scene, rules, &items, &mut visit).await,
                Err(stop) => Err(stop),
            },
        };
        let requests = via.requests - before;
        finish(scene, rules, began, visit, end, requests)
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
            visit.mark.cursor = next;
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
    ) -> Result<Option<String>, Stop> {
        let (next, mut people) =
            take_in(scene, rules, answer, visit.mark.cursor.as_deref(), via.memory)?;
        if let Some(next) = &next
            && visit.used.contains(&used(visit.mark.item.as_deref(), next))
        {
            return Err(Stop::retry(format!("{} sends the same cursor twice", answer.host)));
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
    let (reach, outcome) = match end {
        Ok(()) | Err(Stop::Empty) => {
            let nothing = visit.arcs.is_empty() && visit.left_out == 0 && began.is_none();
            let reach = match nothing && is_counted(scene.subject, rules) {
                true => Reach::Hidden,
                false => Reach::Complete,
            };
            (Some(reach), Outcome::Done)
        }
        Err(Stop::Hidden) => (Some(Reach::Hidden), Outcome::Done),
        Err(Stop::Cut) if capped => (part(&cursor, &visit), Outcome::Done),
        Err(Stop::Cut) => (part(&cursor, &visit), Outcome::More { cursor: cursor.clone() }),
        Err(Stop::Retry { after_ms, why }) => {
            (part(&cursor, &visit), Outcome::Retry { cursor: cursor.clone(), after_ms, why })
        }
        Err(Stop::Refused(why)) => (part(&cursor, &visit), Outcome::Refused { why }),
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
    let list = reach.map(|reach| {
        let (layer, direction) = (rules.layer, rules.direction);
        Observation::List(SeenList { layer, direction, arcs: visit.arcs, reach })
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

/// The reach of an unfinished list; nothing where no page was read.
fn part(cursor: &Option<String>, visit: &Visit) -> Option<Reach> {
    let cursor = cursor.clone().unwrap_or_default();
    (visit.pages > 0).then_some(Reach::Part { cursor })
}

fn is_counted(subject: &Subject, rules: &ListRules) -> bool {
    let count = match rules.hidden_if {
        Some(Counted::Followers) => subject.followers,
        Some(Counted::Following) => subject.following,
        None => None,
    };
    count.is_some_and(|count| count > 0)
}
