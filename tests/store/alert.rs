//! Spend alerts: each once, a few of each payer.

use model::alert::ALERTS_MAX;
use model::{AlertId, AlertKind, MicroCredits, PayerId, SpendAlert};
use store::StoreError;
use store::pg::alert::{self, AlertPlace};
use testkit::{Database, database};

use crate::ledger::at;

const PAYER: PayerId = PayerId::new(1);
const OTHER: PayerId = PayerId::new(2);

async fn made(db: &Database, payer: PayerId, micros: i64) -> Result<AlertId, StoreError> {
    let (kind, threshold) = (AlertKind::BalanceBelow, MicroCredits::new(micros));
    alert::create(db.pg(), payer, kind, threshold, at(0)).await
}

fn ids(alerts: &[SpendAlert]) -> Vec<AlertId> {
    alerts.iter().map(|alert| alert.id).collect()
}

#[tokio::test]
async fn an_alert_is_made_once_and_fires_until_it_is_armed() {
    let db = database().await;
    let id = made(&db, PAYER, 7).await.unwrap();
    assert_eq!(made(&db, PAYER, 7).await.unwrap(), id);
    let threshold = MicroCredits::new(7);
    let spent = alert::create(db.pg(), PAYER, AlertKind::SpentAbove, threshold, at(1)).await;
    let spent = spent.unwrap();
    let of = async || alert::of_payer(db.pg(), PAYER).await.unwrap();
    let kind = AlertKind::BalanceBelow;
    let first = SpendAlert { id, payer: PAYER, kind, threshold, created_at: at(0), fired_at: None };
    let second = SpendAlert { id: spent, kind: AlertKind::SpentAbove, created_at: at(1), ..first };
    assert_eq!(of().await, [first, second]);
    for fired_at in [Some(at(5)), Some(at(6)), None] {
        alert::fire(db.pg(), id, fired_at).await.unwrap();
        assert_eq!(of().await, [SpendAlert { fired_at, ..first }, second]);
    }
    alert::fire(db.pg(), AlertId::new(1 << 40), None).await.unwrap();
}

#[tokio::test]
async fn another_payers_alerts_are_neither_seen_nor_deleted() {
    let db = database().await;
    let (mine, theirs) = (made(&db, PAYER, 1).await.unwrap(), made(&db, OTHER, 1).await.unwrap());
    assert_ne!(mine, theirs);
    assert!(!alert::delete(db.pg(), PAYER, theirs).await.unwrap());
    assert_eq!(ids(&alert::of_payer(db.pg(), OTHER).await.unwrap()), [theirs]);
    assert!(alert::delete(db.pg(), PAYER, mine).await.unwrap());
    assert!(!alert::delete(db.pg(), PAYER, mine).await.unwrap());
    assert_eq!(alert::of_payer(db.pg(), PAYER).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payer_has_a_few_alerts_however_many_are_made_at_once() {
    let db = database().await;
    made(&db, OTHER, 1).await.unwrap();
    let many = i64::from(ALERTS_MAX) + 5;
    let done = futures::future::join_all((0..many).map(|micros| made(&db, PAYER, micros))).await;
    let refused = done.iter().filter(|one| matches!(one, Err(StoreError::Conflict(_)))).count();
    assert_eq!((refused, done.iter().filter(|one| one.is_ok()).count()), (5, 20));
    let all = alert::of_payer(db.pg(), PAYER).await.unwrap();
    assert_eq!(all.len(), 20);
    assert_eq!(made(&db, PAYER, all[3].threshold.micros()).await.unwrap(), all[3].id);
    assert!(alert::delete(db.pg(), PAYER, all[0].id).await.unwrap());
    made(&db, PAYER, 1_000).await.unwrap();
    assert!(made(&db, PAYER, 1_001).await.unwrap_err().to_string().contains("delete one first"));
}

#[tokio::test]
async fn all_alerts_are_read_page_by_page_and_payer_by_payer() {
    let db = database().await;
    assert_eq!(alert::page(db.pg(), None, 5).await.unwrap(), []);
    let mut all = Vec::new();
    for (payer, micros) in [(PAYER, 1), (OTHER, 1), (PAYER, 2), (OTHER, 2), (PAYER, 3)] {
        all.push(made(&db, payer, micros).await.unwrap());
    }
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let page = alert::page(db.pg(), after, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(AlertPlace::of(last));
        found.extend(ids(&page));
    }
    assert_eq!(found, [all[0], all[2], all[4], all[1], all[3]]);
    assert_eq!(alert::page(db.pg(), None, u32::MAX).await.unwrap().len(), 5);
}
