//! What there is of a payer, and of all.

use model::ledger::{AccountTotal, LedgerTotals, PayerLedger};
use model::{Grant, LedgerAccount, MicroCredits, PayerId};

use super::grant_row::{from_row, grant_columns};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::{CREDIT_GRANT, LEDGER_PAYER, TableRow};

/// One statement, so that sums and grants are of one moment.
const PAYER: &str = concat!(
    "select p.paid + p.promoted + p.refunded credited, p.charged + p.expired debited, ",
    grant_columns!(),
    " from ledger_payer p left join credit_grant g using (payer_id)
    where p.payer_id = $1 order by g.grant_id"
);
const TOTALS: &str =
    "select coalesce(sum(lines), 0)::bigint lines, coalesce(sum(paid), 0)::text paid,
        coalesce(sum(promoted), 0)::text promoted, coalesce(sum(refunded), 0)::text refunded,
        coalesce(sum(charged), 0)::text charged, coalesce(sum(expired), 0)::text expired,
        (select coalesce(sum(remaining), 0)::text from credit_grant) remaining
    from ledger_payer";
/// Reads every line and every draw.
const DIFFERING: &str = "with line as (
        select payer_id, count(*) lines,
            coalesce(sum(amount) filter (where debit = 1 and credit = 3), 0) paid,
            coalesce(sum(amount) filter (where debit = 2 and credit = 3), 0) promoted,
            coalesce(sum(amount) filter (where debit = 6 and credit = 3), 0) refunded,
            coalesce(sum(amount) filter (where debit = 3 and credit = 4), 0) charged,
            coalesce(sum(amount) filter (where debit = 3 and credit = 5), 0) expired,
            sum(amount) filter (where debit = 3)
                is not distinct from sum((select sum(a) from unnest(draw_amounts) u(a))) is_drawn
        from transfer group by payer_id),
    given as (
        select payer_id, sum(amount) amount, sum(remaining) remaining from credit_grant group by payer_id)
    select coalesce(p.payer_id, l.payer_id) payer_id
    from ledger_payer p full join line l using (payer_id) left join given g using (payer_id)
    where coalesce(p.lines, 0) > 0 and (
            (p.lines, p.paid, p.promoted, p.refunded, p.charged, p.expired)
                is distinct from (l.lines, l.paid, l.promoted, l.refunded, l.charged, l.expired)
            or l.is_drawn is not true
            or g.amount is distinct from nullif(p.paid + p.promoted + p.refunded, 0)
            or g.amount - g.remaining is distinct from l.charged + l.expired
                and l.charged + l.expired > 0)
        or p.payer_id is null
    order by 1 limit 100";

/// What the ledger has of one payer.
pub(super) async fn payer(pg: &Pg, payer: PayerId) -> Result<PayerLedger, StoreError> {
    let params = params![payer.number() as i64 => INT8];
    let rows = pg.query("ledger::payer", PAYER, params).await?;
    let sum = |column| match LEDGER_PAYER.rows(&rows).next() {
        Some(row) => row.get(column).map(MicroCredits::new),
        None => Ok(MicroCredits::ZERO),
    };
    let mut grants: Vec<Grant> = Vec::new();
    for row in CREDIT_GRANT.rows(&rows) {
        if row.get::<Option<i64>>("grant_number")?.is_some() {
            grants.push(from_row(row)?);
        }
    }
    Ok(PayerLedger { credited: sum("credited")?, debited: sum("debited")?, grants })
}

/// The sums of everything.
pub(super) async fn totals(pg: &Pg) -> Result<LedgerTotals, StoreError> {
    let rows = pg.query("ledger::totals", TOTALS, &[]).await?;
    let row = LEDGER_PAYER.rows(&rows).next();
    let row = row.ok_or_else(|| StoreError::Conflict("ledger::totals: no sums".to_owned()))?;
    let lines: i64 = row.get("lines")?;
    Ok(LedgerTotals {
        accounts: account_totals(row)?,
        remaining: row.parsed("remaining")?,
        transfers: lines as u64,
    })
}

/// Debits and credits of each account, from the sums of what moved between two of them.
fn account_totals(row: TableRow<'_>) -> Result<Vec<AccountTotal>, StoreError> {
    let moved = |column| row.parsed::<i128>(column);
    let (paid, promoted, refunded) = (moved("paid")?, moved("promoted")?, moved("refunded")?);
    let (charged, expired) = (moved("charged")?, moved("expired")?);
    let total = |account| {
        let (debits, credits) = match account {
            LedgerAccount::Cash => (paid, 0),
            LedgerAccount::Promotion => (promoted, 0),
            LedgerAccount::Customer => (charged + expired, paid + promoted + refunded),
            LedgerAccount::Revenue => (0, charged),
            LedgerAccount::Breakage => (0, expired),
            LedgerAccount::Refunds => (refunded, 0),
        };
        AccountTotal { account, debits, credits }
    };
    Ok(LedgerAccount::ALL.map(total).to_vec())
}

/// Payers, at most 100, whose sums or grants are not what their lines add up to. There should be none.
/// It reads every line: for an audit of the ledger itself, not for every hour.
pub async fn differing_payers(pg: &Pg) -> Result<Vec<PayerId>, StoreError> {
    let rows = pg.query("ledger::differing_payers", DIFFERING, &[]).await?;
    let payer = |row: TableRow<'_>| Ok(PayerId::new(row.get::<i64>("payer_id")? as u64));
    LEDGER_PAYER.rows(&rows).map(payer).collect()
}
