//! Published prices, and what was used of each class: counted once, in any order of posting.

use std::collections::BTreeMap;

use model::port::Ledger;
use model::{
    Charge, ChargeId, Day, Epoch, Excess, Grant, GrantKind, KeyId, MicroCredits, PayerId,
    PriceClass, PriceIndex, PriceItem, PublishedEpoch, Usage,
};
use store::pg::ledger::PgLedger;
use store::pg::price::{
    self, EPOCHS_MAX, PayerClassUse, REFUSALS_MAX, RETIRED_MAX, RefusedRequest,
};
use testkit::{Database, database};

use crate::ledger::{at, charge, never_changes};

fn epoch(number: u32) -> Epoch {
    Epoch::of(at(0)).after(number)
}

fn published(class: PriceClass, number: u32) -> PublishedEpoch {
    PublishedEpoch {
        class,
        epoch: epoch(number),
        used: u64::MAX - u64::from(number),
        target: 1_000,
        excess: Excess::MAX,
        index: PriceIndex::MAX,
        hash: [number as u8; 32],
    }
}

/// Publishes epochs with these numbers, one after the other.
async fn publish(db: &Database, class: PriceClass, numbers: &[u32]) {
    let mut after = None;
    for &number in numbers {
        let next = published(class, number);
        assert!(price::publish(db.pg(), &next, after).await.unwrap(), "{class} {number}");
        after = Some(next.epoch);
    }
}

fn all(class: PriceClass, numbers: &[u32]) -> Vec<PublishedEpoch> {
    numbers.iter().map(|&number| published(class, number)).collect()
}

#[tokio::test]
async fn epochs_are_read_as_they_were_published_in_order() {
    let db = database().await;
    let (graph, live) = (PriceClass::Graph, PriceClass::Live);
    assert_eq!(price::book(db.pg(), epoch(9)).await.unwrap(), []);
    publish(&db, graph, &[0, 1, 2, 5]).await;
    publish(&db, live, &[3]).await;
    let recent = async |class, count| price::recent(db.pg(), class, count).await.unwrap();
    assert_eq!(recent(graph, 2).await, all(graph, &[2, 5]));
    assert_eq!(recent(graph, u32::MAX).await, all(graph, &[0, 1, 2, 5]));
    assert_eq!(recent(PriceClass::Search, 5).await, []);
    let history = async |from, limit| price::history(db.pg(), graph, epoch(from), limit).await;
    assert_eq!(history(1, 2).await.unwrap(), all(graph, &[1, 2]));
    assert_eq!(history(3, EPOCHS_MAX).await.unwrap(), all(graph, &[5]));
    assert_eq!(history(6, 1).await.unwrap(), []);
    let book = async |until| price::book(db.pg(), epoch(until)).await.unwrap();
    assert_eq!(book(4).await, [all(graph, &[1, 2]), all(live, &[3])].concat());
    assert_eq!(book(5).await, [all(graph, &[2, 5]), all(live, &[3])].concat());
    assert_eq!(book(0).await, all(graph, &[0]));
}

#[tokio::test]
async fn an_epoch_is_published_once_and_only_after_the_last() {
    let db = database().await;
    let class = PriceClass::Search;
    publish(&db, class, &[4, 5]).await;
    let publish = async |number, after: Option<u32>| {
        price::publish(db.pg(), &published(class, number), after.map(epoch)).await.unwrap()
    };
    for (number, after) in
        [(5, Some(4)), (5, Some(5)), (6, None), (6, Some(4)), (6, Some(6)), (3, Some(5))]
    {
        assert!(!publish(number, after).await, "{number} after {after:?}");
    }
    let changed = PublishedEpoch { used: 1, ..published(class, 5) };
    assert!(!price::publish(db.pg(), &changed, Some(epoch(4))).await.unwrap());
    assert_eq!(price::recent(db.pg(), class, 9).await.unwrap(), all(class, &[4, 5]));
    never_changes(&db, "published_epoch", "used").await;
}

/// One that read the last epoch a minute ago must not chain its own to that.
#[tokio::test]
async fn of_many_who_publish_after_the_same_epoch_one_does() {
    let db = database().await;
    publish(&db, PriceClass::Graph, &[0]).await;
    let publish = async |number| {
        let next = published(PriceClass::Graph, number);
        price::publish(db.pg(), &next, Some(epoch(0))).await.unwrap()
    };
    let done = futures::future::join_all((1..9).map(publish)).await;
    assert_eq!(done.iter().filter(|&&is_done| is_done).count(), 1, "{done:?}");
    assert_eq!(price::recent(db.pg(), PriceClass::Graph, 9).await.unwrap().len(), 2);
}

