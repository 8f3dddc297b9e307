//! Interaction streams: posts newer than the watermark, added up per layer and target.
//!
//! A post counts at most once per layer and target. A layer that the manifest gained since the last round
//! counts all posts, the others only the new ones ([`FeedLayers`]). The watermark is made of the whole round. While a
//! round is cut, its visits keep the old watermark, and the checkpoint carries what the new one is made
//! of, so that nothing is counted twice and nothing between the visits is lost.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use model::observation::{ListCoverage, NamedProfile, Observation, SeenArc, SeenList};
use model::{Day, Direction, Layer};

use super::CrawlEngine;
use super::anchor::Anchor;
use super::checkpoint::StreamCheckpoint;
use super::context::FetchContext;
use super::feed_layers::FeedLayers;
use super::feed_page::{FeedPosition, PostInteraction, read_feed_page};
use super::feed_reading::FeedReading;
use super::names::{NameResolver, NameState, PageName};
use super::page_request::PageAnswer;
use super::run::{StreamOutcome, StreamRun, VisitResult};
use super::stop_reason::StopReason;
use super::stream_scope::StreamScope;
use super::visit_pages::VisitPages;
use crate::manifest::InteractionRules;

/// What a visit to an interaction stream works on.
#[derive(Debug, Clone, Copy)]
struct FeedScope<'a> {
    stream: StreamScope<'a>,
    rules: &'a InteractionRules,
    layers: &'a FeedLayers<'a>,
}

/// A visit to an interaction stream in progress.
#[derive(Debug, Default)]
struct FeedVisit {
    pages: VisitPages,
    sums: BTreeMap<InteractionKey, InteractionSum>,
    left_out: u32,
    /// The posts seen in this visit, and the last ones of the visit before.
    seen: HashSet<Anchor>,
}

/// A layer and the native id of a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct InteractionKey {
    layer: Layer,
    native_id: String,
}

/// What was added up for one layer and target.
#[derive(Debug)]
struct InteractionSum {
    other: NamedProfile,
    count: u32,
    last_day: Day,
}

impl CrawlEngine {
    /// One visit to an interaction stream.
    pub(super) async fn feed(
        &self,
        fetch: &mut FetchContext<'_>,
        scope: StreamScope<'_>,
        rules: &InteractionRules,
    ) -> StreamRun {
        let began = scope.began();
        let checkpoint = StreamCheckpoint::parse(began.as_deref());
        let layers = FeedLayers::of(rules, scope.subject, checkpoint.reading.as_ref());
        let mut visit = FeedVisit::begin(checkpoint, layers.start());
        let before = fetch.requests;
        let feed = FeedScope { stream: scope, rules, layers: &layers };
        let end = self.posts(fetch, feed, &mut visit).await;
        let VisitResult { observations, outcome } = feed.finish(&mut visit, end);
        StreamRun {
            stream: scope.stream.name.clone(),
            began,
            observations,
            outcome,
            requests: fetch.requests - before,
            left_out: visit.left_out,
        }
    }

