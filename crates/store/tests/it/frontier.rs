//! Who is due, and who may crawl whom.

use store::pg::frontier::{self, DEPTH_UNLIMITED};
use store::pg::host;
use testkit::database;

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

#[tokio::test]
async fn concurrent_claims_share_no_profile() {
    let db = database().await;
    let names: Vec<String> = (0..300).map(|n| format!("p{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    seeded(db.pg(), &names, 0, at(0)).await;
    let host = host::ids(db.pg(), PLATFORM, &[HOST]).await.unwrap()[0];
    let claims = (0..8).map(|_| {
        let pg = db.pg().clone();
        tokio::spawn(async move { frontier::claim(&pg, &[(host, 50)], at(0), 60).await.unwrap() })
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
    frontier::set_trust(db.pg(), &[(both[0], 1.0), (both[1], 0.05)]).await.unwrap();
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
