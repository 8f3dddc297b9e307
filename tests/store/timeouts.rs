//! The server ends what takes too long, whatever became of who asked for it.

use std::time::Duration;

use store::pg::frontier;
use store::{Pg, StoreError, Timeouts};
use testkit::{Database, database};

use crate::web::{HOST, PLATFORM, at, claim, seeded};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(100);
const PATIENT: Timeouts = Timeouts { statement: LONG, lock: LONG, idle: LONG };

async fn hurried(db: &Database, timeouts: Timeouts) -> Pg {
    Pg::connect_for(db.url(), 1, timeouts).await.unwrap()
}

/// What a statement says that waits for a table that is never let go.
async fn blocked(timeouts: Timeouts) -> StoreError {
    let db = database().await;
    let blocker = db.client().await;
    blocker.batch_execute("begin; lock table frontier in access exclusive mode").await.unwrap();
    frontier::counts(&hurried(&db, timeouts).await, at(0)).await.unwrap_err()
}

#[tokio::test]
async fn a_statement_that_takes_too_long_ends_and_says_what_to_do() {
    let error = blocked(Timeouts { statement: SHORT, ..PATIENT }).await;
    assert!(error.is_timeout() && error.is_passing(), "{error}");
    let text = error.to_string();
    assert!(text.contains("statement timeout") && text.contains("pg_stat_activity"), "{text}");
}

#[tokio::test]
async fn a_lock_that_never_comes_is_given_up() {
    let error = blocked(Timeouts { lock: SHORT, ..PATIENT }).await;
    assert!(error.is_timeout() && error.to_string().contains("lock timeout"), "{error}");
}

#[tokio::test]
async fn a_transaction_that_stands_still_is_undone() {
    let db = database().await;
    let ada = seeded(db.pg(), &["ada"], 0, at(0)).await;
    let host = store::pg::host::ids(db.pg(), PLATFORM, &[HOST]).await.unwrap()[0];
    let hurried = hurried(&db, Timeouts { idle: SHORT, ..PATIENT }).await;
    let sleeping = "select count(*) from pg_stat_activity
        where datname = current_database() and state = 'idle in transaction'";
    let client = db.client().await;
    let stand_still = async |_: &[frontier::Reservation]| {
        while client.query_one(sleeping, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok::<(), StoreError>(())
    };
    let error = frontier::reserve_then(
        &hurried,
        &[frontier::ReservationRequest::new(host, 1)],
        at(0),
        600,
        stand_still,
    )
    .await;
    assert!(error.unwrap_err().is_passing());
    assert_eq!(claim(db.pg(), at(0)).await, ada);
}

/// What a URL says of its own stands.
#[tokio::test]
async fn a_url_may_say_otherwise() {
    let db = database().await;
    let blocker = db.client().await;
    blocker.batch_execute("begin; lock table frontier in access exclusive mode").await.unwrap();
    let url = db.url_with_options("-c lock_timeout=100");
    let pg = Pg::connect_for(&url, 1, PATIENT).await.unwrap();
    assert!(frontier::counts(&pg, at(0)).await.unwrap_err().is_timeout());
}
