//! Credits that come or go otherwise than by a charge.

use model::port::PortError;
use model::wallet::{AdjustOutcome, WalletAdjustment, WalletRefusal, WalletStatus};
use model::{MicroCredits, PayerId, TransferId};

use super::DynamoWallet;
use super::balance_item::balance;
use super::item::{ItemKey, amount, money, number, values};
use super::transaction::{ItemUpdate, TransactionOutcome, contended};

const AMOUNT: &str = "adjusted_micros";

impl DynamoWallet {
    pub(super) async fn adjust_once(
        &self,
        wanted: &WalletAdjustment,
    ) -> Result<AdjustOutcome, PortError> {
        let mut note = ItemKey::adjustment(wanted.payer, &wanted.id).item();
        note.insert(AMOUNT.to_owned(), money(wanted.amount));
        let note = self.new_item(note, "attribute_not_exists(pk)", None);
        let items = vec![note, self.part(balance_update(wanted))];
        match self.transact("adjust a wallet", items).await? {
            TransactionOutcome::Done => Ok(AdjustOutcome::Done),
            TransactionOutcome::Contended => Err(contended("adjust a wallet")),
            TransactionOutcome::Failed(failed) => match failed.at(0) {
                Some(known) => Ok(AdjustOutcome::DoneBefore { amount: amount(known, AMOUNT)? }),
                None => {
                    let known = balance(failed.at(1).unwrap_or(&super::item::Item::new()))?;
                    refusal(wanted, known.status, known.available)
                }
            },
        }
    }

    pub(super) async fn read_adjustment(
        &self,
        payer: PayerId,
        id: &TransferId,
    ) -> Result<Option<MicroCredits>, PortError> {
        let item = self.read(&ItemKey::adjustment(payer, id)).await?;
        item.map(|item| amount(&item, AMOUNT)).transpose()
    }
}

fn balance_update(wanted: &WalletAdjustment) -> ItemUpdate {
    let key = ItemKey::balance(wanted.payer);
    let change = "SET available_micros = if_not_exists(available_micros, :zero) + :amount, \
                  funded_micros = if_not_exists(funded_micros, :zero) + :amount";
    let micros = wanted.amount.micros();
    let (amount, zero) = ((":amount", number(micros)), (":zero", number(0)));
    if micros < 0 {
        let needed = (":needed", number(micros.saturating_neg()));
        let condition = Some("available_micros >= :needed");
        return ItemUpdate { key, change, condition, values: values([amount, zero, needed]) };
    }
    // Numbers of DynamoDB are larger than ours.
    let room = (":room", number(i64::MAX - micros));
    let open = (":open", number(WalletStatus::Open as u8));
    let condition = Some(
        "(attribute_not_exists(wallet_status) OR wallet_status = :open) \
         AND (attribute_not_exists(funded_micros) OR funded_micros <= :room)",
    );
    ItemUpdate { key, change, condition, values: values([amount, zero, room, open]) }
}

fn refusal(
    wanted: &WalletAdjustment,
    status: WalletStatus,
    available: MicroCredits,
) -> Result<AdjustOutcome, PortError> {
    if wanted.amount < MicroCredits::ZERO {
        let needed = MicroCredits::new(wanted.amount.micros().saturating_neg());
        let refusal = WalletRefusal::InsufficientCredits { needed, available };
        return Ok(AdjustOutcome::Refused(refusal));
    }
    if status != WalletStatus::Open {
        return Ok(AdjustOutcome::Refused(WalletRefusal::Frozen));
    }
    let text = format!("adjust {}: more credits than can be counted", wanted.payer);
    Err(PortError::Refused(text))
}
