//! Pages: until the cursor ends, cut and resumed, looping, hidden, capped.

use std::ops::Range;

use model::observation::{ListCoverage, NamedProfile, Observation};
use model::profile::GoneReason;
use model::{Direction, Layer, Platform};
use platforms::engine::{FetchSubject, StreamOutcome, StreamProgress};
use platforms::http::{RecordedAnswer, RecordedWeb};
use platforms::{CrawlEngine, EngineSettings};

use crate::script::{
    APPVIEW, Tokens, answer, follows, layer, list, me, names, only, page, round_with, run,
};

fn resumed(cursor: Option<&str>) -> FetchSubject {
    let cursor = cursor.map(str::to_owned);
    let mut subject = me();
    subject.progress = vec![StreamProgress { stream: "follows".into(), cursor, done: false }];
    only("follows", subject)
}

#[tokio::test]
async fn short_and_empty_pages_are_not_the_end() {
    let web = RecordedWeb::new([
        follows(None, &["did:plc:a"], Some("1")),
        follows(Some("1"), &[], Some("2")),
        follows(Some("2"), &["did:plc:b"], None),
    ]);
    let run = run(&web, &only("follows", me())).await;
    assert_eq!((run.outcome.clone(), run.requests), (StreamOutcome::Done, 3));
    assert_eq!(list(&run).coverage, ListCoverage::Complete);
    assert_eq!(names(list(&run)), ["did:plc:a", "did:plc:b"]);
}

#[tokio::test]
async fn a_cut_list_goes_on_where_it_was() {
    let web = RecordedWeb::new([
        follows(None, &["did:plc:a"], Some("1")),
        follows(Some("1"), &["did:plc:b"], None),
    ]);
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let first = only("follows", me());
    let (runs, _) = round_with(&engine, &web, &first, &mut Tokens(1)).await;
    let StreamOutcome::More { cursor: Some(cursor) } = &runs[0].outcome else { panic!("{runs:?}") };
    assert_eq!(list(&runs[0]).coverage, ListCoverage::Part { cursor: cursor.clone() });
    assert_eq!(names(list(&runs[0])), ["did:plc:a"]);
    let second = run(&web, &resumed(Some(cursor))).await;
    assert_eq!(second.began.as_ref(), Some(cursor));
    assert_eq!(
        (names(list(&second)), second.outcome.clone()),
        (vec!["did:plc:b"], StreamOutcome::Done)
    );
    assert_eq!(list(&second).coverage, ListCoverage::Complete);
}

#[tokio::test]
async fn without_a_token_nothing_is_asked_and_nothing_said() {
    let web = RecordedWeb::new([]);
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let (runs, _) = round_with(&engine, &web, &me(), &mut Tokens(0)).await;
    assert_eq!(runs.len(), 5);
    for run in runs {
        assert_eq!(
            (run.outcome, run.observations),
            (StreamOutcome::More { cursor: None }, Vec::new())
        );
    }
    assert!(web.asked().is_empty());
}

#[tokio::test]
async fn a_cursor_that_comes_back_is_trouble_and_the_page_is_not_kept() {
    let web = RecordedWeb::new([
        follows(None, &["did:plc:a"], Some("1")),
        follows(Some("1"), &["did:plc:b"], Some("1")),
        follows(Some("1"), &["did:plc:b"], None),
    ]);
    let first = run(&web, &only("follows", me())).await;
    let StreamOutcome::Unreadable { cursor, why } = &first.outcome else { panic!("{first:?}") };
    assert!(why.contains("same cursor twice"), "{why}");
    assert_eq!(names(list(&first)), ["did:plc:a"]);
    let second = run(&web, &resumed(cursor.as_deref())).await;
    assert_eq!(
        (names(list(&second)), second.outcome.clone()),
        (vec!["did:plc:b"], StreamOutcome::Done)
    );
}

#[tokio::test]
async fn bluesky_has_no_hidden_lists() {
    let web = RecordedWeb::new([follows(None, &[], None)]);
    let mut subject = only("follows", me());
    subject.following = Some(3);
    assert_eq!(list(&run(&web, &subject).await).coverage, ListCoverage::Complete);
}

