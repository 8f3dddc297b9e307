//! What each way to answer a request costs, said once: of this table the API's `/v1/prices`, the documentation
//! and the hints of refusals are made.

/// Which part of an answer's price is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargedPart {
    /// All of it.
    Whole,
    /// The units that were delivered.
    Delivered,
    /// None: it costs 0.
    Nothing,
}

/// How a request counts towards the use of its class, which moves the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedUse {
    /// The units that were paid.
    Paid,
    /// The units that were refused: once per payer, request and epoch, and at most as many as the
    /// payer paid for in that epoch.
    Refused,
    /// Not at all.
    Nothing,
}

/// One row of the table.
struct OutcomeRow {
    slug: &'static str,
    charged: ChargedPart,
    counted: CountedUse,
    /// Whether it is one of the free answers of the day.
    is_free_answer: bool,
    meaning: &'static str,
}

/// Defines the outcomes. Everything else about them is made from this one table.
macro_rules! outcomes {
    ($($name:ident { $slug:literal, $charged:ident, $counted:ident, $free:literal, $meaning:literal })*) => {
        /// How a request ended, as far as money is concerned.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AnswerOutcome {
            $(#[doc = $meaning] $name,)*
        }

        impl AnswerOutcome {
            /// Every outcome, in the order of the documentation.
            pub const ALL: &[AnswerOutcome] = &[$(AnswerOutcome::$name),*];

            const fn row(self) -> OutcomeRow {
                match self {
                    $(AnswerOutcome::$name => OutcomeRow {
                        slug: $slug,
                        charged: ChargedPart::$charged,
                        counted: CountedUse::$counted,
                        is_free_answer: $free,
                        meaning: $meaning,
                    },)*
                }
            }
        }
    };
}

outcomes! {
    Answered { "answer", Whole, Paid, false, "An answer with data" }
    Partial { "partial", Delivered, Paid, false, "A stream or file that ends early" }
    Empty { "empty", Nothing, Nothing, true, "An answer without data" }
    NotModified { "not_modified", Nothing, Nothing, true, "304: you have the answer already" }
    Replayed { "replay", Nothing, Nothing, true, "The same request again, from the same run" }
    Error { "error", Nothing, Nothing, true, "An error of the request (4xx), 402 included" }
    Failure { "failure", Nothing, Nothing, false, "A failure of ours (5xx)" }
    FailedExport { "failed_export", Nothing, Nothing, true, "An export that fails or is cancelled" }
    DryRun { "dry_run", Nothing, Nothing, true, "A dry run" }
    FreeRoute { "free_route", Nothing, Nothing, true, "Prices, quotes, balance, usage, charges, keys, status" }
    Sandbox { "sandbox", Nothing, Nothing, true, "Anything with a test key" }
    Waited { "waited", Nothing, Nothing, false, "A long poll that waits its whole `wait`" }
    RateLimited { "rate_limited", Nothing, Refused, false, "429: a rate limit refuses the request" }
    Privacy { "privacy", Nothing, Nothing, false, "A privacy request" }
}

impl AnswerOutcome {
    /// The name in the API.
    pub const fn slug(self) -> &'static str {
        self.row().slug
    }

    /// Which part of the price is charged.
    pub const fn charged(self) -> ChargedPart {
        self.row().charged
    }

    /// How it counts towards the use of its class.
    pub const fn counted(self) -> CountedUse {
        self.row().counted
    }

    /// Whether it is one of the free answers that a key has in a day: [`FreeAnswers`].
    pub const fn is_free_answer(self) -> bool {
        self.row().is_free_answer
    }

    /// What it is, in words for a customer.
    pub const fn meaning(self) -> &'static str {
        self.row().meaning
    }
}

/// Free answers that a key has on each UTC day, before any charged ones.
pub const FREE_ANSWERS_MIN: u64 = 10_000;

