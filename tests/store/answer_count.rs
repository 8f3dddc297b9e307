//! Counts of answers by key and day.

use model::{Day, KeyId, PayerId};
use store::pg::answer_count::{self, AnswerCounts, CountedKey, DayCounts, RETIRED_MAX};
use testkit::database;

fn counts(free: u64, charged: u64) -> AnswerCounts {
    AnswerCounts { free, charged }
}

/// A key of payer 9.
fn key(number: u64) -> CountedKey {
    CountedKey { key: KeyId::new(number), payer: PayerId::new(9) }
}

#[tokio::test]
async fn answers_add_up_by_payer_too() {
    let db = database().await;
    let add = async |counted, day, more| {
        answer_count::add(db.pg(), counted, Day(day), more).await.unwrap()
    };
    let sums = |key, payer| DayCounts { key, payer };
    let none = AnswerCounts::default();
    assert_eq!(add(key(1), 5, counts(2, 1)).await, sums(counts(2, 1), counts(2, 1)));
    assert_eq!(add(key(2), 5, counts(3, 0)).await, sums(counts(3, 0), counts(5, 1)));
    assert_eq!(add(key(1), 5, none).await, sums(counts(2, 1), counts(5, 1)));
    let other = CountedKey { payer: PayerId::new(8), ..key(3) };
    assert_eq!(add(other, 5, counts(1, 1)).await, sums(counts(1, 1), counts(1, 1)));
    assert_eq!(add(key(1), 6, none).await, sums(none, none), "another day");
}

#[tokio::test]
async fn answers_add_up_by_key_and_day() {
    let db = database().await;
    let add = async |number, day, more| {
        answer_count::add(db.pg(), key(number), Day(day), more).await.unwrap().key
    };
    assert_eq!(add(1, 5, counts(0, 0)).await, counts(0, 0));
    assert_eq!(add(1, 5, counts(2, 1)).await, counts(2, 1));
    assert_eq!(add(1, 5, counts(3, 0)).await, counts(5, 1));
    assert_eq!(add(2, 5, counts(1, 0)).await, counts(1, 0));
    assert_eq!(add(1, 6, counts(1, 0)).await, counts(1, 0));
    let most = i64::MAX as u64;
    assert_eq!(add(1, 6, counts(u64::MAX, u64::MAX)).await, counts(most, most));
    assert_eq!(add(1, 6, counts(1, 1)).await, counts(most, most));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_count_at_once_lose_nothing() {
    let db = database().await;
    let add = |n: u64| answer_count::add(db.pg(), key(n % 2), Day(5), counts(1, n));
    let sums = futures::future::join_all((0..40).map(add)).await;
    let mut seen: Vec<u64> = sums.into_iter().map(|sum| sum.unwrap().key.free).collect();
    seen.sort_unstable();
    let each_twice: Vec<u64> = (1..=20).flat_map(|free| [free, free]).collect();
    assert_eq!(seen, each_twice, "each saw the sum after its own");
    let last = answer_count::add(db.pg(), key(0), Day(5), counts(0, 0)).await.unwrap();
    assert_eq!(last.key, counts(20, (0..40).step_by(2).sum()));
    assert_eq!(last.payer, counts(40, (0..40).sum()));
}

#[tokio::test]
async fn old_days_are_forgotten_in_bounded_steps() {
    let db = database().await;
    let fill = format!(
        "insert into answer_count select n % 2, n, 1, 1 from generate_series(1, {RETIRED_MAX} + 3) n;
        insert into answer_count values (2, 1, 7, 8);
        insert into payer_answer_count values (1, 9, 1, 1), (2, 9, 7, 8)"
    );
    db.client().await.batch_execute(&fill).await.unwrap();
    let retire = async |day| answer_count::retire(db.pg(), Day(day)).await.unwrap();
    assert_eq!(retire(0).await, 0);
    assert_eq!(retire(2).await, u64::from(RETIRED_MAX) + 1);
    assert_eq!(retire(2).await, 3);
    assert_eq!(retire(2).await, 0);
    let left = answer_count::add(db.pg(), key(1), Day(2), counts(0, 0)).await.unwrap();
    assert_eq!(left, DayCounts { key: counts(7, 8), payer: counts(7, 8) });
}
