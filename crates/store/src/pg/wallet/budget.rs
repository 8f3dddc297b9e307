//! Daily budgets of keys.

use model::port::BudgetChange;
use model::{DailyBudget, Day, KeyId, PayerId};

use super::charge_row::{money, stored_payer};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::DAILY_BUDGET;

const SET: &str =
    "insert into daily_budget (payer_id, key_id, day, cap, spent) values ($1, $2, $3, $4, 0)
    on conflict (payer_id, key_id, day) do update set cap = excluded.cap";
const BUDGET: &str = "select payer_id, cap, spent from daily_budget
    where payer_id = $1 and key_id = $2 and day = $3";

/// Sets the cap of a day; what is spent stays.
pub(crate) async fn set_budget(pg: &Pg, change: &BudgetChange) -> Result<(), StoreError> {
    let params = params![
        stored_payer(change.payer) => INT8,
        change.key.number() as i64 => INT8,
        i32::from(change.day.0) => INT4,
        change.cap.micros() => INT8,
    ];
    pg.execute_lasting("wallet::set_budget", SET, params).await.map(|_| ())
}

/// The budget of a day, if anything was claimed of it or set.
pub(crate) async fn budget(
    pg: &Pg,
    payer: PayerId,
    key: KeyId,
    day: Day,
) -> Result<Option<DailyBudget>, StoreError> {
    let params = params![
        stored_payer(payer) => INT8,
        key.number() as i64 => INT8,
        i32::from(day.0) => INT4,
    ];
    let rows = pg.read("wallet::budget", BUDGET, params).await?;
    let Some(row) = DAILY_BUDGET.rows(&rows).next() else { return Ok(None) };
    Ok(Some(DailyBudget { key, day, cap: money(row, "cap")?, spent: money(row, "spent")? }))
}