#[tokio::test]
async fn a_list_that_lost_much_is_asked_for_again_before_anybody_is_removed() {
    let mut subject = only("follows", me());
    subject.lists = vec![((Layer::Follow, Direction::Out), 4)];
    let short = || follows(None, &["did:plc:a"], None);
    let whole = follows(None, &["did:plc:a", "did:plc:b", "did:plc:c", "did:plc:d"], None);
    let asked = async |pages: Vec<RecordedAnswer>, subject: &FetchSubject| {
        let run = run(&RecordedWeb::new(pages), subject).await;
        (names(list(&run)).len(), list(&run).coverage.clone(), run.requests)
    };
    assert_eq!(asked(vec![short(), whole], &subject).await, (4, ListCoverage::Complete, 2));
    assert_eq!(asked(vec![short(), short()], &subject).await, (1, ListCoverage::Complete, 2));
    let url = format!("{APPVIEW}app.bsky.graph.getFollows?actor=did:plc:me&limit=100");
    let (people, coverage, _) = asked(vec![short(), answer(url, 503, &[], "")], &subject).await;
    assert_eq!((people, matches!(coverage, ListCoverage::Part { .. })), (1, true));
    subject.following = Some(1);
    assert_eq!(asked(vec![short()], &subject).await, (1, ListCoverage::Complete, 1));
}

const FOLLOWING: &str = "https://one.test/api/v1/accounts/7/following?limit=80";

/// A page of a fediverse account's list: these people, and its Link header lines.
fn following(query: &str, people: Range<u32>, links: &[&str]) -> RecordedAnswer {
    let person = |n| format!(r#"{{"uri":"https://one.test/users/p{n}","acct":"p{n}","id":"{n}"}}"#);
    let people: Vec<String> = people.map(person).collect();
    let links: Vec<(&str, &str)> = links.iter().map(|line| ("link", *line)).collect();
    answer(format!("{FOLLOWING}{query}"), 200, &links, format!("[{}]", people.join(",")))
}

fn fediverse(following: Option<u32>) -> FetchSubject {
    let native_id = "https://one.test/users/me".to_owned();
    let named =
        NamedProfile { native_id, host: Some("one.test".to_owned()), ..NamedProfile::default() };
    let local_id = Some("7".to_owned());
    let me = FetchSubject { local_id, following, ..FetchSubject::new(Platform::FEDIVERSE, named) };
    only("following", me)
}

#[tokio::test]
async fn a_link_header_in_several_lines_leads_on() {
    let prev = r#"<https://one.test/x?since_id=1>; rel="prev""#;
    let next = r#"<https://one.test/api/v1/accounts/7/following?limit=80&max_id=3>; rel="next""#;
    let web = RecordedWeb::new([
        following("", 1..4, &[prev, next]),
        following("&max_id=3", 4..6, &[prev]),
    ]);
    let run = run(&web, &fediverse(Some(5))).await;
    assert_eq!((names(list(&run)).len(), list(&run).coverage.clone()), (5, ListCoverage::Complete));
}

#[tokio::test]
async fn a_list_is_complete_only_if_its_end_is_proven() {
    let coverage = async |count: Option<u32>, links: &[&str]| {
        let web = RecordedWeb::new([following("", 1..4, links)]);
        list(&run(&web, &fediverse(count)).await).coverage.clone()
    };
    let is_part = |coverage: ListCoverage| matches!(coverage, ListCoverage::Part { .. });
    let prev = r#"<https://one.test/x?since_id=1>; rel="prev""#;
    assert_eq!(coverage(Some(3), &[prev]).await, ListCoverage::Complete);
    assert_eq!(coverage(None, &[prev]).await, ListCoverage::Complete);
    // No word of the end: the profile's own count decides, and without one nobody knows.
    assert_eq!(coverage(Some(3), &[]).await, ListCoverage::Complete);
    assert!(is_part(coverage(Some(9), &[]).await));
    assert!(is_part(coverage(None, &[]).await));
    // A form of `next` that is not legal is no end where much is missing.
    assert!(is_part(coverage(Some(9), &["<https://one.test/x?max_id=3>; rel='next'"]).await));
}

#[tokio::test]
async fn oneself_is_nobody_and_malformed_records_are_counted() {
    let body = r#"{"follows":[{"did":"did:plc:me"},{"did":7},{"x":1},{"did":"no did"},
        {"did":"did:plc:a","handle":"handle.invalid"}]}"#;
    let url = format!("{APPVIEW}app.bsky.graph.getFollows?actor=did:plc:me&limit=100");
    let run = run(&RecordedWeb::new([page(url, body)]), &only("follows", me())).await;
    assert_eq!(names(list(&run)), ["did:plc:a"]);
    assert_eq!((list(&run).arcs[0].other.handle.as_ref(), run.left_out), (None, 3));
}

