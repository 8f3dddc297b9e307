//! Grants: given, expired, given back.

use model::ledger::{GrantExpiry, PostVerdict, RecordOutcome, Refund};
use model::port::{Ledger, Page, PortError};
use model::time::Timestamp;
use model::{Grant, GrantId, GrantKind, LedgerAccount, PayerId, TransferId};

use super::{at, charge, credits, draw, grant, id, left, line, post, record, sums};

pub(super) async fn a_grant_is_recorded_once(ledger: &impl Ledger) {
    let payer = PayerId::new(1_001);
    let known = ledger.payer(payer).await.expect("a payer can be read");
    assert_eq!((known.credited.micros(), known.grants.len()), (0, 0));
    let paid = Grant {
        expires_at: Some(at(1_000)),
        priority: 3,
        ..grant(payer, "pay-1", 70).effective(at(-5))
    };
    assert_eq!(ledger.grant(&paid.id).await, Ok(None));
    record(ledger, &paid).await;
    assert_eq!(ledger.grant(&paid.id).await, Ok(Some(paid.clone())));
    let again = ledger.record_grant(&paid, at(9)).await;
    assert_eq!(again, Ok(RecordOutcome::RecordedBefore));
    let more = Grant { amount: credits(71), remaining: credits(71), ..paid.clone() };
    let other = Grant { payer: PayerId::new(1_002), ..paid.clone() };
    for differs in [more, other] {
        let outcome = ledger.record_grant(&differs, at(9)).await;
        assert_eq!(outcome, Ok(RecordOutcome::Differs), "{differs:?}");
    }
    let gift = Grant { kind: GrantKind::Promotional, ..grant(payer, "gift-1", 5) };
    record(ledger, &gift).await;
    let nothing = grant(payer, "none-1", 0);
    let used = Grant { remaining: credits(1), ..grant(payer, "used-1", 2) };
    for wrong in [nothing, used] {
        let outcome = ledger.record_grant(&wrong, at(9)).await;
        assert_eq!(outcome, Ok(RecordOutcome::Refused), "{wrong:?}");
    }
    assert_eq!((sums(ledger, payer).await, left(ledger, payer).await), ([75, 0], vec![5, 70]));
    let debit = async |grant: GrantId| {
        let line = line(ledger, TransferId::Grant { grant }).await.expect("there is a line");
        assert_eq!((line.transfer.credit, line.draws), (LedgerAccount::Customer, vec![]));
        line.transfer.debit
    };
    assert_eq!(debit(paid.id).await, LedgerAccount::Cash);
    assert_eq!(debit(gift.id).await, LedgerAccount::Promotion);
}

/// The ids of a payer's grants in a list, page by page.
async fn listed(
    payer: PayerId,
    read: impl AsyncFn(Option<&str>) -> Result<Page<Grant>, PortError>,
) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = read(after.as_deref()).await.expect("a page can be read");
        let ours = page.items.into_iter().filter(|grant| grant.payer == payer);
        names.extend(ours.map(|grant| grant.id.to_string()));
        after = Some(match page.next {
            Some(next) => next,
            None => break,
        });
    }
    names.sort();
    names
}

pub(super) async fn grants_are_found_until_the_wallet_has_them(ledger: &impl Ledger) {
    let payer = PayerId::new(1_010);
    let names: Vec<String> = (0..130).map(|number| format!("many-{number:03}")).collect();
    for name in &names {
        let one = Grant { expires_at: Some(at(50)), ..grant(payer, name, 2) };
        record(ledger, &one).await;
    }
    let late = async |before: Timestamp| {
        listed(payer, async |after| ledger.grants_not_in_wallet(before, after).await).await
    };
    let overdue = async |before: Timestamp| {
        listed(payer, async |after| ledger.overdue_grants(before, after).await).await
    };
    assert_eq!((late(at(0)).await.len(), late(at(1)).await), (0, names.clone()));
    assert_eq!((overdue(at(50)).await.len(), overdue(at(51)).await), (0, names.clone()));
    for name in &names[1..] {
        assert_eq!(ledger.mark_in_wallet(&id(name)).await, Ok(()));
    }
    assert_eq!(ledger.mark_in_wallet(&id("many-none")).await, Ok(()));
    assert_eq!(late(at(1)).await, names[..1]);
    let known = ledger.grant(&id("many-001")).await.expect("a grant can be read");
    assert!(known.is_some_and(|known| known.in_wallet));
    let spent = charge(payer, 1, 2 * 129);
    assert_eq!(post(ledger, &[spent]).await, [PostVerdict::Posted]);
    assert_eq!(overdue(at(51)).await, names[129..], "nothing is left of the others");
}

