//! Interaction streams: posts newer than the watermark, added up per layer and target.
//!
//! A post counts at most once per layer and target. The watermark is made of the whole round; while a
//! round is cut, the pieces keep the old watermark and the mark carries what the new one is made of,
//! so that nothing is counted twice and nothing between the pieces is lost.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use model::observation::{ListCoverage, NamedProfile, Observation, SeenArc, SeenList};
use model::port::{Clock, Web};
use model::{Day, Direction, Layer};

use super::Engine;
use super::ask::{Answer, Stop};
use super::mark::Mark;
use super::names::{Alias, Settled, settle};
use super::posts::{Known, Touch, take_in};
use super::run::{Outcome, StreamRun};
use super::scene::Scene;
use super::values::Values;
use super::via::{Gate, Via};
use super::watermark::{Anchor, Trace, Watermark};
use crate::manifest::{Find, InteractionRules};

/// A visit to an interaction stream in progress.
#[derive(Debug, Default)]
struct Visit {
    mark: Mark,
    sums: BTreeMap<(Layer, String), Sum>,
    left_out: u32,
    pages: u32,
    used: HashSet<String>,
    /// The posts seen in this visit, and the last ones of the visit before.
    seen: HashSet<Anchor>,
}

/// What was added up for one layer and target.
#[derive(Debug)]
struct Sum {
    other: NamedProfile,
    count: u32,
    last_day: Day,
}

impl Engine {
    /// One visit to an interaction stream.
    pub(super) async fn feed<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        scene: Scene<'_>,
        rules: &InteractionRules,
    ) -> StreamRun {
        let began = scene.subject.progress(&scene.stream.name).and_then(|at| at.cursor.clone());
        let layers = rules.layers();
        let old = layers.first().and_then(|layer| scene.subject.watermark(*layer));
        let watermark = old.map(Watermark::parse);
        let mut mark = Mark::parse(began.as_deref());
        if mark == Mark::default() {
            mark.cursor = watermark.as_ref().and_then(|old| old.start()).map(str::to_owned);
        }
        let seen = mark.trace.as_ref().map(Trace::last).unwrap_or_default();
        let mut visit = Visit { mark, seen, ..Visit::default() };
        let before = via.requests;
        let end = self.posts(via, scene, rules, watermark.as_ref(), &mut visit).await;
        let requests = via.requests - before;
        let outcome = outcome(&end, &visit, scene.stream.paging.pages_max);
        let observations = match end {
            Err(Stop::Gone(gone)) => vec![Observation::Gone(gone)],
            _ => lists(&layers, &mut visit, &outcome, (old, watermark.as_ref())),
        };
        let (stream, left_out) = (scene.stream.name.clone(), visit.left_out);
        StreamRun { stream, began, observations, outcome, requests, left_out }
    }

    async fn posts<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        scene: Scene<'_>,
        rules: &InteractionRules,
        old: Option<&Watermark>,
        visit: &mut Visit,
    ) -> Result<(), Stop> {
        let paging = &scene.stream.paging;
        loop {
            if visit.mark.pages >= paging.pages_max || visit.pages >= paging.pages_per_visit {
                return Err(Stop::Cut);
            }
            let cursor = visit.mark.cursor.clone();
            visit.used.extend(cursor.clone());
            let size = paging.page_size.to_string();
            let values =
                Values { page_size: Some(&size), cursor: cursor.as_deref(), ..scene.values() };
            let answer = self.ask(via, scene.ask(&scene.stream.requests, values)).await?;
            self.page_of_posts(via, scene, rules, (&answer, old), visit).await?;
            if visit.mark.cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Takes in one page. Nothing of it is kept if there is trouble with it.
    async fn page_of_posts<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        scene: Scene<'_>,
        rules: &InteractionRules,
        (answer, old): (&Answer, Option<&Watermark>),
        visit: &mut Visit,
    ) -> Result<(), Stop> {
        let now = via.clock.now();
        let known = Known {
            watermark: old,
            passed: visit.mark.trace.as_ref().map(|trace| trace.passed).unwrap_or_default(),
            seen: &visit.seen,
            cursor: visit.mark.cursor.as_deref(),
            now,
        };
        let mut page = take_in(scene, rules, answer, known, via.memory)?;
        if page.next.as_ref().is_some_and(|next| visit.used.contains(next)) {
            return Err(Stop::Unreadable(format!("{} sends the same cursor twice", answer.host)));
        }
        let open = page.touches.iter().filter_map(|touch| match &touch.who {
            Settled::Open(alias) => Some((alias.clone(), touch.find)),
            _ => None,
        });
        let open: Vec<(Alias, &[Find])> = open.collect();
        if !open.is_empty() {
            self.look_up(via, scene.manifest, scene.subject, open, &answer.host).await?;
            for touch in &mut page.touches {
                if let Settled::Open(alias) = &touch.who {
                    let alias = alias.clone();
                    let (memory, host) = (via.memory, &answer.host);
                    touch.who = settle(scene.manifest, memory, touch.find, alias, host);
                }
            }
        }
        let trace = visit.mark.trace.get_or_insert_default();
        trace.page(&page.posts, visit.mark.cursor.as_deref(), now);
        trace.passed = page.passed;
        // Where the newest come first, everything behind known posts is known.
        let is_over = page.ends_old && trace.is_newest_first(old);
        visit.seen.extend(page.posts.iter().map(|(post, _)| post.anchor));
        visit.mark.cursor = page.next.take().filter(|_| !is_over);
        visit.mark.pages += 1;
        visit.pages += 1;
        visit.left_out += page.left_out;
        add_up(&scene.subject.named.native_id, page.touches, visit);
        Ok(())
    }
}

