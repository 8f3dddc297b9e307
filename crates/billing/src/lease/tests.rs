//! Which lease a process uses.

use super::*;
use crate::fixture::{PAYER, at, credits};

fn lease(number: u64, size: i64, expires_at: &str) -> CreditLease {
    let (id, purpose) = (LeaseId::new(number), LeasePurpose::Process);
    CreditLease::new(id, PAYER, purpose, credits(size), at(expires_at))
}

#[test]
fn a_lease_is_used_until_its_end() {
    let (now, end) = ("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z");
    let book = LeaseBook::default();
    let usable = |now| book.usable(PAYER, credits(1), at(now));
    assert_eq!(usable(now), None);
    book.keep(lease(1, 10, end));
    assert_eq!(usable("2026-11-22T12:04:59Z"), Some(LeaseId::new(1)));
    assert_eq!((usable(end), usable(now)), (None, None), "it is forgotten at its end");
    assert_eq!(LeaseBook::expiry(at(now)), at(end));
}

#[test]
fn another_lease_is_not_forgotten() {
    let now = at("2026-11-22T12:00:00Z");
    let book = LeaseBook::default();
    book.keep(lease(2, 10, "2026-11-22T12:05:00Z"));
    book.forget(PAYER, LeaseId::new(1));
    assert_eq!(book.usable(PAYER, credits(1), now), Some(LeaseId::new(2)));
    book.forget(PAYER, LeaseId::new(2));
    assert_eq!(book.usable(PAYER, credits(1), now), None);
}

#[test]
fn a_lease_is_many_charges_and_a_small_part_of_what_is_there() {
    let size = |cost, available| lease_size(credits(cost), credits(available)).micros();
    assert_eq!((size(10, 1_000_000), size(10, 256_000), size(10, 256_257)), (2_000, 1_000, 1_001));
    assert_eq!((size(10, 15), size(i64::MAX, i64::MAX)), (10, i64::MAX));
}
