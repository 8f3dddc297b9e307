//! Statements and their chain.

use super::*;
use crate::charge::charge;
use crate::fixture::{Bank, PAYER, answer, at, done, reference, served};
use crate::lease::LeaseBook;
use crate::merkle::{proof, proven_root};
use crate::post::post;

fn sealed(bank: &Bank, month: &str, now: &str) -> StatementOutcome {
    done(make_statement(&bank.ledger, PAYER, month.parse().unwrap(), at(now))).unwrap()
}

fn spend(bank: &Bank, number: u8, now: &str) {
    let paid = answer(served(number, 10, at(now)));
    done(charge(&bank.wallet, &LeaseBook::default(), &paid, at(now))).unwrap();
    done(post(&bank.wallet, &bank.ledger, &[reference(number)], at(now))).unwrap();
}

#[test]
fn months_are_sealed_once_and_chained() {
    let bank = Bank::with(100);
    spend(&bank, 1, "2026-11-30T23:59:59Z");
    spend(&bank, 2, "2026-12-01T00:00:00Z");
    assert_eq!(sealed(&bank, "2026-11", "2026-12-01T00:59:59Z"), StatementOutcome::TooEarly);
    let StatementOutcome::Sealed(first) = sealed(&bank, "2026-11", "2026-12-01T01:00:00Z") else {
        panic!()
    };
    assert_eq!((first.lines, first.closing.micros(), first.previous_root), (2, 90, [0; 32]));
    // A month without a statement is a part of the next one.
    let StatementOutcome::Sealed(next) = sealed(&bank, "2027-01", "2027-02-02T00:00:00Z") else {
        panic!()
    };
    assert_eq!((next.lines, next.opening, next.closing.micros()), (1, first.closing, 80));
    assert_eq!(next.previous_root, first.root);
    assert_eq!(sealed(&bank, "2026-11", "2027-02-02T00:00:00Z"), StatementOutcome::Sealed(first));
    assert_eq!(sealed(&bank, "2026-12", "2027-02-02T00:00:00Z"), StatementOutcome::TooLate);
}

#[test]
fn a_line_of_a_statement_can_be_proven() {
    let bank = Bank::with(1_000);
    for number in 1..=5 {
        spend(&bank, number, "2026-11-22T12:00:00Z");
    }
    let StatementOutcome::Sealed(statement) = sealed(&bank, "2026-11", "2026-12-02T00:00:00Z")
    else {
        panic!()
    };
    let from = Timestamp::MIN;
    let period = TransferPeriod { payer: PAYER, from, until: at("2026-12-01T00:00:00Z") };
    let lines = done(bank.ledger.transfers_of(&period, None)).unwrap().items;
    let leaves: Vec<[u8; 32]> = lines.iter().map(|line| leaf(&line_bytes(line).unwrap())).collect();
    let steps = proof(&leaves, 3).unwrap();
    assert_eq!(proven_root(leaves[3], &steps), root(&leaves));
    let head = format!("{PAYER} 2026-11 6 0 1000 50");
    assert_eq!(chained(&[0; 32], head.as_bytes(), &root(&leaves)), statement.root);
}
