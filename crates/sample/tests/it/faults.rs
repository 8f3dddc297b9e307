//! Each fault as a client meets it, and the recovery after it.

use std::io::Read;
use std::time::{Duration, Instant};

use sample::{FaultSettings, InjectedFault, RateLimitDialect};

use sample::world::HostNature;

use crate::client::{Web, frozen, header, json, next_link, world};

/// A web where a URL meets this fault once, then is well.
fn once(fault: InjectedFault) -> Web {
    let faults = FaultSettings {
        consecutive_max: 1,
        hang: Duration::from_millis(200),
        drip: Duration::from_millis(1),
        ..FaultSettings::only(fault, 1.0)
    };
    Web::new(world(), sample::ServerConfig { faults, ..frozen() })
}

fn profile() -> String {
    let world = world();
    let did = &world.account(world.seeds()[0]).native_id;
    format!("/xrpc/app.bsky.actor.getProfile?actor={did}")
}

#[tokio::test]
async fn a_429_has_the_requested_dialect() {
    for (dialect, name, value) in [
        (RateLimitDialect::UnixSeconds, "ratelimit-reset", "1795348802"),
        (RateLimitDialect::IsoTime, "x-ratelimit-reset", "2026-11-22T12:00:01.250Z"),
        (RateLimitDialect::SecondsLeft, "x-ratelimit-reset", "1"),
        (RateLimitDialect::RetryAfterSeconds, "retry-after", "1"),
        (RateLimitDialect::RetryAfterDate, "retry-after", "Sun, 22 Nov 2026 12:00:02 GMT"),
    ] {
        let web = once(InjectedFault::TooMany(dialect));
        let response = web.bluesky(&profile()).await;
        assert_eq!(response.status(), 429);
        assert_eq!(header(&response, name), value, "{dialect:?}");
        assert_eq!(header(&response, "ratelimit-limit"), "");
        assert_eq!(web.bluesky(&profile()).await.status(), 200);
        assert_eq!(web.running.stats().too_many(), 1);
        assert_eq!(web.running.stats().windows_over_limit(), 0);
    }
}

#[tokio::test]
async fn servers_fail_and_recover() {
    let web = once(InjectedFault::ServerError);
    assert!(web.bluesky(&profile()).await.status().is_server_error());
    assert_eq!(web.bluesky(&profile()).await.status(), 200);
}

#[tokio::test]
async fn a_hanging_request_outlasts_a_patient_client() {
    let web = once(InjectedFault::Hang);
    let start = Instant::now();
    assert_eq!(web.bluesky(&profile()).await.status(), 504);
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn broken_bodies_are_no_json_until_requested_again() {
    for fault in [InjectedFault::Truncated, InjectedFault::InvalidUtf8] {
        let web = once(fault);
        let body = web.bluesky(&profile()).await.bytes().await.unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(&body).is_err(), "{fault:?}");
        assert_eq!(std::str::from_utf8(&body).is_err(), fault == InjectedFault::InvalidUtf8);
        json(web.bluesky(&profile()).await).await;
    }
}

#[tokio::test]
async fn a_redirect_leads_into_a_private_network() {
    let web = once(InjectedFault::PrivateRedirect);
    let response = web.bluesky(&profile()).await;
    assert_eq!(response.status(), 302);
    let to = header(&response, "location");
    assert!(to.starts_with("http://169.254.169.254/") || to.starts_with("http://10.0.0.1/"));
}

#[tokio::test]
async fn a_redirect_stays_at_its_host_and_ends_there() {
    let mut web = once(InjectedFault::Redirect);
    let moved = async |web: &Web, path: &str| {
        let response = web.bluesky(path).await;
        (response.status().as_u16(), header(&response, "location"))
    };
    let mut statuses = std::collections::BTreeSet::new();
    for path in ["/robots.txt", "/robots.txt?a", "/robots.txt?abc"] {
        let (status, location) = moved(&web, path).await;
        statuses.insert(status);
        assert!(location.starts_with(path));
        assert_eq!(moved(&web, &location).await, (200, String::new()));
    }
    assert_eq!(statuses, std::collections::BTreeSet::from([302, 307, 308]));
    assert_eq!(web.running.stats().by_fault["redirect"], 3);
    let faults =
        FaultSettings { consecutive_max: 9, ..FaultSettings::only(InjectedFault::Redirect, 1.0) };
    web = Web::new(world(), sample::ServerConfig { faults, ..frozen() });
    let location = moved(&web, &profile()).await.1;
    assert_eq!(
        json(web.bluesky(&location).await).await["did"],
        profile().split('=').nth(1).unwrap()
    );
}

