//! What wallets in PostgreSQL do besides what every wallet does.

use model::port::Wallet;
use model::wallet::{ChargeOutcome, LeaseOutcome, LeasePurpose, WalletAdjustment};
use model::{Charge, ChargeSource, CreditLease, LeaseId, MicroCredits, TransferId, WalletBalance};
use store::wallet::PgWallet;
use testkit::{Database, database};

use crate::ledger::{PAYER, at, charge, grant};

async fn funded(db: &Database) -> PgWallet {
    let wallet = PgWallet::new(db.pg().clone());
    let id = TransferId::Grant { grant: grant().id };
    let gift = WalletAdjustment { payer: PAYER, id, amount: MicroCredits::new(100) };
    wallet.adjust(&gift).await.unwrap();
    wallet
}

/// Others who hold a payer's row for half a second are in the way; nothing happens then.
#[tokio::test]
async fn a_wallet_that_stays_locked_is_contended() {
    let db = database().await;
    let wallet = funded(&db).await;
    let other = db.client().await;
    other.batch_execute("begin; select from wallet for update").await.unwrap();
    let (answer, size) = (charge(1), MicroCredits::new(10));
    assert_eq!(wallet.commit(&answer, &[]).await, Ok(ChargeOutcome::Contended));
    other.batch_execute("rollback").await.unwrap();
    assert_eq!(wallet.charges(&[answer.reference()]).await, Ok(Vec::new()));
    assert_eq!(wallet.commit(&answer, &[]).await, Ok(ChargeOutcome::Charged { attempt: 1 }));
    // A lease is the way past a busy wallet: it does not touch the balance.
    let lease = CreditLease::new(LeaseId::new(1), PAYER, LeasePurpose::Process, size, at(60));
    assert_eq!(wallet.open_lease(&lease).await, Ok(LeaseOutcome::Opened(lease)));
    other.batch_execute("begin; select from wallet for update").await.unwrap();
    let source = ChargeSource::Lease { lease: lease.id };
    let on_lease = Charge { source, ..charge(2) };
    assert_eq!(wallet.commit(&on_lease, &[]).await, Ok(ChargeOutcome::Charged { attempt: 1 }));
}

/// Even a statement that is wrong cannot make a balance that is not sound.
#[tokio::test]
async fn a_balance_that_does_not_add_up_is_refused_by_the_table() {
    let db = database().await;
    let wallet = funded(&db).await;
    let client = db.client().await;
    for wrong in [
        "update wallet set available = available + 1",
        "update wallet set available = -1, funded = -1",
        "update wallet set available = 101, held = -1",
        "update wallet set available = 9223372036854775807, held = 1, funded = 0",
    ] {
        assert!(client.batch_execute(wrong).await.is_err(), "{wrong}");
    }
    let (available, funded) = (MicroCredits::new(100), MicroCredits::new(100));
    let balance = WalletBalance { available, funded, ..WalletBalance::EMPTY };
    assert_eq!(wallet.balance(PAYER).await, Ok(balance));
}
