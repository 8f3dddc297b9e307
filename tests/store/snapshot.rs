//! Reading the whole database at one moment.

use model::profile::GoneReason;
use model::{Consent, PersonKind};
use store::pg::snapshot::{self, SnapshotReader};
use store::pg::{erase, profile};
use testkit::database;

use crate::web::{
    PLATFORM, at, claimed, commit_all, crawled, follows, ids, mark, page, round, stream,
};

#[tokio::test]
async fn a_reader_shows_the_database_as_it_was_when_it_opened() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let reader = SnapshotReader::open(db.pg()).await.unwrap();
    crawled(db.pg(), page("eve"), &["bob"], at(1)).await;
    let rows = reader.lists(0, None, 100).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.key.profile).collect::<Vec<_>>(), [ada]);
    let nodes = reader.nodes(None, 100).await.unwrap();
    assert_eq!((nodes.len(), nodes[0].person), (1, ada.home_person()));
    assert_eq!((nodes[0].kind, nodes[0].consent), (PersonKind::Unknown, Consent::default()));
    let words = reader.words(None, 100).await.unwrap();
    assert_eq!(words[0].bio.as_deref(), Some("I am ada"));
    assert_eq!(reader.links().await.unwrap(), []);
}

#[tokio::test]
async fn the_next_reader_needs_only_what_changed_since() {
    let db = database().await;
    crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let bob = crawled(db.pg(), page("bob"), &["ada"], at(0)).await;
    let mark = mark(db.pg()).await;
    claimed(db.pg(), &["ada", "bob"], at(5)).await;
    let same = round(ids(db.pg(), ["ada"]).await[0], vec![stream("f", vec![follows(&["bob"])])]);
    let other = round(bob, vec![stream("f", vec![follows(&["eve"])])]);
    commit_all(db.pg(), at(5), vec![same, other]).await;
    let reader = SnapshotReader::open(db.pg()).await.unwrap();
    let changed = reader.lists(mark, None, 100).await.unwrap();
    assert_eq!(changed.iter().map(|row| row.key.profile).collect::<Vec<_>>(), [bob]);
    assert!(self::mark(db.pg()).await > mark);
}

#[tokio::test]
async fn a_returned_profile_has_the_transaction_of_its_return() {
    let db = database().await;
    let [ada] = ids(db.pg(), ["ada"]).await;
    let back = async || {
        let reader = SnapshotReader::open(db.pg()).await.unwrap();
        let nodes = reader.nodes(None, 10).await.unwrap();
        (nodes[0].back, reader.high_water())
    };
    for _ in 0..2 {
        profile::import(db.pg(), PLATFORM, &[page("ada")], at(0)).await.unwrap();
        assert_eq!(back().await.0, 0, "it was never away");
    }
    erase::profile(db.pg(), ada, GoneReason::Suspended, at(1)).await.unwrap();
    let (never, mark) = back().await;
    assert_eq!(never, 0, "it is still away");
    profile::import(db.pg(), PLATFORM, &[page("ada")], at(2)).await.unwrap();
    assert!(back().await.0 >= mark);
}

/// A row written by a transaction that is open when a reader opens belongs to the next snapshot.
#[tokio::test]
async fn nothing_falls_between_two_readers() {
    let db = database().await;
    crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let slow = db.client().await;
    slow.batch_execute("begin; update adjacency set changed_xid = pg_current_xact_id()")
        .await
        .unwrap();
    crawled(db.pg(), page("eve"), &["bob"], at(1)).await;
    let mark = SnapshotReader::open(db.pg()).await.unwrap().high_water();
    slow.batch_execute("commit").await.unwrap();
    let next = SnapshotReader::open(db.pg()).await.unwrap();
    assert_eq!(next.lists(mark, None, 100).await.unwrap().len(), 2);
}

#[tokio::test]
async fn pages_of_a_reader_cover_everything() {
    let db = database().await;
    for name in ["a", "b", "c", "d", "e"] {
        crawled(db.pg(), page(name), &["x", "y"], at(0)).await;
    }
    let reader = SnapshotReader::open(db.pg()).await.unwrap();
    let (mut rows, mut nodes) = (Vec::new(), Vec::new());
    while let page = reader.lists(0, rows.last().copied(), 2).await.unwrap()
        && !page.is_empty()
    {
        rows.extend(page.iter().map(|row| row.key));
    }
    while let page = reader.nodes(nodes.last().copied(), 2).await.unwrap()
        && !page.is_empty()
    {
        nodes.extend(page.iter().map(|node| node.id));
    }
    assert_eq!((rows.len(), nodes.len()), (5, 5));
}

#[tokio::test]
async fn snapshot_ids_are_never_given_twice() {
    let db = database().await;
    let (one, two) = tokio::join!(snapshot::mint(db.pg()), snapshot::mint(db.pg()));
    assert_ne!(one.unwrap(), two.unwrap());
}
