//! Interaction streams: posts newer than the watermark, added up per layer and target.
//!
//! A post counts at most once per layer and target. The watermark is made of the whole round. While a
//! round is cut, its visits keep the old watermark, and the checkpoint carries what the new one is made
//! of, so that nothing is counted twice and nothing between the visits is lost.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use model::observation::{ListCoverage, NamedProfile, Observation, SeenArc, SeenList};
use model::{Day, Direction, Layer};

use super::CrawlEngine;
use super::anchor::Anchor;
use super::checkpoint::StreamCheckpoint;
use super::context::FetchContext;
use super::feed_page::{FeedPosition, PostInteraction, read_feed_page};
use super::feed_reading::FeedReading;
use super::names::{NameResolver, NameState, PageName};
use super::page_request::PageAnswer;
use super::run::{StreamOutcome, StreamRun, VisitResult};
use super::stop_reason::StopReason;
use super::stream_scope::StreamScope;
use super::values::TemplateValues;
use super::visit_pages::VisitPages;
use super::watermark::Watermark;
use crate::manifest::InteractionRules;

/// What a visit to an interaction stream works on.
#[derive(Debug, Clone, Copy)]
struct FeedScope<'a> {
    stream: StreamScope<'a>,
    rules: &'a InteractionRules,
    /// The watermark of the last round, as it is stored.
    stored: Option<&'a str>,
    watermark: Option<&'a Watermark>,
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
        let stored = rules.layers().first().and_then(|layer| scope.subject.watermark(*layer));
        let watermark = stored.map(Watermark::parse);
        let mut visit = FeedVisit::begin(began.as_deref(), watermark.as_ref());
        let before = fetch.requests;
        let feed = FeedScope { stream: scope, rules, stored, watermark: watermark.as_ref() };
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
        let scope = feed.stream;
        let paging = &scope.stream.paging;
        let size = paging.page_size.to_string();
        loop {
            let cursor = visit.pages.next_cursor(paging)?;
            let values = TemplateValues {
                page_size: Some(&size),
                cursor: cursor.as_deref(),
                ..scope.values()
            };
            let request = scope.page_request(&scope.stream.requests, values);
            let answer = self.request_page(fetch, request).await?;
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
            watermark: feed.watermark,
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
        let reading = checkpoint.reading.get_or_insert_default();
        reading.add_page(&page.posts, checkpoint.cursor.as_deref(), now);
        reading.passed = page.passed;
        // Where the newest come first, everything behind known posts is known.
        let is_over = page.ends_old && reading.is_newest_first(feed.watermark);
        visit.seen.extend(page.posts.iter().map(|post| post.anchor));
        visit.pages.advance(page.next.filter(|_| !is_over));
        visit.left_out += page.left_out;
        visit.add_up(&scope.subject.named.native_id, page.interactions);
        Ok(())
    }
}

impl FeedVisit {
    /// A visit from a cursor on, or from where the watermark says that new posts begin.
    fn begin(cursor: Option<&str>, watermark: Option<&Watermark>) -> FeedVisit {
        let mut checkpoint = StreamCheckpoint::parse(cursor);
        if checkpoint == StreamCheckpoint::default() {
            checkpoint.cursor = watermark.and_then(|old| old.start()).map(str::to_owned);
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

    /// One list per layer, the empty ones too, so that all layers share one watermark. None where no
    /// page was read.
    fn lists(self, visit: &mut FeedVisit, outcome: &StreamOutcome) -> Vec<Observation> {
        let is_unread = visit.pages.read == 0;
        let new = match outcome {
            // The host does not take the cursor that it gave.
            StreamOutcome::Refused { .. }
                if is_unread && self.watermark.is_some_and(|old| old.start().is_some()) =>
            {
                self.stored.and_then(Watermark::from_start)
            }
            _ if is_unread => return Vec::new(),
            StreamOutcome::Done => {
                let reading = visit.pages.checkpoint.reading.take();
                reading.and_then(|reading| reading.watermark(self.watermark))
            }
            _ => None,
        };
        let watermark = new.or_else(|| self.stored.map(str::to_owned));
        let mut arcs = visit.take_arcs();
        let list = |layer: Layer| {
            Observation::List(SeenList {
                layer,
                direction: Direction::Out,
                arcs: arcs.remove(&layer).unwrap_or_default(),
                coverage: ListCoverage::Newer { watermark: watermark.clone() },
            })
        };
        self.rules.layers().into_iter().map(list).collect()
    }
}
