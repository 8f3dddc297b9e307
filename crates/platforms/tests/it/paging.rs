//! Pages: until the cursor ends, cut and resumed, looping, hidden, capped.

use model::Layer;
use model::observation::{Observation, Reach};
use model::profile::Gone;
use platforms::engine::{Outcome, Progress, Subject};
use platforms::http::Recorded;
use platforms::{Engine, Settings};

use crate::script::{
    APPVIEW, Tokens, answer, follows, layer, list, me, names, only, page, round_with, run,
};

fn resumed(cursor: Option<&str>) -> Subject {
    let cursor = cursor.map(str::to_owned);
    let mut subject = me();
    subject.progress = vec![Progress { stream: "follows".into(), cursor, done: false }];
    only("follows", subject)
}

#[tokio::test]
async fn short_and_empty_pages_are_not_the_end() {
    let web = Recorded::new([
        follows(None, &["did:plc:a"], Some("1")),
        follows(Some("1"), &[], Some("2")),
        follows(Some("2"), &["did:plc:b"], None),
    ]);
    let run = run(&web, &only("follows", me())).await;
    assert_eq!((run.outcome.clone(), run.requests), (Outcome::Done, 3));
    assert_eq!(list(&run).reach, Reach::Complete);
    assert_eq!(names(list(&run)), ["did:plc:a", "did:plc:b"]);
}

#[tokio::test]
async fn a_cut_list_goes_on_where_it_was() {
    let web = Recorded::new([
        follows(None, &["did:plc:a"], Some("1")),
        follows(Some("1"), &["did:plc:b"], None),
    ]);
    let engine = Engine::new(Settings::default()).unwrap();
    let first = only("follows", me());
    let (runs, _) = round_with(&engine, &web, &first, &mut Tokens(1)).await;
    let Outcome::More { cursor: Some(cursor) } = &runs[0].outcome else { panic!("{runs:?}") };
    assert_eq!(list(&runs[0]).reach, Reach::Part { cursor: cursor.clone() });
    assert_eq!(names(list(&runs[0])), ["did:plc:a"]);
    let second = run(&web, &resumed(Some(cursor))).await;
    assert_eq!(second.began.as_ref(), Some(cursor));
    assert_eq!((names(list(&second)), second.outcome.clone()), (vec!["did:plc:b"], Outcome::Done));
    assert_eq!(list(&second).reach, Reach::Complete);
}

#[tokio::test]
async fn without_a_token_nothing_is_asked_and_nothing_said() {
    let web = Recorded::new([]);
    let engine = Engine::new(Settings::default()).unwrap();
    let (runs, _) = round_with(&engine, &web, &me(), &mut Tokens(0)).await;
    assert_eq!(runs.len(), 5);
    for run in runs {
        assert_eq!((run.outcome, run.observations), (Outcome::More { cursor: None }, Vec::new()));
    }
    assert!(web.asked().is_empty());
}

#[tokio::test]
async fn a_cursor_that_comes_back_is_trouble_and_the_page_is_not_kept() {
    let web = Recorded::new([
        follows(None, &["did:plc:a"], Some("1")),
        follows(Some("1"), &["did:plc:b"], Some("1")),
        follows(Some("1"), &["did:plc:b"], None),
    ]);
    let first = run(&web, &only("follows", me())).await;
    let Outcome::Retry { cursor, why, .. } = &first.outcome else { panic!("{first:?}") };
    assert!(why.contains("same cursor twice"), "{why}");
    assert_eq!(names(list(&first)), ["did:plc:a"]);
    let second = run(&web, &resumed(cursor.as_deref())).await;
    assert_eq!((names(list(&second)), second.outcome.clone()), (vec!["did:plc:b"], Outcome::Done));
}

#[tokio::test]
async fn an_empty_list_where_the_count_says_otherwise_is_hidden() {
    let web = Recorded::new([follows(None, &[], None)]);
    let mut subject = only("follows", me());
    assert_eq!(list(&run(&web, &subject).await).reach, Reach::Complete);
    subject.following = Some(3);
    assert_eq!(list(&run(&web, &subject).await).reach, Reach::Hidden);
}

#[tokio::test]
async fn oneself_is_nobody_and_malformed_records_are_counted() {
    let body = r#"{"follows":[{"did":"did:plc:me"},{"did":7},{"x":1},{"did":"no did"},
        {"did":"did:plc:a","handle":"handle.invalid"}]}"#;
    let url = format!("{APPVIEW}app.bsky.graph.getFollows?actor=did:plc:me&limit=100");
    let run = run(&Recorded::new([page(url, body)]), &only("follows", me())).await;
    assert_eq!(names(list(&run)), ["did:plc:a"]);
    assert_eq!((list(&run).arcs[0].other.handle.as_ref(), run.left_out), (None, 3));
}

#[tokio::test]
async fn an_actor_that_is_gone_ends_the_round() {
    let url = format!("{APPVIEW}app.bsky.graph.getFollows?actor=did:plc:me&limit=100");
    let gone = r#"{"error":"InvalidRequest","message":"Actor not found: did:plc:me"}"#;
    let engine = Engine::new(Settings::default()).unwrap();
    let web = Recorded::new([answer(url, 400, &[], gone)]);
    let (runs, _) = round_with(&engine, &web, &me(), &mut Tokens(9)).await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].observations, [Observation::Gone(Gone::Deleted)]);
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

fn feed(cursor: Option<&str>, posts: &[String], next: Option<&str>) -> platforms::http::Recording {
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
    let web = Recorded::new([
        feed(None, &[post(2, "2026-11-02T10:00:00.000Z", &twice), old.clone()], Some("x")),
        feed(Some("x"), &[], None),
    ]);
    let first = run(&web, &only("posts", me())).await;
    let (mentions, watermark) = layer(&first, Layer::Mention);
    assert_eq!(mentions, [("did:plc:ada".to_owned(), 2)]);
    assert_eq!(watermark.as_deref(), Some("2026-11-02T10:00:00.000Z"));
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
    let web = Recorded::new([
        feed(None, std::slice::from_ref(&new), Some("x")),
        // The host loops: the first page again, under another cursor.
        feed(Some("x"), &[new, post(1, "2026-11-01T10:00:00.000Z", &ada)], None),
    ]);
    let engine = Engine::new(Settings::default()).unwrap();
    let mut subject = only("posts", me());
    let (runs, _) = round_with(&engine, &web, &subject, &mut Tokens(1)).await;
    assert_eq!(layer(&runs[0], Layer::Mention), (vec![("did:plc:ada".to_owned(), 1)], None));
    let cursor = runs[0].outcome.cursor().map(str::to_owned);
    subject.progress.push(Progress { stream: "posts".into(), cursor, done: false });
    let second = run(&web, &subject).await;
    let newest = Some("2026-11-02T10:00:00.000Z".to_owned());
    assert_eq!(layer(&second, Layer::Mention), (vec![("did:plc:ada".to_owned(), 1)], newest));
}