const PAYERS: u64 = 4;

/// Four payers, two classes, three keys, two routes, two epochs and days; each id is another charge.
fn varied(number: u64) -> Charge {
    let mut id = [9; 20];
    id[..8].copy_from_slice(&number.to_be_bytes());
    let usage = match number % 2 {
        0 => Usage::of(PriceClass::Graph).with(PriceItem::PersonRow, number % 5),
        _ => Usage::of(PriceClass::Search).with(PriceItem::PersonRow, 9),
    };
    let served_at = if number.is_multiple_of(3) { at(0) } else { at(100_000) };
    Charge {
        id: ChargeId::new(id),
        payer: PayerId::new(1 + number % PAYERS),
        key: KeyId::new(number % 3),
        route: if number.is_multiple_of(5) { "/v1/people" } else { "/v1/search" }.to_owned(),
        usage: usage.with(PriceItem::ReadCall, 1),
        cost: MicroCredits::new(1 + number as i64),
        served_at: Some(served_at),
        ..charge(1)
    }
}

async fn funded(db: &Database, payers: u64) -> PgLedger {
    let ledger = PgLedger::new(db.pg().clone());
    for payer in 1..=payers {
        let (id, amount) = (format!("pay-{payer}").parse().unwrap(), MicroCredits::new(1 << 40));
        let grant = Grant::new(id, PayerId::new(payer), GrantKind::Paid, amount);
        ledger.record_grant(&grant, at(0)).await.unwrap();
    }
    ledger
}

type Uses = BTreeMap<(PriceClass, Epoch, PayerId), u64>;
type Days = BTreeMap<(u64, Day, u64, String), (i64, i64)>;

/// What these charges add up to, counted one by one.
fn expected(charges: &[Charge]) -> (Uses, Days) {
    let (mut uses, mut days) = (Uses::new(), Days::new());
    for charge in charges {
        let (at, class) = (charge.served_at.unwrap(), charge.usage.class());
        let units = charge.usage.capacity_units().unwrap();
        if units > 0 {
            *uses.entry((class, Epoch::of(at), charge.payer)).or_default() += units;
        }
        let (payer, key) = (charge.payer.number(), charge.key.number());
        let count = days.entry((payer, Day::of(at), key, charge.route.clone())).or_default();
        *count = (count.0 + 1, count.1 + charge.cost.micros());
    }
    (uses, days)
}

async fn counted(db: &Database) -> (Uses, Days) {
    let mut uses = Uses::new();
    for class in PriceClass::ALL {
        for epoch in [0, 100_000].map(|second| Epoch::of(at(second))) {
            for of in price::class_use(db.pg(), class, epoch).await.unwrap() {
                assert_eq!(of.refused, 0);
                uses.insert((class, epoch, of.payer), of.paid);
            }
        }
    }
    let sql = "select payer_id, day, key_id, route, charges, amount from usage_day";
    let rows = db.client().await.query(sql, &[]).await.unwrap();
    let number = |row: &tokio_postgres::Row, column| row.get::<_, i64>(column) as u64;
    let days = rows.iter().map(|row| {
        let day = Day(row.get::<_, i32>("day") as u16);
        let key = (number(row, "payer_id"), day, number(row, "key_id"), row.get("route"));
        (key, (row.get("charges"), row.get("amount")))
    });
    (uses, days.collect())
}

#[tokio::test]
async fn charges_are_counted_by_class_and_by_day_when_they_are_posted() {
    let db = database().await;
    let ledger = funded(&db, PAYERS).await;
    assert_eq!(counted(&db).await, (Uses::new(), Days::new()), "a grant is not counted");
    let charges: Vec<Charge> = (0..100).map(varied).collect();
    for some in charges.chunks(30) {
        ledger.post(some, at(9)).await.unwrap();
    }
    assert_eq!(counted(&db).await, expected(&charges));
    // Again, and what no grant covers.
    ledger.post(&charges, at(10)).await.unwrap();
    let uncovered = Charge { payer: PayerId::new(77), ..varied(200) };
    ledger.post(&[uncovered], at(10)).await.unwrap();
    assert_eq!(counted(&db).await, expected(&charges));
}

/// Meters that post overlapping batches of the same payers, each in another order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_post_at_once_count_each_charge_once() {
    let db = database().await;
    let ledger = funded(&db, PAYERS).await;
    let charges: Vec<Charge> = (0..600).map(varied).collect();
    let post = async |meter: usize| {
        for start in 0..charges.len() / 50 {
            let from = (start * (2 * meter + 1) * 50 + meter * 25) % (charges.len() - 50);
            let mut some = charges[from..from + 50].to_vec();
            some.rotate_left(7 * meter);
            ledger.post(&some, at(9)).await.unwrap();
        }
    };
    futures::future::join_all((0..5).map(post)).await;
    ledger.post(&charges, at(10)).await.unwrap();
    assert_eq!(counted(&db).await, expected(&charges));
}

