//! Wallets and ledger are compared.

use billing_meter::{MeterAudit, PAYERS_AUDITED, audit};
use model::port::Wallet as _;
use model::wallet::WalletAdjustment;
use model::{GrantId, PayerId, TransferId, WalletStatus};
use store::pg::ledger::last_reconciliation;

use crate::world::{MeteredWorld, micros};

#[tokio::test]
async fn a_planted_difference_is_found_and_stops_funding() {
    let world = MeteredWorld::new("").await;
    let (payer, other) = (world.payer(1, 100).await, world.payer(2, 100).await);
    let (posted, served) = (world.serve(payer, 1, 1).await, world.serve(payer, 2, 1).await);
    world.post_all(&[posted]).await;
    assert_eq!(
        audit(world.deps(), PAYERS_AUDITED).await.unwrap(),
        MeterAudit { payers: 2, ..Default::default() }
    );
    let kept = last_reconciliation(world.db.pg()).await.unwrap().unwrap();
    assert_eq!((kept.at, kept.payers, kept.differing, kept.difference), (world.now(), 2, 0, 0));
    // Credits that no line of the ledger explains.
    let grant: GrantId = "forged".parse().unwrap();
    let forged = WalletAdjustment { payer, id: TransferId::Grant { grant }, amount: micros(7) };
    world.wallet.adjust(&forged).await.unwrap();
    let found = audit(world.deps(), PAYERS_AUDITED).await.unwrap();
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

#[tokio::test]
async fn an_audit_continues_where_the_one_before_ended() {
    let world = MeteredWorld::new("").await;
    // Two pages of the ledger, and a part of a third.
    for number in 1..=210 {
        world.payer(number, 100).await;
    }
    let grant: GrantId = "forged".parse().unwrap();
    let (payer, id) = (PayerId::new(205), TransferId::Grant { grant });
    world.wallet.adjust(&WalletAdjustment { payer, id, amount: micros(7) }).await.unwrap();
    let audit = async || audit(world.deps(), 1).await.unwrap();
    let cut = MeterAudit { payers: 100, is_cut: true, ..MeterAudit::default() };
    assert_eq!((audit().await, audit().await), (cut, cut));
    let last = MeterAudit { payers: 10, differing: 1, difference: 7, ..MeterAudit::default() };
    assert_eq!(audit().await, last);
    assert_eq!(audit().await, cut, "from the beginning again");
    assert_eq!(world.wallet.balance(payer).await.unwrap().status, WalletStatus::NoFunding);
}
