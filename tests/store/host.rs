//! Hosts, their budgets and their failures.

use model::budget::HostLimit;
use store::Pg;
use store::pg::host::{self, HostGrant, HostId, TokenRequest};
use testkit::database;

use crate::web::{PLATFORM, at};

const LIMIT: HostLimit = HostLimit { requests: 40, window_ms: 10_000 };

async fn host(pg: &Pg) -> HostId {
    host::ids(pg, PLATFORM, &["API.sky.test"]).await.unwrap()[0]
}

fn want(host: HostId, tokens: u32) -> TokenRequest {
    TokenRequest { host, tokens, default: LIMIT }
}

async fn leased(pg: &Pg, host: HostId, tokens: u32, seconds: i64) -> u32 {
    match host::lease(pg, &[want(host, tokens)], at(seconds)).await.unwrap()[0] {
        HostGrant::Lease(lease) => lease.tokens,
        HostGrant::Wait { ms } => {
            assert!(ms > 0);
            0
        }
    }
}

#[tokio::test]
async fn a_host_has_one_number_whatever_the_case_of_its_name() {
    let db = database().await;
    let ids = host::ids(db.pg(), PLATFORM, &["b.test", "A.test", "a.TEST"]).await.unwrap();
    assert_eq!(ids[1], ids[2]);
    let hosts = host::get(db.pg(), &[ids[1], HostId(999), ids[0]]).await.unwrap();
    let names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
    assert_eq!(names, ["a.test", "b.test"]);
    assert_eq!(hosts[0].announced, None);
}

#[tokio::test]
async fn a_bucket_gives_its_burst_and_then_refills() {
    let db = database().await;
    let host = host(db.pg()).await;
    assert_eq!(leased(db.pg(), host, 6, 0).await, 6);
    assert_eq!(leased(db.pg(), host, 100, 0).await, 4);
    assert_eq!(leased(db.pg(), host, 1, 0).await, 0);
    assert_eq!(leased(db.pg(), host, 100, 10).await, 10);
}

#[tokio::test]
async fn however_many_ask_at_once_a_host_is_never_promised_more() {
    let db = database().await;
    let hosts = host::ids(db.pg(), PLATFORM, &["a.test", "b.test"]).await.unwrap();
    let ask = |turned: bool| {
        let mut wants = [want(hosts[0], 3), want(hosts[1], 3)];
        if turned {
            wants.reverse();
        }
        let pg = db.pg().clone();
        tokio::spawn(async move { host::lease(&pg, &wants, at(0)).await.unwrap() })
    };
    let asking: Vec<_> = (0..12).map(|n| ask(n % 2 == 0)).collect();
    let mut promised = 0;
    for grants in asking {
        for grant in grants.await.unwrap() {
            promised += if let HostGrant::Lease(lease) = grant { lease.tokens } else { 0 };
        }
    }
    assert_eq!(promised, 2 * 10);
}

#[tokio::test]
async fn an_announced_limit_replaces_the_default() {
    let db = database().await;
    let host = host(db.pg()).await;
    let low = HostLimit { requests: 8, window_ms: 10_000 };
    host::announce(db.pg(), host, low).await.unwrap();
    assert_eq!(host::get(db.pg(), &[host]).await.unwrap()[0].announced, Some(low));
    assert_eq!(leased(db.pg(), host, 100, 0).await, 2);
}

#[tokio::test]
async fn a_pause_empties_the_bucket_and_shuts_it() {
    let db = database().await;
    let host = host(db.pg()).await;
    host::pause(db.pg(), host, at(60), at(0)).await.unwrap();
    assert_eq!(leased(db.pg(), host, 1, 59).await, 0);
    assert_eq!(leased(db.pg(), host, 100, 61).await, 10);
    host::pause(db.pg(), host, at(30), at(10)).await.unwrap();
    assert_eq!(host::get(db.pg(), &[host]).await.unwrap()[0].not_before, at(60));
}

#[tokio::test]
async fn a_host_that_keeps_failing_is_left_alone_longer_and_longer() {
    let db = database().await;
    let host = host(db.pg()).await;
    let mut until = Vec::new();
    for _ in 0..5 {
        until.push(host::failed(db.pg(), host, at(0)).await.unwrap());
    }
    assert!(until[1] < at(0));
    assert_eq!(until[2..], [at(60), at(120), at(240)]);
    for _ in 0..40 {
        host::failed(db.pg(), host, at(0)).await.unwrap();
    }
    assert_eq!(host::failed(db.pg(), host, at(0)).await.unwrap(), at(86_400));
    host::worked(db.pg(), host).await.unwrap();
    assert_eq!(host::get(db.pg(), &[host]).await.unwrap()[0].failures, 0);
}

#[tokio::test]
async fn an_unknown_host_is_an_error() {
    let db = database().await;
    let error = host::lease(db.pg(), &[want(HostId(7), 1)], at(0)).await.unwrap_err();
    assert!(error.to_string().contains("no such host"), "{error}");
}
