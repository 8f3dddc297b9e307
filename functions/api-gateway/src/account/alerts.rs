//! Thresholds that the account wants to hear of.

use model::alert::ALERTS_MAX;
use model::time::Timestamp;
use model::{AlertId, AlertKind, MicroCredits, SpendAlert};
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::pg::alert;
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::credit_text::CreditText;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, JsonCall, JsonInput, PathId};

/// A threshold. Amounts are credits, as text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
pub(crate) struct AlertView {
    #[schema(value_type = String, example = "alr_1")]
    id: AlertId,
    /// `balance_below`: less than the threshold is available; `spent_above`: more was spent on one UTC day.
    #[schema(value_type = String, example = "balance_below")]
    kind: AlertKind,
    #[schema(value_type = String, example = "100")]
    threshold: CreditText,
    /// Since when it is so; absent while it is not. It is looked at each minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    fired_at: Option<Timestamp>,
}

/// A new threshold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `kind` and `threshold`")]
pub(crate) struct NewAlert {
    /// `balance_below` or `spent_above`.
    #[schema(value_type = String, example = "balance_below", pattern = "^(balance_below|spent_above)$")]
    kind: AlertKind,
    /// In credits.
    #[schema(value_type = String, example = "100", pattern = "^[0-9]{1,12}(\\.[0-9]{1,6})?$")]
    threshold: CreditText,
}

impl JsonInput for NewAlert {
    fn check(&self) -> Result<(), Problem> {
        if self.threshold.0 < MicroCredits::ZERO {
            return Err(Problem::body("/threshold", "must not be below zero"));
        }
        Ok(())
    }
}

impl AlertView {
    fn of(alert: SpendAlert) -> AlertView {
        let SpendAlert { id, kind, threshold, fired_at, .. } = alert;
        AlertView { id, kind, threshold: threshold.into(), fired_at }
    }
}

/// The account's alerts.
#[utoipa::path(
    get,
    path = "/v1/alerts",
    operation_id = "list_alerts",
    tag = "account",
    responses((status = 200, body = Envelope<Vec<AlertView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(call: ApiCall) -> Result<ApiAnswer<Vec<AlertView>>, Problem> {
    let alerts = alert::of_payer(call.gateway.pg(), call.caller().payer).await?;
    Ok(ApiAnswer::page(alerts.into_iter().map(AlertView::of).collect()))
}

/// Sets an alert.
#[utoipa::path(
    post,
    path = "/v1/alerts",
    operation_id = "create_alert",
    tag = "account",
    request_body = NewAlert,
    responses((status = 200, body = Envelope<AlertView>, description = "The answer."), Problem)
)]
pub(crate) async fn create(
    JsonCall { call, body }: JsonCall<NewAlert>,
) -> Result<ApiAnswer<AlertView>, Problem> {
    let NewAlert { kind, threshold } = body;
    let (payer, now) = (call.caller().payer, call.gateway.now());
    let made = alert::create(call.gateway.pg(), payer, kind, threshold.0, now).await;
    let id = made.map_err(|error| match error {
        StoreError::Conflict(_) => {
            let why = format!("an account has at most {ALERTS_MAX} alerts: delete one first");
            Problem::new(ProblemCode::TooMany, why)
        }
        other => other.into(),
    })?;
    // It may have been there, and have fired.
    let alerts = alert::of_payer(call.gateway.pg(), payer).await?;
    let fired_at = alerts.into_iter().find(|alert| alert.id == id).and_then(|alert| alert.fired_at);
    Ok(ApiAnswer::one(AlertView { id, kind, threshold, fired_at }))
}

/// Deletes an alert.
#[utoipa::path(
    delete,
    path = "/v1/alerts/{id}",
    operation_id = "delete_alert",
    tag = "account",
    params(("id" = String, Path, example = "alr_1")),
    responses((status = 200, body = Envelope<Vec<AlertView>>, description = "Those that are left."), Problem)
)]
pub(crate) async fn delete(
    PathId(id): PathId<AlertId>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<AlertView>>, Problem> {
    if !alert::delete(call.gateway.pg(), call.caller().payer, id).await? {
        let why = format!("there is no alert {id} of this account: see /v1/alerts");
        return Err(Problem::new(ProblemCode::AlertUnknown, why));
    }
    list(call).await
}
