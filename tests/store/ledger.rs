//! The ledger's own promises: nothing that was written changes, and everything adds up.

use model::port::{Ledger, Wallet};
use model::time::Timestamp;
use model::wallet::{ChargeOutcome, WalletAdjustment};
use model::{
    Charge, ChargeId, ChargeSource, ChargeState, Grant, GrantKind, KeyId, MicroCredits, Month,
    PayerId, PriceClass, PriceItem, Statement, TransferId, Usage,
};
use store::pg::ledger::{
    PgLedger, Reconciliation, TransferPlace, differing_payers, keep_reconciliation,
    last_reconciliation, newest, one, statements,
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

/// Lines of one millisecond are in the order of their ids; another payer's are not seen.
#[tokio::test]
async fn a_payer_reads_its_newest_lines_page_by_page() {
    let db = database().await;
    let ledger = PgLedger::new(db.pg().clone());
    let other = PayerId::new(2);
    ledger.record_grant(&grant(), at(0)).await.unwrap();
    let theirs = Grant::new("pay-2".parse().unwrap(), other, GrantKind::Paid, grant().amount);
    ledger.record_grant(&theirs, at(0)).await.unwrap();
    for (number, second) in [(1, 3), (2, 3), (3, 3), (4, 5)] {
        ledger.post(&[charge(number)], at(second)).await.unwrap();
    }
    ledger.post(&[Charge { payer: other, ..charge(5) }], at(9)).await.unwrap();
    let ids = async |only_charges, limit| {
        let (mut ids, mut before) = (Vec::new(), None);
        loop {
            let page = newest(db.pg(), PAYER, only_charges, before.take(), limit).await.unwrap();
            let Some(last) = page.last() else { return ids };
            before = Some(TransferPlace { posted_at: last.posted_at, id: last.id.clone() });
            assert!(page.iter().all(|line| line.payer == PAYER));
            ids.extend(page.into_iter().map(|line| line.id));
        }
    };
    let mut all: Vec<TransferId> =
        [4, 3, 2, 1].map(|number| TransferId::Charge { charge: charge(number).id }).to_vec();
    for limit in [1, 2, u32::MAX] {
        assert_eq!(ids(true, limit).await, all);
    }
    all.push(TransferId::Grant { grant: grant().id });
    assert_eq!(ids(false, 2).await, all);
    assert_eq!(newest(db.pg(), PAYER, false, None, 0).await.unwrap(), []);
    let found = one(db.pg(), PAYER, &all[0]).await.unwrap().unwrap();
    assert_eq!((found.transfer.id, found.draws.len()), (all[0].clone(), 1));
    assert_eq!(one(db.pg(), other, &all[0]).await.unwrap(), None);
    let unknown = TransferId::Charge { charge: charge(9).id };
    assert_eq!(one(db.pg(), PAYER, &unknown).await.unwrap(), None);
}

#[tokio::test]
async fn a_payer_reads_its_newest_statements() {
    let db = database().await;
    let ledger = written(&db).await;
    let first = statements(db.pg(), PAYER, 9).await.unwrap().remove(0);
    let next = Statement { month: first.month.next(), previous_root: first.root, ..first.clone() };
    let theirs = Statement { payer: PayerId::new(2), ..next.clone() };
    for statement in [&next, &theirs] {
        ledger.keep_statement(statement).await.unwrap();
    }
    assert_eq!(statements(db.pg(), PAYER, 9).await.unwrap(), [next.clone(), first]);
    assert_eq!(statements(db.pg(), PAYER, 1).await.unwrap(), [next]);
    assert_eq!(statements(db.pg(), theirs.payer, 9).await.unwrap(), [theirs]);
    assert_eq!(statements(db.pg(), PayerId::new(3), 9).await.unwrap(), []);
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
