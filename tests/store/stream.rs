//! One order of all events, however many write and read at the same time.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::time::Day;
use model::{ChangeKind, ChangePosition, PayerId, ProfileId};
use store::Pg;
use store::pg::change::{self, Change, ChangeScan, EventKey, PageStart, PlacedEvent};
use store::pg::retention::{RetentionPolicy, sweep};
use testkit::{Database, database};

use crate::web::{at, crawled, events, page};

const WRITE: &str = "insert into change_log (day, at_ms, kind, subject)
    select $1, 0, 2, $2::bigint + n from generate_series(1, $3::int) n";

fn today() -> i32 {
    i32::from(Day::of(at(0)).0)
}

fn subjects(events: &[PlacedEvent]) -> Vec<u64> {
    events.iter().filter_map(|placed| placed.event.subject.map(ProfileId::number)).collect()
}

/// Opens the day and empties the stream of what that wrote.
async fn opened() -> Database {
    let db = database().await;
    db.client().await.execute("select open_day($1)", &[&today()]).await.unwrap();
    db
}

/// A transaction that began early and commits late comes late, and nothing waits for it.
#[tokio::test]
async fn who_commits_late_comes_late_and_keeps_no_reader_waiting() {
    let db = opened().await;
    let slow = db.client().await;
    slow.batch_execute("begin").await.unwrap();
    slow.execute(WRITE, &[&today(), &100_i64, &2_i32]).await.unwrap();
    crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let before = events(db.pg(), ChangePosition::default()).await;
    assert_eq!(before.len(), 1);
    slow.batch_execute("commit").await.unwrap();
    let after = events(db.pg(), before[0].position).await;
    assert_eq!(subjects(&after), [101, 102]);
    assert!(before[0].position < after[0].position && after[0].position < after[1].position);
    let lost = db.client().await;
    lost.batch_execute("begin").await.unwrap();
    lost.execute(WRITE, &[&today(), &200_i64, &1_i32]).await.unwrap();
    lost.batch_execute("rollback").await.unwrap();
    assert_eq!(events(db.pg(), after[1].position).await, []);
}

/// Follows the stream until nothing more is written; all that it saw.
async fn follow(pg: Pg, is_done: Arc<AtomicBool>) -> Vec<PlacedEvent> {
    let (mut seen, mut last) = (Vec::new(), ChangePosition::default());
    loop {
        let was_done = is_done.load(Ordering::SeqCst);
        let page = change::page(&pg, last, 7).await.unwrap();
        last = page.last().map_or(last, |placed| placed.position);
        // One who found nothing after the last commit may have met another who was placing it.
        let bounds = change::sequence(&pg).await.unwrap();
        let is_end = page.is_empty() && was_done && bounds.head == last;
        seen.extend(page);
        if is_end {
            return seen;
        }
        tokio::task::yield_now().await;
    }
}

/// Writes one transaction after the other, of several statements each; every fourth is undone.
async fn write(db: &Database, writer: i64) -> Vec<u64> {
    let client = db.client().await;
    let mut kept = Vec::new();
    for round in 0..25_i64 {
        client.batch_execute("begin").await.unwrap();
        for statement in 0..3_i64 {
            let first = writer * 100_000 + round * 1_000 + statement * 100;
            client.execute(WRITE, &[&today(), &first, &3_i32]).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis((writer * 7 + round) as u64 % 5))
                .await;
            if round % 4 != 0 {
                kept.extend((1..=3).map(|n| (first + n) as u64));
            }
        }
        let end = if round % 4 == 0 { "rollback" } else { "commit" };
        client.batch_execute(end).await.unwrap();
    }
    kept
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_concurrent_writers_see_everything_once_and_in_one_order() {
    let db = Arc::new(opened().await);
    let is_done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> =
        (0..3).map(|_| tokio::spawn(follow(db.pg().clone(), Arc::clone(&is_done)))).collect();
    let writers: Vec<_> = (1..=6)
        .map(|writer| {
            let db = Arc::clone(&db);
            tokio::spawn(async move { write(&db, writer).await })
        })
        .collect();
    let mut written = Vec::new();
    for writer in writers {
        written.extend(writer.await.unwrap());
    }
    change::sequence(db.pg()).await.unwrap();
    is_done.store(true, Ordering::SeqCst);
    written.sort_unstable();
    let mut orders = HashSet::new();
    for reader in readers {
        let seen = reader.await.unwrap();
        assert!(seen.windows(2).all(|pair| pair[0].position < pair[1].position));
        let mut found = subjects(&seen);
        orders.insert(found.clone());
        found.sort_unstable();
        assert_eq!(found, written, "each once, and nothing that was undone");
    }
    assert_eq!(orders.len(), 1, "all readers see one order");
}

/// A later statement of a transaction depends on what another one committed between.
#[tokio::test]
async fn what_was_seen_comes_before_what_was_written_upon_it() {
    let db = opened().await;
    let (early, late) = (db.client().await, db.client().await);
    early.batch_execute("begin").await.unwrap();
    early.execute(WRITE, &[&today(), &10_i64, &1_i32]).await.unwrap();
    late.execute(WRITE, &[&today(), &20_i64, &1_i32]).await.unwrap();
    early.execute(WRITE, &[&today(), &30_i64, &1_i32]).await.unwrap();
    early.batch_execute("commit").await.unwrap();
    let found = subjects(&events(db.pg(), ChangePosition::default()).await);
    let place = |subject| found.iter().position(|&one| one == subject).unwrap();
    assert!(place(21) < place(31), "{found:?}");
}

