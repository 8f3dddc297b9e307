//! Commits of what a fetch saw.

use model::observation::{ListCoverage, Observation};
use model::time::Day;
use model::{AdjacencyEntry, Consent, Layer, PersonKind};
use store::pg::crawl::{CrawlOutcome, CrawledProfile, RoundEnd, StreamCheckpoint, subjects};
use store::pg::{frontier, profile};
use testkit::database;

use crate::web::{
    at, claim, claimed, commit_all, crawled, follows, ids, list, lists, mentions, own_list, page,
    plain, resumed, round, stream,
};

#[tokio::test]
async fn a_page_and_a_list_become_a_profile_and_arcs() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let mut seen = page("ada");
    (seen.kind, seen.consent) = (PersonKind::Person, Consent::WORDS_PRIVATE);
    (seen.followers, seen.created_at) = (Some(7), Some(at(-1_000)));
    let streams = vec![
        stream("profile", vec![Observation::Profile(Box::new(seen))]),
        stream("follows", vec![follows(&["bob", "eve", "ada", "bob"])]),
    ];
    let outcome = commit_all(db.pg(), at(5), vec![round(ada, streams)]).await;
    let wanted = CrawlOutcome {
        applied: 1,
        new_profiles: 2,
        changed_profiles: 1,
        changed_lists: 1,
        arcs_added: 2,
        ..CrawlOutcome::default()
    };
    assert_eq!(outcome, wanted);
    let (row, arcs) = own_list(db.pg(), ada, Layer::Follow).await;
    assert_eq!(arcs, plain(&ids(db.pg(), ["bob", "eve"]).await));
    assert!(row.complete && !row.hidden && row.observed_at == at(5));
    let stored = &profile::get(db.pg(), &[ada]).await.unwrap()[0];
    assert_eq!((stored.texts.display_name.as_deref(), stored.followers), (Some("ADA"), Some(7)));
    assert_eq!((stored.kind, stored.consent), (PersonKind::Person, Consent::WORDS_PRIVATE));
    assert_eq!((stored.created_at, stored.crawled_at), (Some(at(-1_000)), Some(at(5))));
    assert_eq!((stored.person, stored.gone), (ada.home_person(), None));
}

#[tokio::test]
async fn a_complete_list_replaces_the_old_one() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob", "eve"], at(0)).await;
    claimed(db.pg(), &["ada"], at(10)).await;
    let streams = vec![stream("follows", vec![follows(&["eve", "kim"])])];
    let outcome = commit_all(db.pg(), at(10), vec![round(ada, streams)]).await;
    assert_eq!((outcome.arcs_added, outcome.arcs_removed, outcome.changed_lists), (1, 1, 1));
    let (_, arcs) = own_list(db.pg(), ada, Layer::Follow).await;
    assert_eq!(arcs, plain(&ids(db.pg(), ["eve", "kim"]).await));
}

#[tokio::test]
async fn an_unchanged_round_writes_neither_profile_nor_lists() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let versions = "select (select array_agg((ctid, xmin, xmax)::text) from profile),
        (select array_agg((ctid, xmin, xmax)::text) from adjacency)";
    let client = db.client().await;
    let versions = async || -> (Vec<String>, Vec<String>) {
        let row = client.query_one(versions, &[]).await.unwrap();
        (row.get(0), row.get(1))
    };
    let before = versions().await;
    claimed(db.pg(), &["ada"], at(10)).await;
    let streams = vec![
        stream("profile", vec![Observation::Profile(Box::new(page("ada")))]),
        stream("follows", vec![follows(&["bob"])]),
    ];
    let outcome = commit_all(db.pg(), at(10), vec![round(ada, streams)]).await;
    assert_eq!(outcome, CrawlOutcome { applied: 1, ..CrawlOutcome::default() });
    assert_eq!(versions().await, before);
}

#[tokio::test]
async fn a_hidden_list_keeps_the_arcs_that_were_seen() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    claimed(db.pg(), &["ada"], at(10)).await;
    let hidden = list(Layer::Follow, &[], ListCoverage::Hidden);
    commit_all(db.pg(), at(10), vec![round(ada, vec![stream("follows", vec![hidden])])]).await;
    let (row, arcs) = own_list(db.pg(), ada, Layer::Follow).await;
    assert!(row.hidden && row.complete);
    assert_eq!(arcs, plain(&ids(db.pg(), ["bob"]).await));
    claimed(db.pg(), &["ada"], at(20)).await;
    let shown = vec![stream("follows", vec![follows(&["bob"])])];
    commit_all(db.pg(), at(20), vec![round(ada, shown)]).await;
    assert!(!own_list(db.pg(), ada, Layer::Follow).await.0.hidden);
}

#[tokio::test]
async fn interactions_add_up_from_watermark_to_watermark() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let first = stream("feed", vec![mentions(&["bob", "bob", "eve"], "post-3")]);
    commit_all(db.pg(), at(0), vec![round(ada, vec![first])]).await;
    let mut later = stream("feed", vec![mentions(&["bob"], "post-4")]);
    later.began =
        StreamCheckpoint { cursor: None, watermarks: vec![(Layer::Mention, "post-3".into())] };
    claimed(db.pg(), &["ada"], at(10)).await;
    let known = subjects(db.pg(), &[ada], at(10)).await.unwrap();
    assert_eq!(known[0].watermarks, later.began.watermarks);
    commit_all(db.pg(), at(10), vec![round(ada, vec![later.clone()])]).await;
    claimed(db.pg(), &["ada"], at(20)).await;
    let stale = commit_all(db.pg(), at(20), vec![round(ada, vec![later])]).await;
    assert_eq!((stale.stale, stale.changed_lists), (1, 0));
    let [bob, eve] = ids(db.pg(), ["bob", "eve"]).await;
    let (row, arcs) = own_list(db.pg(), ada, Layer::Mention).await;
    let wanted = [AdjacencyEntry::counted(bob, 3, Day(7)), AdjacencyEntry::counted(eve, 1, Day(7))];
    assert_eq!(arcs, wanted.into_iter().collect());
    assert_eq!(row.watermark.as_deref(), Some("post-4"));
}

