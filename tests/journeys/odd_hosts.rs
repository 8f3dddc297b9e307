//! Hosts that are odd but not hostile: their answers are read as far as possible, what cannot be read
//! is given up and reported, and no host gets more requests than it allows.

use std::time::Duration;

use serde_json::{Value, json};

use crate::borg::Borg;
use crate::test_server::{TestRequest, TestResponse, TestServer};

fn not_found() -> TestResponse {
    TestResponse::of(404, &json!({"error": "Record not found"}).to_string())
}

/// An account in the form of Mastodon's API.
fn account(host: &str, name: &str, id: u32) -> Value {
    json!({
        "id": id.to_string(), "username": name, "acct": name, "display_name": name,
        "uri": format!("https://{host}/users/{name}"), "url": format!("https://{host}/@{name}"),
        "note": "", "avatar": "", "bot": false, "group": false, "discoverable": true,
        "indexable": true, "noindex": false, "followers_count": 0, "following_count": 1,
        "statuses_count": 0, "fields": [], "created_at": "2024-01-01T00:00:00.000Z",
    })
}

/// `p0`, `p1` … of one.test, each of which follows the next.
fn chain(request: &TestRequest<'_>, people: u32) -> TestResponse {
    let path: Vec<&str> = request.path.split('/').collect();
    match path.as_slice() {
        ["", "api", "v1", "accounts", "lookup"] => {
            let number = request.query.strip_prefix("acct=p").and_then(|n| n.parse().ok());
            number.map_or_else(not_found, |n: u32| {
                TestResponse::json(&account("one.test", &format!("p{n}"), n))
            })
        }
        ["", "api", "v1", "accounts", id] => {
            let id = id.parse().unwrap_or(0);
            TestResponse::json(&account("one.test", &format!("p{id}"), id))
        }
        ["", "api", "v1", "accounts", id, "following"] => {
            let next = (id.parse::<u32>().unwrap_or(0) + 1) % people;
            TestResponse::json(&json!([account("one.test", &format!("p{next}"), next)]))
        }
        ["", "api", ..] => TestResponse::json(&json!([])),
        _ => not_found(),
    }
}

fn instance(host: &TestServer) -> String {
    format!("instance={}", host.origin)
}

#[test]
fn a_log_in_page_instead_of_an_answer_fails_its_profile() {
    let host = TestServer::start(|request| match (request.host, request.path) {
        ("px.test", "/login") => TestResponse::of(200, "<!DOCTYPE html><title>Login</title>"),
        ("px.test", _) => TestResponse::redirect(302, "/login"),
        (_, "/api/v1/accounts/1/following") => {
            let mut pat = account("px.test", "pat", 9);
            pat["acct"] = "pat@px.test".into();
            TestResponse::json(&json!([pat]))
        }
        _ => chain(request, 9),
    });
    let borg = Borg::new();
    let args = ["crawl", "fediverse:p1@one.test", "--base-url", &instance(&host), "--depth", "1"];
    let crawled = borg.json(&args);
    assert_eq!((&crawled["profiles_crawled"], &crawled["profiles_failed"]), (&1.into(), &1.into()));
    assert!(borg.export("arcs").iter().any(|arc| arc.contains("https://px.test/users/pat")));
}

#[test]
fn redirects_and_seeds_count_for_the_limit_that_a_host_announces() {
    let limit = || vec!["x-ratelimit-limit: 12".to_owned(), "ratelimit-policy: 12;w=4".to_owned()];
    let host = TestServer::start(move |request| {
        let TestRequest { path, query, .. } = *request;
        let response = match path.strip_prefix("/go") {
            Some(path) => chain(&TestRequest { path, ..*request }, 4),
            None if query.is_empty() => TestResponse::redirect(307, &format!("/go{path}")),
            None => TestResponse::redirect(302, &format!("/go{path}?{query}")),
        };
        TestResponse { headers: [response.headers, limit()].concat(), ..response }
    });
    let borg = Borg::new();
    let seeds: Vec<String> = (0..4).map(|n| format!("fediverse:p{n}@one.test")).collect();
    let seeds: Vec<&str> = seeds.iter().map(String::as_str).collect();
    let origin = instance(&host);
    let args = [&["crawl"], seeds.as_slice(), &["--base-url", &origin, "--depth", "0"]].concat();
    assert_eq!(borg.json(&args)["profiles_crawled"], 4);
    let most = host.most_in(Duration::from_secs(4));
    assert!(most <= 12, "{most} requests in a window of 12");
}

#[test]
fn a_host_that_announces_a_wait_gets_no_request_before() {
    const WAIT: Duration = Duration::from_secs(5);
    let host = TestServer::start(|request| match request.before {
        0 => {
            TestResponse { headers: vec!["retry-after: 5".to_owned()], ..TestResponse::of(429, "") }
        }
        _ => chain(request, 1),
    });
    let borg = Borg::new();
    let origin = instance(&host);
    let crawled =
        borg.json(&["crawl", "fediverse:p0@one.test", "--base-url", &origin, "--depth", "0"]);
    assert_eq!(crawled["profiles_crawled"], 1);
    let times = host.times("");
    assert!(times[1] - times[0] >= WAIT, "requested again after {:?}", times[1] - times[0]);
}

#[test]
fn what_a_robots_txt_disallows_is_not_requested() {
    let host = TestServer::start(|request| match request.path {
        "/robots.txt" => TestResponse::of(200, "User-agent: borg\nDisallow: /api/\n"),
        _ => chain(request, 1),
    });
    let borg = Borg::new();
    let error = borg.failure(&["crawl", "fediverse:p0@one.test", "--base-url", &instance(&host)]);
    assert!(error.contains("p0@one.test") && error.contains("robots.txt"), "{error}");
    assert_eq!((host.times("/robots.txt").len(), host.times("/api/").len()), (1, 0));
}

#[test]
fn half_an_emoji_costs_neither_its_profile_nor_its_batch() {
    let host = TestServer::start(|request| {
        let profile = |name: &str| {
            json!({"did": format!("did:plc:{name}"), "handle": format!("{name}.test"),
                "displayName": name, "followsCount": 2, "labels": []})
        };
        let profiles = ["alice", "bob", "carol"].map(profile);
        let method = request.path.rsplit('/').next().unwrap_or_default();
        match method {
            "com.atproto.identity.resolveHandle" => {
                TestResponse::json(&json!({"did": "did:plc:alice"}))
            }
            "app.bsky.actor.getProfiles" => {
                let response = TestResponse::json(&json!({"profiles": profiles}));
                let half = r#""displayName":"bob \ud83d""#;
                let body = response.body.replace(r#""displayName":"bob""#, half);
                TestResponse { body, ..response }
            }
            "app.bsky.graph.getFollows" if request.query.contains("alice") => {
                TestResponse::json(&json!({"follows": profiles[1..]}))
            }
            _ => TestResponse::json(
                &json!({"follows": [], "followers": [], "feed": [], "records": [], "lists": []}),
            ),
        }
    });
    let borg = Borg::new();
    let origins = [format!("appview={}", host.origin), format!("pds={}", host.origin)];
    let crawled = borg.json(&[
        "crawl",
        "bluesky:alice.test",
        "--base-url",
        &origins[0],
        "--base-url",
        &origins[1],
        "--depth",
        "1",
    ]);
    assert_eq!((&crawled["profiles_crawled"], &crawled["profiles_failed"]), (&3.into(), &0.into()));
}
