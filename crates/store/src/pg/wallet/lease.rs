//! Credit leases.

use model::time::Timestamp;
use model::wallet::{LeaseOutcome, LeasePurpose, QUOTES_OPEN_MAX, WalletRefusal, WalletStatus};
use model::{CreditLease, LeaseId, PayerId, WalletBalance};

use super::charge_row::{money, payer, stored_payer};
use super::status::lock;
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::connection::retry;
use crate::pg::params::params;
use crate::pg::row::{CREDIT_LEASE, TableRow};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{from_ms, stored_ms};

/// The columns of a lease.
macro_rules! lease_columns {
    () => {
        "select payer_id, lease_id, purpose, size, unspent, expires_ms, is_open from credit_lease"
    };
}

const LEASE: &str = concat!(lease_columns!(), " where payer_id = $1 and lease_id = $2 for update");
const LEASES: &str = concat!(lease_columns!(), " where payer_id = $1 and lease_id = any ($2)");
/// In the order of unsigned ids.
pub(super) const OPEN_LEASES: &str =
    concat!(lease_columns!(), " where payer_id = $1 and is_open order by lease_id < 0, lease_id");
const OPEN: &str = "with lease as (
        insert into credit_lease (payer_id, lease_id, purpose, size, unspent, expires_ms, is_open)
        values ($1, $2, $3, $4, $4, $5, true))
    update wallet set available = available - $4, leased = leased + $4,
        quotes_open = quotes_open + $6 where payer_id = $1";
const CLOSE: &str = "with lease as (
        update credit_lease set is_open = false where payer_id = $1 and lease_id = $2)
    update wallet set available = available + $4, leased = leased - $3, spent = spent + $3 - $4,
        quotes_open = quotes_open - $5 where payer_id = $1";

/// Sets credits aside.
pub(crate) async fn open_lease(pg: &Pg, wanted: &CreditLease) -> Result<LeaseOutcome, StoreError> {
    let opened = retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "wallet::open_lease").await?;
        tx.lasting().await?;
        let balance = lock(&tx, wanted.payer).await?.unwrap_or(WalletBalance::EMPTY);
        match find(&tx, wanted.payer, wanted.id).await? {
            Some(known) if known.is_open => return Ok(LeaseOutcome::Opened(known)),
            Some(_) => return Ok(LeaseOutcome::Refused(WalletRefusal::LeaseClosed)),
            None => {}
        }
        if let Some(refusal) = refusal(&balance, wanted) {
            return Ok(LeaseOutcome::Refused(refusal));
        }
        let params = params![
            stored_payer(wanted.payer) => INT8,
            wanted.id.number() as i64 => INT8,
            wanted.purpose as i16 => INT2,
            wanted.size.micros() => INT8,
            stored_ms(wanted.expires_at) => INT8,
            quotes(wanted) => INT4,
        ];
        tx.execute(OPEN, params).await?;
        tx.commit().await?;
        Ok(LeaseOutcome::Opened(*wanted))
    });
    match opened.await {
        // Who waits for a lock has changed nothing.
        Err(error) if error.is_timeout() => Ok(LeaseOutcome::Contended),
        outcome => outcome,
    }
}

/// What forbids to set credits aside.
fn refusal(balance: &WalletBalance, wanted: &CreditLease) -> Option<WalletRefusal> {
    let (needed, available) = (wanted.size, balance.available);
    if balance.status == WalletStatus::Frozen {
        return Some(WalletRefusal::Frozen);
    }
    if available < needed {
        return Some(WalletRefusal::InsufficientCredits { needed, available });
    }
    let is_full = wanted.purpose == LeasePurpose::Quote && balance.quotes_open >= QUOTES_OPEN_MAX;
    is_full.then_some(WalletRefusal::TooManyQuotes)
}

/// How many open quotes the lease is.
fn quotes(lease: &CreditLease) -> i32 {
    i32::from(lease.purpose == LeasePurpose::Quote)
}

/// Ends a lease; the lease as it is then.
pub(crate) async fn close_lease(
    pg: &Pg,
    payer: PayerId,
    id: LeaseId,
) -> Result<Option<CreditLease>, StoreError> {
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "wallet::close_lease").await?;
        tx.lasting().await?;
        lock(&tx, payer).await?;
        let Some(lease) = find(&tx, payer, id).await? else { return Ok(None) };
        let closed = CreditLease { is_open: false, ..lease };
        if lease.is_open {
            let params = params![
                stored_payer(payer) => INT8,
                id.number() as i64 => INT8,
                lease.size.micros() => INT8,
                lease.left.micros() => INT8,
                quotes(&lease) => INT4,
            ];
            tx.execute(CLOSE, params).await?;
            tx.commit().await?;
        }
        Ok(Some(closed))
    })
    .await
}

/// Those of the leases that exist.
pub(crate) async fn leases(
    pg: &Pg,
    payer: PayerId,
    ids: &[LeaseId],
) -> Result<Vec<CreditLease>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.number() as i64).collect();
    let params = params![stored_payer(payer) => INT8, ids => INT8_ARRAY];
    let rows = pg.read("wallet::leases", LEASES, params).await?;
    CREDIT_LEASE.rows(&rows).map(lease).collect()
}

/// The leases that are open.
pub(crate) async fn open_leases(pg: &Pg, payer: PayerId) -> Result<Vec<CreditLease>, StoreError> {
    let params = params![stored_payer(payer) => INT8];
    let rows = pg.read("wallet::open_leases", OPEN_LEASES, params).await?;
    CREDIT_LEASE.rows(&rows).map(lease).collect()
}

/// A lease, which stays as it is until the transaction ends.
async fn find(
    tx: &PgTransaction<'_>,
    payer: PayerId,
    id: LeaseId,
) -> Result<Option<CreditLease>, StoreError> {
    let params = params![stored_payer(payer) => INT8, id.number() as i64 => INT8];
    let rows = tx.query(LEASE, params).await?;
    CREDIT_LEASE.rows(&rows).next().map(lease).transpose()
}

pub(super) fn lease(row: TableRow<'_>) -> Result<CreditLease, StoreError> {
    let expires_at: Timestamp = from_ms(row.get("expires_ms")?);
    Ok(CreditLease {
        id: LeaseId::new(row.get::<i64>("lease_id")? as u64),
        payer: payer(row)?,
        purpose: row.number("purpose", purpose)?,
        size: money(row, "size")?,
        left: money(row, "unspent")?,
        expires_at,
        is_open: row.get("is_open")?,
    })
}

/// The purpose with this stored number.
fn purpose(number: u8) -> Option<LeasePurpose> {
    let all = [LeasePurpose::Process, LeasePurpose::Quote];
    all.into_iter().find(|&purpose| purpose as u8 == number)
}
