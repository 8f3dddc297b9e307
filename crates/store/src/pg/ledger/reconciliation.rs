//! What the auditor found, kept for ever.

use model::time::Timestamp;

use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::{RECONCILIATION, TableRow};
use crate::pg::value::{from_ms, stored_ms};

const KEEP: &str = "insert into reconciliation (at_ms, payers, differing, difference, report)
    values ($1, $2, $3, $4::text::numeric, $5::text::jsonb)";
const LAST: &str =
    "select reconciliation_id, at_ms, payers, differing, difference::text difference,
        report::text report
    from reconciliation order by reconciliation_id desc limit 1";

/// One comparison of wallets and ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// When it was made.
    pub at: Timestamp,
    /// How many payers were compared.
    pub payers: u64,
    /// How many of them differ.
    pub differing: u64,
    /// The sum of the absolute differences, in micro-credits.
    pub difference: i128,
    /// What was found, in detail.
    pub report: serde_json::Value,
}

/// Keeps what was found.
pub async fn keep_reconciliation(pg: &Pg, found: &Reconciliation) -> Result<(), StoreError> {
    let params = params![
        stored_ms(found.at) => INT8,
        found.payers as i64 => INT8,
        found.differing as i64 => INT8,
        found.difference.to_string() => TEXT,
        found.report.to_string() => TEXT,
    ];
    pg.execute("ledger::keep_reconciliation", KEEP, params).await.map(|_| ())
}

/// What was found last, if wallets and ledger were ever compared.
pub async fn last_reconciliation(pg: &Pg) -> Result<Option<Reconciliation>, StoreError> {
    let rows = pg.query("ledger::last_reconciliation", LAST, &[]).await?;
    RECONCILIATION.rows(&rows).next().map(from_row).transpose()
}

fn from_row(row: TableRow<'_>) -> Result<Reconciliation, StoreError> {
    Ok(Reconciliation {
        at: from_ms(row.get("at_ms")?),
        payers: row.get::<i64>("payers")? as u64,
        differing: row.get::<i64>("differing")? as u64,
        difference: row.parsed("difference")?,
        report: row.json("report")?,
    })
}
