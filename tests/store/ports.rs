//! The ports' suites on the implementations of this crate.

use billing::twin::{LedgerState, Open, TwinLedger, TwinWallet, WalletState};
use model::port::{
    Clock, OutgoingMessage, Queue, RECEIVES_MAX, delivery_seconds_max, retry_delay_seconds,
};
use store::objects::Folder;
use store::pg::ledger::PgLedger;
use store::queue::PgQueue;
use store::wallet::PgWallet;
use testkit::{Frozen, database, ledger_suite, objects_suite, queue_suite, wallet_suite};

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
async fn wallets_in_memory_keep_the_promises_of_wallets() {
    wallet_suite(&TwinWallet::new(Open::new(WalletState::default()))).await;
}

#[tokio::test]
async fn wallets_in_postgresql_keep_the_promises_of_wallets() {
    let db = database().await;
    wallet_suite(&PgWallet::new(db.pg().clone())).await;
}

#[tokio::test]
async fn a_ledger_in_memory_keeps_the_promises_of_ledgers() {
    ledger_suite(&TwinLedger::new(Open::new(LedgerState::default()))).await;
}

#[tokio::test]
async fn a_ledger_in_postgresql_keeps_the_promises_of_ledgers() {
    let db = database().await;
    ledger_suite(&PgLedger::new(db.pg().clone())).await;
    assert_eq!(store::pg::ledger::differing_payers(db.pg()).await.unwrap(), []);
}

#[tokio::test]
async fn clearing_a_queue_leaves_others_and_the_dead_alone() {
    let (db, clock) = (database().await, Frozen::default());
    let queue = |name, receives| PgQueue::new(db.pg().clone(), name, receives, clock.clone());
    let (one, other) = (queue("one", 0), queue("other", 2));
    let message = |body: &str| OutgoingMessage { body: body.into(), delay_seconds: 0 };
    one.send(&[message("dead")]).await.unwrap();
    assert_eq!(one.receive(1, 60).await.unwrap(), []);
    one.send(&[message("cleared"), message("cleared")]).await.unwrap();
    other.send(&[message("kept")]).await.unwrap();
    one.clear().await.unwrap();
    assert_eq!((one.depth().await, other.depth().await), (Ok(0), Ok(1)));
    assert_eq!(one.dead_letters(9).await, Ok(vec!["dead".to_owned()]));
}

/// A job whose database is away: it is tried again later and later, and ten times in all.
#[tokio::test]
async fn a_message_is_received_ten_times_over_a_quarter_of_an_hour() {
    let (db, clock) = (database().await, Frozen::default());
    let queue = PgQueue::new(db.pg().clone(), "patient", RECEIVES_MAX, clock.clone());
    queue.send(&[OutgoingMessage { body: "job".into(), delay_seconds: 0 }]).await.unwrap();
    let (began, visibility) = (clock.now(), 60);
    let mut received_at = Vec::new();
    while queue.depth().await.unwrap() > 0 {
        for received in queue.receive(1, visibility).await.unwrap() {
            received_at.push(clock.now().duration_since(began).as_secs());
            let pause = retry_delay_seconds(received.receives);
            queue.release(&received.receipt, pause).await.unwrap();
        }
        clock.advance_seconds(2);
    }
    assert_eq!(received_at, [0, 2, 6, 14, 30, 62, 126, 254, 510, 1_022]);
    assert_eq!(queue.dead_letters(9).await, Ok(vec!["job".to_owned()]));
    let dead = clock.now().duration_since(began).as_secs();
    assert!(dead > 15 * 60 && dead < i64::from(delivery_seconds_max(visibility)));
}
