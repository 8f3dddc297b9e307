//! After an answer is ready: it is charged, and only then it may leave.

use axum::http::Method;
use billing::{PricedAnswer, QuotedCost, Release, Withheld};
use model::charge::{BudgetClaim, ChargeRef, ChargeSource};
use model::time::{Day, Timestamp};
use model::{Charge, ChargeId, ChargeState, LeaseId, MicroCredits, QuoteId, RunId, Usage};
use pricing::quote::quoted_cost;
use pricing::{AnswerOutcome, ChargedRequest, PossibleCharges, RequestHash};

use super::admitted::{EarlierAnswer, PricedRequest};
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
    /// What it is charged as, where that is not the request.
    pub(crate) charged_as: Option<RequestHash>,
    /// Whether it was waited for in vain.
    pub(crate) waited: bool,
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
        let empty = if answer.waited { AnswerOutcome::Waited } else { AnswerOutcome::Empty };
        return Ok(Receipt::free(empty));
    }
    if admitted.caller.is_test {
        return Ok(Receipt { usage: Some(usage), ..Receipt::free(AnswerOutcome::Sandbox) });
    }
    let mut charged = priced_answer(admitted, priced, answer, usage)?;
    let mut released = decided(charging, priced, &charged).await?;
    if answer.charged_as.is_some() && released == Release::Withheld(Withheld::ReplaysExhausted) {
        let today = charged.charge.opened_at;
        name(&mut charged, ids(admitted, priced, answer, today));
        released = decided(charging, priced, &charged).await?;
    }
    match released {
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

/// What becomes of an answer: it leaves again, is charged, or is withheld.
async fn decided(
    charging: &Charging,
    priced: &PricedRequest,
    answer: &PricedAnswer,
) -> Result<Release, Problem> {
    if let Some(earlier) = &priced.earlier {
        // Only now it is known that it leaves as a replay, and not as a 304 or an error.
        match (billing::replay(&charging.wallet, answer).await?, earlier) {
            (Some(release), _) => return Ok(release),
            (None, EarlierAnswer::Needed(why)) => return Ok(Release::Withheld(*why)),
            (None, EarlierAnswer::Known(_)) => {}
        }
    }
    let now = answer.charge.opened_at;
    Ok(billing::charge(&charging.wallet, &charging.leases, answer, now).await?)
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
    let first_named = if answer.charged_as.is_some() { Timestamp::UNIX_EPOCH } else { admitted.at };
    let possible = ids(admitted, priced, answer, first_named);
    let caller = &admitted.caller;
    let charge = Charge {
        id: possible.id,
        payer: caller.payer,
        key: caller.key,
        route: priced.price.path.to_owned(),
        request: *answer.charged_as.unwrap_or(priced.asked).bytes(),
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
    let (cost_max, quoted) = (admitted.terms.cost_max, quoted(priced, &usage)?);
    let mut answer = PricedAnswer { charge, others: Vec::new(), cost_max, quoted };
    name(&mut answer, possible);
    Ok(answer)
}

/// The ids of an answer. Some events are the same answer on every day, whatever key the client sends: they are
/// named as of one day, and as of today where they were given again as often as is free.
fn ids(
    admitted: &AdmittedRequest,
    priced: &PricedRequest,
    answer: ReadyAnswer<'_>,
    at: Timestamp,
) -> PossibleCharges {
    match answer.charged_as {
        Some(request) => ChargedRequest::Read { request, run: None }.ids(admitted.caller.payer, at),
        None => admitted.charges(priced.asked, answer.run),
    }
}

/// Gives an answer its ids.
fn name(answer: &mut PricedAnswer, PossibleCharges { id, neighbour }: PossibleCharges) {
    let payer = answer.charge.payer;
    answer.charge.id = id;
    answer.others = neighbour.map(|charge| ChargeRef { payer, charge }).into_iter().collect();
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