#[tokio::test]
async fn an_actor_that_is_gone_ends_the_round() {
    let url = format!("{APPVIEW}app.bsky.graph.getFollows?actor=did:plc:me&limit=100");
    let gone = r#"{"error":"InvalidRequest","message":"Actor not found: did:plc:me"}"#;
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let web = RecordedWeb::new([answer(url, 400, &[], gone)]);
    let (runs, _) = round_with(&engine, &web, &me(), &mut Tokens(9)).await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].observations, [Observation::Gone(GoneReason::Deleted)]);
}

fn post(n: u32, at: &str, facets: &str) -> String {
    format!(
        r#"{{"post":{{"uri":"at://did:plc:me/app.bsky.feed.post/{n}","indexedAt":"{at}",
        "author":{{"did":"did:plc:me"}},"record":{{"facets":[{facets}]}}}}}}"#
    )
}

fn mention(did: &str) -> String {
    format!(r#"{{"features":[{{"$type":"app.bsky.richtext.facet#mention","did":"{did}"}}]}}"#)
}

fn feed(cursor: Option<&str>, posts: &[String], next: Option<&str>) -> RecordedAnswer {
    let next = next.map(|next| format!(r#","cursor":"{next}""#)).unwrap_or_default();
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    let filter = "&filter=posts_with_replies&limit=100";
    page(
        format!("{APPVIEW}app.bsky.feed.getAuthorFeed?actor=did:plc:me{cursor}{filter}"),
        format!(r#"{{"feed":[{}]{next}}}"#, posts.join(",")),
    )
}

#[tokio::test]
async fn only_posts_newer_than_the_watermark_are_counted() {
    let ada = mention("did:plc:ada");
    let twice = format!("{ada},{ada}");
    let old = post(1, "2026-11-01T10:00:00.000Z", &ada);
    let web = RecordedWeb::new([
        feed(None, &[post(2, "2026-11-02T10:00:00.000Z", &twice), old.clone()], Some("x")),
        feed(Some("x"), &[], None),
    ]);
    let first = run(&web, &only("posts", me())).await;
    let (mentions, watermark) = layer(&first, Layer::Mention);
    assert_eq!(mentions, [("did:plc:ada".to_owned(), 2)]);
    assert_eq!(layer(&first, Layer::Reply), (Vec::new(), watermark));

    let mut subject = only("posts", me());
    subject.watermarks = [Layer::Mention, Layer::Reply, Layer::Repost]
        .map(|layer| (layer, "2026-11-01T10:00:00Z".to_owned()))
        .to_vec();
    let second = run(&web, &subject).await;
    assert_eq!(layer(&second, Layer::Mention).0, [("did:plc:ada".to_owned(), 1)]);
    assert_eq!(second.requests, 1, "it asked on although the watermark was reached");
}

#[tokio::test]
async fn a_cut_feed_keeps_the_old_watermark_and_counts_each_post_once() {
    let ada = mention("did:plc:ada");
    let new = post(2, "2026-11-02T10:00:00.000Z", &ada);
    let web = RecordedWeb::new([
        feed(None, std::slice::from_ref(&new), Some("x")),
        // The host loops: the first page again, under another cursor.
        feed(Some("x"), &[new, post(1, "2026-11-01T10:00:00.000Z", &ada)], None),
    ]);
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let mut subject = only("posts", me());
    let (runs, _) = round_with(&engine, &web, &subject, &mut Tokens(1)).await;
    assert_eq!(layer(&runs[0], Layer::Mention), (vec![("did:plc:ada".to_owned(), 1)], None));
    let cursor = runs[0].outcome.cursor().map(str::to_owned);
    subject.progress.push(StreamProgress { stream: "posts".into(), cursor, done: false });
    let second = run(&web, &subject).await;
    let (mentions, watermark) = layer(&second, Layer::Mention);
    assert_eq!(mentions, [("did:plc:ada".to_owned(), 1)]);
    subject.progress.pop();
    let layers = [Layer::Mention, Layer::Reply, Layer::Repost];
    subject.watermarks = layers.map(|layer| (layer, watermark.clone().unwrap())).to_vec();
    assert_eq!(layer(&run(&web, &subject).await, Layer::Mention).0, []);
}

#[tokio::test]
async fn ids_are_opaque_and_likes_may_come_oldest_first() {
    let like = |n: u32| {
        let uri = format!("at://did:plc:me/app.bsky.feed.like/{:x}", n.wrapping_mul(0x9e37_79b9));
        let of = format!("at://did:plc:p{n}/app.bsky.feed.post/1");
        format!(
            r#"{{"uri":"{uri}","value":{{"createdAt":"2026-11-01T00:00:00Z","subject":{{"uri":"{of}"}}}}}}"#
        )
    };
    let page = |cursor: Option<u32>, likes: Range<u32>, next: Option<u32>| {
        let likes: Vec<String> = likes.map(like).collect();
        let next = next.map(|next| format!(r#","cursor":"{next}""#)).unwrap_or_default();
        let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let of = "collection=app.bsky.feed.like";
        page(
            format!(
                "https://pds.test/xrpc/com.atproto.repo.listRecords?{of}{cursor}&limit=100&repo=did:plc:me"
            ),
            format!(r#"{{"records":[{}]{next}}}"#, likes.join(",")),
        )
    };
    let doc = r#"{"service":[{"type":"AtprotoPersonalDataServer","serviceEndpoint":"https://pds.test"}]}"#;
    let plc = || crate::script::page("https://plc.directory/did:plc:me", doc);
    let mut subject = only("likes", me());
    let first = run(
        &RecordedWeb::new([plc(), page(None, 0..100, Some(100)), page(Some(100), 100..150, None)]),
        &subject,
    )
    .await;
    let (likes, watermark) = layer(&first, Layer::Like);
    assert_eq!(likes.len(), 150);
    subject.watermarks = vec![(Layer::Like, watermark.unwrap())];
    let web =
        RecordedWeb::new([plc(), page(None, 0..100, Some(100)), page(Some(100), 100..151, None)]);
    let second = run(&web, &subject).await;
    assert_eq!(layer(&second, Layer::Like).0, [("did:plc:p150".to_owned(), 1)]);
}

#[tokio::test]
async fn what_is_no_page_is_told_apart_from_a_passing_trouble() {
    let url = format!("{APPVIEW}app.bsky.graph.getFollows?actor=did:plc:me&limit=100");
    for body in ["<!doctype html><p>Log in</p>", "", "{}", "[1,", "null", "\"text\""] {
        let run = run(&RecordedWeb::new([page(&url, body)]), &only("follows", me())).await;
        assert!(matches!(run.outcome, StreamOutcome::Unreadable { .. }), "{body}: {run:?}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_cost_themselves_if_they_stay() {
    let url = format!("{APPVIEW}app.bsky.graph.getFollows?actor=did:plc:me&limit=100");
    let body = b"{\"follows\":[{\"did\":\"did:plc:a\",\"handle\":\"\xff.test\"}]}".to_vec();
    let web = RecordedWeb::of_bytes(url, body);
    let mut subject = only("follows", me());
    assert!(matches!(run(&web, &subject).await.outcome, StreamOutcome::Unreadable { .. }));
    subject.attempt = FetchSubject::READINGS - 1;
    let run = run(&web, &subject).await;
    assert_eq!(list(&run).arcs[0].other.handle, None);
    assert_eq!(names(list(&run)), ["did:plc:a"]);
}