fn add_up(own: &str, touches: Vec<Touch<'_>>, visit: &mut Visit) {
    let mut counted = BTreeSet::new();
    for touch in touches {
        let other = match touch.who {
            Settled::Known(other) if other.native_id == own => continue,
            Settled::Known(other) => other,
            _ => {
                visit.left_out += 1;
                continue;
            }
        };
        if !counted.insert((touch.post, touch.layer, other.native_id.clone())) {
            continue;
        }
        let key = (touch.layer, other.native_id.clone());
        let fresh = Sum { other, count: 0, last_day: Day(0) };
        let sum = visit.sums.entry(key).or_insert(fresh);
        sum.count = sum.count.saturating_add(1);
        sum.last_day = sum.last_day.max(touch.day);
    }
}

fn outcome(end: &Result<(), Stop>, visit: &Visit, pages_max: u32) -> Outcome {
    let cursor = visit.mark.cursor();
    match end {
        Ok(()) | Err(Stop::Empty | Stop::Hidden | Stop::Gone(_)) => Outcome::Done,
        // Older posts than the cap's are not looked for.
        Err(Stop::Cut) if visit.mark.pages >= pages_max => Outcome::Done,
        Err(Stop::Cut) => Outcome::More { cursor },
        Err(Stop::Retry { after_ms, why }) => {
            Outcome::Retry { cursor, after_ms: *after_ms, why: why.clone() }
        }
        Err(Stop::Unreadable(why)) => Outcome::Unreadable { cursor, why: why.clone() },
        Err(Stop::Refused(why) | Stop::Disallowed(why)) => Outcome::Refused { why: why.clone() },
    }
}

/// One list per layer, the empty ones too, so that all layers share one watermark. Nothing where
/// nothing was read.
fn lists(
    layers: &[Layer],
    visit: &mut Visit,
    outcome: &Outcome,
    (text, old): (Option<&str>, Option<&Watermark>),
) -> Vec<Observation> {
    let new = match outcome {
        // The host does not take the cursor that it gave.
        Outcome::Refused { .. }
            if visit.pages == 0 && old.is_some_and(|old| old.start().is_some()) =>
        {
            text.and_then(Watermark::from_start)
        }
        _ if visit.pages == 0 => return Vec::new(),
        Outcome::Done => visit.mark.trace.take().and_then(|trace| trace.watermark(old)),
        _ => None,
    };
    let watermark = new.or_else(|| text.map(str::to_owned));
    let mut arcs: BTreeMap<Layer, Vec<SeenArc>> = BTreeMap::new();
    for ((layer, _), sum) in std::mem::take(&mut visit.sums) {
        let Sum { other, count, last_day } = sum;
        arcs.entry(layer).or_default().push(SeenArc { other, count, last_day, weight: 1.0 });
    }
    let list = |layer: &Layer| {
        Observation::List(SeenList {
            layer: *layer,
            direction: Direction::Out,
            arcs: arcs.remove(layer).unwrap_or_default(),
            coverage: ListCoverage::Newer { watermark: watermark.clone() },
        })
    };
    layers.iter().map(list).collect()
}
