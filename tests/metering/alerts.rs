//! Spend alerts.

use billing_meter::{ALERTS_CHECKED, AlertReport, check_alerts};
use model::AlertKind;
use model::port::Wallet as _;
use model::wallet::WalletAdjustment;
use model::{Grant, GrantKind, PayerId, Timestamp, TransferId};
use store::pg::alert;

use crate::world::{MeteredWorld, micros};

impl MeteredWorld {
    async fn check(&self) -> AlertReport {
        check_alerts(self.deps(), ALERTS_CHECKED).await.unwrap()
    }

    /// When each alert of a payer fired, by threshold.
    async fn fired(&self, payer: PayerId) -> Vec<Option<Timestamp>> {
        let mut alerts = alert::of_payer(self.db.pg(), payer).await.unwrap();
        alerts.sort_by_key(|one| (one.kind, one.threshold));
        alerts.into_iter().map(|one| one.fired_at).collect()
    }
}

/// The report of a check after which no alert is left.
fn checked(checked: u64, fired: u64) -> AlertReport {
    AlertReport { checked, fired, ..AlertReport::default() }
}

#[tokio::test]
async fn a_check_continues_where_the_one_before_ended() {
    let world = MeteredWorld::new("").await;
    let pg = world.db.pg();
    for number in [3, 1, 2] {
        let payer = world.payer(number, 30).await;
        for threshold in [40, 50] {
            let (kind, now) = (AlertKind::BalanceBelow, world.now());
            alert::create(pg, payer, kind, micros(threshold), now).await.unwrap();
        }
    }
    let check = async |most| check_alerts(world.deps(), most).await.unwrap();
    let cut = AlertReport { is_cut: true, ..checked(4, 4) };
    assert_eq!(check(4).await, cut, "those of two payers");
    assert_eq!(world.fired(PayerId::new(2)).await, [Some(world.now()); 2]);
    assert_eq!(world.fired(PayerId::new(3)).await, [None; 2]);
    assert_eq!(check(4).await, checked(2, 2));
    assert_eq!(check(6).await, AlertReport { is_cut: true, ..checked(6, 0) }, "from the beginning");
    assert_eq!(check(6).await, checked(0, 0), "there was no other");
    assert_eq!(check(7).await, checked(6, 0));
}

#[tokio::test]
async fn an_alert_fires_once_and_is_armed_again() {
    let world = MeteredWorld::at("2026-11-22T23:50:00Z", "").await;
    let (payer, other) = (world.payer(1, 30).await, world.payer(2, 30).await);
    let (pg, now) = (world.db.pg(), world.now());
    for (payer, kind, threshold) in [
        (payer, AlertKind::BalanceBelow, 15),
        (payer, AlertKind::BalanceBelow, 20),
        (payer, AlertKind::SpentAbove, 10),
        (other, AlertKind::BalanceBelow, 30),
    ] {
        alert::create(pg, payer, kind, micros(threshold), now).await.unwrap();
    }
    assert_eq!(world.check().await, checked(4, 0));
    let first = world.serve(payer, 1, 1).await;
    world.post_all(&[first]).await;
    assert_eq!(world.check().await.fired, 0, "a threshold itself is not crossed");
    let second = world.serve(payer, 2, 1).await;
    world.post_all(&[second]).await;
    assert_eq!(world.check().await, checked(4, 3));
    assert_eq!(world.fired(payer).await, [Some(now); 3]);
    world.clock.advance_seconds(60);
    assert_eq!(world.check().await, checked(4, 0));
    assert_eq!(world.fired(payer).await, [Some(now); 3], "it fires once");
    let grant = Grant::new("more".parse().unwrap(), payer, GrantKind::Paid, micros(8));
    billing::fund(&world.wallet, &world.ledger(), &grant, world.now()).await.unwrap();
    assert_eq!(world.check().await.armed, 1);
    assert_eq!(world.fired(payer).await, [None, Some(now), Some(now)]);
    // Another day.
    world.clock.advance_seconds(600);
    assert_eq!(world.check().await.armed, 1);
    assert_eq!(world.fired(payer).await, [None, Some(now), None]);
    assert_eq!(world.fired(other).await, [None]);
    let id = TransferId::Expiry { grant: "pay-2".parse().unwrap(), part: 0 };
    let gone = WalletAdjustment { payer: other, id, amount: micros(-1) };
    world.wallet.adjust(&gone).await.unwrap();
    assert_eq!(world.check().await.fired, 1);
}