pub(super) async fn a_grant_expires_part_by_part(ledger: &impl Ledger) {
    let payer = PayerId::new(1_020);
    record(ledger, &Grant { expires_at: Some(at(20)), ..grant(payer, "ends", 50) }).await;
    record(ledger, &grant(payer, "stays", 10)).await;
    let part = |part, amount| GrantExpiry {
        payer,
        grant: id("ends"),
        part,
        amount: credits(amount),
        at: at(30),
    };
    let expire =
        async |expiry: GrantExpiry| ledger.expire(&expiry).await.expect("a part can expire or not");
    assert_eq!(expire(part(1, 5)).await, RecordOutcome::Refused, "not its next part");
    assert_eq!(expire(part(0, 30)).await, RecordOutcome::Recorded);
    assert_eq!(expire(part(0, 30)).await, RecordOutcome::RecordedBefore);
    assert_eq!(expire(part(0, 31)).await, RecordOutcome::Differs);
    assert_eq!(left(ledger, payer).await, [20, 10]);
    assert_eq!(expire(part(1, 31)).await, RecordOutcome::Refused, "more than there is");
    assert_eq!(expire(part(1, 0)).await, RecordOutcome::Refused);
    assert_eq!(expire(part(1, 25)).await, RecordOutcome::Recorded);
    assert_eq!(left(ledger, payer).await, [0, 5], "the rest from what is used last");
    let line = line(ledger, TransferId::Expiry { grant: id("ends"), part: 1 }).await;
    let line = line.expect("there is a line");
    assert_eq!(line.draws, [draw("ends", 20), draw("stays", 5)]);
    assert_eq!(line.transfer.credit, LedgerAccount::Breakage);
    let foreign = GrantExpiry { payer: PayerId::new(1_021), ..part(2, 1) };
    assert_eq!(expire(foreign).await, RecordOutcome::Refused);
    let known = ledger.grant(&id("ends")).await.expect("a grant can be read");
    assert_eq!(known.map(|known| known.expiries), Some(2));
    assert_eq!(sums(ledger, payer).await, [60, 55]);
}

pub(super) async fn a_charge_is_given_back_once(ledger: &impl Ledger) {
    let payer = PayerId::new(1_030);
    record(ledger, &grant(payer, "before", 50)).await;
    let answer = charge(payer, 1, 30);
    let gift = Grant { kind: GrantKind::Promotional, ..grant(payer, "back-gift", 10) };
    let grants = vec![grant(payer, "back-paid", 20), gift];
    let refund = Refund { payer, charge: answer.id, grants, at: at(40) };
    assert_eq!(ledger.refund(&refund).await, Ok(RecordOutcome::Refused), "it is not posted");
    assert_eq!(post(ledger, std::slice::from_ref(&answer)).await, [PostVerdict::Posted]);
    let foreign = Refund { payer: PayerId::new(1_031), ..refund.clone() };
    let less = Refund { grants: refund.grants[..1].to_vec(), ..refund.clone() };
    for wrong in [foreign, less] {
        assert_eq!(ledger.refund(&wrong).await, Ok(RecordOutcome::Refused), "{wrong:?}");
    }
    assert_eq!(ledger.refund(&refund).await, Ok(RecordOutcome::Recorded));
    assert_eq!(ledger.refund(&refund).await, Ok(RecordOutcome::RecordedBefore));
    assert_eq!(left(ledger, payer).await, [10, 20, 20]);
    let line = line(ledger, TransferId::Refund { charge: answer.id }).await;
    let line = line.expect("there is a line").transfer;
    assert_eq!((line.debit, line.credit), (LedgerAccount::Refunds, LedgerAccount::Customer));
    assert_eq!(
        (line.amount, line.id.reverses()),
        (credits(30), Some(TransferId::Charge { charge: answer.id }))
    );
    let known = ledger.grant(&id("back-gift")).await.expect("a grant can be read");
    assert!(known.is_some_and(|known| !known.in_wallet));
    assert_eq!(sums(ledger, payer).await, [80, 30]);
}
