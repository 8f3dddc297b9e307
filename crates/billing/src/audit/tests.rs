//! Each part of the equation is counted once, and with its sign.

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::charge::ChargeRef;
use model::wallet::WalletAdjustment;
use model::{Charge, CreditLease, GrantKind, LeaseId, WalletBalance};

use super::*;
use crate::charge::charge;
use crate::example::{pending_charge, served_charge};
use crate::fixture::{Bank, PAYER, answer, at, credits, done, reference, served};
use crate::lease::LeaseBook;
use crate::twin::{Gate, Open, TwinLedger, TwinWallet};

const NOON: &str = "2026-11-22T12:00:00Z";

fn grant(remaining: i64) -> Grant {
    let new = Grant::new("one".parse().unwrap(), PAYER, GrantKind::Paid, credits(9_000));
    Grant { remaining: credits(remaining), ..new }
}

/// A payer with something of everything.
fn view() -> WalletView {
    let held = ChargeSource::Hold { most: credits(150), attempt: 1, expires_at: at(NOON) };
    let lease = ChargeSource::Lease { lease: LeaseId::new(5) };
    let of = |number: u8| ChargeRef { payer: PAYER, ..reference(number) };
    let on_lease = Charge { source: lease, ..served_charge(of(2), credits(11), at(NOON)) };
    let charges = vec![
        pending_charge(of(1), held, at(NOON)),
        on_lease,
        served_charge(of(3), credits(13), at(NOON)),
    ];
    let lease = |number, purpose, left| {
        let id = LeaseId::new(number);
        CreditLease {
            left: credits(left),
            ..CreditLease::new(id, PAYER, purpose, credits(21), at(NOON))
        }
    };
    let balance = WalletBalance {
        available: credits(1_000),
        held: credits(150),
        leased: credits(42),
        spent: credits(4),
        funded: credits(1_196),
        quotes_open: 1,
        ..WalletBalance::EMPTY
    };
    let leases = vec![lease(5, LeasePurpose::Process, 17), lease(6, LeasePurpose::Quote, 19)];
    WalletView { balance, charges, leases }
}

fn account(remaining: i64) -> PayerLedger {
    let (credited, debited) = (credits(9_000), credits(9_000 - remaining));
    PayerLedger { credited, debited, grants: vec![grant(remaining)] }
}

/// One of the charges is posted, with this amount.
fn posted(amount: i64) -> BTreeMap<ChargeId, MicroCredits> {
    BTreeMap::from([(reference(3).charge, credits(amount))])
}

#[test]
fn what_adds_up_differs_in_nothing() {
    // 1000 available + 150 held + 17 and 19 of leases + 11 and 13 unmarked = 1197 of grants + 13 unheard.
    let difference = compare(&view(), &account(1_197), &posted(13), 1_197);
    assert_eq!(difference, AuditDifference::default());
}

#[test]
fn each_part_that_is_wrong_is_a_difference() {
    let right = AuditDifference::default();
    let compared = |view: &WalletView, grants| compare(view, &account(1_197), &posted(13), grants);
    assert_eq!(compared(&view(), 1_190), AuditDifference { wallet_minus_ledger: 7, ..right });
    let wrong = |change: fn(&mut WalletView)| {
        let mut view = view();
        change(&mut view);
        compared(&view, 1_197)
    };
    let found = wrong(|view| view.balance.available = credits(1_005));
    assert_eq!(found, AuditDifference { wallet_minus_ledger: 5, balance: 5, ..right });
    let found = wrong(|view| view.balance.funded = credits(1_200));
    assert_eq!(found, AuditDifference { balance: -4, ..right });
    let found = wrong(|view| view.balance.held = credits(152));
    assert_eq!(found, AuditDifference { balance: 2, held: 2, ..right });
    let found = wrong(|view| view.balance.leased = credits(45));
    assert_eq!(found, AuditDifference { balance: 3, leased: 3, ..right });
    let found = wrong(|view| view.leases[0].left = credits(16));
    assert_eq!(found, AuditDifference { wallet_minus_ledger: -1, ..right });
    let found = wrong(|view| view.leases[0].size = credits(22));
    assert_eq!(found, AuditDifference { leased: -1, ..right });
    let found = wrong(|view| view.charges[1].cost = credits(12));
    assert_eq!(found, AuditDifference { wallet_minus_ledger: 1, ..right });
    let ledger = PayerLedger { debited: credits(7_809), ..account(1_197) };
    let found = compare(&view(), &ledger, &posted(13), 1_197);
    assert_eq!(found, AuditDifference { account_minus_grants: -6, ..right });
}

#[test]
fn faults_are_counted() {
    let faults =
        |view: &WalletView, amount| compare(view, &account(1_197), &posted(amount), 1_197).faults;
    assert_eq!((faults(&view(), 13), faults(&view(), 12)), (0, 1));
    let mut wrong = view();
    wrong.balance.quotes_open = 0;
    assert_eq!((faults(&wrong, 13), faults(&wrong, 12)), (1, 2));
    wrong.balance.available = credits(-1);
    wrong.balance.spent = credits(-1);
    assert_eq!((faults(&wrong, 13), faults(&wrong, 12)), (3, 4));
    wrong.balance.quotes_open = 1;
    wrong.balance.available = credits(0);
    assert_eq!(faults(&wrong, 13), 1);
}

