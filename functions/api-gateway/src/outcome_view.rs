//! A row of the table of what costs nothing, as clients see it.

use pricing::AnswerOutcome;
use pricing::outcome::{ChargedPart, CountedUse};
use serde::Serialize;
use utoipa::ToSchema;

/// What a way to end a request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Outcome)]
pub(crate) struct OutcomeView {
    /// Its name.
    #[schema(example = "empty")]
    outcome: &'static str,
    /// What it is.
    meaning: &'static str,
    /// `whole`: all of its price; `delivered`: what was delivered; `nothing`.
    #[schema(example = "nothing")]
    charged: &'static str,
    /// Whether it moves the index of its class: `paid`, `refused` (once a minute, and at most as much as was
    /// paid) or `nothing`.
    #[schema(example = "nothing")]
    counted: &'static str,
    /// Whether it is one of the free answers of the day.
    free_answer: bool,
}

impl OutcomeView {
    /// The row of an outcome.
    pub(crate) const fn of(outcome: AnswerOutcome) -> OutcomeView {
        OutcomeView {
            outcome: outcome.slug(),
            meaning: outcome.meaning(),
            charged: match outcome.charged() {
                ChargedPart::Whole => "whole",
                ChargedPart::Delivered => "delivered",
                ChargedPart::Nothing => "nothing",
            },
            counted: match outcome.counted() {
                CountedUse::Paid => "paid",
                CountedUse::Refused => "refused",
                CountedUse::Nothing => "nothing",
            },
            free_answer: outcome.is_free_answer(),
        }
    }
}
