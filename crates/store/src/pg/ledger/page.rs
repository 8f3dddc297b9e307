//! Pages of the ledger.

use model::port::Page;
use model::time::Timestamp;
use model::{Grant, PayerId};

use super::grant_row::{from_row, grant_columns};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::{CREDIT_GRANT, LEDGER_PAYER, TableRow};
use crate::pg::value::stored_ms;

/// The most items of a page.
pub(super) const PAGE_ITEMS: i64 = 100;

const NOT_IN_WALLET: &str = concat!(
    "select ",
    grant_columns!(),
    ", g.recorded_ms at_ms from credit_grant g
    where not g.in_wallet and g.recorded_ms < $1 and (g.recorded_ms, g.grant_id) > ($2, $3)
    order by g.recorded_ms, g.grant_id limit $4"
);
const OVERDUE: &str = concat!(
    "select ",
    grant_columns!(),
    ", g.expires_ms at_ms from credit_grant g
    where g.remaining > 0 and g.expires_ms < $1 and (g.expires_ms, g.grant_id) > ($2, $3)
    order by g.expires_ms, g.grant_id limit $4"
);
const PAYERS: &str = "select payer_id from ledger_payer where payer_id > $1 and lines > 0
    order by payer_id limit $2";

/// Where a page ends: a time, and what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageEnd {
    pub(super) at_ms: i64,
    pub(super) id: String,
}

/// The end that a text describes; that before the first page if there is none.
pub(super) fn end_of(text: Option<&str>) -> Result<PageEnd, StoreError> {
    let Some(text) = text else { return Ok(PageEnd { at_ms: i64::MIN, id: String::new() }) };
    let parts = text.split_once(':').and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
    parts.map(|(at_ms, id)| PageEnd { at_ms, id }).ok_or_else(|| no_end(text))
}

fn no_end(text: &str) -> StoreError {
    StoreError::Conflict(format!("`{text}` is no end of a page"))
}

/// Grants that were recorded before `before` and that the wallet may not have.
pub(super) async fn grants_not_in_wallet(
    pg: &Pg,
    before: Timestamp,
    after: Option<&str>,
) -> Result<Page<Grant>, StoreError> {
    grants(pg, ("ledger::grants_not_in_wallet", NOT_IN_WALLET), before, after).await
}

/// Grants with something left that should have expired before `before`.
pub(super) async fn overdue_grants(
    pg: &Pg,
    before: Timestamp,
    after: Option<&str>,
) -> Result<Page<Grant>, StoreError> {
    grants(pg, ("ledger::overdue_grants", OVERDUE), before, after).await
}

async fn grants(
    pg: &Pg,
    (what, sql): (&'static str, &str),
    before: Timestamp,
    after: Option<&str>,
) -> Result<Page<Grant>, StoreError> {
    let end = end_of(after)?;
    let params = params![
        stored_ms(before) => INT8,
        end.at_ms => INT8,
        end.id => TEXT,
        PAGE_ITEMS => INT8,
    ];
    let rows = pg.query(what, sql, params).await?;
    let end = |row: TableRow<'_>| {
        Ok(format!("{}:{}", row.get::<i64>("at_ms")?, row.get::<&str>("grant_id")?))
    };
    let last: Option<Result<String, StoreError>> = CREDIT_GRANT.rows(&rows).last().map(end);
    let items: Result<Vec<Grant>, StoreError> = CREDIT_GRANT.rows(&rows).map(from_row).collect();
    Ok(Page { items: items?, next: last.transpose()?.filter(|_| is_full(rows.len())) })
}

fn is_full(items: usize) -> bool {
    items as i64 == PAGE_ITEMS
}

/// Every payer with a line, by id.
pub(super) async fn payers(pg: &Pg, after: Option<&str>) -> Result<Page<PayerId>, StoreError> {
    let last: i64 = match after {
        None => i64::MIN,
        Some(text) => text.parse().map_err(|_| no_end(text))?,
    };
    let params = params![last => INT8, PAGE_ITEMS => INT8];
    let rows = pg.query("ledger::payers", PAYERS, params).await?;
    let ids: Result<Vec<i64>, StoreError> =
        LEDGER_PAYER.rows(&rows).map(|row| row.get("payer_id")).collect();
    let ids = ids?;
    let next = ids.last().map(i64::to_string).filter(|_| is_full(ids.len()));
    Ok(Page { items: ids.into_iter().map(|id| PayerId::new(id as u64)).collect(), next })
}
