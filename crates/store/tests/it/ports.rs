//! The ports' suites on the implementations of this crate.

use model::port::{Outgoing, Queue};
use store::objects::Folder;
use store::queue::PgQueue;
use testkit::{Frozen, database, objects_suite, queue_suite};

#[tokio::test]
async fn a_folder_keeps_the_promises_of_objects() {
    let folder = tempfile::tempdir().unwrap();
    objects_suite(&Folder::open(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn a_queue_in_postgresql_keeps_the_promises_of_queues() {
    let (db, clock) = (database().await, Frozen::default());
    let queue = PgQueue::new(db.pg().clone(), "suite", 2, clock.clone());
    queue_suite(&queue, async |seconds| clock.advance_seconds(seconds)).await;
}

#[tokio::test]
async fn clearing_a_queue_leaves_others_and_the_dead_alone() {
    let (db, clock) = (database().await, Frozen::default());
    let queue = |name, receives| PgQueue::new(db.pg().clone(), name, receives, clock.clone());
    let (one, other) = (queue("one", 0), queue("other", 2));
    let message = |body: &str| Outgoing { body: body.into(), delay_seconds: 0 };
    one.send(&[message("dead")]).await.unwrap();
    assert_eq!(one.receive(1, 60).await.unwrap(), []);
    one.send(&[message("cleared"), message("cleared")]).await.unwrap();
    other.send(&[message("kept")]).await.unwrap();
    one.clear().await.unwrap();
    assert_eq!((one.depth().await, other.depth().await), (Ok(0), Ok(1)));
    assert_eq!(one.dead_letters(9).await, Ok(vec!["dead".to_owned()]));
}