#[tokio::test]
async fn what_is_more_than_can_be_counted_stops_no_charge() {
    let db = database().await;
    let ledger = funded(&db, 1).await;
    let rows = |count| Usage::of(PriceClass::Graph).with(PriceItem::RankRow, count);
    let huge = [rows(u64::MAX), rows(u64::MAX).with(PriceItem::PersonRow, 1), rows(5)];
    for (number, usage) in huge.into_iter().enumerate() {
        ledger.post(&[Charge { usage, ..charge(number as u8) }], at(9)).await.unwrap();
    }
    let used = price::class_use(db.pg(), PriceClass::Graph, Epoch::of(at(2))).await.unwrap();
    let paid = i64::MAX as u64;
    assert_eq!(used, [PayerClassUse { payer: PayerId::new(1), paid, refused: 0 }]);
}

fn refused(payer: u64, request: u8, units: u64) -> RefusedRequest {
    let (class, payer) = (PriceClass::Graph, PayerId::new(payer));
    RefusedRequest { class, epoch: Epoch::of(at(2)), payer, request: [request; 32], units }
}

#[tokio::test]
async fn a_refused_request_is_noted_once_and_of_those_who_paid() {
    let db = database().await;
    let ledger = funded(&db, 2).await;
    ledger.post(&[charge(1)], at(9)).await.unwrap();
    let other = RefusedRequest { class: PriceClass::Live, ..refused(1, 1, 6) };
    let later = RefusedRequest { epoch: Epoch::of(at(62)), ..refused(1, 1, 6) };
    let notes = [refused(1, 1, 4), refused(1, 1, 4), refused(1, 2, 5), refused(2, 1, 7)];
    for note in notes.iter().chain([&other, &later]) {
        price::note_refused(db.pg(), note).await.unwrap();
    }
    let used = async || price::class_use(db.pg(), PriceClass::Graph, Epoch::of(at(2))).await;
    let payer = PayerId::new(1);
    assert_eq!(used().await.unwrap(), [PayerClassUse { payer, paid: 3, refused: 9 }]);
    for request in [3, 4] {
        price::note_refused(db.pg(), &refused(1, request, u64::MAX)).await.unwrap();
    }
    assert_eq!(used().await.unwrap()[0].refused, i64::MAX as u64);
}

#[tokio::test]
async fn refused_requests_of_a_payer_are_bounded() {
    let db = database().await;
    let fill = format!(
        "insert into refused_request select {}, 2, 1, int4send(n), 1 from generate_series(1, {}) n",
        Epoch::of(at(2)).number(),
        REFUSALS_MAX - 1
    );
    db.client().await.batch_execute(&fill).await.unwrap();
    for request in 0..3 {
        price::note_refused(db.pg(), &refused(1, request, 1)).await.unwrap();
        price::note_refused(db.pg(), &refused(2, request, 1)).await.unwrap();
    }
    let sql = "select count(*) from refused_request where payer_id = $1";
    for (payer, expected) in [(1i64, i64::from(REFUSALS_MAX)), (2, 3)] {
        let row = db.client().await.query_one(sql, &[&payer]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), expected);
    }
}

#[tokio::test]
async fn what_was_used_is_forgotten_in_bounded_steps() {
    let db = database().await;
    let many = RETIRED_MAX + 5;
    let first = epoch(0).number();
    let fill = format!(
        "insert into class_use select {first} + n, 1, n, 1 from generate_series(1, {many}) n;
        insert into refused_request
            select {first} + n % 10, 1, n, '\\x00', 1 from generate_series(0, 99) n"
    );
    db.client().await.batch_execute(&fill).await.unwrap();
    let retire = async |before| price::retire_use(db.pg(), epoch(before)).await.unwrap();
    assert_eq!(retire(0).await, 0);
    assert_eq!(retire(2).await, 1 + 20);
    assert_eq!(retire(many).await, u64::from(RETIRED_MAX) + 80);
    assert_eq!(retire(many).await, 3);
    assert_eq!(retire(many).await, 0);
    let left = price::class_use(db.pg(), PriceClass::Search, epoch(many)).await.unwrap();
    let payer = PayerId::new(u64::from(many));
    assert_eq!(left, [PayerClassUse { payer, paid: 1, refused: 0 }]);
}
