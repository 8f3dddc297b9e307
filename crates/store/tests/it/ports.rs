//! The ports' suites on the implementations of this crate.

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
