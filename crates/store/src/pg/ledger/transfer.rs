//! Lines as they are read.

use model::ledger::{ChargeDetail, DrawnTransfer};
use model::port::{Page, TransferPeriod};
use model::{
    GrantDraw, GrantId, KeyId, LedgerAccount, MicroCredits, PayerId, QuoteId, Transfer, TransferId,
};

use super::page::{PAGE_ITEMS, end_of};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::{column, params};
use crate::pg::row::{TRANSFER, TableRow};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{corrupt, from_ms, stored_ms};

/// The columns of a table `t` of transfers.
macro_rules! transfer_columns {
    () => {
        "t.transfer_id, t.payer_id, t.debit, t.credit, t.amount, t.event_ms, t.posted_ms, t.key_id, \
         t.route, t.usage::text usage, t.price_version, t.quote_id"
    };
}
pub(super) use transfer_columns;

const TRANSFERS: &str = concat!(
    "select ",
    transfer_columns!(),
    ", t.draw_amounts, (
        select array_agg(g.grant_id order by place)
        from unnest(t.draw_grants) with ordinality u(grant_number, place)
            join credit_grant g using (grant_number)) draw_grants
    from transfer t where t.transfer_id = any($1)"
);
const TRANSFERS_OF: &str = concat!(
    "select ",
    transfer_columns!(),
    " from transfer t where t.payer_id = $1 and t.posted_ms >= $2 and t.posted_ms < $3
        and (t.posted_ms, t.transfer_id) > ($4, $5)
    order by t.posted_ms, t.transfer_id limit $6"
);

/// Those of the lines that exist, with their draws.
pub(super) async fn transfers(
    pg: &Pg,
    ids: &[TransferId],
) -> Result<Vec<DrawnTransfer>, StoreError> {
    let ids = column(ids, ToString::to_string);
    let rows = pg.query("ledger::transfers", TRANSFERS, params![ids => TEXT_ARRAY]).await?;
    TRANSFER.rows(&rows).map(drawn).collect()
}

/// One line, within a transaction.
pub(super) async fn transfer_in(
    tx: &PgTransaction<'_>,
    id: &TransferId,
) -> Result<Option<Transfer>, StoreError> {
    let rows = tx.query(TRANSFERS, params![vec![id.to_string()] => TEXT_ARRAY]).await?;
    TRANSFER.rows(&rows).next().map(transfer).transpose()
}

/// The lines of a period, by time of posting and id, as text.
pub(super) async fn transfers_of(
    pg: &Pg,
    period: &TransferPeriod,
    after: Option<&str>,
) -> Result<Page<Transfer>, StoreError> {
    let end = end_of(after)?;
    let params = params![
        period.payer.number() as i64 => INT8,
        stored_ms(period.from) => INT8,
        stored_ms(period.until) => INT8,
        end.at_ms => INT8,
        end.id => TEXT,
        PAGE_ITEMS => INT8,
    ];
    let rows = pg.query("ledger::transfers_of", TRANSFERS_OF, params).await?;
    let items: Result<Vec<Transfer>, StoreError> = TRANSFER.rows(&rows).map(transfer).collect();
    let items = items?;
    let last = items.last().map(|line| format!("{}:{}", stored_ms(line.posted_at), line.id));
    Ok(Page { next: last.filter(|_| items.len() as i64 == PAGE_ITEMS), items })
}

pub(super) fn transfer(row: TableRow<'_>) -> Result<Transfer, StoreError> {
    Ok(Transfer {
        id: row.parsed("transfer_id")?,
        payer: PayerId::new(row.get::<i64>("payer_id")? as u64),
        debit: row.number("debit", LedgerAccount::from_number)?,
        credit: row.number("credit", LedgerAccount::from_number)?,
        amount: MicroCredits::new(row.get("amount")?),
        event_at: from_ms(row.get("event_ms")?),
        posted_at: from_ms(row.get("posted_ms")?),
        detail: detail(row)?,
    })
}

fn detail(row: TableRow<'_>) -> Result<Option<ChargeDetail>, StoreError> {
    let Some(key) = row.get::<Option<i64>>("key_id")? else { return Ok(None) };
    Ok(Some(ChargeDetail {
        key: KeyId::new(key as u64),
        route: row.get("route")?,
        usage: row.json("usage")?,
        price_version: row.parsed("price_version")?,
        quote: row.get::<Option<i64>>("quote_id")?.map(|quote| QuoteId::new(quote as u64)),
    }))
}

fn drawn(row: TableRow<'_>) -> Result<DrawnTransfer, StoreError> {
    let transfer = transfer(row)?;
    let grants: Vec<&str> = row.get::<Option<_>>("draw_grants")?.unwrap_or_default();
    let amounts: Vec<i64> = row.get::<Option<_>>("draw_amounts")?.unwrap_or_default();
    let draws = grants.into_iter().zip(amounts).map(|(grant, amount)| {
        let wrong = |why| corrupt(("credit_grant", "grant_id"), grant, why);
        let grant: GrantId = grant.parse().map_err(wrong)?;
        Ok(GrantDraw { grant, amount: MicroCredits::new(amount) })
    });
    let draws: Result<Vec<GrantDraw>, StoreError> = draws.collect();
    Ok(DrawnTransfer { transfer, draws: draws? })
}
