//! How much of a class was used in an epoch: what was paid, and what rate limits refused to those who paid.
//!
//! Refused requests show a congestion that paid ones cannot, as the limits cut them. But a request that is
//! refused costs nothing, so it counts once however often it is repeated, and no payer's refused units
//! count for more than its paid ones. Who pays nothing moves no price.

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

/// The units of a class that all payers used in an epoch, which [`EpochUse`](crate::EpochUse) takes. They
/// saturate at 64 bits.
pub fn used(payers: impl IntoIterator<Item = PayerUse>) -> u64 {
    payers.into_iter().map(|payer| payer.counted()).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn payer_use() -> impl Strategy<Value = PayerUse> {
        let units = || prop_oneof![0u64..100, any::<u64>()];
        (units(), units()).prop_map(|(paid, refused)| PayerUse { paid, refused })
    }

    proptest! {
        #[test]
        fn who_pays_nothing_moves_no_price(
            others in proptest::collection::vec(payer_use(), 0..20),
            refused in any::<u64>(),
        ) {
            let idle = PayerUse { paid: 0, refused };
            let together = others.iter().copied().chain([idle]);
            prop_assert_eq!(used(together), used(others.iter().copied()));
        }

        #[test]
        fn refusals_add_at_most_what_was_paid_in_any_order(
            mut payers in proptest::collection::vec(payer_use(), 0..20),
        ) {
            let paid = payers.iter().map(|one| one.paid).fold(0, u64::saturating_add);
            let all = used(payers.iter().copied());
            prop_assert!((paid..=paid.saturating_mul(2)).contains(&all));
            payers.reverse();
            prop_assert_eq!(used(payers), all);
        }
    }

    #[test]
    fn refused_units_count_up_to_the_paid_ones_of_the_same_payer() {
        let of = |paid, refused| PayerUse { paid, refused };
        assert_eq!(used([]), 0);
        assert_eq!(used([of(10, 4)]), 14);
        assert_eq!(used([of(10, 12)]), 20);
        assert_eq!(used([of(10, 0), of(0, 4)]), 10);
        assert_eq!(used([of(10, 4), of(10, 4)]), 28);
        assert_eq!(used([of(u64::MAX, 5)]), u64::MAX);
        assert_eq!(used([of(u64::MAX / 2, 7), of(u64::MAX / 2, 0), of(9, 0)]), u64::MAX);
    }
}
