//! What a payment service calls back with: no key, but its signature.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use billing::payment::{Payment, PaymentError, PaymentService, StripeCallbacks};
use billing::{FundOutcome, fund};
use model::{Grant, GrantKind};
use serde::Serialize;
use store::pg::key;
use store::pg::ledger::PgLedger;
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::error::{Problem, ProblemCode};
use crate::state::Gateway;

/// The header with the signature.
const SIGNATURE: &str = "stripe-signature";

/// What became of a callback.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentReceived)]
pub(crate) struct ReceivedView {
    /// Whether it was about a payment, which is credited, now or before.
    credited: bool,
}

/// Takes a signed callback of the payment service. Of a paid checkout the account named by
/// `client_reference_id` gets the credits, once.
#[utoipa::path(
    post,
    path = "/v1/payments:callback",
    operation_id = "receive_payment",
    tag = "payments",
    security(()),
    request_body(content = Object, description = "The event of the service."),
    responses((status = 200, body = Envelope<ReceivedView>, description = "The answer."), Problem)
)]
pub(crate) async fn callback(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<ApiAnswer<ReceivedView>, Problem> {
    let Some(secret) = gateway.payments() else {
        return Err(refused("this server takes no payments"));
    };
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let service = StripeCallbacks { secret };
    let payment = service.payment(signature, &body, gateway.now()).map_err(|error| {
        if let PaymentError::Unusable(why) = &error {
            tracing::error!(why, "a signed payment cannot be credited");
        }
        refused(&error.to_string())
    })?;
    let credited = payment.is_some();
    if let Some(payment) = payment {
        credit(&gateway, payment).await?;
    }
    Ok(ApiAnswer::one(ReceivedView { credited }))
}

async fn credit(gateway: &Gateway, payment: Payment) -> Result<(), Problem> {
    let Payment { grant, payer, amount } = payment;
    if key::account(gateway.pg(), payer).await?.is_none() {
        tracing::error!(%payer, %grant, "a payment is for an account that does not exist");
        return Err(refused("it is for an account that does not exist"));
    }
    let ledger = PgLedger::new(gateway.pg().clone());
    let now = gateway.now();
    let grant = Grant::new(grant, payer, GrantKind::Paid, amount).effective(now);
    match fund(&gateway.charging().wallet, &ledger, &grant, now).await? {
        FundOutcome::Funded | FundOutcome::Later => Ok(()),
        FundOutcome::Refused => {
            tracing::error!(%payer, grant = %grant.id, "another payment has this id");
            Err(refused("another payment has this id"))
        }
    }
}

fn refused(why: &str) -> Problem {
    Problem::new(ProblemCode::PaymentRefused, why)
}