#[tokio::test]
async fn some_hosts_redirect_everything_and_count_each_hop() {
    let web = Web::new(world(), sample::ServerConfig { redirecting: 0.1, ..frozen() });
    let (world, mut redirecting) = (world(), 0);
    for host in world.hosts().iter().skip(1).filter(|host| host.nature != HostNature::Broken) {
        for path in ["/robots.txt", "/.well-known/webfinger?resource=acct:unknown"] {
            let response = web.at(&host.name, path).await;
            if !response.status().is_redirection() {
                continue;
            }
            redirecting += 1;
            assert_eq!(header(&response, "x-ratelimit-limit"), "1000000");
            let location = header(&response, "location");
            assert!(!web.at(&host.name, &location).await.status().is_redirection());
            assert!(web.running.stats().by_host[&host.name].requests >= 2);
        }
    }
    assert!((4..=6).contains(&redirecting), "{redirecting}");
    assert_eq!(web.running.stats().requests(), 2 * 23 + redirecting);
}

#[tokio::test]
async fn a_cursor_loops_until_its_url_is_requested_again() {
    let web = once(InjectedFault::CursorLoop);
    let world = world();
    let did = &world.account(world.seeds()[0]).native_id;
    let first = format!("app.bsky.graph.getFollowers?actor={did}&limit=5");
    let cursor = web.xrpc(&first).await["cursor"].as_str().unwrap().to_owned();
    let second = format!("{first}&cursor={cursor}");
    assert_eq!(web.xrpc(&second).await["cursor"], cursor.as_str());
    assert_ne!(web.xrpc(&second).await["cursor"], cursor.as_str());
}

#[tokio::test]
async fn a_link_header_loops_too() {
    let (web, world) = (once(InjectedFault::CursorLoop), world());
    let seed = *world.seeds().iter().find(|&&id| world.account(id).host != 0).unwrap();
    let host = &world.host_of(seed).name;
    let lookup = format!("/api/v1/accounts/lookup?acct={}", world.account(seed).local_name());
    let number = web.api(host, &lookup).await["id"].as_str().unwrap().to_owned();
    let origin = format!("https://{host}");
    let next = |response: &reqwest::Response| {
        next_link(response).unwrap().strip_prefix(&origin).unwrap().to_owned()
    };
    let path = format!("/api/v1/accounts/{number}/followers?limit=5");
    let second = next(&web.at(host, &path).await);
    let third = next(&web.at(host, &second).await);
    assert_eq!(second, third);
    assert_ne!(next(&web.at(host, &second).await), second);
}

#[tokio::test]
async fn an_endless_body_goes_on_and_on() {
    let web = once(InjectedFault::Endless);
    let mut response = web.bluesky(&profile()).await;
    assert_eq!(response.content_length(), None);
    let mut bytes = 0;
    while bytes < 20_000_000 {
        bytes += response.chunk().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn a_small_gzip_body_unpacks_to_a_gibibyte() {
    let web = once(InjectedFault::GzipBomb);
    let response = web.bluesky(&profile()).await;
    assert_eq!(header(&response, "content-encoding"), "gzip");
    let packed = response.bytes().await.unwrap();
    assert!(packed.len() < 7_000_000, "{}", packed.len());
    let mut unpacked = flate2::read::GzDecoder::new(&packed[..]);
    let (mut buffer, mut bytes) = (vec![0; 1 << 20], 0);
    while let Ok(read @ 1..) = unpacked.read(&mut buffer) {
        assert!(buffer[..read].iter().all(|&byte| byte == b' '));
        bytes += read;
    }
    assert!(bytes > 1_060_000_000, "{bytes}");
}

#[tokio::test]
async fn a_dripping_body_is_right_in_the_end() {
    let web = once(InjectedFault::Drip);
    let slow = json(web.bluesky(&profile()).await).await;
    assert_eq!(slow, json(web.bluesky(&profile()).await).await);
    assert_eq!(web.running.stats().by_fault["drip"], 1);
}
