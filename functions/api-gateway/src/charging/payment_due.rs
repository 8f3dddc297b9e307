//! Why an answer is withheld, as a problem.

use billing::Withheld;
use model::port::PortError;
use model::wallet::WalletRefusal;
use model::{Epoch, MicroCredits, PriceVersion};
use pricing::first_epoch_within;

use super::admitted::PricedRequest;
use crate::error::{PaymentDue, Problem, ProblemCode};

/// The problem of an answer that is withheld.
pub(crate) fn withheld(why: Withheld, priced: &PricedRequest) -> Problem {
    let detail = format!("{why}: nothing is charged");
    match why {
        Withheld::AboveMax { cost, max } => {
            let due = PaymentDue::new(cost, max, priced.prices.version(), affordable(priced, max));
            Problem::new(ProblemCode::PriceExceedsMax, detail).with_payment(due)
        }
        Withheld::Unpaid(refusal) => {
            refused(refusal, priced.prices.version(), |available| affordable(priced, available))
        }
        Withheld::ReplaysExhausted => {
            let hint =
                "send `If-None-Match` for a free 304, or an `Idempotency-Key` to be charged again";
            Problem::new(ProblemCode::ReplaysExhausted, format!("{detail}; {hint}"))
        }
        Withheld::InProgress => Problem::new(ProblemCode::RequestInProgress, detail).retry_after(1),
        Withheld::OtherRequest => Problem::new(ProblemCode::IdempotencyKeyReused, detail),
        Withheld::Busy => Problem::new(ProblemCode::Unavailable, detail).retry_after(1),
    }
}

/// The problem of credits that cannot be set aside.
pub(crate) fn unpaid(refusal: WalletRefusal, version: PriceVersion) -> Problem {
    refused(refusal, version, |_| None)
}

fn refused(
    refusal: WalletRefusal,
    version: PriceVersion,
    affordable: impl Fn(MicroCredits) -> Option<Epoch>,
) -> Problem {
    let detail = format!("{refusal}: nothing is charged");
    let due =
        |needed, available| PaymentDue::new(needed, available, version, affordable(available));
    match refusal {
        WalletRefusal::InsufficientCredits { needed, available } => {
            let due = due(needed, available);
            Problem::new(ProblemCode::InsufficientCredits, detail).with_payment(due)
        }
        WalletRefusal::BudgetExhausted { needed, left, .. } => {
            Problem::new(ProblemCode::BudgetExhausted, detail).with_payment(due(needed, left))
        }
        WalletRefusal::Frozen => Problem::new(ProblemCode::AccountFrozen, detail),
        WalletRefusal::TooManyQuotes => Problem::new(ProblemCode::TooMany, detail),
        // Another way to pay follows where a lease does not.
        WalletRefusal::LeaseClosed | WalletRefusal::LeaseSpent { .. } => {
            Problem::new(ProblemCode::Unavailable, detail).retry_after(1)
        }
    }
}

/// When the request may cost no more than `limit`.
fn affordable(priced: &PricedRequest, limit: MicroCredits) -> Option<Epoch> {
    let class = priced.price.class;
    let latest = priced.prices.next(class).or_else(|| priced.prices.current(class))?;
    first_epoch_within(&priced.bounds.most, limit, latest).ok().flatten()
}

/// A wallet that cannot be reached withholds the answer.
impl From<PortError> for Problem {
    fn from(error: PortError) -> Problem {
        match error {
            PortError::Retry(_) => Problem::unavailable("the wallet", &error),
            PortError::Refused(_) => {
                tracing::error!(%error, "the wallet refused");
                Problem::internal()
            }
        }
    }
}
