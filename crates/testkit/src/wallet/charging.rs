//! Charges that are committed at once, and their replays.

use model::charge::{ChargeSource, REPLAYS_MAX};
use model::port::{BudgetChange, PortError, Wallet};
use model::wallet::{ChargeOutcome, ExistingCharge, WalletRefusal};
use model::{Charge, ChargeState, Day, KeyId, RunId};

use super::{
    CHARGED, DAY, again, charge, claimed, commit, credits, held, hold, parts, payer, refused,
    stored, within,
};

pub(super) async fn an_answer_is_charged_once(wallet: &impl Wallet) {
    let payer = payer(wallet, 201, 100).await;
    let answer = Charge {
        run: Some(RunId::new(3)),
        quote: Some(model::QuoteId::new(u64::MAX)),
        nonce: u64::MAX,
        ..charge(payer, 1, 30)
    };
    assert_eq!(stored(wallet, &answer).await, None);
    assert_eq!(commit(wallet, &answer, &[]).await, CHARGED);
    assert_eq!(stored(wallet, &answer).await, Some(answer.clone()));
    assert_eq!(commit(wallet, &answer, &[]).await, CHARGED, "the same call again");
    assert_eq!(parts(wallet, payer).await, [70, 0, 0, 30]);
    let more = Charge { cost: credits(60), ..again(9, &answer) };
    let counted = Charge { replays: 1, ..answer.clone() };
    let existing = ChargeOutcome::Existing(Box::new(ExistingCharge::Replay(counted.clone())));
    assert_eq!(commit(wallet, &more, &[]).await, existing, "whatever it costs now");
    let other = Charge { request: [9; 32], nonce: 9, ..answer.clone() };
    let existing = ChargeOutcome::Existing(Box::new(ExistingCharge::OtherRequest(counted)));
    assert_eq!(commit(wallet, &other, &[]).await, existing);
    let last = charge(payer, 2, 70);
    assert_eq!(commit(wallet, &last, &[]).await, CHARGED, "to the last micro-credit");
    assert_eq!(parts(wallet, payer).await, [0, 0, 0, 100]);
    let existing = commit(wallet, &again(8, &answer), &[]).await;
    assert!(matches!(existing, ChargeOutcome::Existing(_)), "a replay needs no credits");
    for wrong in [held(payer, 3, 1), charge(payer, 3, 0), charge(payer, 3, -5)] {
        let committed = wallet.commit(&wrong, &[]).await;
        assert!(matches!(committed, Err(PortError::Refused(_))), "{wrong:?}");
    }
}

pub(super) async fn replays_are_free_and_bounded(wallet: &impl Wallet) {
    let payer = payer(wallet, 202, 100).await;
    let answer = charge(payer, 1, 30);
    let id = answer.reference();
    assert_eq!(wallet.replay(id, &answer.request).await, Ok(None));
    assert_eq!(commit(wallet, &answer, &[]).await, CHARGED);
    for replays in 1..=REPLAYS_MAX {
        let replay = wallet.replay(id, &answer.request).await;
        let counted = Charge { replays, ..answer.clone() };
        assert_eq!(replay, Ok(Some(ExistingCharge::Replay(counted))));
    }
    let exhausted =
        ExistingCharge::ReplaysExhausted(Charge { replays: REPLAYS_MAX, ..answer.clone() });
    assert_eq!(wallet.replay(id, &answer.request).await, Ok(Some(exhausted.clone())));
    let existing = ChargeOutcome::Existing(Box::new(exhausted));
    assert_eq!(commit(wallet, &again(9, &answer), &[]).await, existing);
    let other = wallet.replay(id, &[9; 32]).await;
    assert!(matches!(other, Ok(Some(ExistingCharge::OtherRequest(_)))), "{other:?}");
    assert_eq!(parts(wallet, payer).await, [70, 0, 0, 30]);
}

