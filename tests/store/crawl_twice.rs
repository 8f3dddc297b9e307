//! Commits that run twice, at once, or break in the middle.

use model::{Layer, ProfileId};
use store::Pg;
use store::pg::change::{self, Event};
use store::pg::crawl::{CrawlBatch, CrawledProfile, RoundEnd, commit};
use testkit::database;

use crate::web::{
    at, batch, claim, claimed, commit_all, cut, follows, id, lists, mentions, own_list, round,
    stream,
};

fn everything(id: ProfileId) -> CrawledProfile {
    let streams = vec![
        stream("follows", vec![follows(&["bob", "eve"])]),
        stream("feed", vec![mentions(&["bob"], "post-1")]),
    ];
    round(id, streams)
}

#[tokio::test]
async fn the_same_batch_twice_has_the_effect_of_one() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let batch = batch(at(1), vec![everything(ada)]);
    let first = commit(db.pg(), &batch).await.unwrap();
    assert_eq!((first.applied, first.arcs_added), (1, 3));
    let (before, log) = (lists(db.pg(), ada).await, log(db.pg(), ada).await);
    let second = commit(db.pg(), &batch).await.unwrap();
    assert_eq!((second.applied, second.stale, second.new_profiles), (0, 1, 0));
    assert_eq!(lists(db.pg(), ada).await, before);
    assert_eq!(self::log(db.pg(), ada).await, log);
}

async fn log(pg: &Pg, id: ProfileId) -> Vec<Event> {
    change::of_subject(pg, id, None, 100).await.unwrap()
}

#[tokio::test]
async fn a_batch_that_leaves_the_claim_open_may_come_twice_too() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let open = CrawledProfile { end: RoundEnd::Open, ..everything(ada) };
    let batch = batch(at(1), vec![open]);
    commit(db.pg(), &batch).await.unwrap();
    let before = lists(db.pg(), ada).await;
    let second = commit(db.pg(), &batch).await.unwrap();
    assert_eq!((second.applied, second.stale), (1, 2));
    assert_eq!(lists(db.pg(), ada).await, before);
}

#[tokio::test]
async fn of_two_who_commit_one_page_at_once_one_counts() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let batch = batch(at(1), vec![everything(ada)]);
    let (one, other) = tokio::join!(commit(db.pg(), &batch), commit(db.pg(), &batch));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.applied + other.applied, 1);
    let mentions = own_list(db.pg(), ada, Layer::Mention).await.1;
    assert_eq!(mentions.entries()[0].count, 1);
}

/// Two committers whose batches show each other's profiles, in opposite order.
#[tokio::test]
async fn crossing_batches_lose_nothing() {
    let db = database().await;
    let names: Vec<String> = (0..60).map(|n| format!("p{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    claimed(db.pg(), &names, at(0)).await;
    let mut halves: Vec<CrawlBatch> = Vec::new();
    for (own, others) in [(&names[..30], &names[30..]), (&names[30..], &names[..30])] {
        let mut profiles = Vec::new();
        for name in own {
            let mut turned = others.to_vec();
            turned.reverse();
            let streams = vec![stream("f", vec![follows(&turned), follows(&["x", "y"])])];
            profiles.push(round(id(db.pg(), name).await, streams));
        }
        halves.push(batch(at(1), profiles));
    }
    let (one, other) = tokio::join!(commit(db.pg(), &halves[0]), commit(db.pg(), &halves[1]));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.arcs_added + other.arcs_added, 2 * 30 * 32);
    assert_eq!(one.new_profiles + other.new_profiles, 2);
    assert_eq!(claim(db.pg(), at(1)).await.len(), 2);
}

#[tokio::test]
async fn a_committer_killed_in_the_middle_loses_nothing() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    for wait_us in [0, 500, 1_000, 2_000, 4_000, 8_000] {
        let (pg, batch) = (db.pg().clone(), batch(at(1), vec![everything(ada)]));
        let killed = tokio::spawn(async move { commit(&pg, &batch).await.map(|_| ()) });
        tokio::time::sleep(std::time::Duration::from_micros(wait_us)).await;
        killed.abort();
        // Whether it was aborted or had finished, the database must be whole.
        let _ = killed.await;
    }
    commit_all(db.pg(), at(2), vec![everything(ada)]).await;
    assert_eq!(own_list(db.pg(), ada, Layer::Follow).await.1.len(), 2);
    assert_eq!(own_list(db.pg(), ada, Layer::Mention).await.1.entries()[0].count, 1);
    assert_eq!(claim(db.pg(), at(2)).await.len(), 2, "those who were seen are due");
}

#[tokio::test]
async fn connections_that_break_are_replaced() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    let killer = db.client().await;
    for round_number in 0..5 {
        killer.execute(kill, &[]).await.unwrap();
        let cursor = round_number.to_string();
        let from = (round_number > 0).then(|| (round_number - 1).to_string());
        let stream = cut("feed", from.as_deref(), vec![], &cursor);
        let open = CrawledProfile { id: ada, streams: vec![stream], end: RoundEnd::Open };
        assert_eq!(commit_all(db.pg(), at(1), vec![open]).await.stale, 0);
    }
}
