//! What is late, and what is unsettled.

use std::collections::BTreeSet;
use std::fmt::Debug;

use model::charge::ChargeRef;
use model::port::{ExpiredHold, Page, PortError, Wallet};
use model::time::Timestamp;
use model::wallet::LeaseOutcome;
use model::{Charge, CreditLease, PayerId};

use super::{CHARGED, at, charge, commit, held, hold, lease, payer, stored};

/// More than one page of charges.
const MANY: u8 = 230;

/// Every item of a list, page by page.
async fn all<T: Debug>(read: impl AsyncFn(Option<&str>) -> Result<Page<T>, PortError>) -> Vec<T> {
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = read(after.as_deref()).await.expect("a page can be read");
        assert!(page.items.len() <= 1_000, "a page is bounded");
        items.extend(page.items);
        after = Some(match page.next {
            Some(next) => next,
            None => return items,
        });
    }
}

async fn unposted(wallet: &impl Wallet, before: Timestamp) -> Vec<ChargeRef> {
    all(async |after| wallet.unposted(before, after).await).await
}

/// To be run while nothing else is in the wallets.
pub(super) async fn pages_show_what_is_late(wallet: &impl Wallet) {
    let rich = payer(wallet, 501, 1_000_000).await;
    let mut wanted = BTreeSet::new();
    for number in 0..MANY {
        let served_at = at(i64::from(number % 5));
        let one = Charge { served_at: Some(served_at), ..charge(rich, number, 1) };
        assert_eq!(commit(wallet, &one, &[]).await, CHARGED);
        if served_at < at(3) {
            wanted.insert(one.reference());
        }
    }
    let late = unposted(wallet, at(3)).await;
    assert_eq!(late.len(), wanted.len(), "none twice");
    assert_eq!(late.iter().copied().collect::<BTreeSet<ChargeRef>>(), wanted);
    let everything = unposted(wallet, at(100)).await;
    for some in everything.chunks(1_000) {
        wallet.mark_posted(some, at(100)).await.expect("charges can be marked");
    }
    assert_eq!(unposted(wallet, at(100)).await, []);
    holds_and_leases_expire(wallet, rich).await;
}

async fn holds_and_leases_expire(wallet: &impl Wallet, payer: PayerId) {
    let (one, wanted) = (held(payer, 240, 5), lease(payer, 5_011, 5));
    assert_eq!(hold(wallet, &one).await, CHARGED);
    assert_eq!(wallet.open_lease(&wanted).await, Ok(LeaseOutcome::Opened(wanted)));
    let holds = async |before| all(async |after| wallet.expired_holds(before, after).await).await;
    let leases = async |before| all(async |after| wallet.expired_leases(before, after).await).await;
    assert_eq!((holds(at(60)).await, leases(at(60)).await), (vec![], vec![]));
    let expired = ExpiredHold { charge: one.reference(), attempt: 1 };
    assert_eq!((holds(at(61)).await, leases(at(61)).await), (vec![expired], vec![wanted]));
    assert_eq!(wallet.void(one.reference(), 1).await, Ok(true));
    let closed = CreditLease { is_open: false, ..wanted };
    assert_eq!(wallet.close_lease(payer, wanted.id).await, Ok(Some(closed)));
    assert_eq!((holds(at(61)).await, leases(at(61)).await), (vec![], vec![]));
    let bad = wallet.unposted(at(1), Some("no end of a page")).await;
    assert!(bad.is_err() || bad.is_ok_and(|page| page.items.is_empty()));
}

pub(super) async fn a_view_shows_what_is_unsettled(wallet: &impl Wallet) {
    let payer = payer(wallet, 502, 100).await;
    let (one, two, posted) = (charge(payer, 2, 10), held(payer, 1, 20), charge(payer, 3, 5));
    let (open, closed) = (lease(payer, u64::MAX - 5, 7), lease(payer, 5_021, 8));
    for charge in [&one, &posted] {
        assert_eq!(commit(wallet, charge, &[]).await, CHARGED);
    }
    assert_eq!(hold(wallet, &two).await, CHARGED);
    for wanted in [open, closed] {
        assert_eq!(wallet.open_lease(&wanted).await, Ok(LeaseOutcome::Opened(wanted)));
    }
    wallet.mark_posted(&[posted.reference()], at(9)).await.expect("a charge can be marked");
    wallet.close_lease(payer, closed.id).await.expect("a lease can be closed");
    let view = wallet.view(payer).await.expect("a wallet can be seen");
    assert_eq!(Ok(view.balance), wallet.balance(payer).await);
    assert_eq!(view.charges, [two.clone(), one.clone()], "by id");
    assert_eq!(view.leases, [open]);
    let [first, second] = [stored(wallet, &two).await, stored(wallet, &one).await];
    assert_eq!([first, second], [Some(two), Some(one)]);
    let stranger = wallet.view(PayerId::new(503)).await.expect("a wallet can be seen");
    assert_eq!((stranger.charges, stranger.leases), (vec![], vec![]));
}
