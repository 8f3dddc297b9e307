//! The change log.

use model::time::Day;
use model::{Direction, Layer};
use store::pg::change::{self, Change, Position};
use testkit::database;

use crate::web::{at, claimed, commit_all, crawled, events, follows, ids, page, round, stream};

#[tokio::test]
async fn the_log_tells_arcs_gained_and_lost() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob", "eve"], at(0)).await;
    claimed(db.pg(), &["ada"], at(10)).await;
    let streams = vec![stream("follows", vec![follows(&["eve"])])];
    commit_all(db.pg(), at(10), vec![round(ada, streams)]).await;
    let [bob, eve] = ids(db.pg(), ["bob", "eve"]).await;
    let events = events(db.pg(), Position::default(), 2).await;
    let arcs = |added: &[_], removed: &[_]| Change::Arcs {
        layer: Layer::Follow,
        direction: Direction::Out,
        added: added.to_vec(),
        removed: removed.to_vec(),
    };
    let wanted = [(at(0), arcs(&[bob, eve], &[])), (at(10), arcs(&[], &[bob]))];
    let found: Vec<_> = events.iter().map(|event| (event.at, event.change.clone())).collect();
    assert_eq!(found, wanted);
    let newest = change::of_subject(db.pg(), ada, None, 1).await.unwrap();
    assert_eq!(newest, events[1..]);
    let older = change::of_subject(db.pg(), ada, Some(newest[0].position), 9).await.unwrap();
    assert_eq!(older, events[..1]);
}

/// A transaction that began early and commits late must not slip behind a reader.
#[tokio::test]
async fn events_wait_for_transactions_that_may_still_write() {
    let db = database().await;
    let slow = db.client().await;
    crawled(db.pg(), page("warm-up"), &["bob"], at(0)).await;
    let write = "insert into change_log (day, at_ms, kind, subject) values ($1, 0, 2, 9)";
    slow.batch_execute("begin").await.unwrap();
    slow.execute(write, &[&i32::from(Day::of(at(0)).0)]).await.unwrap();
    crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let before = events(db.pg(), Position::default(), 1).await;
    assert_eq!(before.len(), 1, "only what was committed before the slow one began");
    slow.batch_execute("commit").await.unwrap();
    let after = events(db.pg(), before[0].position, 2).await;
    assert_eq!(after.len(), 2);
    assert_eq!(after[0].change, Change::Gone);
    assert!(after[0].position < after[1].position);
}
