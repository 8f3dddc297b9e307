//! Charges that are held before the work begins.

use model::charge::{ChargeRef, ChargeSource};
use model::port::{PortError, ServedHold, Wallet};
use model::wallet::{ChargeOutcome, ExistingCharge, MarkOutcome, ServeOutcome};
use model::{Charge, ChargeId, ChargeState, Usage};

use super::{
    CHARGED, DAY, again, at, charge, claimed, commit, credits, held, hold, parts, payer, stored,
    usage, within,
};

fn served(charge: &Charge, attempt: u32, cost: i64) -> ServedHold {
    let (usage, cost): (Usage, _) = (usage(3), credits(cost));
    ServedHold { charge: charge.reference(), attempt, usage, cost, served_at: at(5) }
}

pub(super) async fn a_hold_is_served_and_posted(wallet: &impl Wallet) {
    let payer = payer(wallet, 301, 100).await;
    let export = within(90, held(payer, 1, 40));
    assert_eq!(hold(wallet, &export).await, CHARGED);
    assert_eq!(hold(wallet, &export).await, CHARGED, "the same call again");
    assert_eq!(stored(wallet, &export).await, Some(export.clone()));
    assert_eq!(parts(wallet, payer).await, [60, 40, 0, 0]);
    let existing = hold(wallet, &again(9, &export)).await;
    let in_progress = ChargeOutcome::Existing(Box::new(ExistingCharge::InProgress(export.clone())));
    assert_eq!(existing, in_progress);
    assert_eq!(wallet.serve(&served(&export, 2, 25)).await, Ok(ServeOutcome::TooLate));
    for cost in [41, 0, -1] {
        let refused = wallet.serve(&served(&export, 1, cost)).await;
        assert!(matches!(refused, Err(PortError::Refused(_))), "{cost}: {refused:?}");
    }
    for _ in 0..2 {
        assert_eq!(wallet.serve(&served(&export, 1, 25)).await, Ok(ServeOutcome::Served));
    }
    assert_eq!(wallet.serve(&served(&export, 1, 24)).await, Ok(ServeOutcome::TooLate));
    let ready = Charge {
        state: ChargeState::Served,
        usage: usage(3),
        cost: credits(25),
        served_at: Some(at(5)),
        ..export.clone()
    };
    assert_eq!(stored(wallet, &export).await, Some(ready.clone()));
    assert_eq!(wallet.void(export.reference(), 1).await, Ok(false), "it is owed");
    assert_eq!(parts(wallet, payer).await, [60, 40, 0, 0], "until it is posted");
    for _ in 0..2 {
        let marked = wallet.mark_posted(&[export.reference()], at(9)).await;
        assert_eq!(marked, Ok(vec![MarkOutcome::Posted]));
    }
    assert_eq!(parts(wallet, payer).await, [75, 0, 0, 25]);
    assert_eq!(claimed(wallet, payer, DAY).await, Some([25, 90]));
    let posted = Charge { state: ChargeState::Posted, posted_at: Some(at(9)), ..ready };
    assert_eq!(stored(wallet, &export).await, Some(posted));
    assert_eq!(wallet.serve(&served(&export, 1, 25)).await, Ok(ServeOutcome::Served));
}

pub(super) async fn a_void_hold_leaves_nothing(wallet: &impl Wallet) {
    let payer = payer(wallet, 302, 100).await;
    let export = within(50, held(payer, 1, 40));
    assert_eq!(hold(wallet, &export).await, CHARGED);
    assert_eq!(wallet.void(export.reference(), 2).await, Ok(false));
    assert_eq!(wallet.void(export.reference(), 1).await, Ok(true));
    assert_eq!(wallet.void(export.reference(), 1).await, Ok(false));
    assert_eq!(parts(wallet, payer).await, [100, 0, 0, 0]);
    assert_eq!(claimed(wallet, payer, DAY).await, Some([0, 50]));
    assert_eq!(wallet.serve(&served(&export, 1, 25)).await, Ok(ServeOutcome::TooLate));
    assert_eq!(wallet.replay(export.reference(), &export.request).await, Ok(None));
    let second = ChargeOutcome::Charged { attempt: 2 };
    assert_eq!(hold(wallet, &again(9, &export)).await, second);
    assert_eq!(wallet.serve(&served(&export, 1, 25)).await, Ok(ServeOutcome::TooLate));
    assert_eq!(wallet.void(export.reference(), 1).await, Ok(false), "another attempt's");
    assert_eq!(wallet.serve(&served(&export, 2, 1)).await, Ok(ServeOutcome::Served));
    let marked = wallet.mark_posted(&[export.reference()], at(9)).await;
    assert_eq!(marked, Ok(vec![MarkOutcome::Posted]));
    assert_eq!(parts(wallet, payer).await, [99, 0, 0, 1]);
    let buffered = held(payer, 2, 40);
    assert_eq!(hold(wallet, &buffered).await, CHARGED);
    assert_eq!(wallet.void(buffered.reference(), 1).await, Ok(true));
    assert_eq!(commit(wallet, &charge(payer, 2, 10), &[]).await, CHARGED);
    let known = stored(wallet, &buffered).await.map(|known| known.source);
    assert_eq!(known, Some(ChargeSource::Balance), "a void charge may be charged at once");
    let not_held = wallet.hold(&charge(payer, 3, 10), &[]).await;
    assert!(matches!(not_held, Err(PortError::Refused(_))));
}

pub(super) async fn what_was_not_served_is_not_marked(wallet: &impl Wallet) {
    let payer = payer(wallet, 303, 100).await;
    let (paid, pending, void) = (charge(payer, 1, 10), held(payer, 2, 20), held(payer, 3, 30));
    assert_eq!(commit(wallet, &paid, &[]).await, CHARGED);
    assert_eq!(hold(wallet, &pending).await, CHARGED);
    assert_eq!(hold(wallet, &void).await, CHARGED);
    assert_eq!(wallet.void(void.reference(), 1).await, Ok(true));
    let unknown = ChargeRef { payer, charge: ChargeId::new([0; 20]) };
    let all = [unknown, void.reference(), paid.reference(), pending.reference()];
    for _ in 0..2 {
        let marked = wallet.mark_posted(&all, at(9)).await;
        let outcomes = [
            MarkOutcome::Unknown,
            MarkOutcome::NotServed,
            MarkOutcome::Posted,
            MarkOutcome::NotServed,
        ];
        assert_eq!(marked, Ok(outcomes.to_vec()), "in their order");
    }
    assert_eq!(wallet.mark_posted(&[], at(9)).await, Ok(Vec::new()));
    assert_eq!(parts(wallet, payer).await, [70, 20, 0, 10]);
    assert!(wallet.serve(&served(&paid, 1, 10)).await.is_err(), "it has no hold");
    let nowhere = ServedHold { charge: unknown, ..served(&paid, 1, 10) };
    assert_eq!(wallet.serve(&nowhere).await, Ok(ServeOutcome::TooLate));
    assert_eq!(wallet.void(unknown, 1).await, Ok(false));
    assert_eq!(wallet.void(paid.reference(), 1).await, Ok(false));
}
