//! The ledger's own promises: nothing that was written changes, and everything adds up.

use model::port::{Ledger, Wallet};
use model::time::Timestamp;
use model::wallet::{ChargeOutcome, WalletAdjustment};
use model::{
    Charge, ChargeId, ChargeSource, ChargeState, Grant, GrantKind, KeyId, MicroCredits, Month,
    PayerId, PriceClass, PriceItem, Statement, TransferId, Usage,
};
use store::pg::ledger::{
    PgLedger, Reconciliation, differing_payers, keep_reconciliation, last_reconciliation,
};
use store::wallet::PgWallet;
use testkit::{Database, database};

pub(crate) const PAYER: PayerId = PayerId::new(1);

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_341_600 + seconds).unwrap()
}

pub(crate) fn grant() -> Grant {
    let amount = MicroCredits::new(1_000);
    Grant::new("pay-1".parse().unwrap(), PAYER, GrantKind::Paid, amount)
}

pub(crate) fn charge(number: u8) -> Charge {
    Charge {
        id: ChargeId::new([number; 20]),
        payer: PAYER,
        key: KeyId::new(7),
        route: "/v1/people".to_owned(),
        request: [number; 32],
        nonce: u64::from(number),
        run: None,
        usage: Usage::of(PriceClass::Graph).with(PriceItem::RankRow, 3),
        cost: MicroCredits::new(10),
        price_version: "1.29717000".parse().unwrap(),
        quote: None,
        source: ChargeSource::Balance,
        budget: None,
        state: ChargeState::Served,
        opened_at: at(1),
        served_at: Some(at(2)),
        posted_at: None,
        replays: 0,
    }
}

/// A ledger with a line, a statement and a reconciliation.
async fn written(db: &Database) -> PgLedger {
    let ledger = PgLedger::new(db.pg().clone());
    ledger.record_grant(&grant(), at(0)).await.unwrap();
    ledger.post(&[charge(1)], at(3)).await.unwrap();
    let zero = MicroCredits::ZERO;
    let statement = Statement {
        payer: PAYER,
        month: Month::of(at(0)),
        lines: 0,
        opening: zero,
        credited: zero,
        debited: zero,
        closing: zero,
        previous_root: [0; 32],
        root: [1; 32],
    };
    ledger.keep_statement(&statement).await.unwrap();
    keep_reconciliation(db.pg(), &found()).await.unwrap();
    ledger
}

fn found() -> Reconciliation {
    let difference = i128::from(i64::MAX) * 3;
    let report = serde_json::json!({"payers": ["acc_1"]});
    Reconciliation { at: at(9), payers: 2, differing: 1, difference, report }
}

/// That a table with rows refuses every change, even to its owner and a superuser, who has every right.
pub(crate) async fn never_changes(db: &Database, table: &str, column: &str) {
    let client = db.client().await;
    let changes = [
        format!("update {table} set {column} = {column}"),
        format!("update {table} set {column} = 1 where false"),
        format!("delete from {table}"),
        format!("delete from {table} where false"),
        format!("truncate {table}"),
        format!("set session_replication_role = replica; delete from {table}"),
    ];
    for change in changes {
        let error = client.batch_execute(&change).await.unwrap_err();
        let text = error.as_db_error().map(|error| error.message().to_owned());
        let text = text.unwrap_or_default();
        assert!(text.contains("append-only"), "{change}: {text}");
        client.batch_execute("reset session_replication_role").await.unwrap();
    }
    let rows = client.query_one(&format!("select count(*) from {table}"), &[]).await.unwrap();
    assert!(rows.get::<_, i64>(0) > 0, "{table}");
}

#[tokio::test]
async fn what_was_written_never_changes() {
    let db = database().await;
    written(&db).await;
    let tables =
        [("transfer", "payer_id"), ("statement", "payer_id"), ("reconciliation", "payers")];
    for (table, column) in tables {
        never_changes(&db, table, column).await;
    }
}

#[tokio::test]
async fn sums_that_differ_from_their_lines_are_found() {
    let db = database().await;
    written(&db).await;
    assert_eq!(differing_payers(db.pg()).await.unwrap(), []);
    let client = db.client().await;
    let lies = [
        ("ledger_payer", "charged = charged + 1", "charged = charged - 1"),
        ("ledger_payer", "lines = lines - 1", "lines = lines + 1"),
        (
            "ledger_payer",
            "paid = paid - 1, promoted = promoted + 1",
            "paid = paid + 1, promoted = 0",
        ),
        ("credit_grant", "remaining = remaining - 1", "remaining = remaining + 1"),
    ];
    for (table, lie, truth) in lies {
        client.batch_execute(&format!("update {table} set {lie}")).await.unwrap();
        assert_eq!(differing_payers(db.pg()).await.unwrap(), [PAYER], "{lie}");
        client.batch_execute(&format!("update {table} set {truth}")).await.unwrap();
        assert_eq!(differing_payers(db.pg()).await.unwrap(), [], "{truth}");
    }
}

#[tokio::test]
async fn what_the_auditor_found_is_kept() {
    let db = database().await;
    assert_eq!(last_reconciliation(db.pg()).await.unwrap(), None);
    keep_reconciliation(db.pg(), &Reconciliation { payers: 9, ..found() }).await.unwrap();
    keep_reconciliation(db.pg(), &found()).await.unwrap();
    assert_eq!(last_reconciliation(db.pg()).await.unwrap(), Some(found()));
}

/// From the wallet into the ledger and back, as `billing` does it.
#[tokio::test]
async fn wallet_and_ledger_agree_at_rest() {
    let db = database().await;
    let (wallet, ledger) = (PgWallet::new(db.pg().clone()), PgLedger::new(db.pg().clone()));
    ledger.record_grant(&grant(), at(0)).await.unwrap();
    let id = TransferId::Grant { grant: grant().id };
    let gift = WalletAdjustment { payer: PAYER, id, amount: grant().amount };
    wallet.adjust(&gift).await.unwrap();
    ledger.mark_in_wallet(&grant().id).await.unwrap();
    let charges: Vec<Charge> = (0..20).map(charge).collect();
    for charge in &charges {
        let outcome = wallet.commit(charge, &[]).await.unwrap();
        assert_eq!(outcome, ChargeOutcome::Charged { attempt: 1 });
    }
    let ids: Vec<_> = charges.iter().map(Charge::reference).collect();
    let stored = wallet.charges(&ids).await.unwrap();
    ledger.post(&stored, at(3)).await.unwrap();
    wallet.mark_posted(&ids, at(4)).await.unwrap();
    let (balance, known) =
        (wallet.balance(PAYER).await.unwrap(), ledger.payer(PAYER).await.unwrap());
    assert_eq!((balance.available, balance.spent), (known.grants[0].remaining, known.debited));
    assert_eq!(balance.funded, known.credited);
    assert!(wallet.view(PAYER).await.unwrap().charges.is_empty());
}
