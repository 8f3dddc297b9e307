//! Limits as they are announced, enforced and counted.

use std::collections::BTreeMap;

use sample::WindowLimit;

use crate::client::{Web, frozen, header, refusal, world};

const ROBOTS: &str = "/robots.txt";
const RESOLVE: &str = "/xrpc/com.atproto.identity.resolveHandle?handle=unknown.test";

#[tokio::test]
async fn bluesky_announces_unix_seconds_and_mastodon_a_time() {
    let web = Web::new(world(), frozen());
    let response = web.bluesky(RESOLVE).await;
    assert_eq!(header(&response, "ratelimit-limit"), "1000000");
    assert_eq!(header(&response, "ratelimit-remaining"), "999999");
    assert_eq!(header(&response, "ratelimit-reset"), "1795348801");
    assert_eq!(header(&response, "ratelimit-policy"), "1000000;w=1");
    let response = web.at("alpha.social.test", ROBOTS).await;
    assert_eq!(header(&response, "x-ratelimit-limit"), "1000000");
    assert_eq!(header(&response, "x-ratelimit-reset"), "2026-11-22T12:00:01.000Z");
}

#[tokio::test]
async fn a_client_that_exceeds_a_limit_is_refused_and_counted() {
    let mut config = frozen();
    let two = WindowLimit { requests: 2, window_ms: 300_000 };
    config.limits = BTreeMap::from([("alpha.social.test".to_owned(), two)]);
    let web = Web::new(world(), config);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(web.at("alpha.social.test", ROBOTS).await.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 429, 429]);
    let refused = web.at("alpha.social.test", ROBOTS).await;
    assert_eq!(header(&refused, "x-ratelimit-remaining"), "0");
    assert_eq!(header(&refused, "x-ratelimit-reset"), "2026-11-22T12:05:00.000Z");
    assert_eq!(refusal(refused).await.1["error"], "Too many requests");
    assert_eq!(web.at("birch.social.test", ROBOTS).await.status(), 200);
    let stats = web.running.stats();
    assert_eq!((stats.requests(), stats.too_many(), stats.by_route["robots"]), (6, 3, 3));
    assert_eq!((stats.windows_over_limit(), stats.window_requests_max()), (1, 5));
}

#[tokio::test]
async fn all_of_bluesky_is_one_host() {
    let mut config = frozen();
    config.limit.requests = 1;
    let web = Web::new(world(), config);
    assert_ne!(web.bluesky(RESOLVE).await.status(), 429);
    let refused = web.at("anna.person.test", "/.well-known/atproto-did").await;
    assert_eq!(
        refusal(refused).await,
        (
            429,
            serde_json::json!({
                "error": "RateLimitExceeded", "message": "Rate Limit Exceeded",
            })
        )
    );
}

#[tokio::test]
async fn a_stopped_web_answers_no_request() {
    let web = Web::new(world(), frozen());
    let url = web.running.bluesky_url().to_owned();
    web.running.stop();
    assert!(reqwest::get(format!("{url}{RESOLVE}")).await.is_err());
}
