//! Credits that come and go, and what a status forbids.

use model::port::{PortError, Wallet};
use model::wallet::{AdjustOutcome, LeaseOutcome, WalletAdjustment, WalletRefusal, WalletStatus};
use model::{MicroCredits, PayerId, TransferId, WalletBalance};

use super::{
    CHARGED, balance, charge, commit, credits, gift, held, hold, lease, parts, payer, refused,
};

pub(super) async fn credits_come_once(wallet: &impl Wallet) {
    let payer = PayerId::new(101);
    assert_eq!(wallet.balance(payer).await, Ok(WalletBalance::EMPTY));
    let grant = gift(payer, "pay-1", 70);
    assert_eq!(wallet.adjusted(payer, &grant.id).await, Ok(None));
    assert_eq!(wallet.adjust(&grant).await, Ok(AdjustOutcome::Done));
    let more = WalletAdjustment { amount: credits(99), ..grant.clone() };
    for twice in [&grant, &more] {
        let before = AdjustOutcome::DoneBefore { amount: credits(70) };
        assert_eq!(wallet.adjust(twice).await, Ok(before));
    }
    assert_eq!(wallet.adjusted(payer, &grant.id).await, Ok(Some(credits(70))));
    assert_eq!(wallet.adjust(&gift(payer, "pay-2", 5)).await, Ok(AdjustOutcome::Done));
    let balance = balance(wallet, payer).await;
    assert_eq!((balance.available, balance.funded), (credits(75), credits(75)));
    let too_much = gift(payer, "pay-3", i64::MAX - 74);
    assert!(matches!(wallet.adjust(&too_much).await, Err(PortError::Refused(_))));
    assert_eq!(parts(wallet, payer).await, [75, 0, 0, 0]);
}

pub(super) async fn credits_go_once_and_only_what_is_there(wallet: &impl Wallet) {
    let payer = payer(wallet, 102, 50).await;
    let expiry = |part, amount| {
        let grant = "first-102".parse().expect("this is the id of a grant");
        let amount = credits(amount);
        WalletAdjustment { payer, id: TransferId::Expiry { grant, part }, amount }
    };
    assert_eq!(wallet.adjust(&expiry(0, -20)).await, Ok(AdjustOutcome::Done));
    let before = AdjustOutcome::DoneBefore { amount: credits(-20) };
    assert_eq!(wallet.adjust(&expiry(0, -20)).await, Ok(before));
    let (needed, available) = (credits(31), credits(30));
    let refusal = WalletRefusal::InsufficientCredits { needed, available };
    let outcome = Ok(AdjustOutcome::Refused(refusal));
    assert_eq!(wallet.adjust(&expiry(1, -31)).await, outcome);
    assert_eq!(wallet.adjusted(payer, &expiry(1, 0).id).await, Ok(None));
    assert_eq!(wallet.adjust(&expiry(1, -30)).await, Ok(AdjustOutcome::Done));
    assert_eq!(balance(wallet, payer).await.funded, MicroCredits::ZERO);
}

pub(super) async fn a_status_forbids_what_it_says(wallet: &impl Wallet) {
    let payer = payer(wallet, 103, 50).await;
    assert_eq!(wallet.set_status(payer, WalletStatus::NoFunding).await, Ok(()));
    let no_gift = Ok(AdjustOutcome::Refused(WalletRefusal::Frozen));
    assert_eq!(wallet.adjust(&gift(payer, "late", 1)).await, no_gift);
    assert_eq!(commit(wallet, &charge(payer, 1, 10), &[]).await, CHARGED);
    assert_eq!(wallet.set_status(payer, WalletStatus::Frozen).await, Ok(()));
    assert_eq!(wallet.adjust(&gift(payer, "late", 1)).await, no_gift);
    assert_eq!(commit(wallet, &charge(payer, 2, 10), &[]).await, refused(WalletRefusal::Frozen));
    assert_eq!(hold(wallet, &held(payer, 3, 10)).await, refused(WalletRefusal::Frozen));
    let no_lease = Ok(LeaseOutcome::Refused(WalletRefusal::Frozen));
    assert_eq!(wallet.open_lease(&lease(payer, 1_031, 10)).await, no_lease);
    let gone = TransferId::Expiry { grant: "x".parse().expect("an id"), part: 0 };
    let gone = WalletAdjustment { payer, id: gone, amount: credits(-1) };
    assert_eq!(wallet.adjust(&gone).await, Ok(AdjustOutcome::Done));
    assert_eq!(balance(wallet, payer).await.status, WalletStatus::Frozen);
    assert_eq!(wallet.set_status(payer, WalletStatus::Open).await, Ok(()));
    assert_eq!(wallet.adjust(&gift(payer, "late", 1)).await, Ok(AdjustOutcome::Done));
    assert_eq!(parts(wallet, payer).await, [40, 0, 0, 10]);
    let new = PayerId::new(104);
    assert_eq!(wallet.set_status(new, WalletStatus::Frozen).await, Ok(()));
    assert_eq!(balance(wallet, new).await.status, WalletStatus::Frozen);
}
