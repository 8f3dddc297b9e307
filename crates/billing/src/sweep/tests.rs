//! What was left undone is found when it is due, and not before.

use std::sync::{Mutex, PoisonError};

use model::charge::ChargeRef;
use model::charge::ChargeSource;
use model::port::Wallet;
use model::{Charge, ChargeId, Grant, GrantId, GrantKind, QuoteId};

use super::*;
use crate::charge::charge;
use crate::example::{pending_charge, served_charge};
use crate::fixture::{Bank, PAYER, answer, at, credits, done};
use crate::held::begin;
use crate::lease::{LeaseBook, open_quote};

const NOON: &str = "2026-11-22T12:00:00Z";

/// What was rung for.
#[derive(Default)]
struct HeardBells {
    charges: Mutex<Vec<ChargeRef>>,
}

impl Doorbell for HeardBells {
    async fn ring(&self, charges: &[ChargeRef]) -> Result<(), PortError> {
        assert!(!charges.is_empty(), "a doorbell without charges");
        self.charges.lock().unwrap_or_else(PoisonError::into_inner).extend(charges);
        Ok(())
    }
}

fn swept(bank: &Bank, bells: &HeardBells, now: &str, pages: usize) -> SweepReport {
    done(is_send(sweep(&bank.wallet, &bank.ledger, bells, at(now), pages))).unwrap()
}

/// A sweep can be a task of any runtime.
fn is_send<T: Send>(work: T) -> T {
    work
}

fn numbered(number: u16) -> ChargeRef {
    let mut bytes = [0; 20];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    ChargeRef { payer: PAYER, charge: ChargeId::new(bytes) }
}

fn spend(bank: &Bank, number: u16) {
    let charged = served_charge(numbered(number), credits(1), at(NOON));
    let paid = answer(Charge { nonce: u64::from(number), ..charged });
    done(charge(&bank.wallet, &LeaseBook::default(), &paid, at(NOON))).unwrap();
}

#[test]
fn what_is_not_posted_is_rung_for_after_a_minute() {
    let (bank, bells) = (Bank::with(1_000), HeardBells::default());
    spend(&bank, 1);
    assert_eq!(swept(&bank, &bells, "2026-11-22T12:01:00Z", 4), SweepReport::default());
    let report = swept(&bank, &bells, "2026-11-22T12:01:01Z", 4);
    assert_eq!(report, SweepReport { rung: 1, ..SweepReport::default() });
    assert_eq!(bells.charges.into_inner().unwrap(), [numbered(1)]);
}

#[test]
fn what_is_more_than_the_pages_is_left_for_the_next_time() {
    let (bank, bells) = (Bank::with(1_000), HeardBells::default());
    (0..150).for_each(|number| spend(&bank, number));
    let late = "2026-11-22T12:02:00Z";
    let report = swept(&bank, &bells, late, 1);
    assert_eq!((report.rung, report.is_cut), (100, true));
    let report = swept(&bank, &bells, late, 2);
    assert_eq!((report.rung, report.is_cut), (150, false));
    let bells = bells.charges.into_inner().unwrap();
    let distinct: std::collections::BTreeSet<&ChargeRef> = bells.iter().collect();
    assert_eq!((bells.len(), distinct.len()), (250, 150));
}

#[test]
fn holds_and_leases_are_released_a_minute_after_their_end() {
    let (bank, bells) = (Bank::with(1_000), HeardBells::default());
    let (most, expires_at) = (credits(60), at("2026-11-22T12:05:00Z"));
    for number in 0..150 {
        let source = ChargeSource::Hold { most: credits(1), attempt: 1, expires_at };
        done(begin(&bank.wallet, &pending_charge(numbered(number), source, at(NOON)), &[]))
            .unwrap();
    }
    done(open_quote(&bank.wallet, QuoteId::new(3), PAYER, most, expires_at)).unwrap();
    assert_eq!(bank.available(), 790);
    assert_eq!(swept(&bank, &bells, "2026-11-22T12:06:00Z", 1), SweepReport::default());
    let report = swept(&bank, &bells, "2026-11-22T12:06:01Z", 1);
    let expected = SweepReport { voided: 100, closed: 1, is_cut: true, ..SweepReport::default() };
    assert_eq!((report, bank.available()), (expected, 950));
    let report = swept(&bank, &bells, "2026-11-22T12:06:01Z", 1);
    let expected = SweepReport { voided: 50, ..SweepReport::default() };
    assert_eq!((report, bank.available()), (expected, 1_000));
}

#[test]
fn grants_that_the_wallet_lacks_are_given_after_a_minute() {
    let (bank, bells) = (Bank::with(1_000), HeardBells::default());
    let id: GrantId = "lost".parse().unwrap();
    let lost = Grant::new(id, PAYER, GrantKind::Paid, credits(5));
    done(bank.ledger.record_grant(&lost, at(NOON))).unwrap();
    assert_eq!(swept(&bank, &bells, "2026-11-22T12:01:00Z", 4), SweepReport::default());
    done(bank.wallet.set_status(PAYER, model::WalletStatus::NoFunding)).unwrap();
    assert_eq!(swept(&bank, &bells, "2026-11-22T12:01:01Z", 4), SweepReport::default());
    done(bank.wallet.set_status(PAYER, model::WalletStatus::Open)).unwrap();
    let report = swept(&bank, &bells, "2026-11-22T12:01:01Z", 4);
    let expected = SweepReport { funded: 1, ..SweepReport::default() };
    assert_eq!((report, bank.available()), (expected, 1_005));
}

#[test]
fn what_is_left_of_grants_expires_a_quarter_of_an_hour_after_their_end() {
    let (bank, bells) = (Bank::with(1_000), HeardBells::default());
    bank.give("short", 50, Some(at(NOON)));
    assert_eq!(swept(&bank, &bells, "2026-11-22T12:15:00Z", 4), SweepReport::default());
    let report = swept(&bank, &bells, "2026-11-22T12:15:01Z", 4);
    let expected = SweepReport { expired: 1, ..SweepReport::default() };
    assert_eq!((report, bank.available()), (expected, 1_000));
    assert_eq!(swept(&bank, &bells, "2026-11-22T12:15:01Z", 4), SweepReport::default());
}

#[test]
fn a_page_of_grants_that_cannot_be_given_does_not_hide_the_others() {
    let (bank, bells) = (Bank::with(1), HeardBells::default());
    let grant = |number: u32| {
        let id: GrantId = format!("grant-{number:03}").parse().unwrap();
        Grant::new(id, PAYER, GrantKind::Paid, credits(1))
    };
    for number in 0..150 {
        done(bank.ledger.record_grant(&grant(number), at(NOON))).unwrap();
    }
    let report = swept(&bank, &bells, "2026-11-22T13:00:00Z", 1);
    assert_eq!((report.funded, report.is_cut), (100, true));
    let report = swept(&bank, &bells, "2026-11-22T13:00:00Z", 1);
    assert_eq!((report.funded, report.is_cut, bank.available()), (50, false, 151));
}
