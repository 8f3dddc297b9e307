//! Charging and holding, and replays.

use model::charge::{ChargeRef, REPLAYS_MAX};
use model::wallet::{ChargeOutcome, ExistingCharge, WalletRefusal};
use model::{Charge, MicroCredits};

use super::charge_row::{charge, charge_columns, stored, stored_payer};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::{column, params};
use crate::pg::row::{CHARGE, TableRow};

const CHARGE_WALLET: &str = concat!(
    "select f.outcome, f.attempt made, f.remaining, ",
    charge_columns!(),
    " from charge_wallet(jsonb_populate_record(null::charge, $1::text::jsonb), $2) f
    left join lateral (select (f.existing).*) c on true"
);
const REPLAY: &str = concat!(
    "with c as (update charge set replays = replays + 1
        where payer_id = $1 and charge_id = $2 and request = $3 and state in (2, 3) and replays < $4
        returning *)
    select ",
    charge_columns!(),
    " from c"
);

/// Charges a served answer.
pub(crate) async fn commit(
    pg: &Pg,
    wanted: &Charge,
    others: &[ChargeRef],
) -> Result<ChargeOutcome, StoreError> {
    charge_wallet(pg, "wallet::commit", wanted, others).await
}

/// Holds the most that a charge may cost.
pub(crate) async fn hold(
    pg: &Pg,
    wanted: &Charge,
    others: &[ChargeRef],
) -> Result<ChargeOutcome, StoreError> {
    charge_wallet(pg, "wallet::hold", wanted, others).await
}

async fn charge_wallet(
    pg: &Pg,
    what: &'static str,
    wanted: &Charge,
    others: &[ChargeRef],
) -> Result<ChargeOutcome, StoreError> {
    let row = stored(wanted).to_string();
    let others = column(others, |other| &other.charge.bytes()[..]);
    let rows = pg.read(what, CHARGE_WALLET, params![row => TEXT, others => BYTEA_ARRAY]).await;
    match rows {
        // Who waits for a lock has changed nothing.
        Err(error) if error.is_timeout() => Ok(ChargeOutcome::Contended),
        Err(error) => Err(error),
        Ok(rows) => outcome(wanted, only(&rows, what)?),
    }
}

/// The one row of a function that gives one.
fn only<'a>(
    rows: &'a [tokio_postgres::Row],
    what: &'static str,
) -> Result<TableRow<'a>, StoreError> {
    let row = CHARGE.rows(rows).next();
    let none = || StoreError::Conflict(format!("{what}: PostgreSQL gave no outcome"));
    row.ok_or_else(none)
}

fn outcome(wanted: &Charge, row: TableRow<'_>) -> Result<ChargeOutcome, StoreError> {
    let needed = wanted.kept_back();
    let remaining =
        row.get::<Option<i64>>("remaining")?.map_or(MicroCredits::ZERO, MicroCredits::new);
    let existing = |what: fn(Charge) -> ExistingCharge| {
        Ok(ChargeOutcome::Existing(Box::new(what(charge(row)?))))
    };
    let refusal = match row.get::<&str>("outcome")? {
        "charged" => return Ok(ChargeOutcome::Charged { attempt: row.count("made")? }),
        "replay" => return existing(ExistingCharge::Replay),
        "exhausted" => return existing(ExistingCharge::ReplaysExhausted),
        "in_progress" => return existing(ExistingCharge::InProgress),
        "other_request" => return existing(ExistingCharge::OtherRequest),
        "frozen" => WalletRefusal::Frozen,
        "insufficient" => WalletRefusal::InsufficientCredits { needed, available: remaining },
        "over_budget" => {
            let day = wanted.budget.map(|claim| claim.day).unwrap_or_default();
            WalletRefusal::BudgetExhausted { day, needed, left: remaining }
        }
        "lease_closed" => WalletRefusal::LeaseClosed,
        "lease_spent" => WalletRefusal::LeaseSpent { needed, left: remaining },
        other => return Err(row.corrupt("outcome", format!("unknown outcome `{other}`"))),
    };
    Ok(ChargeOutcome::Refused(refusal))
}

/// Counts a replay of the charge of this request, if there may be one more; the charge then.
pub(crate) async fn replay(
    pg: &Pg,
    id: ChargeRef,
    request: &[u8; 32],
) -> Result<Option<Charge>, StoreError> {
    let params = params![
        stored_payer(id.payer) => INT8,
        &id.charge.bytes()[..] => BYTEA,
        &request[..] => BYTEA,
        i16::from(REPLAYS_MAX) => INT2,
    ];
    let rows = pg.read("wallet::replay", REPLAY, params).await?;
    CHARGE.rows(&rows).next().map(charge).transpose()
}