pub(super) async fn what_cannot_be_paid_is_refused(wallet: &impl Wallet) {
    let poor = payer(wallet, 203, 20).await;
    let (needed, available) = (credits(21), credits(20));
    let refusal = refused(WalletRefusal::InsufficientCredits { needed, available });
    assert_eq!(commit(wallet, &charge(poor, 1, 21), &[]).await, refusal);
    assert_eq!(hold(wallet, &held(poor, 2, 21)).await, refusal);
    assert_eq!(stored(wallet, &charge(poor, 1, 21)).await, None);
    assert_eq!(parts(wallet, poor).await, [20, 0, 0, 0]);
    let stranger = model::PayerId::new(204);
    let refusal = WalletRefusal::InsufficientCredits { needed, available: credits(0) };
    assert_eq!(commit(wallet, &charge(stranger, 1, 21), &[]).await, refused(refusal));
}

pub(super) async fn a_neighbouring_day_is_looked_at(wallet: &impl Wallet) {
    let payer = payer(wallet, 205, 100).await;
    let yesterday = charge(payer, 1, 30);
    let today = Charge { request: yesterday.request, nonce: 9, ..charge(payer, 2, 30) };
    assert_eq!(commit(wallet, &yesterday, &[today.reference()]).await, CHARGED);
    let existing = commit(wallet, &today, &[yesterday.reference()]).await;
    let counted = Charge { replays: 1, ..yesterday };
    let replay = ChargeOutcome::Existing(Box::new(ExistingCharge::Replay(counted)));
    assert_eq!(existing, replay);
    assert_eq!(stored(wallet, &today).await, None);
    let (void, next) = (held(payer, 3, 10), charge(payer, 4, 10));
    assert_eq!(hold(wallet, &void).await, CHARGED);
    let next = Charge { request: void.request, nonce: 8, ..next };
    let existing = commit(wallet, &next, &[void.reference()]).await;
    let in_progress = ChargeOutcome::Existing(Box::new(ExistingCharge::InProgress(void.clone())));
    assert_eq!(existing, in_progress);
    assert_eq!(wallet.void(void.reference(), 1).await, Ok(true));
    assert_eq!(commit(wallet, &next, &[void.reference()]).await, CHARGED, "void is nothing");
    assert_eq!(parts(wallet, payer).await, [60, 0, 0, 40]);
}

pub(super) async fn a_budget_is_kept(wallet: &impl Wallet) {
    let payer = payer(wallet, 206, 1_000).await;
    let over = |needed, left| {
        let (needed, left) = (credits(needed), credits(left));
        refused(WalletRefusal::BudgetExhausted { day: DAY, needed, left })
    };
    assert_eq!(commit(wallet, &within(50, charge(payer, 1, 51)), &[]).await, over(51, 50));
    assert_eq!(claimed(wallet, payer, DAY).await, None, "what is refused claims nothing");
    assert_eq!(commit(wallet, &within(50, charge(payer, 1, 30)), &[]).await, CHARGED);
    let higher = within(500, charge(payer, 2, 21));
    assert_eq!(commit(wallet, &higher, &[]).await, over(21, 20), "the first claim sets the cap");
    assert_eq!(hold(wallet, &within(50, held(payer, 3, 20))).await, CHARGED);
    assert_eq!(claimed(wallet, payer, DAY).await, Some([50, 50]));
    let set = async |cap| {
        let change = BudgetChange { payer, key: KeyId::new(7), day: DAY, cap: credits(cap) };
        assert_eq!(wallet.set_budget(&change).await, Ok(()));
    };
    set(80).await;
    assert_eq!(commit(wallet, &higher, &[]).await, CHARGED);
    set(10).await;
    let next = within(50, charge(payer, 4, 1));
    assert_eq!(commit(wallet, &next, &[]).await, over(1, -61));
    assert_eq!(claimed(wallet, payer, DAY).await, Some([71, 10]));
    let replay = commit(wallet, &again(9, &higher), &[]).await;
    assert!(matches!(replay, ChargeOutcome::Existing(_)), "a replay claims nothing");
    let other_key = Charge { key: KeyId::new(8), ..next.clone() };
    assert_eq!(commit(wallet, &other_key, &[]).await, CHARGED);
    assert_eq!(claimed(wallet, payer, Day(DAY.0 + 1)).await, None);
    assert_eq!(parts(wallet, payer).await, [1_000 - 30 - 20 - 21 - 1, 20, 0, 52]);
    let known = stored(wallet, &other_key).await.map(|known| (known.state, known.source));
    assert_eq!(known, Some((ChargeState::Served, ChargeSource::Balance)));
}
