//! Which profiles are due, and which job may crawl them.

use std::time::Duration;

use store::pg::crawl::subjects;
use store::pg::frontier::{
    self, CrawlSeeds, DEPTH_UNLIMITED, ProfileTrust, Reservation, ReservationRequest,
};
use store::pg::host::{self, HostId};
use store::{Pg, StoreError, Timeouts};
use testkit::{Database, database};

use crate::web::{
    HOST, PLATFORM, at, claim, claimed, commit_all, follows, id, ids, round, seeded, stream,
};

#[tokio::test]
async fn seeds_are_due_at_once_and_claimed_once() {
    let db = database().await;
    seeded(db.pg(), &["ada", "bob"], 0, at(0)).await;
    let due = frontier::due_hosts(db.pg(), at(0), 10).await.unwrap();
    assert_eq!((due.len(), due[0].due, due[0].host.name.as_str()), (1, 2, HOST));
    let mut both = ids(db.pg(), ["ada", "bob"]).await;
    both.sort();
    assert_eq!(claim(db.pg(), at(0)).await, both);
    assert_eq!(claim(db.pg(), at(599)).await, []);
    let counts = frontier::counts(db.pg(), at(1)).await.unwrap();
    assert_eq!((counts.known, counts.due, counts.claimed), (2, 0, 2));
}

#[tokio::test]
async fn the_profiles_of_a_worker_that_died_are_due_again() {
    let db = database().await;
    let first = claimed(db.pg(), &["ada"], at(0)).await;
    assert_eq!(claim(db.pg(), at(600)).await, first);
    for _ in 0..8 {
        claim(db.pg(), at(600_000)).await;
        frontier::release(db.pg(), &first, at(0)).await.unwrap();
    }
    claim(db.pg(), at(1_000_000)).await;
    assert_eq!(claim(db.pg(), at(1_000_600)).await, [], "a killer of workers waits longer");
}

async fn only_host(db: &Database) -> HostId {
    host::ids(db.pg(), PLATFORM, &[HOST]).await.unwrap()[0]
}

