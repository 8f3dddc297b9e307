//! What an account may spend.

use model::port::{Ledger as _, Wallet as _};
use model::time::{Day, Timestamp};
use model::wallet::WalletStatus;
use model::{Grant, GrantId, GrantKind, MicroCredits};
use serde::Serialize;
use store::pg::ledger::PgLedger;
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::credit_text::CreditText;
use crate::error::Problem;
use crate::extract::ApiCall;

/// The credits of an account: available + held + leased + spent = funded. Amounts are credits, as text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Balance)]
pub(crate) struct BalanceView {
    /// May be spent.
    #[schema(value_type = String, example = "995.95")]
    available: CreditText,
    /// Set aside by long work that is under way.
    #[schema(value_type = String, example = "0")]
    held: CreditText,
    /// Set aside for quotes, and for processes that charge a busy account.
    #[schema(value_type = String, example = "0")]
    leased: CreditText,
    /// Charged.
    #[schema(value_type = String, example = "4.05")]
    spent: CreditText,
    /// Given, less what expired.
    #[schema(value_type = String, example = "1000")]
    funded: CreditText,
    /// How many quotes are open.
    quotes_open: u32,
    /// `open`; `no_funding`: charges go on, but no new credits come; `frozen`.
    #[schema(value_type = String, example = "open")]
    status: WalletStatus,
    /// What this key may still spend today (UTC).
    #[schema(value_type = String, example = "9995.95")]
    key_left_today: CreditText,
    /// The grants with something left, in the order of use. What was charged within the last seconds may not be
    /// taken from them yet.
    grants: Vec<GrantView>,
}

/// Credits that were given at once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Grant)]
pub(crate) struct GrantView {
    /// Names it.
    #[schema(value_type = String, example = "invoice-7")]
    id: GrantId,
    /// `paid` or `promotional`.
    #[schema(value_type = String, example = "paid")]
    kind: GrantKind,
    /// What was given.
    #[schema(value_type = String, example = "1000")]
    amount: CreditText,
    /// What is left.
    #[schema(value_type = String, example = "995.95")]
    remaining: CreditText,
    /// When the rest is taken back; absent if never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl GrantView {
    fn of(grant: Grant) -> GrantView {
        GrantView {
            id: grant.id,
            kind: grant.kind,
            amount: grant.amount.into(),
            remaining: grant.remaining.into(),
            expires_at: grant.expires_at,
        }
    }
}

/// What the account may spend.
#[utoipa::path(
    get,
    path = "/v1/balance",
    operation_id = "get_balance",
    tag = "account",
    responses((status = 200, body = Envelope<BalanceView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(call: ApiCall) -> Result<ApiAnswer<BalanceView>, Problem> {
    let (caller, now) = (call.caller(), call.gateway.now());
    let wallet = &call.gateway.charging().wallet;
    let balance = wallet.balance(caller.payer).await?;
    let budget = wallet.budget(caller.payer, caller.key, Day::of(now)).await?;
    let (cap, spent) =
        budget.map_or((caller.daily_cap, MicroCredits::ZERO), |budget| (budget.cap, budget.spent));
    let mut grants = PgLedger::new(call.gateway.pg().clone()).payer(caller.payer).await?.grants;
    grants.retain(|grant| grant.remaining > MicroCredits::ZERO);
    grants.sort_by(|one, other| one.order_of_use(other, now));
    let left = cap.checked_sub(spent).unwrap_or(MicroCredits::ZERO).max(MicroCredits::ZERO);
    Ok(ApiAnswer::one(BalanceView {
        available: balance.available.into(),
        held: balance.held.into(),
        leased: balance.leased.into(),
        spent: balance.spent.into(),
        funded: balance.funded.into(),
        quotes_open: balance.quotes_open,
        status: balance.status,
        key_left_today: left.into(),
        grants: grants.into_iter().map(GrantView::of).collect(),
    }))
}
