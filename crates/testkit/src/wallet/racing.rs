//! Many who do the same at once.

use futures::future::join_all;
use model::port::Wallet;
use model::wallet::{
    ChargeOutcome, ExistingCharge, LeaseOutcome, LeasePurpose, MarkOutcome, QUOTES_OPEN_MAX,
    WalletRefusal, WalletStatus,
};
use model::{Charge, CreditLease};

use super::{
    CHARGED, DAY, at, balance, charge, claimed, commit, held, hold, insist, lease, on_lease, parts,
    payer, within,
};

/// How many do it.
const TASKS: u8 = 8;

fn charged(outcomes: &[ChargeOutcome]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, ChargeOutcome::Charged { .. })).count()
}

pub(super) async fn many_never_overdraw(wallet: &impl Wallet) {
    let payer = payer(wallet, 601, 100).await;
    let spend = async |task: u8| match task % 2 {
        0 => commit(wallet, &charge(payer, task, 30), &[]).await,
        _ => hold(wallet, &held(payer, task, 30)).await,
    };
    let outcomes = join_all((0..TASKS).map(spend)).await;
    assert_eq!(charged(&outcomes), 3, "{outcomes:?}");
    let [available, held, leased, spent] = parts(wallet, payer).await;
    assert_eq!((available, leased, held + spent), (10, 0, 90));
}

pub(super) async fn one_request_is_charged_once_by_many(wallet: &impl Wallet) {
    let payer = payer(wallet, 602, 1_000).await;
    let wanted = lease(payer, 6_021, 500);
    assert_eq!(wallet.open_lease(&wanted).await, Ok(LeaseOutcome::Opened(wanted)));
    let (today, tomorrow) = (charge(payer, 1, 30), charge(payer, 2, 30));
    let ask = async |task: u8| {
        let (id, other) =
            if task.is_multiple_of(2) { (&today, &tomorrow) } else { (&tomorrow, &today) };
        let one = Charge { request: today.request, nonce: u64::from(task), ..id.clone() };
        let one = if task < 4 { one } else { on_lease(wanted.id, one) };
        commit(wallet, &one, &[other.reference()]).await
    };
    let outcomes = join_all((0..TASKS).map(ask)).await;
    assert_eq!(charged(&outcomes), 1, "{outcomes:?}");
    let replayed = |outcome: &ChargeOutcome| {
        let ChargeOutcome::Existing(existing) = outcome else { return false };
        matches!(**existing, ExistingCharge::Replay(_))
    };
    assert_eq!(outcomes.iter().filter(|outcome| replayed(outcome)).count(), 7, "{outcomes:?}");
    wallet.close_lease(payer, wanted.id).await.expect("a lease can be closed");
    assert_eq!(parts(wallet, payer).await, [970, 0, 0, 30]);
}

pub(super) async fn first_claims_of_a_budget_keep_its_cap(wallet: &impl Wallet) {
    let payer = payer(wallet, 603, 1_000).await;
    let claim = async |task: u8| {
        let wanted = lease(payer, 6_030 + u64::from(task), 100);
        insist(
            async || wallet.open_lease(&wanted).await,
            |outcome| *outcome == LeaseOutcome::Contended,
        )
        .await;
        let one = within(100, on_lease(wanted.id, charge(payer, task, 30)));
        commit(wallet, &one, &[]).await
    };
    let outcomes = join_all((0..TASKS).map(claim)).await;
    assert_eq!(charged(&outcomes), 3, "{outcomes:?}");
    assert_eq!(claimed(wallet, payer, DAY).await, Some([90, 100]));
}

pub(super) async fn a_lease_that_closes_loses_nothing(wallet: &impl Wallet) {
    for round in 0..4u8 {
        let payer = payer(wallet, 610 + u64::from(round), 1_000).await;
        let wanted = lease(payer, 6_100 + u64::from(round), 500);
        assert_eq!(wallet.open_lease(&wanted).await, Ok(LeaseOutcome::Opened(wanted)));
        let spend = async |task: u8| {
            commit(wallet, &on_lease(wanted.id, charge(payer, task, 30)), &[]).await
        };
        let close = async || {
            tokio::time::sleep(std::time::Duration::from_millis(u64::from(round))).await;
            insist(async || wallet.close_lease(payer, wanted.id).await, |_| false).await
        };
        let (outcomes, closed) =
            futures::future::join(join_all((0..TASKS).map(spend)), close()).await;
        let paid = charged(&outcomes) as i64 * 30;
        let left = closed.expect("there is a lease").left.micros();
        assert_eq!(paid, 500 - left, "what was charged is what the lease lacks: {outcomes:?}");
        assert_eq!(parts(wallet, payer).await, [1_000 - paid, 0, 0, paid]);
        let is_refused = |outcome: &ChargeOutcome| {
            *outcome == CHARGED || *outcome == ChargeOutcome::Refused(WalletRefusal::LeaseClosed)
        };
        assert!(outcomes.iter().all(is_refused), "{outcomes:?}");
    }
}

