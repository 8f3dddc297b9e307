//! What a 402 says besides: what is missing, and what can be done about it, for a program.

use model::{Epoch, MicroCredits, PriceVersion};
use pricing::AnswerOutcome;
use serde::Serialize;
use utoipa::ToSchema;

use crate::credit_text::CreditText;
use crate::outcome_view::OutcomeView;

/// What is missing of a payment. Amounts are credits, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PaymentDue)]
pub(crate) struct PaymentDue {
    /// What the answer costs, or at most may cost.
    #[schema(value_type = String, example = "4.05")]
    cost: CreditText,
    /// What there is to pay it with: the maximum that you sent, the balance, or what is left of the budget.
    #[schema(value_type = String, example = "3")]
    available: CreditText,
    /// By which prices.
    #[schema(value_type = String, example = "1.29717000")]
    price_version: PriceVersion,
    /// The first minute in which it may cost no more than what is available, if nothing of its class is used until
    /// then; absent where it costs more at the floors, or where no price is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    affordable_at: Option<model::Timestamp>,
    /// How it can be paid.
    accepts: [PaymentScheme; 1],
    /// What this answer costs, as in `/v1/prices`: nothing.
    this_answer: OutcomeView,
}

/// A way to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PaymentScheme {
    /// `prepaid`: from the account's credits.
    #[schema(example = "prepaid")]
    scheme: &'static str,
    /// The asset.
    #[schema(example = "credit")]
    asset: &'static str,
}

impl PaymentDue {
    /// What is missing.
    pub(crate) fn new(
        cost: MicroCredits,
        available: MicroCredits,
        price_version: PriceVersion,
        affordable: Option<Epoch>,
    ) -> PaymentDue {
        PaymentDue {
            cost: cost.into(),
            available: available.into(),
            price_version,
            affordable_at: affordable.map(Epoch::start),
            accepts: [PaymentScheme { scheme: "prepaid", asset: "credit" }],
            this_answer: OutcomeView::of(AnswerOutcome::Error),
        }
    }
}
