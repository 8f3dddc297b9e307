//! The properties of charges: monotone, subadditive, never above the estimate, blind to who asks, exact or
//! refused at the edges of 64 bits.

use model::{MicroCredits, PriceClass, PriceIndex, PriceItem, Usage};
use pricing::{Floors, IndexBounds, PriceError, UsageBounds, charge, estimate};
use proptest::prelude::*;

fn usage(counts: &[u64]) -> Usage {
    let items = PriceItem::ALL.into_iter().zip(counts);
    items.fold(Usage::of(PriceClass::Graph), |usage, (item, &count)| usage.with(item, count))
}

fn counts(most: u64) -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::vec(0..=most, PriceItem::ALL.len())
}

fn index() -> impl Strategy<Value = PriceIndex> {
    (1u64 << 32..=8 << 32).prop_map(PriceIndex::from_bits)
}

/// Numbers of any size, those at the edges among them.
fn edges() -> impl Strategy<Value = u64> {
    let edges = [0, 1, (1 << 31) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, u64::MAX - 1, u64::MAX];
    prop_oneof![proptest::sample::select(edges.to_vec()), any::<u64>()]
}

fn sum(costs: impl IntoIterator<Item = MicroCredits>) -> i64 {
    costs.into_iter().map(MicroCredits::micros).sum()
}

/// What a usage costs by whole numbers of any size: a second way to the same amount.
fn exact(counts: &[u64], floors: &[i64], index: u64) -> Option<i64> {
    // Each product has at most 191 bits: it is added in two halves.
    let (mut high, mut low) = (0u128, 0u128);
    for (&count, &floor) in counts.iter().zip(floors) {
        let product = u128::from(count) * u128::from(floor.unsigned_abs());
        let low_part = (product & u128::from(u64::MAX)) * u128::from(index);
        let high_part = (product >> 64) * u128::from(index);
        low += low_part & u128::from(u64::MAX);
        high = high.checked_add(high_part)?.checked_add(low_part >> 64)?;
    }
    high = high.checked_add(low >> 64)?;
    low &= u128::from(u64::MAX);
    let whole = (high.checked_mul(1 << 32)?).checked_add((low + u128::from(u32::MAX)) >> 32)?;
    i64::try_from(whole).ok()
}

proptest! {
    #[test]
    fn a_charge_grows_with_counts_and_index(
        some in counts(1 << 30), more in counts(1 << 20), a in index(), b in index(),
    ) {
        let (least, most) = (usage(&some), usage(&some).checked_add(&usage(&more)).unwrap());
        prop_assert!(charge(&least, a.min(b))? <= charge(&most, a.max(b))?);
        prop_assert!(charge(&least, a)? <= charge(&most, a)?);
        prop_assert!(charge(&most, a.min(b))? <= charge(&most, a.max(b))?);
    }

    #[test]
    fn a_charge_grows_with_a_floor(some in counts(1 << 20), floor in 0i64..1 << 30, at in 0usize..8, index in index()) {
        let raised = |by| {
            let floor_of = |item| MicroCredits::new(floor + if item as usize == at + 1 { by } else { 0 });
            Floors::new(floor_of).charge(&usage(&some), index)
        };
        prop_assert!(raised(0)? <= raised(1)?);
    }

    /// ⌈Σx⌉ ≤ Σ⌈x⌉ ≤ ⌈Σx⌉ + k − 1.
    #[test]
    fn dividing_an_order_in_k_costs_up_to_k_minus_1_more_and_never_less(
        parts in proptest::collection::vec(counts(1_000), 1..30), index in index(),
    ) {
        let parts: Vec<Usage> = parts.iter().map(|counts| usage(counts)).collect();
        let all = parts.iter().try_fold(usage(&[]), |all, part| all.checked_add(part)).unwrap();
        let whole = charge(&all, index)?.micros();
        let costs: Result<Vec<_>, _> = parts.iter().map(|part| charge(part, index)).collect();
        let apart = sum(costs?);
        let more = i64::try_from(parts.len()).unwrap() - 1;
        prop_assert!((whole..=whole + more).contains(&apart), "{} {}", whole, apart);
    }

    #[test]
    fn a_charge_is_exact_or_refused_whatever_the_numbers(
        counts in proptest::collection::vec(edges(), 8), floors in proptest::collection::vec(edges(), 8),
        index in edges(),
    ) {
        let floors: Vec<i64> = floors.iter().map(|floor| (floor >> 1).cast_signed()).collect();
        let made = Floors::new(|item| MicroCredits::new(floors[item as usize - 1]));
        let charged = made.charge(&usage(&counts), PriceIndex::from_bits(index));
        let expected = exact(&counts, &floors, index).map(MicroCredits::new);
        prop_assert_eq!(charged, expected.ok_or(PriceError::TooMuch));
    }
}

/// Draws this many requests, and compares what each costs with its estimate.
fn estimates(cases: u32) {
    let mut errors = std::cell::RefCell::new(Vec::new());
    let above = std::cell::Cell::new(0);
    let least_and_more = (counts(1 << 12), counts(1 << 12), counts(1 << 12));
    let input = (least_and_more, index(), index(), 0u64..=16, any::<bool>());
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let run = runner.run(&input, |((least, likely, rest), current, next, part, later)| {
        let least = usage(&least);
        let expected = least.checked_add(&usage(&likely)).expect("small numbers, which fit");
        let most = expected.checked_add(&usage(&rest)).expect("small numbers, which fit");
        let bounds = UsageBounds { least, expected, most };
        let estimate = estimate(&bounds, &IndexBounds { current, next })?;
        // The answer has a part of what is possible, at the price of this epoch or of the next.
        let actual = PriceItem::ALL.into_iter().fold(least, |actual, item| {
            let possible = most.count(item) - least.count(item);
            actual.with(item, least.count(item) + possible * part / 16)
        });
        let cost = charge(&actual, if later { next } else { current })?;
        above.set(above.get() + u32::from(cost > estimate.max));
        prop_assert!(cost >= estimate.min && estimate.settle(cost) == cost);
        let off = estimate.expected.micros().abs_diff(cost.micros());
        errors.borrow_mut().push(off as f64 / cost.micros().max(1) as f64);
        Ok(())
    });
    run.expect("every request keeps its bounds");
    errors.get_mut().sort_by(f64::total_cmp);
    let median = errors.get_mut()[cases as usize / 2];
    println!(
        "{cases} requests: {} above the most; median error of the expectation {median:.3}",
        above.get()
    );
    assert_eq!(above.get(), 0);
}

#[test]
fn no_answer_costs_more_than_its_estimate() {
    estimates(1_000);
}

#[test]
#[ignore = "the long form: 10^5 requests"]
fn no_answer_costs_more_than_its_estimate_in_the_long_form() {
    estimates(100_000);
}
