//! Grants, their expiry, refunds, and the auditor.

use model::port::{Ledger, Wallet};
use model::{ChargeId, LedgerAccount, WalletStatus};

use super::*;
use crate::audit::{Audited, audit, audit_payer};
use crate::charge::charge;
use crate::fixture::{Bank, PAYER, answer, at, credits, done, reference, served};
use crate::lease::LeaseBook;
use crate::post::{DoorbellVerdict, post};

fn spend(bank: &Bank, number: u8, cost: i64, now: Timestamp) {
    let paid = answer(served(number, cost, now));
    done(charge(&bank.wallet, &LeaseBook::default(), &paid, now)).unwrap();
}

fn posted(bank: &Bank, numbers: &[u8], now: Timestamp) -> Vec<DoorbellVerdict> {
    let bells: Vec<ChargeRef> = numbers.iter().copied().map(reference).collect();
    done(post(&bank.wallet, &bank.ledger, &bells, now)).unwrap()
}

fn is_equal(bank: &Bank) -> bool {
    done(audit_payer(&bank.wallet, &bank.ledger, PAYER)).unwrap() == Audited::Equal
}

fn expired(bank: &Bank, id: &str, now: Timestamp) -> Option<i64> {
    let grant = done(bank.ledger.grant(&id.parse().unwrap())).unwrap().unwrap();
    match done(expire(&bank.wallet, &bank.ledger, &grant, now)).unwrap() {
        ExpiryOutcome::Expired { amount } => Some(amount.micros()),
        ExpiryOutcome::Later => None,
    }
}

#[test]
fn a_grant_is_given_once_whatever_is_said_again() {
    let bank = Bank::with(100);
    bank.give("first", 100, None);
    assert_eq!(bank.available(), 100);
    let other = Grant::new("first".parse().unwrap(), PAYER, GrantKind::Paid, credits(5));
    let now = at("2026-11-22T12:00:00Z");
    let said = |grant: &Grant| done(fund(&bank.wallet, &bank.ledger, grant, now)).unwrap();
    assert_eq!(said(&other), FundOutcome::Refused);
    let used = Grant::new("used".parse().unwrap(), PAYER, GrantKind::Paid, credits(0));
    let used = Grant { amount: credits(1), ..used };
    assert_eq!(
        (said(&used), bank.available()),
        (FundOutcome::Funded, 101),
        "nothing of it is used"
    );
    assert!(is_equal(&bank));
    let nothing = Grant::new("none".parse().unwrap(), PAYER, GrantKind::Paid, credits(0));
    assert_eq!(said(&nothing), FundOutcome::Refused);
    done(bank.wallet.set_status(PAYER, WalletStatus::NoFunding)).unwrap();
    let later = Grant::new("later".parse().unwrap(), PAYER, GrantKind::Paid, credits(5));
    assert_eq!(said(&later), FundOutcome::Later);
    assert!(is_equal(&bank), "what the wallet does not have does not count");
    done(bank.wallet.set_status(PAYER, WalletStatus::Open)).unwrap();
    assert_eq!((said(&later), bank.available()), (FundOutcome::Funded, 106));
    assert!(is_equal(&bank));
}

#[test]
fn what_was_served_before_the_end_of_a_grant_draws_on_it() {
    let bank = Bank::with(100);
    bank.give("short", 50, Some(at("2026-11-22T12:00:00Z")));
    spend(&bank, 1, 30, at("2026-11-22T11:59:00Z"));
    let late = at("2026-11-22T13:00:00Z");
    assert_eq!(expired(&bank, "short", late), None, "a charge of before is not posted");
    assert_eq!(posted(&bank, &[1, 1, 2], late)[2], DoorbellVerdict::Nothing);
    assert_eq!(expired(&bank, "short", at("2026-11-22T12:15:00Z")), None, "too early");
    assert_eq!(expired(&bank, "first", late), None, "it has no end");
    assert_eq!(expired(&bank, "short", late), Some(20));
    assert_eq!((expired(&bank, "short", late), bank.available()), (None, 100));
    assert!(is_equal(&bank));
    let report = done(audit(&bank.wallet, &bank.ledger)).unwrap();
    assert!(report.is_clean() && report.payers == 1, "{report:?}");
}

