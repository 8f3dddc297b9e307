//! Pages for the sweeper: what should have been settled by now, of all payers, the oldest first.

use std::fmt::Display;
use std::str::FromStr;

use model::charge::ChargeRef;
use model::port::{ExpiredHold, Page};
use model::time::Timestamp;
use model::{ChargeId, CreditLease, LeaseId, PayerId};

use super::charge_row::{reference, stored_payer};
use super::lease::lease;
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::{CHARGE, CREDIT_LEASE, TableRow};
use crate::pg::value::stored_ms;

/// The most items of a page.
const PAGE_ITEMS: i64 = 100;

const UNPOSTED: &str = "select payer_id, charge_id, served_ms at_ms from charge
    where state = 2 and served_ms < $1 and (served_ms, payer_id, charge_id) > ($2, $3, $4)
    order by served_ms, payer_id, charge_id limit $5";
const EXPIRED_HOLDS: &str = "select payer_id, charge_id, attempt, expires_ms at_ms from charge
    where state = 1 and expires_ms < $1 and (expires_ms, payer_id, charge_id) > ($2, $3, $4)
    order by expires_ms, payer_id, charge_id limit $5";
const EXPIRED_LEASES: &str =
    "select payer_id, lease_id, purpose, size, unspent, expires_ms, is_open,
        expires_ms at_ms
    from credit_lease
    where is_open and expires_ms < $1 and (expires_ms, payer_id, lease_id) > ($2, $3, $4)
    order by expires_ms, payer_id, lease_id limit $5";

/// Where a page ends: a time, a payer, and what is found there.
#[derive(Debug, Clone, Copy)]
struct PageEnd<T> {
    at_ms: i64,
    payer: PayerId,
    id: T,
}

impl<T: FromStr + Display> PageEnd<T> {
    /// The end that a text describes; that before the first page if there is none.
    fn parse(text: Option<&str>, least: T) -> Result<PageEnd<T>, StoreError> {
        let Some(text) = text else {
            return Ok(PageEnd { at_ms: i64::MIN, payer: PayerId::new(0), id: least });
        };
        let mut parts = text.splitn(3, ':');
        let mut part = || parts.next().unwrap_or_default();
        let end = (part().parse().ok(), part().parse().ok(), part().parse().ok());
        let (Some(at_ms), Some(payer), Some(id)) = end else {
            return Err(StoreError::Conflict(format!("`{text}` is no end of a page")));
        };
        Ok(PageEnd { at_ms, payer, id })
    }

    fn text(&self) -> String {
        format!("{}:{}:{}", self.at_ms, self.payer, self.id)
    }
}

/// The page of these items, of which `end` says where one is.
fn page<I, T: FromStr + Display>(items: Vec<I>, last: Option<PageEnd<T>>) -> Page<I> {
    let is_full = items.len() as i64 >= PAGE_ITEMS;
    let next = last.filter(|_| is_full).map(|end| end.text());
    Page { items, next }
}

fn charge_end(row: TableRow<'_>) -> Result<PageEnd<ChargeId>, StoreError> {
    let ChargeRef { payer, charge } = reference(row)?;
    Ok(PageEnd { at_ms: row.get("at_ms")?, payer, id: charge })
}

/// The rows of a page of charges.
async fn charge_rows(
    pg: &Pg,
    (what, sql): (&'static str, &str),
    before: Timestamp,
    after: Option<&str>,
) -> Result<Vec<tokio_postgres::Row>, StoreError> {
    let end = PageEnd::parse(after, ChargeId::new([0; 20]))?;
    let params = params![
        stored_ms(before) => INT8,
        end.at_ms => INT8,
        stored_payer(end.payer) => INT8,
        &end.id.bytes()[..] => BYTEA,
        PAGE_ITEMS => INT8,
    ];
    pg.query(what, sql, params).await
}

/// Served charges that were not marked as posted.
pub(crate) async fn unposted(
    pg: &Pg,
    before: Timestamp,
    after: Option<&str>,
) -> Result<Page<ChargeRef>, StoreError> {
    let rows = charge_rows(pg, ("wallet::unposted", UNPOSTED), before, after).await?;
    let items: Result<Vec<ChargeRef>, StoreError> = CHARGE.rows(&rows).map(reference).collect();
    let last = CHARGE.rows(&rows).last().map(charge_end).transpose()?;
    Ok(page(items?, last))
}

/// Pending charges whose hold has expired.
pub(crate) async fn expired_holds(
    pg: &Pg,
    before: Timestamp,
    after: Option<&str>,
) -> Result<Page<ExpiredHold>, StoreError> {
    let rows = charge_rows(pg, ("wallet::expired_holds", EXPIRED_HOLDS), before, after).await?;
    let hold = |row: TableRow<'_>| {
        Ok(ExpiredHold { charge: reference(row)?, attempt: row.count("attempt")? })
    };
    let items: Result<Vec<ExpiredHold>, StoreError> = CHARGE.rows(&rows).map(hold).collect();
    let last = CHARGE.rows(&rows).last().map(charge_end).transpose()?;
    Ok(page(items?, last))
}

/// Open leases that have expired.
pub(crate) async fn expired_leases(
    pg: &Pg,
    before: Timestamp,
    after: Option<&str>,
) -> Result<Page<CreditLease>, StoreError> {
    let end = PageEnd::parse(after, LeaseId::new(i64::MIN as u64))?;
    let params = params![
        stored_ms(before) => INT8,
        end.at_ms => INT8,
        stored_payer(end.payer) => INT8,
        end.id.number() as i64 => INT8,
        PAGE_ITEMS => INT8,
    ];
    let rows = pg.query("wallet::expired_leases", EXPIRED_LEASES, params).await?;
    let items: Result<Vec<CreditLease>, StoreError> = CREDIT_LEASE.rows(&rows).map(lease).collect();
    let items = items?;
    let last = items.last().map(|lease| {
        let (at_ms, payer) = (stored_ms(lease.expires_at), lease.payer);
        PageEnd { at_ms, payer, id: lease.id }
    });
    Ok(page(items, last))
}