#[tokio::test]
async fn followers_are_a_list_of_their_own() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    claimed(db.pg(), &["ada"], at(10)).await;
    let Observation::List(mut followers) = follows(&["eve"]) else { panic!() };
    followers.direction = model::Direction::In;
    let streams = vec![stream("followers", vec![Observation::List(followers)])];
    commit_all(db.pg(), at(10), vec![round(ada, streams)]).await;
    let rows = lists(db.pg(), ada).await;
    let arcs: Vec<_> = rows.iter().map(|row| row.list().unwrap()).collect();
    let [bob, eve] = ids(db.pg(), ["bob", "eve"]).await;
    assert_eq!(arcs, [plain(&[bob]), plain(&[eve])]);
}

#[tokio::test]
async fn several_lists_of_one_stream_are_one_list() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let one = |names: &[&str]| list(Layer::List, names, ListCoverage::Complete);
    let streams = vec![stream("lists", vec![one(&["bob", "eve"]), one(&["eve", "kim"])])];
    let outcome = commit_all(db.pg(), at(0), vec![round(ada, streams)]).await;
    assert_eq!(outcome.arcs_added, 3);
    assert!(own_list(db.pg(), ada, Layer::List).await.0.complete);
}

#[tokio::test]
async fn a_retry_waits_as_long_as_the_host_asked_and_keeps_count() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let retry = |at| RoundEnd::Retry { at, why: "429".into(), in_vain: true };
    let busy = CrawledProfile { id: ada, streams: vec![], end: retry(at(90)) };
    commit_all(db.pg(), at(0), vec![busy]).await;
    assert_eq!(claim(db.pg(), at(89)).await, []);
    assert_eq!(claim(db.pg(), at(90)).await, [ada]);
    assert_eq!(subjects(db.pg(), &[ada], at(90)).await.unwrap()[0].attempt, 1);
}

#[tokio::test]
async fn a_failure_is_recorded_and_tried_anew_in_a_month() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let end = RoundEnd::Failed { why: "cursor loop".into() };
    commit_all(db.pg(), at(0), vec![CrawledProfile { id: ada, streams: vec![], end }]).await;
    let counts = frontier::counts(db.pg(), at(0)).await.unwrap();
    assert_eq!((counts.failed, counts.crawled), (1, 0));
    assert_eq!(claim(db.pg(), at(29 * 86_400)).await, []);
    assert_eq!(claim(db.pg(), at(30 * 86_400)).await, [ada]);
}

#[tokio::test]
async fn what_to_fetch_is_told_only_under_a_claim() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &[], at(0)).await;
    assert_eq!(subjects(db.pg(), &[ada], at(0)).await.unwrap(), []);
    claimed(db.pg(), &["ada"], at(10)).await;
    let found = subjects(db.pg(), &[ada], at(10)).await.unwrap();
    assert_eq!(found[0].named.native_id, "did:ada");
    assert_eq!(found[0].named.handle.as_deref(), Some("ada.sky.test"));
    assert_eq!(found[0].named.host.as_deref(), Some(crate::web::HOST));
    assert_eq!((found[0].attempt, found[0].streams.len()), (0, 0));
    assert_eq!(subjects(db.pg(), &[ada], at(610)).await.unwrap(), [], "the claim ran out");
}

#[tokio::test]
async fn a_hostile_page_is_stored_without_what_postgresql_refuses() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let mut seen = page("ada");
    seen.texts.bio = Some(format!("nul \0 and {}", "long ".repeat(10_000)));
    seen.followers = Some(u32::MAX);
    let streams = vec![stream("profile", vec![Observation::Profile(Box::new(seen))])];
    commit_all(db.pg(), at(0), vec![round(ada, streams)]).await;
    let stored = &profile::get(db.pg(), &[ada]).await.unwrap()[0];
    assert!(stored.texts.bio.as_ref().unwrap().starts_with("nul  and long"));
    assert_eq!(stored.texts.bio.as_ref().unwrap().chars().count(), 9_999);
    assert_eq!(stored.followers, Some(i32::MAX as u32));
}

#[tokio::test]
async fn a_stream_that_stands_elsewhere_is_stale() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let elsewhere = resumed("follows", Some("page-9"), vec![follows(&["bob"])]);
    let outcome = commit_all(db.pg(), at(0), vec![round(ada, vec![elsewhere])]).await;
    assert_eq!((outcome.applied, outcome.stale, outcome.changed_lists), (1, 1, 0));
    assert_eq!(lists(db.pg(), ada).await, []);
}

#[tokio::test]
async fn a_name_that_cannot_be_kept_costs_its_arc_and_nothing_else() {
    let db = database().await;
    let long = "x".repeat(3_000);
    let mut seen = page("ada");
    (seen.texts.url, seen.local_id) = (Some(format!("https://{long}")), Some("7\0".to_owned()));
    let ada = crawled(db.pg(), seen, &["bob", "b\0b", &long, "eve"], at(0)).await;
    let [bob, eve] = ids(db.pg(), ["bob", "eve"]).await;
    assert_eq!(own_list(db.pg(), ada, Layer::Follow).await.1, plain(&[bob, eve]));
    let shown = &profile::get(db.pg(), &[ada]).await.unwrap()[0];
    assert_eq!((shown.texts.bio.as_deref(), &shown.texts.url), (Some("I am ada"), &None));
}