#[test]
fn what_is_served_at_the_end_of_a_grant_does_not_hold_it_up() {
    let bank = Bank::with(100);
    bank.give("short", 50, Some(at("2026-11-22T12:00:00Z")));
    spend(&bank, 1, 30, at("2026-11-22T12:00:00Z"));
    assert_eq!(expired(&bank, "short", at("2026-11-22T13:00:00Z")), Some(50));
    assert_eq!(posted(&bank, &[1], at("2026-11-22T13:00:00Z")), [DoorbellVerdict::Posted]);
    assert!(is_equal(&bank));
}

#[test]
fn what_is_set_aside_expires_when_it_comes_back() {
    let bank = Bank::default();
    bank.give("short", 50, Some(at("2026-11-22T12:00:00Z")));
    let (end, late) = (at("2026-11-22T14:00:00Z"), at("2026-11-22T13:00:00Z"));
    let quote = model::QuoteId::new(3);
    done(crate::lease::open_quote(&bank.wallet, quote, PAYER, credits(40), end)).unwrap();
    assert_eq!((expired(&bank, "short", late), bank.available()), (Some(10), 0));
    assert!(is_equal(&bank));
    done(bank.wallet.close_lease(PAYER, model::LeaseId::new(3))).unwrap();
    assert_eq!((expired(&bank, "short", late), bank.available()), (Some(40), 0));
    assert!(is_equal(&bank));
}

#[test]
fn a_charge_is_given_back_once_in_the_kinds_it_was_paid_with() {
    let bank = Bank::with(100);
    let now = at("2026-11-22T12:00:00Z");
    let gift = Grant {
        priority: 1,
        expires_at: Some(at("2026-11-23T00:00:00Z")),
        ..Grant::new("gift".parse().unwrap(), PAYER, GrantKind::Promotional, credits(20))
    };
    done(fund(&bank.wallet, &bank.ledger, &gift, now)).unwrap();
    spend(&bank, 1, 30, now);
    let back = || done(refund(&bank.wallet, &bank.ledger, reference(1), now)).unwrap();
    assert_eq!(back(), RefundOutcome::NotPosted);
    posted(&bank, &[1], now);
    let amount = credits(30);
    assert_eq!(
        (back(), back()),
        (RefundOutcome::Refunded { amount }, RefundOutcome::Refunded { amount })
    );
    assert_eq!(bank.available(), 120);
    let charge = ChargeId::new([1; 20]);
    let paid = done(bank.ledger.grant(&format!("refund-paid-{charge}").parse().unwrap()));
    let given = done(bank.ledger.grant(&format!("refund-promotional-{charge}").parse().unwrap()));
    let (paid, given) = (paid.unwrap().unwrap(), given.unwrap().unwrap());
    assert_eq!((paid.amount, paid.expires_at), (credits(10), None));
    assert_eq!((given.amount, given.expires_at), (credits(20), Some(at("2026-12-22T12:00:00Z"))));
    assert_eq!((paid.priority, given.priority, given.effective_at), (0, 0, now));
    let totals = done(bank.ledger.totals()).unwrap();
    let refunds = totals.accounts.iter().find(|total| total.account == LedgerAccount::Refunds);
    assert_eq!((refunds.unwrap().debits, totals.sum()), (30, 0));
    assert!(is_equal(&bank));
}

#[test]
fn the_auditor_finds_one_micro_credit_and_stops_new_credits() {
    let bank = Bank::with(100);
    spend(&bank, 1, 30, at("2026-11-22T12:00:00Z"));
    assert!(is_equal(&bank), "a charge that is not posted is no difference");
    let id = TransferId::Grant { grant: "unknown".parse().unwrap() };
    let (payer, amount) = (PAYER, credits(1));
    done(bank.wallet.adjust(&WalletAdjustment { payer, id, amount })).unwrap();
    let report = done(audit(&bank.wallet, &bank.ledger)).unwrap();
    assert_eq!((report.wallet_minus_ledger(), report.is_clean()), (1, false));
    let balance = done(bank.wallet.balance(PAYER)).unwrap();
    assert_eq!(balance.status, WalletStatus::NoFunding);
    spend(&bank, 2, 30, at("2026-11-22T12:00:00Z"));
    assert_eq!(bank.available(), 41, "charges go on");
}
