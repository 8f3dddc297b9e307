//! How much of a class was used in an epoch: what was paid, and what rate limits refused to those who paid.
//!
//! Refused requests show a congestion that paid ones cannot, as the limits cut them. But a request that is
//! refused costs nothing, so it counts once however often it is repeated, and no payer's refused units
//! count for more than its paid ones. Who pays nothing moves no price.

use std::collections::{BTreeMap, BTreeSet};

use model::PayerId;

use crate::charge_id::RequestHash;
use crate::outcome::{AnswerOutcome, CountedUse};

/// The most different refused requests of one payer that are remembered in an epoch. More are refused
/// without counting.
pub const REFUSALS_MAX: usize = 10_000;

/// What one payer used of a class in an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PayerUse {
    /// Units that it paid.
    pub paid: u64,
    /// Units of different requests that rate limits refused.
    pub refused: u64,
}

impl PayerUse {
    /// The units that count.
    pub fn counted(&self) -> u64 {
        self.paid.saturating_add(self.refused.min(self.paid))
    }
}

/// A request that ended.
#[derive(Debug, Clone, Copy)]
pub struct UseEvent {
    /// Who asked.
    pub payer: PayerId,
    /// What was asked.
    pub request: RequestHash,
    /// How it ended.
    pub outcome: AnswerOutcome,
    /// Units of the class's capacity that were delivered, or would have been.
    pub units: u64,
}

/// What all payers used of one class in one epoch.
#[derive(Debug, Clone, Default)]
pub struct ClassUse {
    payers: BTreeMap<PayerId, SeenUse>,
}

#[derive(Debug, Clone, Default)]
struct SeenUse {
    counts: PayerUse,
    refused: BTreeSet<RequestHash>,
}

impl ClassUse {
    /// Counts a request.
    pub fn count(&mut self, event: &UseEvent) {
        match event.outcome.counted() {
            CountedUse::Nothing => {}
            CountedUse::Paid => {
                let counts = &mut self.payers.entry(event.payer).or_default().counts;
                counts.paid = counts.paid.saturating_add(event.units);
            }
            CountedUse::Refused => self.payers.entry(event.payer).or_default().refuse(event),
        }
    }

    /// The units that were used, which [`EpochUse`](crate::EpochUse) takes. They saturate at 64 bits.
    pub fn used(&self) -> u64 {
        let counted = self.payers.values().map(|seen| seen.counts.counted());
        counted.fold(0, u64::saturating_add)
    }
}

impl SeenUse {
    fn refuse(&mut self, event: &UseEvent) {
        if self.refused.len() < REFUSALS_MAX && self.refused.insert(event.request) {
            self.counts.refused = self.counts.refused.saturating_add(event.units);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(payer: u64, request: u64, outcome: AnswerOutcome, units: u64) -> UseEvent {
        let request = RequestHash::new(&[&request.to_be_bytes()]);
        UseEvent { payer: PayerId::new(payer), request, outcome, units }
    }

    fn used(events: &[UseEvent]) -> u64 {
        let mut class = ClassUse::default();
        events.iter().for_each(|event| class.count(event));
        class.used()
    }

    fn events() -> impl Strategy<Value = Vec<UseEvent>> {
        let outcome = proptest::sample::select(AnswerOutcome::ALL);
        let one = (0u64..4, 0u64..5, outcome, 0u64..100)
            .prop_map(|(payer, request, outcome, units)| event(payer, request, outcome, units));
        proptest::collection::vec(one, 0..60)
    }

    proptest! {
        #[test]
        fn who_pays_nothing_moves_no_price(others in events(), own in events()) {
            let is_paid = |event: &UseEvent| event.outcome.counted() == CountedUse::Paid;
            let own = own.into_iter().filter(|event| !is_paid(event));
            let own: Vec<_> = own.map(|event| UseEvent { payer: PayerId::new(9), ..event }).collect();
            let together = [&others[..], &own].concat();
            prop_assert_eq!(used(&together), used(&others));
        }

        #[test]
        fn refusals_add_at_most_what_was_paid_in_any_order(mut events in events()) {
            let paid = |event: &&UseEvent| event.outcome.counted() == CountedUse::Paid;
            let paid: u64 = events.iter().filter(paid).map(|event| event.units).sum();
            let all = used(&events);
            prop_assert!((paid..=2 * paid).contains(&all));
            // One request has one size, as a payer's requests are what they are.
            events.iter_mut().for_each(|event| event.units = 7);
            let forwards = used(&events);
            events.reverse();
            prop_assert_eq!(used(&events), forwards);
        }
    }

    #[test]
    fn a_refused_request_counts_once_per_payer() {
        let paid = |payer| event(payer, 0, AnswerOutcome::Answered, 10);
        let refused = |payer, request| event(payer, request, AnswerOutcome::RateLimited, 4);
        assert_eq!(used(&[paid(1), refused(1, 5), refused(1, 5)]), 14);
        assert_eq!(used(&[paid(1), refused(1, 5), refused(1, 6)]), 18);
        assert_eq!(used(&[paid(1), refused(1, 5), refused(1, 6), refused(1, 7)]), 20);
        assert_eq!(used(&[paid(1), refused(2, 5)]), 10);
        assert_eq!(used(&[paid(1), paid(2), refused(1, 5), refused(2, 5)]), 28);
    }

    #[test]
    fn refusals_are_bounded_and_sums_saturate() {
        let mut class = ClassUse::default();
        class.count(&event(1, 0, AnswerOutcome::Answered, u64::MAX / 2));
        for request in 0..=REFUSALS_MAX as u64 {
            class.count(&event(1, request, AnswerOutcome::RateLimited, 1));
        }
        assert_eq!(class.used(), u64::MAX / 2 + REFUSALS_MAX as u64);
        class.count(&event(1, 0, AnswerOutcome::Answered, u64::MAX));
        class.count(&event(2, 0, AnswerOutcome::Partial, 5));
        assert_eq!(class.used(), u64::MAX);
    }
}