/// Waits until a statement of this database waits for a lock.
async fn until_one_waits(db: &Database) {
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    let client = db.client().await;
    while client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_claim_whose_process_died_meanwhile_is_not_made() {
    let db = database().await;
    let ada = seeded(db.pg(), &["ada"], 0, at(0)).await[0];
    let host = only_host(&db).await;
    let blocker = db.client().await;
    blocker.batch_execute("begin; lock table frontier in access exclusive mode").await.unwrap();
    let dying = Pg::connect_for(db.url(), 1, Timeouts::TICK).await.unwrap();
    let claiming = tokio::spawn(async move {
        frontier::reserve(&dying, &[ReservationRequest::new(host, 1)], at(0), 600).await
    });
    until_one_waits(&db).await;
    claiming.abort();
    assert!(claiming.await.unwrap_err().is_cancelled());
    blocker.batch_execute("commit").await.unwrap();
    assert_eq!(claim(db.pg(), at(0)).await, [ada], "it is not reserved");
}

#[tokio::test]
async fn a_claim_that_cannot_be_sent_is_not_made() {
    let db = database().await;
    let ada = seeded(db.pg(), &["ada"], 0, at(0)).await[0];
    let wants = [ReservationRequest::new(only_host(&db).await, 1)];
    let refuse = async |claims: &[Reservation]| {
        assert_eq!(claims[0].profiles, [ada]);
        Err::<(), _>(StoreError::Conflict("the queue is away".into()))
    };
    let error = frontier::reserve_then(db.pg(), &wants, at(0), 600, refuse).await.unwrap_err();
    assert_eq!(error.to_string(), "the queue is away");
    assert_eq!(claim(db.pg(), at(0)).await, [ada]);
}

#[tokio::test]
async fn a_worker_that_is_faster_than_the_claim_waits_for_it() {
    let db = database().await;
    let ada = seeded(db.pg(), &["ada"], 0, at(0)).await[0];
    let wants = [ReservationRequest::new(only_host(&db).await, 1)];
    let send = async |_: &[Reservation]| {
        let pg = db.pg().clone();
        let worker = tokio::spawn(async move { subjects(&pg, &[ada], at(1)).await.unwrap().len() });
        until_one_waits(&db).await;
        Ok::<_, StoreError>(worker)
    };
    let (_, worker) = frontier::reserve_then(db.pg(), &wants, at(0), 600, send).await.unwrap();
    assert_eq!(worker.await.unwrap(), 1, "the job finds its claim");
}

#[tokio::test]
async fn hosts_that_could_be_asked_the_longest_come_first() {
    let db = database().await;
    let hosts = ["a.test", "b.test", "c.test"];
    let ids = host::ids(db.pg(), PLATFORM, &hosts).await.unwrap();
    for (seconds, host) in [30, 10, 20].into_iter().zip(hosts) {
        let mut named = crate::web::named(host);
        named.host = Some(host.to_owned());
        let seeds =
            CrawlSeeds { platform: PLATFORM, names: &[named], default_host: HOST, depth: 0 };
        frontier::seed(db.pg(), seeds, at(seconds)).await.unwrap();
    }
    let due = async |seconds, limit| {
        let due = frontier::due_hosts(db.pg(), at(seconds), limit).await.unwrap();
        due.iter().map(|due| due.host.id).collect::<Vec<_>>()
    };
    assert_eq!(due(40, 2).await, [ids[1], ids[2]]);
    assert_eq!(due(40, 9).await, [ids[1], ids[2], ids[0]]);
    assert_eq!(due(19, 9).await, [ids[1]]);
    frontier::reserve(db.pg(), &[ReservationRequest::new(ids[1], 1)], at(40), 600).await.unwrap();
    assert_eq!(due(40, 2).await, [ids[2], ids[0]], "what is claimed is not due");
}

#[tokio::test]
async fn a_host_that_works_again_is_due_at_once() {
    let db = database().await;
    seeded(db.pg(), &["ada"], 0, at(0)).await;
    let host = only_host(&db).await;
    for _ in 0..3 {
        host::failed(db.pg(), host, at(0)).await.unwrap();
    }
    assert_eq!(frontier::due_hosts(db.pg(), at(5), 10).await.unwrap(), []);
    assert_eq!(frontier::next_wake(db.pg()).await.unwrap(), Some(at(60)));
    host::worked(db.pg(), host).await.unwrap();
    assert_eq!(frontier::due_hosts(db.pg(), at(5), 10).await.unwrap().len(), 1);
}

/// A transaction that makes a profile due adds an event itself: a look that comes before its commit
/// must not make the next one blind.
#[tokio::test]
async fn what_becomes_due_while_somebody_looks_is_seen_by_the_next_look() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let writer = db.client().await;
    writer.batch_execute("begin").await.unwrap();
    let sooner = "update frontier set due_at = $2 where profile_id = $1";
    let due = at(5).as_second();
    writer.execute(sooner, &[&(ada.number() as i64), &due]).await.unwrap();
    assert_eq!(frontier::due_hosts(db.pg(), at(10), 10).await.unwrap(), []);
    assert_eq!(frontier::next_wake(db.pg()).await.unwrap(), Some(at(600)));
    writer.batch_execute("commit").await.unwrap();
    assert_eq!(frontier::next_wake(db.pg()).await.unwrap(), Some(at(5)));
    assert_eq!(frontier::due_hosts(db.pg(), at(10), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn concurrent_claims_share_no_profile() {
    let db = database().await;
    let names: Vec<String> = (0..300).map(|n| format!("p{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    seeded(db.pg(), &names, 0, at(0)).await;
    let host = host::ids(db.pg(), PLATFORM, &[HOST]).await.unwrap()[0];
    let claims = (0..8).map(|_| {
        let pg = db.pg().clone();
        tokio::spawn(async move {
            frontier::reserve(&pg, &[ReservationRequest::new(host, 50)], at(0), 60).await.unwrap()
        })
    });
    let mut claimed = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        claimed.extend(claim.await.unwrap().into_iter().flat_map(|claim| claim.profiles));
    }
    let distinct: std::collections::BTreeSet<_> = claimed.iter().collect();
    assert_eq!(distinct.len(), claimed.len());
    let left = claim(db.pg(), at(0)).await.len();
    assert_eq!(claimed.len() + left, 300);
}

#[tokio::test]
async fn paused_and_broken_hosts_are_not_due() {
    let db = database().await;
    seeded(db.pg(), &["ada"], 0, at(0)).await;
    let host = host::ids(db.pg(), PLATFORM, &[HOST]).await.unwrap()[0];
    host::pause(db.pg(), host, at(10), at(0)).await.unwrap();
    assert_eq!(frontier::due_hosts(db.pg(), at(9), 10).await.unwrap(), []);
    assert_eq!(frontier::due_hosts(db.pg(), at(10), 10).await.unwrap().len(), 1);
    for _ in 0..3 {
        host::failed(db.pg(), host, at(10)).await.unwrap();
    }
    assert_eq!(frontier::due_hosts(db.pg(), at(69), 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_crawl_spreads_as_deep_as_it_was_asked_to() {
    let db = database().await;
    let ada = seeded(db.pg(), &["ada"], 1, at(0)).await[0];
    claim(db.pg(), at(0)).await;
    commit_all(db.pg(), at(1), vec![round(ada, vec![stream("f", vec![follows(&["bob"])])])]).await;
    let bob = id(db.pg(), "bob").await;
    assert_eq!(claim(db.pg(), at(1)).await, [bob]);
    commit_all(db.pg(), at(2), vec![round(bob, vec![stream("f", vec![follows(&["eve"])])])]).await;
    assert_eq!(claim(db.pg(), at(2)).await, []);
    let counts = frontier::counts(db.pg(), at(2)).await.unwrap();
    assert_eq!((counts.known, counts.crawled), (3, 2));
}

#[tokio::test]
async fn a_deeper_crawl_goes_on_where_a_shallow_one_ended() {
    let db = database().await;
    let ada = seeded(db.pg(), &["ada"], 0, at(0)).await[0];
    claim(db.pg(), at(0)).await;
    let ada_follows = || round(ada, vec![stream("f", vec![follows(&["bob"])])]);
    commit_all(db.pg(), at(1), vec![ada_follows()]).await;
    assert_eq!(claim(db.pg(), at(1)).await, []);
    seeded(db.pg(), &["ada"], 2, at(2)).await;
    assert_eq!(claim(db.pg(), at(2)).await, [ada]);
    commit_all(db.pg(), at(3), vec![ada_follows()]).await;
    assert_eq!(claim(db.pg(), at(3)).await, [id(db.pg(), "bob").await]);
}

#[tokio::test]
async fn a_profile_seen_deeper_during_its_round_starts_another() {
    let db = database().await;
    let ada = seeded(db.pg(), &["ada"], 0, at(0)).await[0];
    claim(db.pg(), at(0)).await;
    seeded(db.pg(), &["ada"], DEPTH_UNLIMITED, at(1)).await;
    commit_all(db.pg(), at(2), vec![round(ada, vec![])]).await;
    assert_eq!(claim(db.pg(), at(2)).await, [ada]);
    commit_all(db.pg(), at(3), vec![round(ada, vec![])]).await;
    assert_eq!(claim(db.pg(), at(3)).await, []);
}

#[tokio::test]
async fn trusted_profiles_come_round_sooner() {
    let db = database().await;
    let both = claimed(db.pg(), &["ada", "bob"], at(0)).await;
    let trust = [(both[0], 1.0), (both[1], 0.05)];
    let trust = trust.map(|(profile, trust)| ProfileTrust { profile, trust });
    frontier::set_trust(db.pg(), &trust).await.unwrap();
    let rounds = both.iter().map(|&id| round(id, vec![])).collect();
    commit_all(db.pg(), at(0), rounds).await;
    let next = frontier::counts(db.pg(), at(0)).await.unwrap().next_due_at.unwrap();
    assert_eq!(claim(db.pg(), next).await, [both[0]]);
    assert!(next > at(86_400) && next < at(8 * 86_400), "{next}");
}

#[tokio::test]
async fn the_next_moment_of_work_minds_pauses_and_claims_can_all_be_ended() {
    let db = database().await;
    assert_eq!(frontier::next_wake(db.pg()).await.unwrap(), None);
    let ada = claimed(db.pg(), &["ada"], at(0)).await;
    assert_eq!(frontier::next_wake(db.pg()).await.unwrap(), Some(at(600)));
    frontier::release_all(db.pg(), at(5)).await.unwrap();
    assert_eq!(frontier::next_wake(db.pg()).await.unwrap(), Some(at(5)));
    let host = host::ids(db.pg(), PLATFORM, &[HOST]).await.unwrap()[0];
    host::pause(db.pg(), host, at(90), at(5)).await.unwrap();
    assert_eq!(frontier::next_wake(db.pg()).await.unwrap(), Some(at(90)));
    assert_eq!(claim(db.pg(), at(90)).await, ada);
}
