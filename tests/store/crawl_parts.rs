//! Rounds that are cut: every part counts once, and nothing is left behind.

use model::observation::{ListCoverage, Observation, SeenArc, SeenList};
use model::time::{Day, Timestamp};
use model::{AdjacencyEntry, Direction, Layer, ProfileId};
use store::Pg;
use store::pg::crawl::{
    CrawlOutcome, CrawledProfile, CrawledStream, RoundEnd, StreamEnd, subjects,
};
use testkit::database;

use crate::web::{
    arc, at, claim, claimed, commit_all, crawled, cut, follows, ids, list, mentions, own_list,
    page, plain, resumed, round, stream,
};

fn part(names: &[&str], cursor: &str) -> Observation {
    list(Layer::Follow, names, ListCoverage::Part { cursor: cursor.to_owned() })
}

/// Commits a cut round of one stream; the profile is due at once.
async fn cut_round(pg: &Pg, now: Timestamp, id: ProfileId, stream: CrawledStream) -> CrawlOutcome {
    let profile = CrawledProfile { id, streams: vec![stream], end: RoundEnd::Cut };
    commit_all(pg, now, vec![profile]).await
}

async fn rows_in_progress(db: &testkit::Database) -> i64 {
    let sql = "select (select count(*) from crawl_progress) + (select count(*) from crawl_part)";
    db.client().await.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_list_cut_twice_is_whole_in_the_end() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    cut_round(db.pg(), at(1), ada, cut("f", None, vec![part(&["bob"], "2")], "2")).await;
    let (row, arcs) = own_list(db.pg(), ada, Layer::Follow).await;
    assert!(!row.complete && arcs.len() == 1, "the first part shows early");
    claimed(db.pg(), &["ada"], at(2)).await;
    let found = subjects(db.pg(), &[ada], at(2)).await.unwrap();
    assert_eq!(found[0].streams[0].cursor.as_deref(), Some("2"));
    cut_round(db.pg(), at(3), ada, cut("f", Some("2"), vec![part(&["eve"], "3")], "3")).await;
    claimed(db.pg(), &["ada"], at(4)).await;
    let rest = resumed("f", Some("3"), vec![follows(&["kim"])]);
    commit_all(db.pg(), at(5), vec![round(ada, vec![rest])]).await;
    let (row, arcs) = own_list(db.pg(), ada, Layer::Follow).await;
    assert!(row.complete);
    assert_eq!(arcs, plain(&ids(db.pg(), ["bob", "eve", "kim"]).await));
    assert_eq!(rows_in_progress(&db).await, 0);
}

#[tokio::test]
async fn an_arc_gone_since_the_last_round_leaves_with_the_whole_list() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob", "old"], at(0)).await;
    claimed(db.pg(), &["ada"], at(10)).await;
    cut_round(db.pg(), at(11), ada, cut("follows", None, vec![part(&["bob"], "2")], "2")).await;
    let (row, arcs) = own_list(db.pg(), ada, Layer::Follow).await;
    assert!(row.complete && arcs.len() == 2, "a part says nothing of what is missing");
    claimed(db.pg(), &["ada"], at(12)).await;
    let rest = resumed("follows", Some("2"), vec![follows(&["eve"])]);
    let outcome = commit_all(db.pg(), at(13), vec![round(ada, vec![rest])]).await;
    assert_eq!((outcome.arcs_added, outcome.arcs_removed), (1, 1));
    let (_, arcs) = own_list(db.pg(), ada, Layer::Follow).await;
    assert_eq!(arcs, plain(&ids(db.pg(), ["bob", "eve"]).await));
}

