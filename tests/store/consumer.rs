//! Readers whose place is kept.

use model::change::ChangeRange;
use model::consumer::CONSUMERS_MAX;
use model::{ChangeFilter, ChangeKind, ChangePosition, Consumer, ConsumerName, PayerId};
use store::StoreError;
use store::pg::consumer::ConsumerMove::{self, Forward, Replay, Rewind};
use store::pg::consumer::{self, ConsumerKey};
use testkit::{Database, database};

use crate::web::at;

fn name(text: &str) -> ConsumerName {
    text.parse().unwrap()
}

fn key(payer: u64, name: &ConsumerName) -> ConsumerKey<'_> {
    ConsumerKey { payer: PayerId::new(payer), name }
}

async fn put(db: &Database, name: &ConsumerName, position: u64) -> Consumer {
    let (filter, position) = (ChangeFilter::default(), ChangePosition::new(position));
    consumer::put(db.pg(), key(1, name), &filter, position, at(0)).await.unwrap()
}

async fn commit(db: &Database, name: &ConsumerName, to: u64, by: ConsumerMove) -> Option<Consumer> {
    let to = ChangePosition::new(to);
    consumer::commit(db.pg(), key(1, name), to, by, at(1)).await.unwrap()
}

fn range(from: u64, to: u64) -> ChangeRange {
    ChangeRange { from: ChangePosition::new(from), to: ChangePosition::new(to) }
}

#[tokio::test]
async fn a_consumer_moves_forward_and_backward_only_if_it_says_so() {
    let db = database().await;
    let mirror = name("mirror");
    assert_eq!(put(&db, &mirror, 5).await.position.number(), 5);
    let moved = commit(&db, &mirror, 9, Forward).await.unwrap();
    assert_eq!((moved.position.number(), moved.updated_at), (9, at(1)));
    assert_eq!(commit(&db, &mirror, 9, Forward).await, Some(moved), "twice is once");
    assert_eq!(commit(&db, &mirror, 8, Forward).await, None);
    assert_eq!(commit(&db, &mirror, 2, Rewind).await.unwrap().position.number(), 2);
    assert_eq!(commit(&db, &name("other"), 2, Rewind).await, None);
    let gone = ChangeFilter { kinds: [ChangeKind::Gone].into(), ..ChangeFilter::default() };
    let here = ChangePosition::new(77);
    let changed = consumer::put(db.pg(), key(1, &mirror), &gone, here, at(3)).await.unwrap();
    assert_eq!((changed.position.number(), changed.filter), (2, gone), "it stays where it is");
}

#[tokio::test]
async fn a_range_is_read_again_and_then_the_consumer_goes_on() {
    let db = database().await;
    let mirror = name("mirror");
    put(&db, &mirror, 10).await;
    let replay = async |from, to| {
        consumer::replay(db.pg(), key(1, &mirror), range(from, to), at(1)).await.unwrap()
    };
    assert_eq!(replay(3, 11).await, None, "it is not that far");
    assert_eq!(replay(3, 7).await.unwrap().replay, Some(range(3, 7)));
    let on = commit(&db, &mirror, 5, Replay).await.unwrap();
    assert_eq!((on.position.number(), on.replay), (10, Some(range(5, 7))));
    for late in [4, 5] {
        assert_eq!(commit(&db, &mirror, late, Replay).await.unwrap().replay, Some(range(5, 7)));
    }
    let further = commit(&db, &mirror, 12, Forward).await.unwrap();
    assert_eq!((further.position.number(), further.replay), (12, Some(range(5, 7))));
    assert_eq!(commit(&db, &mirror, 7, Forward).await, None, "a late commit ends no range");
    for _twice in 0..2 {
        let ended = commit(&db, &mirror, 7, Replay).await.unwrap();
        assert_eq!((ended.position.number(), ended.replay), (12, None));
    }
    replay(3, 7).await.unwrap();
    let back = commit(&db, &mirror, 4, Rewind).await.unwrap();
    assert_eq!((back.position.number(), back.replay), (4, None), "to go back ends the range");
}

#[tokio::test]
async fn consumers_are_their_payers_own_and_bounded() {
    let db = database().await;
    for number in 0..CONSUMERS_MAX {
        put(&db, &name(&format!("c{number}")), 0).await;
    }
    put(&db, &name("c0"), 0).await;
    let one_more = name("one-more");
    let (all, start) = (ChangeFilter::default(), ChangePosition::default());
    let refused = consumer::put(db.pg(), key(1, &one_more), &all, start, at(0));
    assert!(matches!(refused.await, Err(StoreError::Conflict(_))));
    let first = name("c0");
    assert_eq!(consumer::get(db.pg(), key(2, &first)).await.unwrap(), None);
    assert!(!consumer::delete(db.pg(), key(2, &first)).await.unwrap());
    assert_eq!(consumer::of_payer(db.pg(), PayerId::new(2)).await.unwrap(), []);
    assert!(consumer::delete(db.pg(), key(1, &first)).await.unwrap());
    assert_eq!(consumer::get(db.pg(), key(1, &first)).await.unwrap(), None);
    let left = consumer::of_payer(db.pg(), PayerId::new(1)).await.unwrap();
    assert_eq!(left.len(), CONSUMERS_MAX as usize - 1);
    assert_eq!((&left[0].name, left[0].created_at), (&name("c1"), at(0)));
}