fn audited(bank: &Bank) -> Audited {
    done(audit_payer(&bank.wallet, &bank.ledger, PAYER)).unwrap()
}

#[test]
fn what_the_wallet_did_not_hear_of_is_no_difference() {
    let bank = Bank::with(100);
    let paid = answer(served(1, 30, at(NOON)));
    done(charge(&bank.wallet, &LeaseBook::default(), &paid, at(NOON))).unwrap();
    done(bank.ledger.post(std::slice::from_ref(&paid.charge), at(NOON))).unwrap();
    assert_eq!(audited(&bank), Audited::Equal, "a charge that is not marked");
    let new = Grant::new("late".parse().unwrap(), PAYER, GrantKind::Paid, credits(50));
    let grant = Grant { expires_at: Some(at(NOON)), ..new };
    done(bank.ledger.record_grant(&grant, at(NOON))).unwrap();
    assert_eq!(audited(&bank), Audited::Equal, "a grant that is not given");
    let adjust = |id, amount| {
        let wanted = WalletAdjustment { payer: PAYER, id, amount: credits(amount) };
        done(bank.wallet.adjust(&wanted)).unwrap();
    };
    adjust(TransferId::Grant { grant: grant.id.clone() }, 50);
    assert_eq!(audited(&bank), Audited::Equal, "a grant that is not noted as given");
    adjust(TransferId::Expiry { grant: grant.id, part: 0 }, -20);
    assert_eq!(audited(&bank), Audited::Equal, "an end that the ledger did not hear of");
}

#[test]
fn differences_are_summed_by_size() {
    let bank = Bank::with(100);
    let report = AuditReport {
        differences: [5, -3]
            .into_iter()
            .zip(1..)
            .map(|(money, payer)| {
                let difference =
                    AuditDifference { wallet_minus_ledger: money, ..Default::default() };
                (PayerId::new(payer), difference)
            })
            .collect(),
        ..AuditReport::default()
    };
    assert_eq!((report.wallet_minus_ledger(), report.is_clean()), (8, false));
    assert!(!AuditReport { ledger_sum: 1, ..AuditReport::default() }.is_clean());
    assert!(!AuditReport { customers_less_grants: -1, ..AuditReport::default() }.is_clean());
    let report = done(audit(&bank.wallet, &bank.ledger)).unwrap();
    assert_eq!(report, AuditReport { payers: 1, ..AuditReport::default() });
}

#[test]
fn a_comparison_changes_nothing_and_a_frozen_wallet_stays_frozen() {
    let bank = Bank::with(100);
    let id = TransferId::Grant { grant: "unknown".parse().unwrap() };
    let unknown = WalletAdjustment { payer: PAYER, id, amount: credits(1) };
    done(bank.wallet.adjust(&unknown)).unwrap();
    let status = || done(bank.wallet.balance(PAYER)).unwrap().status;
    assert_eq!(done(compare_all(&bank.wallet, &bank.ledger)).unwrap().wallet_minus_ledger(), 1);
    assert_eq!(status(), WalletStatus::Open);
    done(bank.wallet.set_status(PAYER, WalletStatus::Frozen)).unwrap();
    assert!(!done(audit(&bank.wallet, &bank.ledger)).unwrap().is_clean());
    assert_eq!(status(), WalletStatus::Frozen);
}

/// A gate to two states in turn.
struct Restless<S> {
    states: [Open<S>; 2],
    passes: AtomicUsize,
}

impl<S> Restless<S> {
    fn between(first: S, second: S) -> Restless<S> {
        Restless { states: [first, second].map(Open::new), passes: AtomicUsize::new(0) }
    }
}

impl<S: Send> Gate<S> for Restless<S> {
    async fn pass<T, F>(&self, step: F) -> T
    where
        T: Clone + Debug + Send + Sync + 'static,
        F: FnOnce(&mut S) -> T + Send,
    {
        self.states[self.passes.fetch_add(1, Ordering::Relaxed) % 2].with(step)
    }
}

#[test]
fn who_moves_is_left_for_the_next_time() {
    let (one, other) = (Bank::with(100), Bank::with(101));
    let wallets = [&one, &other].map(|bank| bank.wallet.gate().with(|state| state.clone()));
    let ledgers = [&one, &other].map(|bank| bank.ledger.gate().with(|state| state.clone()));
    let ([wallet, other_wallet], [ledger, other_ledger]) = (wallets, ledgers);
    let moving_wallet = TwinWallet::new(Restless::between(wallet.clone(), other_wallet));
    let moving_ledger = TwinLedger::new(Restless::between(ledger.clone(), other_ledger));
    let still_wallet = TwinWallet::new(Open::new(wallet));
    let still_ledger = TwinLedger::new(Open::new(ledger));
    assert_eq!(done(audit_payer(&moving_wallet, &still_ledger, PAYER)), Ok(Audited::Moving));
    assert_eq!(done(audit_payer(&still_wallet, &moving_ledger, PAYER)), Ok(Audited::Moving));
    let report = done(audit(&moving_wallet, &still_ledger)).unwrap();
    assert_eq!((report.payers, report.moving, report.is_clean()), (1, 1, true));
}
