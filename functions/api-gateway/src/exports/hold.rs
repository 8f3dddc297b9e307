//! The hold of an export's most, and its job.

use billing::{Begun, Withheld};
use model::charge::{BudgetClaim, ChargeRef, ChargeSource};
use model::export::ExportSource;
use model::message::ExportJob;
use model::port::{OutgoingMessage, Queue as _};
use model::time::{Day, Timestamp};
use model::{Charge, ChargeState, Export, MicroCredits, PriceClass, PriceVersion, Usage};
use store::pg::export;

use crate::charging::unpaid;
use crate::error::{PaymentDue, Problem, ProblemCode};
use crate::extract::ApiCall;

/// The route, as in the document.
const ROUTE: &str = "/v1/exports";

/// Holds the most of an export that was ordered, and sends its first job.
///
/// # Errors
/// Why it is not ordered: it is forgotten then.
pub(super) async fn begin(
    call: &ApiCall,
    export: Export,
    others: &[ChargeRef],
) -> Result<Export, Problem> {
    let (gateway, now) = (&call.gateway, call.gateway.now());
    let wallet = &gateway.charging().wallet;
    let charge =
        charge(&export, BudgetClaim { day: Day::of(now), cap: call.caller().daily_cap }, now);
    let why = match billing::begin(wallet, &charge, others).await? {
        Begun::Held { attempt } => {
            if !export::note_held(gateway.pg(), export.id, attempt, now).await? {
                // It was cancelled, or refused to another request of the same order.
                billing::abandon(wallet, export.terms.charge, attempt).await?;
                let why = "the same order was cancelled at this moment: order it again";
                return Err(Problem::new(ProblemCode::RequestInProgress, why).retry_after(1));
            }
            send(call, &export).await;
            return Ok(Export { attempt: Some(attempt), ..export });
        }
        // It may be held: then its order is found by that, and given up a quarter of an hour later.
        Begun::Withheld(why @ Withheld::Busy) => {
            return Err(refused(why, export.terms.price_version));
        }
        Begun::Withheld(why) => refused(why, export.terms.price_version),
        Begun::Replay(_) => {
            let why =
                "its files are not kept any more: order it again with another Idempotency-Key";
            Problem::new(ProblemCode::ExportExpired, why)
        }
    };
    export::withdraw(gateway.pg(), export.id).await?;
    Err(why)
}

/// Sends the first job. If it is lost, the export gets another one in a quarter of an hour.
async fn send(call: &ApiCall, export: &Export) {
    let Ok(body) = serde_json::to_string(&ExportJob { export: export.id }) else { return };
    let sent = call.gateway.exports().send(&[OutgoingMessage { body, delay_seconds: 0 }]).await;
    if let Err(error) = sent {
        tracing::warn!(%error, "the job of an export is sent later");
    }
}

/// The charge of an export while it is held.
fn charge(export: &Export, budget: BudgetClaim, now: Timestamp) -> Charge {
    let terms = &export.terms;
    let run = match export.order.source {
        ExportSource::Run(run) => Some(run),
        ExportSource::Changes(_) => None,
    };
    Charge {
        id: terms.charge.charge,
        payer: terms.charge.payer,
        key: terms.key,
        route: ROUTE.to_owned(),
        request: terms.request,
        // By its own number the same hold is known again.
        nonce: export.id.number(),
        run,
        usage: Usage::of(PriceClass::Export),
        cost: MicroCredits::ZERO,
        price_version: terms.price_version,
        quote: None,
        source: ChargeSource::Hold { most: terms.most, attempt: 1, expires_at: terms.held_until },
        budget: Some(budget),
        state: ChargeState::Pending,
        opened_at: now,
        served_at: None,
        posted_at: None,
        replays: 0,
    }
}

/// The problem of an order that is not taken.
pub(super) fn refused(why: Withheld, version: PriceVersion) -> Problem {
    let detail = format!("{why}: nothing is charged");
    match why {
        Withheld::AboveMax { cost, max } => {
            let due = PaymentDue::new(cost, max, version, None);
            Problem::new(ProblemCode::PriceExceedsMax, detail).with_payment(due)
        }
        Withheld::Unpaid(refusal) => unpaid(refusal, version),
        Withheld::OtherRequest => Problem::new(ProblemCode::IdempotencyKeyReused, detail),
        Withheld::InProgress => Problem::new(ProblemCode::RequestInProgress, detail).retry_after(1),
        Withheld::ReplaysExhausted | Withheld::Busy => {
            Problem::new(ProblemCode::Unavailable, detail).retry_after(1)
        }
    }
}
