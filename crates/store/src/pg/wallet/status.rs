//! Balances and what they let happen.

use model::wallet::WalletStatus;
use model::{MicroCredits, PayerId, WalletBalance};

use super::charge_row::{money, stored_payer};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::{TableRow, WALLET};
use crate::pg::transaction::PgTransaction;

pub(super) const BALANCE: &str =
    "select payer_id, available, held, leased, spent, funded, quotes_open, status
    from wallet where payer_id = $1";
const LOCK: &str = "select payer_id, available, held, leased, spent, funded, quotes_open, status
    from wallet where payer_id = $1 for update";
const SET_STATUS: &str = "insert into wallet (payer_id, status) values ($1, $2)
    on conflict (payer_id) do update set status = excluded.status";

/// The balance; empty if there is no wallet.
pub(crate) async fn balance(pg: &Pg, payer: PayerId) -> Result<WalletBalance, StoreError> {
    let rows = pg.read("wallet::balance", BALANCE, params![stored_payer(payer) => INT8]).await?;
    WALLET.rows(&rows).next().map_or(Ok(WalletBalance::EMPTY), from_row)
}

/// Sets what the wallet lets happen.
pub(crate) async fn set_status(
    pg: &Pg,
    payer: PayerId,
    status: WalletStatus,
) -> Result<(), StoreError> {
    let params = params![stored_payer(payer) => INT8, status as i16 => INT2];
    pg.execute_lasting("wallet::set_status", SET_STATUS, params).await.map(|_| ())
}

/// The balance, which stays as it is until the transaction ends; `None` if there is no wallet.
pub(super) async fn lock(
    tx: &PgTransaction<'_>,
    payer: PayerId,
) -> Result<Option<WalletBalance>, StoreError> {
    let rows = tx.query(LOCK, params![stored_payer(payer) => INT8]).await?;
    WALLET.rows(&rows).next().map(from_row).transpose()
}

pub(super) fn from_row(row: TableRow<'_>) -> Result<WalletBalance, StoreError> {
    Ok(WalletBalance {
        available: money(row, "available")?,
        held: money(row, "held")?,
        leased: money(row, "leased")?,
        spent: money(row, "spent")?,
        funded: money(row, "funded")?,
        quotes_open: row.count("quotes_open")?,
        status: row.number("status", WalletStatus::from_number)?,
    })
}

/// The opposite amount, or the largest one of the least, which has none.
pub(super) fn opposite(amount: MicroCredits) -> MicroCredits {
    MicroCredits::ZERO.checked_sub(amount).unwrap_or(MicroCredits::MAX)
}
