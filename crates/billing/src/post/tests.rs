//! What becomes of doorbells.

use model::charge::{ChargeSource, ChargeState};
use model::port::Wallet;
use model::wallet::WalletAdjustment;
use model::{ChargeId, TransferId};

use super::*;
use crate::charge::charge;
use crate::example::pending_charge;
use crate::fixture::{Bank, PAYER, answer, at, credits, done, reference, served};
use crate::held::begin;
use crate::lease::LeaseBook;

const NOON: &str = "2026-11-22T12:00:00Z";

fn spend(bank: &Bank, number: u8, cost: i64, time: &str) {
    let paid = answer(served(number, cost, at(time)));
    done(charge(&bank.wallet, &LeaseBook::default(), &paid, at(time))).unwrap();
}

fn posted(bank: &Bank, numbers: &[u8]) -> Vec<DoorbellVerdict> {
    let bells: Vec<ChargeRef> = numbers.iter().copied().map(reference).collect();
    done(post(&bank.wallet, &bank.ledger, &bells, at(NOON))).unwrap()
}

#[test]
fn each_doorbell_has_its_verdict() {
    let bank = Bank::with(100);
    spend(&bank, 1, 10, NOON);
    spend(&bank, 2, 10, NOON);
    let (most, expires_at) = (credits(9), at("2026-11-22T12:05:00Z"));
    let source = ChargeSource::Hold { most, attempt: 1, expires_at };
    done(begin(&bank.wallet, &pending_charge(reference(3), source, at(NOON)), &[])).unwrap();
    let (done_now, nothing) = (DoorbellVerdict::Posted, DoorbellVerdict::Nothing);
    assert_eq!(posted(&bank, &[3, 4]), [nothing, nothing]);
    assert_eq!(posted(&bank, &[2, 3, 1, 2, 9]), [done_now, nothing, done_now, done_now, nothing]);
    assert_eq!(posted(&bank, &[1]), [done_now], "as posted before");
    assert_eq!(bank.ledger.gate().with(|ledger| ledger.charges().count()), 2);
    let known = done(bank.wallet.charges(&[reference(1)])).unwrap();
    assert_eq!((known[0].state, known[0].posted_at), (ChargeState::Posted, Some(at(NOON))));
}

#[test]
fn what_no_grant_covers_waits() {
    let bank = Bank::with(5);
    let id = TransferId::Grant { grant: "unknown".parse().unwrap() };
    let unknown = WalletAdjustment { payer: PAYER, id, amount: credits(10) };
    done(bank.wallet.adjust(&unknown)).unwrap();
    spend(&bank, 1, 12, NOON);
    spend(&bank, 2, 3, NOON);
    let missing = credits(7);
    assert_eq!(
        posted(&bank, &[1, 2]),
        [DoorbellVerdict::Later { missing }, DoorbellVerdict::Posted]
    );
    let known = done(bank.wallet.charges(&[reference(1)])).unwrap();
    assert_eq!(known[0].state, ChargeState::Served, "it is not marked");
}

#[test]
fn what_the_ledger_has_with_another_amount_is_wrong() {
    let bank = Bank::with(100);
    let other = served(1, 11, at(NOON));
    done(bank.ledger.post(&[other], at(NOON))).unwrap();
    spend(&bank, 1, 10, NOON);
    assert_eq!(posted(&bank, &[1]), [DoorbellVerdict::Wrong]);
    let known = done(bank.wallet.charges(&[reference(1)])).unwrap();
    assert_eq!(known[0].state, ChargeState::Served);
}

#[test]
fn charges_are_posted_in_the_order_in_which_they_were_served() {
    let bank = Bank::default();
    bank.give("first", 10, None);
    bank.give("second", 10, None);
    spend(&bank, 1, 10, "2026-11-22T11:00:00Z");
    spend(&bank, 2, 10, "2026-11-22T10:00:00Z");
    assert_eq!(posted(&bank, &[1, 2]), [DoorbellVerdict::Posted; 2]);
    let id = TransferId::Charge { charge: ChargeId::new([2; 20]) };
    let lines = done(bank.ledger.transfers(&[id])).unwrap();
    assert_eq!(lines[0].draws[0].grant.to_string(), "first", "the earlier served draws first");
}