/// Free answers that a key has for each charged one of the day.
pub const FREE_PER_CHARGED: u64 = 10;

/// Free answers that a payer has on each UTC day with all its keys together, before any charged ones: as many as
/// ten keys, so that more keys give no more.
pub const FREE_ANSWERS_OF_PAYER_MIN: u64 = 10 * FREE_ANSWERS_MIN;

/// What a key, or a payer with all its keys, was answered on one UTC day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FreeAnswers {
    /// Answers that cost nothing and count ([`AnswerOutcome::is_free_answer`]).
    pub free: u64,
    /// Answers that were charged.
    pub charged: u64,
}

impl FreeAnswers {
    /// How many free answers a key has left: 0 means that a request that costs nothing is refused with 429.
    ///
    /// ```
    /// use pricing::FreeAnswers;
    ///
    /// assert_eq!(FreeAnswers { free: 10_004, charged: 1 }.left(), 6);
    /// ```
    pub const fn left(&self) -> u64 {
        self.left_of(FREE_ANSWERS_MIN)
    }

    /// How many a payer has left, of all its keys.
    pub const fn left_of_payer(&self) -> u64 {
        self.left_of(FREE_ANSWERS_OF_PAYER_MIN)
    }

    const fn left_of(&self, min: u64) -> u64 {
        let more = self.charged.saturating_mul(FREE_PER_CHARGED);
        min.saturating_add(more).saturating_sub(self.free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slugs(chosen: impl Fn(AnswerOutcome) -> bool) -> Vec<&'static str> {
        let all = AnswerOutcome::ALL.iter().copied();
        all.filter(|&outcome| chosen(outcome)).map(AnswerOutcome::slug).collect()
    }

    #[test]
    fn only_answers_with_data_cost_anything_and_count_as_paid() {
        let costs = |outcome: AnswerOutcome| outcome.charged() != ChargedPart::Nothing;
        assert_eq!(slugs(costs), ["answer", "partial"]);
        assert_eq!(slugs(|outcome| outcome.counted() == CountedUse::Paid), slugs(costs));
        assert_eq!(slugs(|outcome| outcome.charged() == ChargedPart::Delivered), ["partial"]);
        assert_eq!(slugs(|outcome| outcome.counted() == CountedUse::Refused), ["rate_limited"]);
    }

    #[test]
    fn what_costs_nothing_is_bounded_but_for_four_outcomes() {
        let unbounded =
            slugs(|outcome| outcome.charged() == ChargedPart::Nothing && !outcome.is_free_answer());
        assert_eq!(unbounded, ["failure", "waited", "rate_limited", "privacy"]);
        let bounded = [
            "empty",
            "not_modified",
            "replay",
            "error",
            "failed_export",
            "dry_run",
            "free_route",
            "sandbox",
        ];
        assert_eq!(slugs(AnswerOutcome::is_free_answer), bounded);
        assert!(AnswerOutcome::ALL.iter().all(|outcome| outcome.meaning().len() > 5));
    }

    #[test]
    fn ten_thousand_free_answers_and_ten_for_each_charged_one() {
        let left = |free, charged| FreeAnswers { free, charged }.left();
        assert_eq!(left(0, 0), 10_000);
        assert_eq!((left(9_999, 0), left(10_000, 0), left(10_001, 0)), (1, 0, 0));
        assert_eq!((left(10_009, 1), left(10_010, 1)), (1, 0));
        assert_eq!(left(u64::MAX, u64::MAX), 0);
        assert_eq!(left(0, u64::MAX), u64::MAX);
    }

    #[test]
    fn a_payer_has_as_many_free_answers_as_ten_keys() {
        let left = |free, charged| FreeAnswers { free, charged }.left_of_payer();
        assert_eq!((left(0, 0), left(99_999, 0), left(100_000, 0)), (100_000, 1, 0));
        assert_eq!((left(100_009, 1), left(100_010, 1)), (1, 0));
    }
}
