//! Layers that a manifest gains after a feed was read.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use model::Layer::{Mention, Reply, Repost};
use model::observation::{ListCoverage, NamedProfile, Observation};
use model::{Layer, Platform};
use platforms::engine::{FetchSubject, StreamProgress};
use platforms::http::{RecordedAnswer, RecordedWeb};
use platforms::{CrawlEngine, EngineSettings};

use crate::script::{Tokens, page, round_with};

const MANIFEST: &str = r#"
version: 1
platform: github
dialects: [rest]
handle: {pattern: '^[a-z]+$', example: ada, native: '^u[0-9]+$'}
home: api
origins:
  api: {url: 'https://api.example', limit: {requests: 60, window_seconds: 3600}}
rate_limit: {form: unix_seconds, window_seconds: 3600}
plan: [profile, posts]
streams:
  profile:
    about: a profile
    tested_by: tests
    request: {role: api, path: '/users/{native_id}'}
    profile: {native_id: id}
  posts:
    about: an account's posts
    tested_by: tests
    request: {role: api, path: '/users/{native_id}/posts', query: {at: '{cursor}'}}
    pager: {cursor: next}
    pages_max: 9
    records: posts
    interactions:
      id: id
      at: at
      arcs:
"#;

/// The posts of each page.
const PAGE: usize = 3;

