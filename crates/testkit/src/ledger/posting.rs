//! Posting charges.

use std::collections::BTreeSet;

use futures::future::join_all;
use model::charge::ChargeSource;
use model::ledger::PostVerdict;
use model::port::{Ledger, PortError};
use model::{Charge, ChargeState, Grant, GrantKind, LedgerAccount, PayerId, Transfer, TransferId};

use super::{at, charge, credits, draw, draws, grant, left, line, post, record, sums};

pub(super) async fn charges_are_posted_once_in_the_order_of_use(ledger: &impl Ledger) {
    let payer = PayerId::new(2_001);
    let soon = Grant { expires_at: Some(at(500)), ..grant(payer, "c-soon", 10) };
    let gift = Grant { kind: GrantKind::Promotional, ..grant(payer, "b-gift", 10) };
    let first = Grant { priority: 1, ..grant(payer, "d-first", 10) };
    for one in [&soon, &gift, &first, &grant(payer, "a-paid", 10)] {
        record(ledger, one).await;
    }
    let batch = [charge(payer, 1, 15), charge(payer, 2, 12), charge(payer, 1, 15)];
    let verdicts = [PostVerdict::Posted, PostVerdict::Posted, PostVerdict::PostedBefore];
    assert_eq!(post(ledger, &batch).await, verdicts);
    assert_eq!(draws(ledger, &batch[0]).await, [draw("d-first", 10), draw("c-soon", 5)]);
    assert_eq!(draws(ledger, &batch[1]).await, [draw("c-soon", 5), draw("b-gift", 7)]);
    assert_eq!(post(ledger, &batch).await, [PostVerdict::PostedBefore; 3]);
    let posted = Charge { state: ChargeState::Posted, posted_at: Some(at(11)), ..batch[1].clone() };
    assert_eq!(post(ledger, &[posted]).await, [PostVerdict::PostedBefore]);
    let other = charge(payer, 1, 16);
    assert_eq!(post(ledger, &[other]).await, [PostVerdict::Differs { posted: credits(15) }]);
    assert_eq!(left(ledger, payer).await, [10, 3, 0, 0]);
    let line = line(ledger, TransferId::Charge { charge: batch[0].id }).await;
    let line = line.expect("there is a line").transfer;
    assert_eq!(line, Transfer::of_charge(&batch[0], at(10)));
    assert_eq!((line.debit, line.credit), (LedgerAccount::Customer, LedgerAccount::Revenue));
    assert_eq!(sums(ledger, payer).await, [40, 27]);
    assert_eq!(post(ledger, &[]).await, []);
}

pub(super) async fn what_is_uncovered_stops_no_other(ledger: &impl Ledger) {
    let (payer, other) = (PayerId::new(2_010), PayerId::new(2_011));
    record(ledger, &grant(payer, "short", 20)).await;
    record(ledger, &grant(other, "long", 20)).await;
    let stranger = charge(PayerId::new(2_012), 5, 1);
    let batch = [charge(payer, 1, 21), charge(other, 2, 20), charge(payer, 3, 20), stranger];
    let uncovered = |missing| PostVerdict::Uncovered { missing: credits(missing) };
    let posted = PostVerdict::Posted;
    let verdicts = [uncovered(1), posted, posted, uncovered(1)];
    assert_eq!(post(ledger, &batch).await, verdicts);
    assert_eq!((left(ledger, payer).await, left(ledger, other).await), (vec![0], vec![0]));
    assert_eq!(line(ledger, TransferId::Charge { charge: batch[0].id }).await, None);
    record(ledger, &grant(payer, "late", 21)).await;
    assert_eq!(post(ledger, &batch[..1]).await, [posted], "once the grant is there");
    let source = ChargeSource::Hold { most: credits(5), attempt: 1, expires_at: at(60) };
    let (state, served_at) = (ChargeState::Pending, None);
    let pending = Charge { source, state, served_at, ..charge(other, 6, 0) };
    let refused = ledger.post(&[pending], at(10)).await;
    assert!(matches!(refused, Err(PortError::Refused(_))), "{refused:?}");
}

pub(super) async fn draws_are_as_of_the_time_of_serving(ledger: &impl Ledger) {
    let payer = PayerId::new(2_020);
    record(ledger, &Grant { expires_at: Some(at(100)), ..grant(payer, "until", 30) }).await;
    record(ledger, &grant(payer, "begins", 30).effective(at(50))).await;
    record(ledger, &Grant { priority: 200, ..grant(payer, "always", 30) }).await;
    let served =
        |number, seconds| Charge { served_at: Some(at(seconds)), ..charge(payer, number, 10) };
    let batch = [served(1, 200), served(2, 60), served(3, 20), served(4, 150)];
    assert_eq!(post(ledger, &batch).await, [PostVerdict::Posted; 4]);
    let mut drawn = Vec::new();
    for charge in &batch {
        drawn.extend(draws(ledger, charge).await);
    }
    let wanted = [draw("begins", 10), draw("until", 10), draw("until", 10), draw("begins", 10)];
    assert_eq!(drawn, wanted);
    assert_eq!(post(ledger, &[charge(payer, 5, 50)]).await, [PostVerdict::Posted], "all is used");
    assert_eq!(left(ledger, payer).await, [0, 0, 0]);
}

pub(super) async fn many_post_the_same_once(ledger: &impl Ledger) {
    let payers: Vec<PayerId> = (2_030..2_034).map(PayerId::new).collect();
    for payer in &payers {
        record(ledger, &grant(*payer, &format!("many-{payer}"), 1_000)).await;
    }
    let one = |number: u8| charge(payers[usize::from(number % 4)], number, 10);
    let mut batch: Vec<Charge> = (0..40).map(one).collect();
    let batches: Vec<Vec<Charge>> = (0..8)
        .map(|_| {
            batch.rotate_left(7);
            batch.clone()
        })
        .collect();
    let verdicts = join_all(batches.iter().map(|batch| post(ledger, batch))).await;
    let posted = verdicts.iter().flatten().filter(|verdict| **verdict == PostVerdict::Posted);
    assert_eq!(posted.count(), 40, "{verdicts:?}");
    for payer in payers {
        assert_eq!(left(ledger, payer).await, [900]);
    }
}

pub(super) async fn many_never_draw_more_than_there_is(ledger: &impl Ledger) {
    let payer = PayerId::new(2_040);
    record(ledger, &grant(payer, "races-a", 50)).await;
    record(ledger, &grant(payer, "races-b", 55)).await;
    let batch = |task: u8| [charge(payer, 2 * task, 10), charge(payer, 2 * task + 1, 10)];
    let batches: Vec<[Charge; 2]> = (0..8).map(batch).collect();
    let verdicts = join_all(batches.iter().map(|batch| post(ledger, batch))).await;
    let verdicts: Vec<PostVerdict> = verdicts.into_iter().flatten().collect();
    let posted = verdicts.iter().filter(|verdict| **verdict == PostVerdict::Posted);
    assert_eq!(posted.count(), 10, "{verdicts:?}");
    assert_eq!(left(ledger, payer).await.iter().sum::<i64>(), 5);
    let ids: BTreeSet<_> = batches.iter().flatten().map(|charge| charge.id).collect();
    assert_eq!(ids.len(), 16);
}
