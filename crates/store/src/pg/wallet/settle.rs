//! What becomes of charges: served, void, posted.

use std::collections::HashMap;

use model::Charge;
use model::charge::{ChargeRef, ChargeState};
use model::port::ServedHold;
use model::time::Timestamp;
use model::wallet::MarkOutcome;

use super::charge_row::{charges, stored_payer, stored_refs};
use super::status::lock;
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::connection::retry;
use crate::pg::params::{Params, params};
use crate::pg::row::{CHARGE, TableRow};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{stored_count, stored_ms};

const SERVE: &str =
    "update charge set state = 2, usage = $4::text::jsonb, cost = $5, served_ms = $6
    where payer_id = $1 and charge_id = $2 and state = 1 and attempt = $3 and most >= $5 and $5 > 0";
const VOID: &str = "update charge set state = 4
    where payer_id = $1 and charge_id = $2 and state = 1 and attempt = $3
    returning payer_id, most, 0::bigint cost, key_id, budget_day";
/// Rows are locked in one order, so that two who mark the same never wait for each other.
const MARK: &str = "with served as (
        select payer_id, charge_id from charge
            join unnest($1::bigint[], $2::bytea[]) u(payer_id, charge_id) using (payer_id, charge_id)
        where state = 2 and most is null order by payer_id, charge_id for update of charge)
    update charge c set state = 3, posted_ms = $3 from served s
    where c.payer_id = s.payer_id and c.charge_id = s.charge_id and c.state = 2";
const MARK_HOLD: &str = "update charge set state = 3, posted_ms = $3
    where payer_id = $1 and charge_id = $2 and state = 2
    returning payer_id, most, cost, key_id, budget_day";
const RELEASE: &str = "update wallet
    set held = held - $2, available = available + $2 - $3, spent = spent + $3 where payer_id = $1";
const RETURN_BUDGET: &str = "update daily_budget set spent = spent - $4
    where payer_id = $1 and key_id = $2 and day = $3";

/// Makes a held charge served, if it is pending, of this attempt, and holds the cost; whether it did.
pub(crate) async fn serve(pg: &Pg, served: &ServedHold) -> Result<bool, StoreError> {
    let usage = serde_json::to_string(&served.usage)
        .map_err(|why| StoreError::Conflict(format!("serve {}: {why}", served.charge.charge)))?;
    let params = params![
        stored_payer(served.charge.payer) => INT8,
        &served.charge.charge.bytes()[..] => BYTEA,
        stored_count(served.attempt) => INT4,
        usage => TEXT,
        served.cost.micros() => INT8,
        stored_ms(served.served_at) => INT8,
    ];
    Ok(pg.execute_lasting("wallet::serve", SERVE, params).await? > 0)
}

/// Releases a hold, if it is pending and of this attempt; whether it did.
pub(crate) async fn void(pg: &Pg, id: ChargeRef, attempt: u32) -> Result<bool, StoreError> {
    let params = params![
        stored_payer(id.payer) => INT8,
        &id.charge.bytes()[..] => BYTEA,
        stored_count(attempt) => INT4,
    ];
    end_hold(pg, "wallet::void", (id, VOID), params).await
}

/// Ends a hold by a statement that changes its charge; whether there was something to change.
async fn end_hold(
    pg: &Pg,
    what: &'static str,
    (id, change): (ChargeRef, &str),
    params: &Params<'_>,
) -> Result<bool, StoreError> {
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, what).await?;
        lock(&tx, id.payer).await?;
        let rows = tx.query(change, params).await?;
        let Some(row) = CHARGE.rows(&rows).next() else { return Ok(false) };
        release(&tx, row).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}

/// Releases what is held beyond the cost.
async fn release(tx: &PgTransaction<'_>, row: TableRow<'_>) -> Result<(), StoreError> {
    let payer: i64 = row.get("payer_id")?;
    let (most, cost): (i64, i64) = (row.get("most")?, row.get("cost")?);
    tx.execute(RELEASE, params![payer => INT8, most => INT8, cost => INT8]).await?;
    let day: Option<i32> = row.get("budget_day")?;
    let key: i64 = row.get("key_id")?;
    let params = params![payer => INT8, key => INT8, day => INT4, most - cost => INT8];
    if day.is_some() {
        tx.execute(RETURN_BUDGET, params).await?;
    }
    Ok(())
}

/// Notes that the ledger has these charges.
pub(crate) async fn mark_posted(
    pg: &Pg,
    ids: &[ChargeRef],
    at: Timestamp,
) -> Result<Vec<MarkOutcome>, StoreError> {
    let (payers, stored) = stored_refs(ids);
    let params = params![payers => INT8_ARRAY, stored => BYTEA_ARRAY, stored_ms(at) => INT8];
    pg.execute("wallet::mark_posted", MARK, params).await?;
    let known = charges(pg, ids).await?;
    let known: HashMap<ChargeRef, Charge> =
        known.into_iter().map(|charge| (charge.reference(), charge)).collect();
    let mut outcomes = Vec::with_capacity(ids.len());
    for id in ids {
        outcomes.push(match known.get(id).map(|charge| charge.state) {
            None => MarkOutcome::Unknown,
            Some(ChargeState::Pending | ChargeState::Void) => MarkOutcome::NotServed,
            Some(ChargeState::Posted) => MarkOutcome::Posted,
            Some(ChargeState::Served) => mark_hold(pg, *id, at).await?,
        });
    }
    Ok(outcomes)
}

/// Marks a charge with a hold that was served a moment ago, and releases what is held.
async fn mark_hold(pg: &Pg, id: ChargeRef, at: Timestamp) -> Result<MarkOutcome, StoreError> {
    let params = params![
        stored_payer(id.payer) => INT8,
        &id.charge.bytes()[..] => BYTEA,
        stored_ms(at) => INT8,
    ];
    // What is served becomes nothing but posted: by this call, or by another one meanwhile.
    end_hold(pg, "wallet::mark_posted", (id, MARK_HOLD), params).await?;
    Ok(MarkOutcome::Posted)
}
