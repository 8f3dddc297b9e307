//! Statements, kept for ever.

use model::ledger::RecordOutcome;
use model::{MicroCredits, Month, PayerId, Statement};

use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::{STATEMENT, TableRow};

const KEEP: &str =
    "insert into statement (payer_id, month, lines, opening, credited, debited, closing,
        previous_root, root)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing";

/// The columns of a statement.
macro_rules! statement_columns {
    () => {
        "payer_id, month, lines, opening, credited, debited, closing, previous_root, root"
    };
}
pub(super) use statement_columns;

const LAST: &str = concat!(
    "select ",
    statement_columns!(),
    " from statement where payer_id = $1 and month <= $2 order by month desc limit 1"
);

/// Keeps a statement.
pub(super) async fn keep(pg: &Pg, new: &Statement) -> Result<RecordOutcome, StoreError> {
    let params = params![
        new.payer.number() as i64 => INT8,
        new.month.number() as i32 => INT4,
        new.lines as i64 => INT8,
        new.opening.micros() => INT8,
        new.credited.micros() => INT8,
        new.debited.micros() => INT8,
        new.closing.micros() => INT8,
        &new.previous_root[..] => BYTEA,
        &new.root[..] => BYTEA,
    ];
    if pg.execute_lasting("ledger::keep_statement", KEEP, params).await? > 0 {
        return Ok(RecordOutcome::Recorded);
    }
    match last(pg, new.payer, new.month).await? {
        Some(known) if known == *new => Ok(RecordOutcome::RecordedBefore),
        _ => Ok(RecordOutcome::Differs),
    }
}

/// A payer's last statement for `until` or a month before.
pub(super) async fn last(
    pg: &Pg,
    payer: PayerId,
    until: Month,
) -> Result<Option<Statement>, StoreError> {
    let params = params![payer.number() as i64 => INT8, until.number() as i32 => INT4];
    let rows = pg.query("ledger::last_statement", LAST, params).await?;
    STATEMENT.rows(&rows).next().map(from_row).transpose()
}

pub(super) fn from_row(row: TableRow<'_>) -> Result<Statement, StoreError> {
    let money = |column| row.get(column).map(MicroCredits::new);
    let month = Month::from_number(row.count("month")?);
    Ok(Statement {
        payer: PayerId::new(row.get::<i64>("payer_id")? as u64),
        month: month.ok_or_else(|| row.corrupt("month", "no month"))?,
        lines: row.get::<i64>("lines")? as u64,
        opening: money("opening")?,
        credited: money("credited")?,
        debited: money("debited")?,
        closing: money("closing")?,
        previous_root: row.bytes("previous_root")?,
        root: row.bytes("root")?,
    })
}