#[tokio::test]
async fn parts_of_the_stream_are_the_whole_whatever_their_bounds() {
    let db = opened().await;
    let client = db.client().await;
    for (first, count) in [(0, 5), (100, 1), (200, 4)] {
        client.execute(WRITE, &[&today(), &i64::from(first), &count]).await.unwrap();
    }
    crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let whole = events(db.pg(), ChangePosition::default()).await;
    let head = change::sequence(db.pg()).await.unwrap().head;
    let part = async |after: u64, until: u64, kinds: &[ChangeKind]| {
        let (after, until) = (ChangePosition::new(after), ChangePosition::new(until));
        change::scan(db.pg(), &ChangeScan { after, until, kinds, limit: 100 }).await.unwrap()
    };
    for step in 1..=head.number() {
        let mut parts = Vec::new();
        for from in (0..head.number()).step_by(step as usize) {
            parts.extend(part(from, from + step, &[]).await);
        }
        assert_eq!(parts, whole, "in steps of {step}");
    }
    let arcs = part(0, head.number(), &[ChangeKind::Arcs]).await;
    assert_eq!(arcs.len(), 1);
    assert!(matches!(arcs[0].event.change, Change::Arcs { .. }));
    assert_eq!(arcs[0].position, whole.last().unwrap().position);
}

#[tokio::test]
async fn what_is_dropped_lies_below_the_floor_though_it_was_never_read() {
    const DAY: i64 = 86_400;
    let db = database().await;
    for (day, name) in (0..).zip(["ada", "bob", "eve"]) {
        crawled(db.pg(), page(name), &["x"], at(day * DAY)).await;
    }
    let policy = RetentionPolicy { change_days: 1, ..RetentionPolicy::default() };
    sweep(db.pg(), at(2 * DAY), policy).await.unwrap();
    let bounds = change::sequence(db.pg()).await.unwrap();
    let left = events(db.pg(), bounds.floor).await;
    let days: Vec<_> = left.iter().map(|placed| placed.event.at).collect();
    assert_eq!(days, [at(DAY), at(2 * DAY)]);
    assert!(bounds.floor.number() >= 1 && left[0].position > bounds.floor);
    assert_eq!(events(db.pg(), ChangePosition::default()).await, left);
    sweep(db.pg(), at(9 * DAY), policy).await.unwrap();
    let empty = change::sequence(db.pg()).await.unwrap();
    assert_eq!((empty.floor, empty.head), (bounds.head, bounds.head), "no position is given again");
    crawled(db.pg(), page("joe"), &["x"], at(9 * DAY)).await;
    assert!(events(db.pg(), empty.head).await[0].position > empty.head);
}

const BACKFILL: &str =
    include_str!("../../migrations/V20261130801100__sequence_logged_changes.sql");

/// What was logged before there was a stream has the order in which it was read, and readers go on where they were.
#[tokio::test]
async fn a_log_of_before_is_sequenced_as_it_was_read() {
    let db = opened().await;
    let (one, other) = (db.client().await, db.client().await);
    one.batch_execute("begin").await.unwrap();
    one.execute(WRITE, &[&today(), &10_i64, &2_i32]).await.unwrap();
    other.execute(WRITE, &[&today(), &20_i64, &2_i32]).await.unwrap();
    one.execute(WRITE, &[&today(), &30_i64, &1_i32]).await.unwrap();
    one.batch_execute("commit").await.unwrap();
    let before = "truncate change_waiting, change_sequence, change_head";
    one.batch_execute(before).await.unwrap();
    assert_eq!(change::sequence(db.pg()).await.unwrap().head, ChangePosition::default());
    one.batch_execute(BACKFILL).await.unwrap();
    let all = events(db.pg(), ChangePosition::default()).await;
    assert_eq!(subjects(&all), [11, 12, 31, 21, 22]);
    for (at, placed) in all.iter().enumerate() {
        let place = change::place_before(db.pg(), placed.event.key).await.unwrap();
        assert_eq!(events(db.pg(), place).await, all[at + 1..], "after event {at}");
    }
    let start = change::place_before(db.pg(), EventKey::default()).await.unwrap();
    assert_eq!(events(db.pg(), start).await, all);
}

#[tokio::test]
async fn the_end_of_a_page_stays_where_it_was_first() {
    let db = database().await;
    let of = |payer, from| PageStart {
        payer: PayerId::new(payer),
        filter: [7; 16],
        from: ChangePosition::new(from),
    };
    let to = ChangePosition::new;
    assert_eq!(change::fixed_end(db.pg(), of(1, 0)).await.unwrap(), None);
    assert_eq!(change::fix_end(db.pg(), of(1, 0), to(5)).await.unwrap(), to(5));
    assert_eq!(change::fix_end(db.pg(), of(1, 0), to(9)).await.unwrap(), to(5));
    assert_eq!(change::fixed_end(db.pg(), of(1, 0)).await.unwrap(), Some(to(5)));
    assert_eq!(change::fixed_end(db.pg(), of(2, 0)).await.unwrap(), None);
    assert_eq!(change::fixed_end(db.pg(), of(1, 5)).await.unwrap(), None);
}
