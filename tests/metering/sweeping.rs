//! What a death left undone.

use billing_meter::{MeterSweep, sweep, tick};
use model::port::{Ledger as _, Wallet as _};
use model::wallet::LeasePurpose;
use model::{
    Charge, ChargeSource, ChargeState, CreditLease, Grant, GrantKind, LeaseId, PayerId, Usage,
};

use crate::world::{MeteredWorld, body, micros};

#[tokio::test]
async fn lost_doorbells_ring_again_and_the_lag_is_known() {
    let world = MeteredWorld::new("").await;
    let payer = world.payer(1, 1_000).await;
    let (lost, late) = (world.serve(payer, 1, 1).await, world.serve(payer, 2, 1).await);
    let swept = sweep(world.deps()).await.unwrap();
    assert_eq!((swept, world.rung().await.len()), (MeterSweep::default(), 0), "they are young");
    world.clock.advance_seconds(61);
    let young = world.serve(payer, 3, 1).await;
    world.clock.advance_seconds(10);
    let swept = sweep(world.deps()).await.unwrap();
    assert_eq!(swept, MeterSweep { rung: 2, lag_seconds: 71, ..MeterSweep::default() });
    let rung = world.rung().await;
    assert_eq!(rung, [body(&lost), body(&late)]);
    world.post(&[&rung[0], &rung[1]]).await;
    assert_eq!(sweep(world.deps()).await.unwrap().lag_seconds, 10, "the young one");
    world.post_all(&[young]).await;
    assert_eq!(sweep(world.deps()).await.unwrap(), MeterSweep::default());
}

#[tokio::test]
async fn holds_leases_and_grants_are_finished() {
    let world = MeteredWorld::new("").await;
    let (payer, newcomer) = (world.payer(1, 1_000).await, PayerId::new(2));
    let source = ChargeSource::Hold { most: micros(300), attempt: 1, expires_at: world.now() };
    let (state, served_at, cost) = (ChargeState::Pending, None, micros(0));
    let usage = Usage::of(model::PriceClass::Export);
    let held = world.charge(payer, 1, 1);
    let held = Charge { source, state, served_at, cost, usage, ..held };
    world.wallet.hold(&held, &[]).await.unwrap();
    let (id, purpose) = (LeaseId::new(1), LeasePurpose::Process);
    let lease = CreditLease::new(id, payer, purpose, micros(200), world.now());
    world.wallet.open_lease(&lease).await.unwrap();
    // A process that died after the ledger and before the wallet had it.
    let gift = Grant::new("gift".parse().unwrap(), newcomer, GrantKind::Promotional, micros(50));
    world.ledger().record_grant(&gift, world.now()).await.unwrap();
    assert_eq!(world.wallet.balance(payer).await.unwrap().available, micros(500));
    world.clock.advance_seconds(61);
    let swept = tick(world.deps()).await.unwrap().sweep;
    let expected = MeterSweep { voided: 1, closed: 1, funded: 1, ..MeterSweep::default() };
    assert_eq!(swept, expected);
    assert_eq!(world.wallet.balance(payer).await.unwrap().available, micros(1_000));
    assert_eq!(world.wallet.balance(newcomer).await.unwrap().available, micros(50));
    assert_eq!(tick(world.deps()).await.unwrap().sweep, MeterSweep::default());
}
