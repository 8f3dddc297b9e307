//! What each key may spend on a day.

use model::port::{BudgetChange, Wallet as _};
use model::time::Day;
use model::{KeyId, MicroCredits};
use serde::{Deserialize, Serialize};
use store::pg::audit::AuditAction;
use store::pg::key::{self, CapChange, KEYS_MAX, KeyPage};
use utoipa::ToSchema;

use super::keys::{actor, no_such_key, require_cap};
use crate::answer::{ApiAnswer, Envelope};
use crate::credit_text::CreditText;
use crate::error::Problem;
use crate::extract::{ApiCall, JsonCall, JsonInput, PathId};

/// The daily budget of a key. Amounts are credits, as text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Budget)]
pub(crate) struct BudgetView {
    #[schema(value_type = String, example = "key_1")]
    key: KeyId,
    /// The most that it may spend on a UTC day.
    #[schema(value_type = String, example = "10000")]
    daily_cap: CreditText,
    /// What it spent today, or what is set aside.
    #[schema(value_type = String, example = "4.05")]
    spent_today: CreditText,
}

/// A new cap.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `daily_cap`")]
#[schema(as = NewBudget)]
pub(crate) struct NewBudget {
    /// The most that the key may spend on a UTC day, in credits.
    #[schema(value_type = String, example = "500", pattern = "^[0-9]{1,12}(\\.[0-9]{1,6})?$")]
    daily_cap: CreditText,
}

impl JsonInput for NewBudget {}

/// The budgets of the account's keys that are not revoked.
#[utoipa::path(
    get,
    path = "/v1/budgets",
    operation_id = "list_budgets",
    tag = "account",
    responses((status = 200, body = Envelope<Vec<BudgetView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(call: ApiCall) -> Result<ApiAnswer<Vec<BudgetView>>, Problem> {
    let page = KeyPage { is_revoked: Some(false), before: None, limit: KEYS_MAX };
    let keys = key::page(call.gateway.pg(), call.caller().payer, page).await?;
    let mut views = Vec::new();
    for key in keys {
        views.push(view(&call, key.id, key.daily_cap).await?);
    }
    Ok(ApiAnswer::page(views))
}

/// Sets what a key may spend on a day, from today on: at most what this key may.
#[utoipa::path(
    put,
    path = "/v1/budgets/{key}",
    operation_id = "set_budget",
    tag = "account",
    params(("key" = String, Path, example = "key_1")),
    request_body = NewBudget,
    responses((status = 200, body = Envelope<BudgetView>, description = "The answer."), Problem)
)]
pub(crate) async fn set(
    PathId(id): PathId<KeyId>,
    JsonCall { call, body }: JsonCall<NewBudget>,
) -> Result<ApiAnswer<BudgetView>, Problem> {
    let cap = body.daily_cap.0;
    require_cap(&call, cap)?;
    let (payer, now) = (call.caller().payer, call.gateway.now());
    let actor = actor(&call);
    let act = AuditAction { actor: &actor, action: "set-budget" };
    let cap_change = CapChange { payer, key: id, daily_cap: cap };
    if !key::set_cap(call.gateway.pg(), &cap_change, act, now).await? {
        return Err(no_such_key(id));
    }
    // Tomorrow's, too: another process may know the old cap for half a minute.
    let today = Day::of(now);
    for day in [today, Day(today.0.saturating_add(1))] {
        let change = BudgetChange { payer, key: id, day, cap };
        call.gateway.charging().wallet.set_budget(&change).await?;
    }
    call.gateway.keys().forget();
    Ok(ApiAnswer::one(view(&call, id, cap).await?))
}

async fn view(call: &ApiCall, key: KeyId, cap: MicroCredits) -> Result<BudgetView, Problem> {
    let wallet = &call.gateway.charging().wallet;
    let today = wallet.budget(call.caller().payer, key, Day::of(call.gateway.now())).await?;
    let spent = today.map_or(MicroCredits::ZERO, |budget| budget.spent);
    Ok(BudgetView { key, daily_cap: cap.into(), spent_today: spent.into() })
}
