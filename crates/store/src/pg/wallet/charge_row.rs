//! Charges as rows.

use model::charge::{BudgetClaim, ChargeRef, ChargeSource, ChargeState};
use model::{Charge, ChargeId, Day, KeyId, LeaseId, MicroCredits, PayerId, QuoteId, RunId};
use serde_json::{Value, json};

use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::{column, params};
use crate::pg::row::{CHARGE, TableRow};
use crate::pg::value::{from_ms, stored_ms};

/// The columns of a table `c` of charges.
macro_rules! charge_columns {
    () => {
        "c.payer_id, c.charge_id, c.state, c.replays, c.key_id, c.route, c.request, c.nonce, c.run_id, \
         c.usage::text usage, c.cost, c.price_version, c.quote_id, c.lease_id, c.most, c.attempt, \
         c.expires_ms, c.budget_day, c.budget_cap, c.opened_ms, c.served_ms, c.posted_ms"
    };
}
pub(super) use charge_columns;

const CHARGES: &str = concat!(
    "select ",
    charge_columns!(),
    " from charge c join unnest($1::bigint[], $2::bytea[]) u(payer_id, charge_id) using (payer_id, charge_id)"
);

/// Those of the charges that exist.
pub(crate) async fn charges(pg: &Pg, charges: &[ChargeRef]) -> Result<Vec<Charge>, StoreError> {
    let (payers, ids) = stored_refs(charges);
    let params = params![payers => INT8_ARRAY, ids => BYTEA_ARRAY];
    let rows = pg.read("wallet::charges", CHARGES, params).await?;
    CHARGE.rows(&rows).map(charge).collect()
}

/// Where charges are found, as two columns.
pub(super) fn stored_refs(charges: &[ChargeRef]) -> (Vec<i64>, Vec<&[u8]>) {
    let payers = column(charges, |charge| stored_payer(charge.payer));
    (payers, column(charges, |charge| &charge.charge.bytes()[..]))
}

pub(super) fn stored_payer(payer: PayerId) -> i64 {
    payer.number() as i64
}

/// A charge as the function `charge_wallet` takes it: column by column.
pub(super) fn stored(charge: &Charge) -> Value {
    let (mut lease, mut hold) = (None, None);
    match charge.source {
        ChargeSource::Balance => {}
        ChargeSource::Lease { lease: id } => lease = Some(id.number() as i64),
        ChargeSource::Hold { most, expires_at, .. } => hold = Some((most, expires_at)),
    }
    json!({
        "payer_id": stored_payer(charge.payer),
        "charge_id": hex(charge.id.bytes()),
        "state": charge.state as u8,
        "replays": 0,
        "key_id": charge.key.number() as i64,
        "route": charge.route,
        "request": hex(&charge.request),
        "nonce": charge.nonce as i64,
        "run_id": charge.run.map(|run| run.number() as i64),
        "usage": charge.usage,
        "cost": charge.cost,
        "price_version": charge.price_version,
        "quote_id": charge.quote.map(|quote| quote.number() as i64),
        "lease_id": lease,
        "most": hold.map(|(most, _)| most),
        "expires_ms": hold.map(|(_, expires_at)| stored_ms(expires_at)),
        "budget_day": charge.budget.map(|claim| claim.day.0),
        "budget_cap": charge.budget.map(|claim| claim.cap),
        "opened_ms": stored_ms(charge.opened_at),
        "served_ms": charge.served_at.map(stored_ms),
    })
}

/// Bytes as PostgreSQL reads them.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A charge of a row with the [`charge_columns`].
pub(super) fn charge(row: TableRow<'_>) -> Result<Charge, StoreError> {
    Ok(Charge {
        id: charge_id(row)?,
        payer: payer(row)?,
        key: KeyId::new(row.get::<i64>("key_id")? as u64),
        route: row.get("route")?,
        request: row.bytes("request")?,
        nonce: row.get::<i64>("nonce")? as u64,
        run: row.get::<Option<i64>>("run_id")?.map(|run| RunId::new(run as u64)),
        usage: row.json("usage")?,
        cost: money(row, "cost")?,
        price_version: row.parsed("price_version")?,
        quote: row.get::<Option<i64>>("quote_id")?.map(|quote| QuoteId::new(quote as u64)),
        source: source(row)?,
        budget: budget(row)?,
        state: row.number("state", ChargeState::from_number)?,
        opened_at: from_ms(row.get("opened_ms")?),
        served_at: row.get::<Option<i64>>("served_ms")?.map(from_ms),
        posted_at: row.get::<Option<i64>>("posted_ms")?.map(from_ms),
        replays: row.number("replays", Some)?,
    })
}

pub(super) fn payer(row: TableRow<'_>) -> Result<PayerId, StoreError> {
    Ok(PayerId::new(row.get::<i64>("payer_id")? as u64))
}

pub(super) fn charge_id(row: TableRow<'_>) -> Result<ChargeId, StoreError> {
    row.bytes("charge_id").map(ChargeId::new)
}

/// Where the charge of a row is found.
pub(super) fn reference(row: TableRow<'_>) -> Result<ChargeRef, StoreError> {
    Ok(ChargeRef { payer: payer(row)?, charge: charge_id(row)? })
}

pub(super) fn money(row: TableRow<'_>, column: &'static str) -> Result<MicroCredits, StoreError> {
    row.get(column).map(MicroCredits::new)
}

fn source(row: TableRow<'_>) -> Result<ChargeSource, StoreError> {
    if let Some(lease) = row.get::<Option<i64>>("lease_id")? {
        return Ok(ChargeSource::Lease { lease: LeaseId::new(lease as u64) });
    }
    Ok(match row.get::<Option<i64>>("most")? {
        None => ChargeSource::Balance,
        Some(most) => ChargeSource::Hold {
            most: MicroCredits::new(most),
            attempt: row.count("attempt")?,
            expires_at: from_ms(row.get("expires_ms")?),
        },
    })
}

fn budget(row: TableRow<'_>) -> Result<Option<BudgetClaim>, StoreError> {
    let Some(day) = row.get::<Option<i32>>("budget_day")? else { return Ok(None) };
    let day = u16::try_from(day).map_err(|_| row.corrupt("budget_day", "no day"))?;
    Ok(Some(BudgetClaim { day: Day(day), cap: money(row, "budget_cap")? }))
}
