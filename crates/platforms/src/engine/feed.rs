//! Interaction streams: posts newer than the watermark, added up per layer and target.
//!
//! A post counts at most once per layer and target. The watermark is the newest post of the whole
//! round; while a round is cut, the pieces keep the old watermark and the mark carries the new
//! one, so that nothing is counted twice and nothing between the pieces is lost.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use model::observation::{Named, Observation, Reach, SeenArc, SeenList};
use model::port::{Clock, Web};
use model::{Day, Direction, Layer};

use super::Engine;
use super::ask::{Answer, Stop};
use super::mark::{Mark, Place};
use super::names::{Alias, Settled, settle};
use super::posts::{Known, Touch, take_in};
use super::run::{Outcome, StreamRun};
use super::scene::Scene;
use super::values::Values;
use super::via::{Gate, Via};
use crate::manifest::{Find, InteractionRules};

/// A visit to an interaction stream in progress.
#[derive(Debug, Default)]
struct Visit {
    mark: Mark,
    sums: BTreeMap<(Layer, String), Sum>,
    left_out: u32,
    pages: u32,
    used: HashSet<String>,
    /// The posts counted.
    keys: HashSet<String>,
    /// The oldest post that earlier visits counted.
    bottom: Option<Place>,
}

/// What was added up for one layer and target.
#[derive(Debug)]
struct Sum {
    other: Named,
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
        let place = |mark: &str| Place::parse(rules.order, mark);
        let watermark = old.and_then(place);
        let mark = Mark::parse(began.as_deref());
        let mut visit =
            Visit { bottom: mark.bottom.as_deref().and_then(place), mark, ..Visit::default() };
        let before = via.requests;
        let end = self.posts(via, scene, rules, watermark.as_ref(), &mut visit).await;
        let requests = via.requests - before;
        let outcome = outcome(&end, &visit, scene.stream.paging.pages_max);
        let observations = match end {
            Err(Stop::Gone(gone)) => vec![Observation::Gone(gone)],
            _ => lists(&layers, &mut visit, &outcome, old),
        };
        let (stream, left_out) = (scene.stream.name.clone(), visit.left_out);
        StreamRun { stream, began, observations, outcome, requests, left_out }
    }

    async fn posts<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        scene: Scene<'_>,
        rules: &InteractionRules,
        old: Option<&Place>,
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
            let values = Values {
                page_size: Some(&size),
                cursor: cursor.as_deref(),
                watermark: old.map(|old| old.text.as_str()),
                ..scene.values()
            };
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
        (answer, old): (&Answer, Option<&Place>),
        visit: &mut Visit,
    ) -> Result<(), Stop> {
        let known = Known {
            watermark: old,
            bottom: visit.bottom.as_ref(),
            keys: &visit.keys,
            cursor: visit.mark.cursor.as_deref(),
        };
        let mut page = take_in(scene, rules, answer, known, via.memory)?;
        if page.next.as_ref().is_some_and(|next| visit.used.contains(next)) {
            return Err(Stop::retry(format!("{} sends the same cursor twice", answer.host)));
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
        let place = |mark: &Option<String>| Place::parse(rules.order, mark.as_deref()?);
        let top = place(&visit.mark.top).max(page.top.take());
        let bottoms = [place(&visit.mark.bottom), page.bottom.take()];
        visit.mark.top = top.map(|top| top.text);
        visit.mark.bottom = bottoms.into_iter().flatten().min().map(|bottom| bottom.text);
        visit.keys.extend(page.keys.drain(..));
        visit.mark.cursor = page.next.take();
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
        Err(Stop::Refused(why)) => Outcome::Refused { why: why.clone() },
    }
}

/// One list per layer, the empty ones too, so that all layers share one watermark. Nothing where
/// nothing was read.
fn lists(
    layers: &[Layer],
    visit: &mut Visit,
    outcome: &Outcome,
    old: Option<&str>,
) -> Vec<Observation> {
    if visit.pages == 0 {
        return Vec::new();
    }
    let old = old.map(str::to_owned);
    let watermark = match outcome {
        Outcome::Done => visit.mark.top.take().or(old),
        _ => old,
    };
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
            reach: Reach::Newer { watermark: watermark.clone() },
        })
    };
    layers.iter().map(list).collect()
}
