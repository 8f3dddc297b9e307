//! Wallets and ledger are compared.

use billing_meter::{MeterAudit, audit};
use model::port::Wallet as _;
use model::wallet::WalletAdjustment;
use model::{GrantId, TransferId, WalletStatus};
use store::pg::ledger::last_reconciliation;

use crate::world::{MeteredWorld, micros};

#[tokio::test]
async fn a_planted_difference_is_found_and_stops_funding() {
    let world = MeteredWorld::new("").await;
    let (payer, other) = (world.payer(1, 100).await, world.payer(2, 100).await);
    let (posted, served) = (world.serve(payer, 1, 1).await, world.serve(payer, 2, 1).await);
    world.post_all(&[posted]).await;
    assert_eq!(audit(world.deps()).await.unwrap(), MeterAudit { payers: 2, ..Default::default() });
    let kept = last_reconciliation(world.db.pg()).await.unwrap().unwrap();
    assert_eq!((kept.at, kept.payers, kept.differing, kept.difference), (world.now(), 2, 0, 0));
    // Credits that no line of the ledger explains.
    let grant: GrantId = "forged".parse().unwrap();
    let forged = WalletAdjustment { payer, id: TransferId::Grant { grant }, amount: micros(7) };
    world.wallet.adjust(&forged).await.unwrap();
    let found = audit(world.deps()).await.unwrap();
    let expected = MeterAudit { payers: 2, differing: 1, difference: 7, ..Default::default() };
    assert_eq!(found, expected);
    let kept = last_reconciliation(world.db.pg()).await.unwrap().unwrap();
    assert_eq!((kept.differing, kept.difference), (1, 7));
    assert_eq!(kept.report["payers"][0]["payer"], payer.to_string());
    assert_eq!(kept.report["payers"][0]["wallet_minus_ledger"], "7");
    let statuses = [
        world.wallet.balance(payer).await.unwrap().status,
        world.wallet.balance(other).await.unwrap().status,
    ];
    assert_eq!(statuses, [WalletStatus::NoFunding, WalletStatus::Open]);
    // Charges go on.
    world.post_all(&[served]).await;
    world.serve(payer, 3, 1).await;
}
