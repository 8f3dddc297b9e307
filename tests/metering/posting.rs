//! Doorbells, however they ring.

use billing_meter::DoorbellOutcome;
use model::port::{Ledger as _, Wallet as _};
use model::wallet::WalletAdjustment;
use model::{ChargeId, ChargeRef, ChargeState, Grant, GrantKind, PayerId, TransferId};

use crate::world::{MeteredWorld, body, micros};

#[tokio::test]
async fn doorbells_ring_twice_in_any_order_and_with_poison_between() {
    let world = MeteredWorld::new("").await;
    let (ada, bob) = (world.payer(1, 100).await, world.payer(2, 100).await);
    let charges =
        [world.serve(ada, 1, 1).await, world.serve(bob, 1, 1).await, world.serve(ada, 2, 1).await];
    let bells = charges.map(|charge| body(&charge));
    let unknown = body(&ChargeRef { payer: ada, charge: ChargeId::new([9; 20]) });
    let rung = [&bells[2], "pay me", &bells[0], &bells[2], &unknown, &bells[1], &bells[0]];
    for posted in [world.post(&rung).await, world.post(&rung).await] {
        let is_done: Vec<bool> =
            posted.outcomes.iter().map(|one| *one == DoorbellOutcome::Done).collect();
        assert_eq!(is_done, [true, false, true, true, true, true, true]);
        assert!(matches!(posted.outcomes[1], DoorbellOutcome::Poison { .. }));
        assert_eq!(posted.posted, 5);
    }
    for charge in charges {
        assert_eq!(
            (world.line(charge).await, world.state(charge).await),
            (Some(10), ChargeState::Posted)
        );
    }
    let sums = world.ledger().payer(ada).await.unwrap();
    assert_eq!((sums.credited, sums.debited), (micros(100), micros(20)));
    assert_eq!(world.ledger().totals().await.unwrap().transfers, 2 + 3);
}

#[tokio::test]
async fn a_charge_waits_for_the_grant_that_covers_it() {
    let world = MeteredWorld::new("").await;
    let payer = PayerId::new(1);
    let grant = Grant::new("pay-1".parse().unwrap(), payer, GrantKind::Paid, micros(100));
    // A wallet with credits that the ledger does not know of.
    let id = TransferId::Grant { grant: grant.id.clone() };
    let gift = WalletAdjustment { payer, id, amount: grant.amount };
    world.wallet.adjust(&gift).await.unwrap();
    let bell = body(&world.serve(payer, 1, 1).await);
    let posted = world.post(&[&bell]).await;
    assert_eq!(posted.posted, 0);
    assert!(matches!(&posted.outcomes[..], [DoorbellOutcome::Later { .. }]), "{posted:?}");
    assert_eq!(posted.outcomes[0].delay_seconds(1), Some(60));
    billing::fund(&world.wallet, &world.ledger(), &grant, world.now()).await.unwrap();
    assert_eq!(world.post(&[&bell]).await.outcomes, [DoorbellOutcome::Done]);
}

#[tokio::test]
async fn what_cannot_be_read_is_posted_one_by_one_and_rings_again() {
    let world = MeteredWorld::new("").await;
    let payer = world.payer(1, 100).await;
    let bell = body(&world.serve(payer, 1, 1).await);
    world.db.rename_table("charge", "charge_away").await;
    let posted = world.post(&[&bell, "pay me", &bell]).await;
    assert_eq!(posted.posted, 0);
    let again = posted.outcomes.iter().filter(|one| one.delay_seconds(1).is_some());
    assert_eq!(again.count(), 3, "{posted:?}");
    world.db.rename_table("charge_away", "charge").await;
    assert_eq!(world.post(&[&bell]).await.outcomes, [DoorbellOutcome::Done]);
}