    /// Reads pages until the end of what is new or the visit's cap.
    async fn posts(
        &self,
        fetch: &mut FetchContext<'_>,
        feed: FeedScope<'_>,
        visit: &mut FeedVisit,
    ) -> Result<(), StopReason> {
        loop {
            let answer = self.request_next(fetch, feed.stream, &mut visit.pages).await?;
            self.page_of_posts(fetch, feed, &answer, visit).await?;
            if visit.pages.checkpoint.cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Takes in one page. Nothing of it is kept if there is trouble with it.
    async fn page_of_posts(
        &self,
        fetch: &mut FetchContext<'_>,
        feed: FeedScope<'_>,
        answer: &PageAnswer,
        visit: &mut FeedVisit,
    ) -> Result<(), StopReason> {
        let now = fetch.clock.now();
        let scope = feed.stream;
        let (manifest, memory) = (scope.manifest, fetch.memory);
        let resolver = NameResolver { manifest, memory, host: &answer.host };
        let reading = visit.pages.checkpoint.reading.as_ref();
        let position = FeedPosition {
            layers: feed.layers,
            passed: reading.map(|reading| reading.passed).unwrap_or_default(),
            seen: &visit.seen,
            cursor: visit.pages.checkpoint.cursor.as_deref(),
            now,
        };
        let mut page = read_feed_page(scope, feed.rules, resolver, answer, position)?;
        visit.pages.refuse_loop(page.next.as_deref(), &answer.host)?;
        let mut names: Vec<&mut PageName<'_>> =
            page.interactions.iter_mut().map(|one| &mut one.other).collect();
        self.resolve_names(fetch, scope, &answer.host, &mut names).await?;
        let checkpoint = &mut visit.pages.checkpoint;
        let layers = feed.layers;
        let reading =
            checkpoint.reading.get_or_insert_with(|| FeedReading::of_layers(layers.all()));
        reading.add_page(&page.posts, checkpoint.cursor.as_deref(), now);
        reading.passed = page.passed;
        // Where the newest come first, everything behind known posts is known.
        let is_over = page.ends_old && layers.ends_at_known_posts(reading);
        visit.seen.extend(page.posts.iter().map(|post| post.anchor));
        visit.pages.advance(page.next.filter(|_| !is_over));
        visit.left_out += page.left_out;
        visit.add_up(&scope.subject.named.native_id, page.interactions);
        Ok(())
    }
}

impl FeedVisit {
    /// A visit from a checkpoint on; a round that has read nothing yet begins at `start`.
    fn begin(mut checkpoint: StreamCheckpoint, start: Option<&str>) -> FeedVisit {
        if checkpoint.pages == 0 {
            checkpoint.cursor = start.map(str::to_owned);
        }
        let seen = checkpoint.reading.as_ref().map(FeedReading::last).unwrap_or_default();
        FeedVisit { pages: VisitPages::at(checkpoint), seen, ..FeedVisit::default() }
    }

    fn add_up(&mut self, own: &str, interactions: Vec<PostInteraction<'_>>) {
        let mut counted = BTreeSet::new();
        for PostInteraction { layer, other, day, post } in interactions {
            let other = match other.state {
                NameState::Known(other) if other.native_id == own => continue,
                NameState::Known(other) => other,
                _ => {
                    self.left_out += 1;
                    continue;
                }
            };
            let key = InteractionKey { layer, native_id: other.native_id.clone() };
            if !counted.insert((post, key.clone())) {
                continue;
            }
            let new = InteractionSum { other, count: 0, last_day: Day(0) };
            let sum = self.sums.entry(key).or_insert(new);
            sum.count = sum.count.saturating_add(1);
            sum.last_day = sum.last_day.max(day);
        }
    }

    fn take_arcs(&mut self) -> BTreeMap<Layer, Vec<SeenArc>> {
        let mut arcs: BTreeMap<Layer, Vec<SeenArc>> = BTreeMap::new();
        for (key, InteractionSum { other, count, last_day }) in std::mem::take(&mut self.sums) {
            let arc = SeenArc { other, count, last_day, weight: 1.0 };
            arcs.entry(key.layer).or_default().push(arc);
        }
        arcs
    }
}

impl FeedScope<'_> {
    /// What a visit saw, and how it ended.
    fn finish(self, visit: &mut FeedVisit, end: Result<(), StopReason>) -> VisitResult {
        if let Err(StopReason::Gone(gone)) = end {
            let observations = vec![Observation::Gone(gone)];
            return VisitResult { observations, outcome: StreamOutcome::Done };
        }
        let outcome = match end {
            Ok(()) => StreamOutcome::Done,
            // Posts behind the cap are never read.
            Err(StopReason::Cut) if visit.pages.is_capped(&self.stream.stream.paging) => {
                StreamOutcome::Done
            }
            Err(stop) => stop.outcome(visit.pages.checkpoint.cursor()),
        };
        VisitResult { observations: self.lists(visit, &outcome), outcome }
    }

    /// One list per layer, the empty ones too, so that a finished round leaves one watermark to all
    /// layers. None where no page was read.
    fn lists(self, visit: &mut FeedVisit, outcome: &StreamOutcome) -> Vec<Observation> {
        let has_read = visit.pages.read > 0;
        let layers = self.layers;
        let checkpoint = &mut visit.pages.checkpoint;
        let new = match outcome {
            // The host does not take the cursor that it gave.
            StreamOutcome::Refused { .. } if !has_read && layers.start().is_some() => {
                layers.without_cursor()
            }
            _ if !has_read => return Vec::new(),
            StreamOutcome::Done => {
                layers.next(checkpoint.reading.take(), checkpoint.cursor.is_some())
            }
            _ => None,
        };
        let mut arcs = visit.take_arcs();
        let list = |&layer: &Layer| {
            let watermark = new.clone().or_else(|| layers.kept(layer).map(str::to_owned));
            Observation::List(SeenList {
                layer,
                direction: Direction::Out,
                arcs: arcs.remove(&layer).unwrap_or_default(),
                coverage: ListCoverage::Newer { watermark },
            })
        };
        layers.all().iter().map(list).collect()
    }
}
