//! What a payer is shown of its own lines and statements.

use model::ledger::DrawnTransfer;
use model::time::Timestamp;
use model::{PayerId, Statement, Transfer, TransferId};

use super::statement::{self, statement_columns};
use super::transfer::{transfer, transfer_columns, transfers};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::{STATEMENT, TRANSFER};
use crate::pg::value::stored_ms;

/// The most lines or statements of one call.
pub const LINES_MAX: u32 = 1_000;

const NEWEST: &str = concat!(
    "select ",
    transfer_columns!(),
    " from transfer t where t.payer_id = $1 and (t.posted_ms, t.transfer_id) < ($2, $3)
        and (t.credit = 4 or not $4)
    order by t.posted_ms desc, t.transfer_id desc limit $5"
);
const STATEMENTS: &str = concat!(
    "select ",
    statement_columns!(),
    " from statement where payer_id = $1 order by month desc limit $2"
);

/// Where a line is among those of its payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferPlace {
    /// When it was posted.
    pub posted_at: Timestamp,
    /// Its id, which orders lines that were posted in the same millisecond.
    pub id: TransferId,
}

/// A payer's lines, or only its charges, the newest first: those before a place, at most `limit` and
/// [`LINES_MAX`].
pub async fn newest(
    pg: &Pg,
    payer: PayerId,
    only_charges: bool,
    before: Option<TransferPlace>,
    limit: u32,
) -> Result<Vec<Transfer>, StoreError> {
    let place = before.map(|place| (stored_ms(place.posted_at), place.id.to_string()));
    let (at_ms, id) = place.unwrap_or((i64::MAX, String::new()));
    let params = params![
        payer.number() as i64 => INT8,
        at_ms => INT8,
        id => TEXT,
        only_charges => BOOL,
        i64::from(limit.min(LINES_MAX)) => INT8,
    ];
    let rows = pg.query("ledger::newest", NEWEST, params).await?;
    TRANSFER.rows(&rows).map(transfer).collect()
}

/// A payer's statements, the newest first: at most `limit`, and [`LINES_MAX`].
pub async fn statements(pg: &Pg, payer: PayerId, limit: u32) -> Result<Vec<Statement>, StoreError> {
    let params = params![payer.number() as i64 => INT8, i64::from(limit.min(LINES_MAX)) => INT8];
    let rows = pg.query("ledger::statements", STATEMENTS, params).await?;
    STATEMENT.rows(&rows).map(statement::from_row).collect()
}

/// A line of this payer, with what it drew.
pub async fn one(
    pg: &Pg,
    payer: PayerId,
    id: &TransferId,
) -> Result<Option<DrawnTransfer>, StoreError> {
    let found = transfers(pg, std::slice::from_ref(id)).await?;
    Ok(found.into_iter().find(|drawn| drawn.transfer.payer == payer))
}