#[tokio::test]
async fn interactions_of_a_cut_feed_count_once_and_at_its_end() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let first = Observation::List(SeenList {
        layer: Layer::Mention,
        direction: Direction::Out,
        arcs: vec![SeenArc { count: 2, last_day: Day(9), ..arc("bob") }],
        coverage: ListCoverage::Part { cursor: "2".into() },
    });
    let first = cut("feed", None, vec![first], "2");
    cut_round(db.pg(), at(1), ada, first.clone()).await;
    assert_eq!(crate::web::lists(db.pg(), ada).await, []);
    claimed(db.pg(), &["ada"], at(2)).await;
    let again = cut_round(db.pg(), at(2), ada, first).await;
    assert_eq!((again.applied, again.stale), (1, 1), "the redelivered page adds nothing");
    claimed(db.pg(), &["ada"], at(3)).await;
    let rest = resumed("feed", Some("2"), vec![mentions(&["bob", "eve"], "post-1")]);
    commit_all(db.pg(), at(4), vec![round(ada, vec![rest])]).await;
    let [bob, eve] = ids(db.pg(), ["bob", "eve"]).await;
    let wanted = [AdjacencyEntry::counted(bob, 3, Day(9)), AdjacencyEntry::counted(eve, 1, Day(7))];
    assert_eq!(own_list(db.pg(), ada, Layer::Mention).await.1, wanted.into_iter().collect());
    assert_eq!(rows_in_progress(&db).await, 0);
}

#[tokio::test]
async fn a_list_without_arcs_on_the_last_page_keeps_its_parts() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let reposts = |names: &[&str], coverage| list(Layer::Repost, names, coverage);
    let first =
        cut("feed", None, vec![reposts(&["bob"], ListCoverage::Part { cursor: "2".into() })], "2");
    cut_round(db.pg(), at(1), ada, first).await;
    claimed(db.pg(), &["ada"], at(2)).await;
    let rest = resumed("feed", Some("2"), vec![mentions(&["eve"], "post-1")]);
    commit_all(db.pg(), at(3), vec![round(ada, vec![rest])]).await;
    let (row, arcs) = own_list(db.pg(), ada, Layer::Repost).await;
    assert_eq!((arcs.len(), row.watermark.as_deref()), (1, Some("post-1")));
}

#[tokio::test]
async fn finished_streams_of_a_cut_round_are_not_fetched_again() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let streams = vec![stream("follows", vec![follows(&["bob"])]), cut("feed", None, vec![], "2")];
    let profile = CrawledProfile { id: ada, streams, end: RoundEnd::Cut };
    commit_all(db.pg(), at(1), vec![profile]).await;
    assert!(claim(db.pg(), at(1)).await.contains(&ada));
    let found = subjects(db.pg(), &[ada], at(1)).await.unwrap();
    let states: Vec<_> =
        found[0].streams.iter().map(|s| (s.stream.as_str(), s.cursor.as_deref(), s.done)).collect();
    assert_eq!(states, [("feed", Some("2"), false), ("follows", None, true)]);
    let rest = resumed("feed", Some("2"), vec![]);
    commit_all(db.pg(), at(2), vec![round(ada, vec![rest])]).await;
    assert_eq!(rows_in_progress(&db).await, 0);
}

#[tokio::test]
async fn a_stream_that_starts_over_forgets_its_parts() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    cut_round(db.pg(), at(1), ada, cut("f", None, vec![part(&["bob"], "2")], "2")).await;
    claimed(db.pg(), &["ada"], at(2)).await;
    let over =
        CrawledStream { end: StreamEnd::Cut { cursor: None }, ..resumed("f", Some("2"), vec![]) };
    cut_round(db.pg(), at(2), ada, over).await;
    assert_eq!(rows_in_progress(&db).await, 0);
    claimed(db.pg(), &["ada"], at(3)).await;
    let whole = stream("f", vec![follows(&["eve"])]);
    commit_all(db.pg(), at(3), vec![round(ada, vec![whole])]).await;
    assert_eq!(own_list(db.pg(), ada, Layer::Follow).await.1, plain(&ids(db.pg(), ["eve"]).await));
}

#[tokio::test]
async fn a_failed_round_leaves_no_progress() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    cut_round(db.pg(), at(1), ada, cut("f", None, vec![part(&["bob"], "2")], "2")).await;
    claimed(db.pg(), &["ada"], at(2)).await;
    let end = RoundEnd::Failed { why: "cursor loop".into() };
    commit_all(db.pg(), at(2), vec![CrawledProfile { id: ada, streams: vec![], end }]).await;
    assert_eq!(rows_in_progress(&db).await, 0);
    assert_eq!(own_list(db.pg(), ada, Layer::Follow).await.1.len(), 1);
}
