//! Credits that come or go otherwise than by a charge.

use model::wallet::{AdjustOutcome, WalletAdjustment, WalletRefusal, WalletStatus};
use model::{MicroCredits, PayerId, TransferId, WalletBalance};

use super::charge_row::{money, stored_payer};
use super::status::{lock, opposite};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::connection::retry;
use crate::pg::params::params;
use crate::pg::row::WALLET_ADJUSTMENT;
use crate::pg::transaction::PgTransaction;

const MAKE: &str = "insert into wallet (payer_id) values ($1) on conflict do nothing";
const ADJUSTED: &str =
    "select payer_id, amount from wallet_adjustment where payer_id = $1 and transfer_id = $2";
const ADJUST: &str = "with note as (insert into wallet_adjustment (payer_id, transfer_id, amount)
        values ($1, $2, $3))
    update wallet set available = available + $3, funded = funded + $3 where payer_id = $1";

/// Adds or takes credits, once.
///
/// # Errors
/// [`StoreError::Conflict`] if the wallet would have more credits than can be counted.
pub(crate) async fn adjust(
    pg: &Pg,
    wanted: &WalletAdjustment,
) -> Result<AdjustOutcome, StoreError> {
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "wallet::adjust").await?;
        tx.lasting().await?;
        let payer = stored_payer(wanted.payer);
        tx.execute(MAKE, params![payer => INT8]).await?;
        let balance = lock(&tx, wanted.payer).await?.unwrap_or(WalletBalance::EMPTY);
        let id = wanted.id.to_string();
        let rows = tx.query(ADJUSTED, params![payer => INT8, id => TEXT]).await?;
        if let Some(row) = WALLET_ADJUSTMENT.rows(&rows).next() {
            return Ok(AdjustOutcome::DoneBefore { amount: money(row, "amount")? });
        }
        if let Some(refusal) = refusal(&balance, wanted.amount) {
            return Ok(AdjustOutcome::Refused(refusal));
        }
        if balance.funded.checked_add(wanted.amount).is_none() {
            let text = format!("adjust {}: more credits than can be counted", wanted.payer);
            return Err(StoreError::Conflict(text));
        }
        let amount = wanted.amount.micros();
        tx.execute(ADJUST, params![payer => INT8, id => TEXT, amount => INT8]).await?;
        tx.commit().await?;
        Ok(AdjustOutcome::Done)
    })
    .await
}

/// What forbids that an amount comes or goes.
fn refusal(balance: &WalletBalance, amount: MicroCredits) -> Option<WalletRefusal> {
    if amount >= MicroCredits::ZERO {
        return (balance.status != WalletStatus::Open).then_some(WalletRefusal::Frozen);
    }
    let (needed, available) = (opposite(amount), balance.available);
    (available < needed).then_some(WalletRefusal::InsufficientCredits { needed, available })
}

/// The amount with which an adjustment happened, if it did.
pub(crate) async fn adjusted(
    pg: &Pg,
    payer: PayerId,
    id: &TransferId,
) -> Result<Option<MicroCredits>, StoreError> {
    let params = params![stored_payer(payer) => INT8, id.to_string() => TEXT];
    let rows = pg.query("wallet::adjusted", ADJUSTED, params).await?;
    WALLET_ADJUSTMENT.rows(&rows).next().map(|row| money(row, "amount")).transpose()
}
