//! What payers spent, by key, route and day.

use model::port::Ledger;
use model::{Charge, Day, Grant, GrantKind, KeyId, MicroCredits, PayerId};
use store::pg::ledger::PgLedger;
use store::pg::spending::{ROWS_MAX, UsageGrouping, UsageRow, spent_on, usage};
use testkit::{Database, database};

use crate::ledger::{PAYER, at, charge};

const OTHER: PayerId = PayerId::new(2);
/// Seconds until the day after that of second 0.
const DAY: i64 = 86_400;

fn today(later: u16) -> Day {
    Day(Day::of(at(0)).0 + later)
}

/// Charges of 1, 2, 4, … micro-credits, of two keys, routes and days; the last is another payer's.
async fn spent(db: &Database) {
    let ledger = PgLedger::new(db.pg().clone());
    for payer in [PAYER, OTHER] {
        let (id, amount) = (format!("pay-{payer}").parse().unwrap(), MicroCredits::new(1_000));
        let grant = Grant::new(id, payer, GrantKind::Paid, amount);
        ledger.record_grant(&grant, at(-9)).await.unwrap();
    }
    let parts = [
        (PAYER, 7, "/v1/people", 0),
        (PAYER, 7, "/v1/search", 0),
        (PAYER, 8, "/v1/people", 0),
        (PAYER, 7, "/v1/people", DAY),
        (PAYER, 8, "/v1/people", DAY),
        (OTHER, 9, "/v1/people", 0),
    ];
    let charges = (0u8..).zip(parts).map(|(number, (payer, key, route, second))| Charge {
        payer,
        key: KeyId::new(key),
        route: route.to_owned(),
        cost: MicroCredits::new(1 << number),
        served_at: Some(at(second)),
        ..charge(number)
    });
    let charges: Vec<Charge> = charges.collect();
    for _ in 0..2 {
        ledger.post(&charges, at(DAY)).await.unwrap();
    }
}

fn row(
    key: Option<u64>,
    route: Option<&str>,
    day: Option<u16>,
    (charges, micros): (u64, i64),
) -> UsageRow {
    UsageRow {
        key: key.map(KeyId::new),
        route: route.map(str::to_owned),
        day: day.map(today),
        charges,
        amount: MicroCredits::new(micros),
    }
}

#[tokio::test]
async fn spending_is_grouped_as_asked() {
    let db = database().await;
    spent(&db).await;
    let all = UsageGrouping::default();
    let of = async |grouping| usage(db.pg(), PAYER, today(0), today(1), grouping).await.unwrap();
    assert_eq!(of(all).await, [row(None, None, None, (5, 31))]);
    let by_key = UsageGrouping { by_key: true, ..all };
    let keys = [row(Some(8), None, None, (2, 20)), row(Some(7), None, None, (3, 11))];
    assert_eq!(of(by_key).await, keys);
    let by_route = UsageGrouping { by_route: true, ..all };
    let (people, search) = (Some("/v1/people"), Some("/v1/search"));
    assert_eq!(
        of(by_route).await,
        [row(None, people, None, (4, 29)), row(None, search, None, (1, 2))]
    );
    let by_day = UsageGrouping { by_day: true, ..all };
    assert_eq!(
        of(by_day).await,
        [row(None, None, Some(1), (2, 24)), row(None, None, Some(0), (3, 7))]
    );
    let each = [
        row(Some(8), people, Some(1), (1, 16)),
        row(Some(7), people, Some(1), (1, 8)),
        row(Some(8), people, Some(0), (1, 4)),
        row(Some(7), search, Some(0), (1, 2)),
        row(Some(7), people, Some(0), (1, 1)),
    ];
    assert_eq!(of(UsageGrouping { by_key: true, by_route: true, by_day: true }).await, each);
}

#[tokio::test]
async fn spending_is_of_the_days_and_the_payer_asked_for() {
    let db = database().await;
    spent(&db).await;
    let all = UsageGrouping::default();
    let of = async |payer, from, until| usage(db.pg(), payer, from, until, all).await.unwrap();
    assert_eq!(of(PAYER, today(0), today(0)).await, [row(None, None, None, (3, 7))]);
    assert_eq!(of(PAYER, today(1), Day(u16::MAX)).await, [row(None, None, None, (2, 24))]);
    assert_eq!(of(OTHER, Day(0), today(1)).await, [row(None, None, None, (1, 32))]);
    let none: [UsageRow; 0] = [];
    assert_eq!(of(PAYER, today(1), today(0)).await, none);
    assert_eq!(of(PayerId::new(3), Day(0), Day(u16::MAX)).await, none);
    let spent = async |payer, day| spent_on(db.pg(), payer, day).await.unwrap().micros();
    assert_eq!((spent(PAYER, today(0)).await, spent(PAYER, today(1)).await), (7, 24));
    assert_eq!((spent(OTHER, today(0)).await, spent(OTHER, today(1)).await), (32, 0));
}

#[tokio::test]
async fn an_answer_has_the_largest_amounts() {
    let db = database().await;
    let fill = format!(
        "insert into usage_day select 1, 1, n, '/v1/people', 1, n from generate_series(1, {ROWS_MAX} + 1) n"
    );
    db.client().await.batch_execute(&fill).await.unwrap();
    let by_key = UsageGrouping { by_key: true, ..UsageGrouping::default() };
    let rows = usage(db.pg(), PAYER, Day(0), Day(9), by_key).await.unwrap();
    assert_eq!(rows.len(), ROWS_MAX as usize);
    let amounts = [&rows[0], &rows[rows.len() - 1]].map(|row| row.amount.micros());
    assert_eq!(amounts, [i64::from(ROWS_MAX) + 1, 2]);
}
