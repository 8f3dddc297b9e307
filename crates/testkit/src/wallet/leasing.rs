//! Leases.

use model::port::{LEASES_MAX, PortError, Wallet};
use model::wallet::{LeaseOutcome, LeasePurpose, QUOTES_OPEN_MAX, WalletRefusal, WalletStatus};
use model::{CreditLease, LeaseId};

use super::{
    CHARGED, DAY, balance, charge, claimed, commit, credits, lease, on_lease, parts, payer,
    refused, within,
};

pub(super) async fn a_lease_pays(wallet: &impl Wallet) {
    let payer = payer(wallet, 401, 100).await;
    let wanted = lease(payer, u64::MAX - 401, 60);
    assert_eq!(wallet.open_lease(&wanted).await, Ok(LeaseOutcome::Opened(wanted)));
    assert_eq!(parts(wallet, payer).await, [40, 0, 60, 0]);
    let first = within(70, on_lease(wanted.id, charge(payer, 1, 25)));
    assert_eq!(commit(wallet, &first, &[]).await, CHARGED);
    assert_eq!(commit(wallet, &first, &[]).await, CHARGED, "the same call again");
    assert_eq!(claimed(wallet, payer, DAY).await, Some([25, 70]));
    let left = CreditLease { left: credits(35), ..wanted };
    assert_eq!(wallet.open_lease(&wanted).await, Ok(LeaseOutcome::Opened(left)));
    assert_eq!(parts(wallet, payer).await, [40, 0, 60, 0], "the balance is not touched");
    let (needed, left) = (credits(36), credits(35));
    let spent = refused(WalletRefusal::LeaseSpent { needed, left });
    assert_eq!(commit(wallet, &on_lease(wanted.id, charge(payer, 2, 36)), &[]).await, spent);
    assert_eq!(wallet.set_status(payer, WalletStatus::Frozen).await, Ok(()));
    let frozen = on_lease(wanted.id, charge(payer, 3, 5));
    assert_eq!(commit(wallet, &frozen, &[]).await, CHARGED, "open leases do not ask the status");
    let closed = CreditLease { left: credits(30), is_open: false, ..wanted };
    for _ in 0..2 {
        assert_eq!(wallet.close_lease(payer, wanted.id).await, Ok(Some(closed)));
    }
    assert_eq!(parts(wallet, payer).await, [70, 0, 0, 30]);
}

pub(super) async fn a_closed_lease_pays_nothing(wallet: &impl Wallet) {
    let owner = payer(wallet, 402, 100).await;
    let wanted = lease(owner, 4_021, 60);
    let closed = refused(WalletRefusal::LeaseClosed);
    let early = on_lease(wanted.id, charge(owner, 1, 10));
    assert_eq!(commit(wallet, &early, &[]).await, closed, "there is none yet");
    assert_eq!(wallet.close_lease(owner, wanted.id).await, Ok(None));
    assert_eq!(wallet.open_lease(&wanted).await, Ok(LeaseOutcome::Opened(wanted)));
    let thief = payer(wallet, 403, 100).await;
    let stolen = on_lease(wanted.id, charge(thief, 1, 10));
    assert_eq!(commit(wallet, &stolen, &[]).await, closed, "another payer's");
    assert_eq!(wallet.close_lease(thief, wanted.id).await, Ok(None));
    assert!(matches!(wallet.close_lease(owner, wanted.id).await, Ok(Some(_))));
    assert_eq!(commit(wallet, &early, &[]).await, closed);
    let reopened = wallet.open_lease(&wanted).await;
    assert_eq!(reopened, Ok(LeaseOutcome::Refused(WalletRefusal::LeaseClosed)));
    assert_eq!(parts(wallet, owner).await, [100, 0, 0, 0]);
    let (needed, available) = (credits(101), credits(100));
    let refusal = WalletRefusal::InsufficientCredits { needed, available };
    let too_big = wallet.open_lease(&lease(owner, 4_022, 101)).await;
    assert_eq!(too_big, Ok(LeaseOutcome::Refused(refusal)));
}

pub(super) async fn quotes_are_few(wallet: &impl Wallet) {
    let payer = payer(wallet, 404, 100).await;
    let quote = |number: u32| CreditLease {
        purpose: LeasePurpose::Quote,
        ..lease(payer, u64::from(4_040 + number), 10)
    };
    for number in 0..QUOTES_OPEN_MAX {
        let wanted = quote(number);
        assert_eq!(wallet.open_lease(&wanted).await, Ok(LeaseOutcome::Opened(wanted)));
        assert_eq!(wallet.open_lease(&wanted).await, Ok(LeaseOutcome::Opened(wanted)));
    }
    let too_many = Ok(LeaseOutcome::Refused(WalletRefusal::TooManyQuotes));
    assert_eq!(wallet.open_lease(&quote(9)).await, too_many);
    let other = lease(payer, 4_050, 10);
    assert_eq!(wallet.open_lease(&other).await, Ok(LeaseOutcome::Opened(other)));
    assert_eq!(balance(wallet, payer).await.quotes_open, QUOTES_OPEN_MAX);
    assert!(matches!(wallet.close_lease(payer, LeaseId::new(4_040)).await, Ok(Some(_))));
    assert_eq!(wallet.open_lease(&quote(9)).await, Ok(LeaseOutcome::Opened(quote(9))));
    assert_eq!(parts(wallet, payer).await, [60, 0, 40, 0]);
}

pub(super) async fn leases_are_found_by_their_ids(wallet: &impl Wallet) {
    let (owner, thief) = (payer(wallet, 405, 100).await, payer(wallet, 406, 100).await);
    let wanted = [lease(owner, 4_061, 10), lease(owner, u64::MAX - 405, 20)];
    for one in &wanted {
        assert_eq!(wallet.open_lease(one).await, Ok(LeaseOutcome::Opened(*one)));
    }
    let ids = [wanted[1].id, LeaseId::new(4_069), wanted[0].id, wanted[1].id];
    let found = async |payer| {
        let mut found = wallet.leases(payer, &ids).await.expect("leases can be read");
        found.sort_by_key(|lease| lease.id);
        found
    };
    let open = async || {
        let mut open = wallet.open_leases(owner).await.expect("leases can be listed");
        open.sort_by_key(|lease| lease.id);
        open
    };
    assert_eq!(found(owner).await, wanted);
    assert_eq!(found(thief).await, [], "another payer's");
    assert_eq!(wallet.leases(owner, &[]).await, Ok(Vec::new()));
    let too_many = vec![wanted[0].id; LEASES_MAX + 1];
    assert!(matches!(wallet.leases(owner, &too_many).await, Err(PortError::Refused(_))));
    assert_eq!(open().await, wanted);
    let spent = on_lease(wanted[0].id, charge(owner, 1, 4));
    assert_eq!(commit(wallet, &spent, &[]).await, CHARGED);
    assert!(matches!(wallet.close_lease(owner, wanted[1].id).await, Ok(Some(_))));
    let left = CreditLease { left: credits(6), ..wanted[0] };
    let closed = CreditLease { is_open: false, ..wanted[1] };
    assert_eq!(found(owner).await, [left, closed], "as they are now");
    assert_eq!(open().await, [left]);
}
