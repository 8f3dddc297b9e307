//! A wallet with all that is unsettled in it, at one moment.

use model::port::UNSETTLED_MAX;
use model::wallet::WalletView;
use model::{Charge, CreditLease, PayerId, WalletBalance};

use super::charge_row::{charge, charge_columns, stored_payer};
use super::lease::{OPEN_LEASES, lease};
use super::status::{BALANCE, from_row};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::connection::retry;
use crate::pg::params::params;
use crate::pg::row::{CHARGE, CREDIT_LEASE, WALLET};
use crate::pg::transaction::PgTransaction;

const ONE_MOMENT: &str = "set transaction isolation level repeatable read, read only";
const UNSETTLED: &str = concat!(
    "select ",
    charge_columns!(),
    " from charge c where c.payer_id = $1 and c.state in (1, 2) order by c.charge_id limit $2"
);
/// The wallet of a payer, or why it cannot be seen at once.
pub(crate) async fn view(pg: &Pg, payer: PayerId) -> Result<WalletView, StoreError> {
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "wallet::view").await?;
        tx.execute(ONE_MOMENT, &[]).await?;
        let stored = stored_payer(payer);
        let rows = tx.query(BALANCE, params![stored => INT8]).await?;
        let balance = WALLET.rows(&rows).next().map(from_row).transpose()?;
        let most = UNSETTLED_MAX as i64 + 1;
        let rows = tx.query(UNSETTLED, params![stored => INT8, most => INT8]).await?;
        if rows.len() > UNSETTLED_MAX {
            let why = format!("more than {UNSETTLED_MAX} charges of {payer} are unsettled");
            return Err(StoreError::TimedOut { what: "wallet::view", why });
        }
        let charges: Result<Vec<Charge>, StoreError> = CHARGE.rows(&rows).map(charge).collect();
        let rows = tx.query(OPEN_LEASES, params![stored => INT8]).await?;
        let leases: Result<Vec<CreditLease>, StoreError> =
            CREDIT_LEASE.rows(&rows).map(lease).collect();
        let balance = balance.unwrap_or(WalletBalance::EMPTY);
        Ok(WalletView { balance, charges: charges?, leases: leases? })
    })
    .await
}
