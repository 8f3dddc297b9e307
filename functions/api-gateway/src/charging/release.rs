//! After an answer is ready: it is charged, and only then it may leave.

use axum::http::Method;
use billing::{PricedAnswer, QuotedCost, Release};
use model::charge::{BudgetClaim, ChargeRef, ChargeSource};
use model::time::{Day, Timestamp};
use model::{
    Charge, ChargeId, ChargeState, LeaseId, MicroCredits, PriceClass, QuoteId, RunId, Usage,
};
use pricing::quote::quoted_cost;
use pricing::{AnswerOutcome, PossibleCharges, RequestHash};

use super::admitted::PricedRequest;
use super::{AdmittedRequest, Charging, withheld};
use crate::error::{Problem, ProblemCode};

/// An answer that is ready and may not leave yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadyAnswer<'a> {
    /// How it was asked for.
    pub(crate) method: &'a Method,
    /// Its rows.
    pub(crate) rows: u64,
    /// The run that it comes from.
    pub(crate) run: Option<RunId>,
    /// Where the next page begins.
    pub(crate) next_cursor: Option<&'a str>,
    /// A random number of this answer's own.
    pub(crate) nonce: u64,
    /// When it was ready.
    pub(crate) at: Timestamp,
}

/// What became of an answer that may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// How it ended.
    pub(crate) outcome: AnswerOutcome,
    /// What it consists of; `None` on free routes.
    pub(crate) usage: Option<Usage>,
    /// What it cost.
    pub(crate) cost: MicroCredits,
    /// Its charge, or the one that it is a replay of.
    pub(crate) charge: Option<ChargeId>,
    /// The quote that paid.
    pub(crate) quote: Option<QuoteId>,
}

impl Receipt {
    /// That of an answer that costs nothing.
    pub(crate) const fn free(outcome: AnswerOutcome) -> Receipt {
        Receipt { outcome, usage: None, cost: MicroCredits::ZERO, charge: None, quote: None }
    }
}

/// Charges an answer that is ready.
///
/// # Errors
/// Why nothing of it may leave.
pub(crate) async fn release(
    charging: &Charging,
    admitted: &AdmittedRequest,
    answer: ReadyAnswer<'_>,
) -> Result<Receipt, Problem> {
    let Some(priced) = &admitted.priced else {
        return Ok(Receipt::free(AnswerOutcome::FreeRoute));
    };
    let usage = priced.price.usage(answer.rows, &priced.bounds.most);
    // The head of an answer has no data.
    if usage.is_empty() || answer.method == Method::HEAD {
        return Ok(Receipt::free(AnswerOutcome::Empty));
    }
    if admitted.caller.is_test {
        return Ok(Receipt { usage: Some(usage), ..Receipt::free(AnswerOutcome::Sandbox) });
    }
    if let Some(charge) = &priced.replay {
        return Ok(replayed(charge));
    }
    let charged = priced_answer(admitted, priced, answer, usage)?;
    let now = charged.charge.opened_at;
    match billing::charge(&charging.wallet, &charging.leases, &charged, now).await? {
        Release::Free => Ok(Receipt::free(AnswerOutcome::Empty)),
        Release::Replay(charge) => Ok(replayed(&charge)),
        Release::Withheld(why) => Err(withheld(why, priced)),
        Release::Charged { cost, quote } => {
            charging.outbox.ring(charged.charge.reference()).await;
            let (outcome, usage) = (AnswerOutcome::Answered, Some(usage));
            Ok(Receipt { outcome, usage, cost, charge: Some(charged.charge.id), quote })
        }
    }
}

fn replayed(charge: &Charge) -> Receipt {
    let (usage, charge_id) = (Some(charge.usage), Some(charge.id));
    Receipt { usage, charge: charge_id, ..Receipt::free(AnswerOutcome::Replayed) }
}

/// The answer with its price.
fn priced_answer(
    admitted: &AdmittedRequest,
    priced: &PricedRequest,
    answer: ReadyAnswer<'_>,
    usage: Usage,
) -> Result<PricedAnswer, Problem> {
    let index = priced.prices.index(priced.price.class);
    let cost = pricing::charge(&usage, index).map_err(uncounted)?;
    let end = answer.next_cursor.filter(|_| priced.price.class == PriceClass::Stream);
    let asked = asked(priced, end);
    let PossibleCharges { id, neighbour } = admitted.charges(asked, answer.run, end);
    let caller = &admitted.caller;
    let charge = Charge {
        id,
        payer: caller.payer,
        key: caller.key,
        route: priced.price.path.to_owned(),
        request: *asked.bytes(),
        nonce: answer.nonce,
        run: answer.run,
        usage,
        cost: priced.estimate.settle(cost),
        price_version: priced.prices.version(),
        quote: None,
        source: ChargeSource::Balance,
        budget: Some(BudgetClaim { day: Day::of(answer.at), cap: caller.daily_cap }),
        state: ChargeState::Served,
        opened_at: answer.at,
        served_at: Some(answer.at),
        posted_at: None,
        replays: 0,
    };
    let payer = caller.payer;
    let others = neighbour.map(|charge| ChargeRef { payer, charge }).into_iter().collect();
    let quoted = quoted(priced, &usage)?;
    Ok(PricedAnswer { charge, others, cost_max: admitted.terms.cost_max, quoted })
}

/// What was asked: of a stream also where the answer ends, since the same page may have grown.
fn asked(priced: &PricedRequest, end: Option<&str>) -> RequestHash {
    match end {
        Some(end) => RequestHash::new(&[priced.asked.bytes(), end.as_bytes()]),
        None => priced.asked,
    }
}

/// What the answer costs by its quote.
fn quoted(priced: &PricedRequest, usage: &Usage) -> Result<Option<QuotedCost>, Problem> {
    let Some(quote) = &priced.quote else { return Ok(None) };
    let cost = quoted_cost(quote, usage)
        .map_err(|error| Problem::new(ProblemCode::QuoteMismatch, error.to_string()))?;
    let lease = LeaseId::new(quote.id.number());
    Ok(Some(QuotedCost { quote: quote.id, lease, cost }))
}

fn uncounted(error: pricing::PriceError) -> Problem {
    Problem::new(ProblemCode::BadParameter, error.to_string())
}
