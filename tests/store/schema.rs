//! Migrations: from nothing, twice, and by two at once.

use testkit::database;

use crate::web::{at, crawled, page};

#[tokio::test]
async fn migrating_again_does_nothing() {
    let db = database().await;
    assert_eq!(store::pg::migrate(db.url()).await.unwrap(), 0);
}

#[tokio::test]
async fn two_that_migrate_at_once_wait_for_each_other() {
    let db = database().await;
    let empty = "drop schema public cascade; create schema public";
    db.client().await.batch_execute(empty).await.unwrap();
    let (one, other) = tokio::join!(store::pg::migrate(db.url()), store::pg::migrate(db.url()));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.min(other) == 0 && one.max(other) > 0, "{one} and {other}");
    crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
}

#[tokio::test]
async fn a_database_that_is_not_there_says_so() {
    let nowhere = "postgres://borg@127.0.0.1:1/borg";
    let error = store::Pg::connect(nowhere, 1).await.unwrap_err();
    assert!(error.is_passing());
    assert!(error.to_string().contains("check that it runs"), "{error}");
    let error = store::Pg::connect("not a url", 1).await.unwrap_err();
    assert!(error.to_string().contains("postgres://user@host/database"), "{error}");
    let unknown = database().await.url().replace("test_", "missing_");
    let error = store::Pg::connect(&unknown, 1).await.unwrap_err();
    assert!(!error.is_passing() && error.to_string().contains("does not exist"), "{error}");
}