pub(super) async fn a_frozen_wallet_is_left_without_leases(wallet: &impl Wallet) {
    let payer = payer(wallet, 630, 1_000).await;
    let opened = async |task: u8| {
        let wanted = lease(payer, 6_300 + u64::from(task), 100);
        let busy = |outcome: &LeaseOutcome| *outcome == LeaseOutcome::Contended;
        (wanted, insist(async || wallet.open_lease(&wanted).await, busy).await)
    };
    let first = opened(TASKS).await.0;
    // Some charge on a lease that is open, some open further ones, while the wallet is frozen.
    let work = async |task: u8| match task % 2 {
        0 => {
            let mut paid = 0;
            for number in 0..10 {
                let one = on_lease(first.id, charge(payer, task * 10 + number, 1));
                paid += charged(&[commit(wallet, &one, &[]).await]);
            }
            paid
        }
        _ => usize::from(matches!(opened(task).await.1, LeaseOutcome::Opened(_))),
    };
    let freeze = async || {
        wallet.set_status(payer, WalletStatus::Frozen).await.expect("a status can be set");
        let open = insist(async || wallet.open_leases(payer).await, |_| false).await;
        for lease in open {
            insist(async || wallet.close_lease(payer, lease.id).await, |_| false).await;
        }
    };
    futures::future::join(join_all((0..TASKS).map(work)), freeze()).await;
    let left = insist(async || wallet.open_leases(payer).await, |_| false).await;
    assert_eq!(left, [], "one look after the freeze found all");
    let [available, held, leased, spent] = parts(wallet, payer).await;
    assert_eq!((available + spent, held, leased), (1_000, 0, 0));
    let late = on_lease(first.id, charge(payer, 200, 1));
    let closed = ChargeOutcome::Refused(WalletRefusal::LeaseClosed);
    assert_eq!(commit(wallet, &late, &[]).await, closed);
    let refused = LeaseOutcome::Refused(WalletRefusal::Frozen);
    assert_eq!(opened(TASKS + 1).await.1, refused);
}

pub(super) async fn what_is_settled_by_many_is_settled_once(wallet: &impl Wallet) {
    let payer = payer(wallet, 620, 1_000).await;
    let (export, answer) = (held(payer, 1, 100), charge(payer, 2, 10));
    assert_eq!(hold(wallet, &export).await, CHARGED);
    assert_eq!(commit(wallet, &answer, &[]).await, CHARGED);
    let void = async |_| insist(async || wallet.void(export.reference(), 1).await, |_| false).await;
    let voided = join_all((0..TASKS).map(void)).await;
    assert_eq!(voided.iter().filter(|&&did| did).count(), 1, "{voided:?}");
    let mark = async |_| {
        let marked = async || wallet.mark_posted(&[answer.reference()], at(9)).await;
        insist(marked, |_| false).await
    };
    let marked = join_all((0..TASKS).map(mark)).await;
    assert!(marked.iter().all(|marked| marked[..] == [MarkOutcome::Posted]));
    let quote = async |task: u8| {
        let purpose = LeasePurpose::Quote;
        let wanted = CreditLease { purpose, ..lease(payer, 6_200 + u64::from(task), 10) };
        let busy = |outcome: &LeaseOutcome| *outcome == LeaseOutcome::Contended;
        insist(async || wallet.open_lease(&wanted).await, busy).await
    };
    let opened = join_all((0..TASKS).map(quote)).await;
    let open = opened.iter().filter(|outcome| matches!(outcome, LeaseOutcome::Opened(_)));
    assert_eq!(open.count() as u32, QUOTES_OPEN_MAX, "{opened:?}");
    assert_eq!(balance(wallet, payer).await.quotes_open, QUOTES_OPEN_MAX);
    assert_eq!(parts(wallet, payer).await, [960, 0, 30, 10]);
}
