//! Indexes of partitioned tables, built while others write.

use std::time::Duration;

use testkit::{Database, database};

use super::super::tests::{one, ours, run};
use super::*;

const INDEX: &str = "-- For hints.\ncreate index adjacency_hint on adjacency (n) where hidden;\n";
const ADD_LIST: &str = "insert into adjacency (profile_id, layer, direction, complete, hidden,
    observed_at, n, hash, body) select $1, 1, 0, true, true, 0, 1, 1, ''";

fn migrations() -> Vec<Migration> {
    ours().into_iter().chain([one("V99991231235959__index_hint", INDEX)]).collect()
}

/// Two partitions.
async fn open_platforms(db: &Database) {
    let open = "select open_platform(1::smallint), open_platform(2::smallint)";
    db.client().await.batch_execute(open).await.unwrap();
}

/// How many valid indexes of partitions are attached to the valid index of the table.
async fn attached(db: &Database) -> i64 {
    let sql = "select count(*) filter (where p.indisvalid and i.indisvalid) from pg_inherits h
        join pg_index p on p.indexrelid = h.inhparent join pg_index i on i.indexrelid = h.inhrelid
        where h.inhparent = to_regclass('adjacency_hint')";
    db.client().await.query_one(sql, &[]).await.unwrap().get(0)
}

#[test]
fn only_a_migration_that_creates_one_index_is_built_ahead() {
    let migration = one("V1__index_hint", INDEX);
    let expected =
        NewIndex { name: "adjacency_hint", table: "adjacency", definition: "(n) where hidden" };
    assert_eq!(NewIndex::of(&migration), Some(expected));
    let others = [
        "create index a on b (c); create index d on b (e);",
        "create unique index a on b (c);",
        "create index if not exists a on b (c);",
        "alter table a add column on int;",
        "-- nothing",
    ];
    for sql in others {
        assert_eq!(NewIndex::of(&one("V1__other", sql)), None, "{sql}");
    }
}

#[tokio::test]
async fn an_index_is_built_while_others_write() {
    let db = database().await;
    open_platforms(&db).await;
    let (early, late) = (db.client().await, db.client().await);
    // As long as this transaction is open, no index of the partition is complete.
    early.batch_execute("begin").await.unwrap();
    early.execute(ADD_LIST, &[&(1i64 << 45)]).await.unwrap();
    let url = db.url().to_owned();
    let migrating =
        tokio::spawn(async move { crate::pg::migrate::tests::run_on(&url, &migrations()).await });
    let building = "select count(*) from pg_stat_progress_create_index
        where datname = current_database() and command = 'CREATE INDEX CONCURRENTLY'";
    while late.query_one(building, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    late.batch_execute("set statement_timeout = '60s'").await.unwrap();
    late.execute(ADD_LIST, &[&((1i64 << 45) + 1)]).await.unwrap();
    assert!(!migrating.is_finished());
    early.batch_execute("commit").await.unwrap();
    assert_eq!(migrating.await.unwrap().unwrap(), 1);
    assert_eq!(attached(&db).await, 2);
}

#[tokio::test]
async fn a_build_that_was_interrupted_is_done_again() {
    let db = database().await;
    open_platforms(&db).await;
    let client = db.client().await;
    for number in [0i64, 1] {
        client.execute(ADD_LIST, &[&((1i64 << 45) + number)]).await.unwrap();
    }
    let failing = "create unique index concurrently adjacency_1_hint on adjacency_1 (n)";
    client.batch_execute(failing).await.unwrap_err();
    assert_eq!(run(&db, &migrations()).await.unwrap(), 1);
    assert_eq!(attached(&db).await, 2);
    let rebuilt = "select not indisunique and indisvalid from pg_index
        where indexrelid = 'adjacency_1_hint'::regclass";
    assert!(client.query_one(rebuilt, &[]).await.unwrap().get::<_, bool>(0));
    assert_eq!(run(&db, &migrations()).await.unwrap(), 0);
}

#[tokio::test]
async fn migrations_at_the_same_time_wait_for_each_other() {
    let db = database().await;
    open_platforms(&db).await;
    let migrations = migrations();
    let (a, b) = tokio::join!(run(&db, &migrations), run(&db, &migrations));
    assert_eq!(a.unwrap() + b.unwrap(), 1);
    assert_eq!(attached(&db).await, 2);
}