/// A feed of posts that each mention, answer and repost one account; the page at `n` begins behind `n`
/// posts.
fn pages(posts: impl Iterator<Item = u32>) -> Vec<RecordedAnswer> {
    let post = |n: u32| format!(r#"{{"id":"p{n}","at":"2026-11-{n:02}T00:00:00Z","other":"u7"}}"#);
    let posts: Vec<String> = posts.map(post).collect();
    let starts = (0..posts.len()).step_by(PAGE);
    let answer = |start: usize| {
        let end = posts.len().min(start + PAGE);
        let url = "https://api.example/users/u1/posts";
        let url = if start == 0 { url.to_owned() } else { format!("{url}?at={start}") };
        let next = if end < posts.len() { format!(r#","next":"{end}""#) } else { String::new() };
        page(url, format!(r#"{{"posts":[{}]{next}}}"#, posts[start..end].join(",")))
    };
    starts.map(answer).collect()
}

fn newest_first(posts: RangeInclusive<u32>) -> RecordedWeb {
    RecordedWeb::new(pages(posts.rev()))
}

/// A profile, and what is stored of its feed.
struct StoredFeed {
    subject: FetchSubject,
    counts: BTreeMap<Layer, u32>,
}

impl StoredFeed {
    fn new() -> StoredFeed {
        let named = NamedProfile { native_id: "u1".to_owned(), ..NamedProfile::default() };
        let github: Platform = "github".parse().unwrap();
        StoredFeed { subject: FetchSubject::new(github, named), counts: BTreeMap::new() }
    }

    /// One visit under a manifest with these layers, which may send this many requests. Its requests.
    async fn visit(&mut self, manifest: &str, web: &RecordedWeb, requests: u32) -> u32 {
        let manifests = [("test.yaml", manifest)];
        let engine = CrawlEngine::with_manifests(&manifests, EngineSettings::default()).unwrap();
        let mut tokens = Tokens(requests);
        let run = round_with(&engine, web, &self.subject, &mut tokens).await.0.remove(0);
        self.subject.progress.clear();
        if !run.outcome.is_final() {
            let cursor = run.outcome.cursor().map(str::to_owned);
            let stream = run.stream.clone();
            self.subject.progress.push(StreamProgress { stream, cursor, done: false });
        }
        for observation in &run.observations {
            let Observation::List(list) = observation else { panic!("{observation:?}") };
            let ListCoverage::Newer { watermark } = &list.coverage else { panic!("{list:?}") };
            let count: u32 = list.arcs.iter().map(|arc| arc.count).sum();
            *self.counts.entry(list.layer).or_default() += count;
            if !run.outcome.is_final() {
                let stored = self.watermark(list.layer);
                assert_eq!(*watermark, stored, "{}: a round that is cut set it", list.layer);
                continue;
            }
            self.subject.watermarks.retain(|(layer, _)| *layer != list.layer);
            self.subject.watermarks.extend(watermark.clone().map(|new| (list.layer, new)));
        }
        run.requests
    }

    fn watermark(&self, of: Layer) -> Option<String> {
        let known = self.subject.watermarks.iter().find(|(layer, _)| *layer == of);
        known.map(|(_, watermark)| watermark.clone())
    }

    fn counts(&self, layers: [Layer; 2]) -> [u32; 2] {
        layers.map(|layer| self.counts[&layer])
    }
}

/// The manifest with these layers.
fn manifest(layers: &[Layer]) -> String {
    let rule =
        |layer: &Layer| format!("        - {{layer: {layer}, other: {{native_id: other}}}}\n");
    layers.iter().fold(MANIFEST.to_owned(), |text, layer| text + &rule(layer))
}

#[tokio::test]
async fn a_new_layer_reads_old_posts_and_the_others_count_none_twice() {
    for new in [Mention, Repost] {
        let (before, after) = (manifest(&[Reply]), manifest(&[Reply, new]));
        let mut feed = StoredFeed::new();
        feed.visit(&before, &newest_first(1..=6), 9).await;
        assert_eq!(feed.counts[&Reply], 6);
        assert_eq!(feed.visit(&after, &newest_first(1..=8), 9).await, 3);
        assert_eq!(feed.counts([Reply, new]), [8, 8]);
        assert_eq!(feed.watermark(Reply), feed.watermark(new));
        // From now on it is one of the feed's layers.
        assert_eq!(feed.visit(&after, &newest_first(1..=9), 9).await, 1);
        assert_eq!(feed.counts([Reply, new]), [9, 9]);
    }
}

#[tokio::test]
async fn a_round_that_is_cut_leaves_a_new_layer_without_a_watermark() {
    let (before, after) = (manifest(&[Reply]), manifest(&[Mention, Reply]));
    let mut feed = StoredFeed::new();
    feed.visit(&before, &newest_first(1..=9), 9).await;
    let old = feed.watermark(Reply);
    let web = newest_first(1..=11);
    for read in [3, 6] {
        feed.visit(&after, &web, 1).await;
        assert_eq!(feed.counts([Reply, Mention]), [11, read]);
        assert_eq!((feed.watermark(Reply), feed.watermark(Mention)), (old.clone(), None));
    }
    assert_eq!(feed.visit(&after, &web, 9).await, 2);
    assert_eq!(feed.counts([Reply, Mention]), [11, 11]);
    assert_eq!(feed.watermark(Reply), feed.watermark(Mention));
}

#[tokio::test]
async fn a_layer_that_is_new_in_the_middle_of_a_round_waits_for_the_next() {
    let (before, after) = (manifest(&[Reply]), manifest(&[Reply, Repost]));
    let mut feed = StoredFeed::new();
    let web = newest_first(1..=9);
    feed.visit(&before, &web, 1).await;
    feed.visit(&after, &web, 9).await;
    assert_eq!((feed.counts[&Reply], feed.counts.get(&Repost)), (9, None));
    feed.visit(&after, &web, 9).await;
    assert_eq!(feed.counts([Reply, Repost]), [9, 9]);
}

#[tokio::test]
async fn a_second_reading_that_the_cap_ends_before_the_watermark_keeps_it() {
    let oldest_first = |posts: RangeInclusive<u32>| RecordedWeb::new(pages(posts));
    let after = manifest(&[Reply, Repost]).replace("pages_max: 9", "pages_max: 2");
    let mut feed = StoredFeed::new();
    feed.visit(&manifest(&[Reply]), &oldest_first(1..=8), 9).await;
    let old = feed.watermark(Reply);
    feed.visit(&after, &oldest_first(1..=9), 9).await;
    assert_eq!(feed.counts([Reply, Repost]), [8, 6]);
    assert_eq!((feed.watermark(Reply), feed.watermark(Repost)), (old.clone(), old));
    // The ninth and the tenth are new, in both.
    feed.visit(&after, &oldest_first(1..=10), 9).await;
    assert_eq!(feed.counts([Reply, Repost]), [10, 8]);
}
