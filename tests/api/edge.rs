//! What stands in front of all handlers: limits by address, the status from memory, answers that a client has.

use std::net::SocketAddr;

use api_gateway::{ClientAddress, RequestLimits, RequestRate};
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::world::{Api, Reply};

/// Three requests at once, and one a second.
fn narrow() -> RequestLimits {
    let address = Some(RequestRate { per_second: 1, burst: 3 });
    RequestLimits { address, ..RequestLimits::NONE }
}

async fn from(api: &Api, address: &str, path: &str) -> Reply {
    let peer = ConnectInfo(SocketAddr::new(address.parse().unwrap(), 5_000));
    api.send(Request::get(path).extension(peer), Body::empty()).await
}

#[tokio::test]
async fn an_address_that_sends_too_much_waits_whatever_it_asks_for() {
    let api = Api::with(narrow()).await;
    for (left, path) in [(2, "/v1/status"), (1, "/v1/runs"), (0, "/nothing")] {
        let reply = from(&api, "192.0.2.1", path).await;
        assert_ne!(reply.status, 429, "{path}");
        assert_eq!(reply.header("ratelimit-policy"), "\"address\";q=3;w=3");
        assert!(reply.header("ratelimit").starts_with(&format!("\"address\";r={left};t=")));
    }
    for path in ["/v1/status", "/v1/runs", "/docs", "/nothing"] {
        let refused = from(&api, "192.0.2.1", path).await;
        assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limited"), "{path}");
        assert_eq!((refused.header("retry-after"), refused.header("borg-cost")), ("1", "0"));
        assert_eq!(refused.header("ratelimit"), "\"address\";r=0;t=1");
    }
    assert_eq!(from(&api, "192.0.2.2", "/health").await.status, 200, "another address");
    api.clock.advance_seconds(1);
    assert_eq!(from(&api, "192.0.2.1", "/health").await.status, 200);
    assert_eq!(from(&api, "192.0.2.1", "/health").await.status, 429);
}

#[tokio::test]
async fn the_hosts_of_a_network_of_ipv6_share_a_limit_and_this_machine_has_none() {
    let api = Api::with(narrow()).await;
    for host in ["1", "2", "ffff:1"] {
        let address = format!("2001:db8:0:7::{host}");
        assert_eq!(from(&api, &address, "/health").await.status, 200, "{address}");
    }
    assert_eq!(from(&api, "2001:db8:0:7::4", "/health").await.status, 429);
    assert_eq!(from(&api, "2001:db8:0:8::4", "/health").await.status, 200);
    for _ in 0..9 {
        assert_eq!(from(&api, "127.0.0.1", "/health").await.status, 200);
        assert_eq!(from(&api, "::1", "/health").await.status, 200);
        assert_eq!(api.get("/health").await.status, 200);
    }
}

#[tokio::test]
async fn no_header_of_a_client_changes_its_address() {
    let api = Api::with(narrow()).await;
    let mut statuses = Vec::new();
    for number in 0..4 {
        let own = ClientAddress("192.0.2.1".parse().unwrap());
        let made_up = format!("198.51.100.{number}");
        let request = Request::get("/health")
            .extension(own)
            .header("x-forwarded-for", &made_up)
            .header("forwarded", format!("for={made_up}"))
            .header("x-real-ip", &made_up);
        statuses.push(api.send(request, Body::empty()).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
}

#[tokio::test]
async fn the_status_is_that_of_the_last_second() {
    let api = Api::new().await;
    let statuses = futures::future::join_all((0..30).map(|_| api.get("/v1/status"))).await;
    assert!(statuses.iter().all(|one| one.status == 200 && one.text == statuses[0].text));
    assert_eq!(statuses[0].json()["run"], api.world.run.to_string());
    // What it was read from is gone: it is noticed a second later, and for all at once.
    api.database.rename_table("run", "run_gone").await;
    assert_eq!(api.get("/v1/status").await.text, statuses[0].text);
    api.clock.advance_seconds(1);
    let failed = api.get("/v1/status").await;
    assert_eq!((failed.status, failed.code().as_str()), (500, "internal"));
    api.database.rename_table("run_gone", "run").await;
    assert_eq!(api.get("/v1/status").await.status, 500, "the failure is kept for a second, too");
    api.clock.advance_seconds(1);
    assert_eq!(api.get("/v1/status").await.json()["run"], api.world.run.to_string());
}

/// A request to each GET route of the document, made of the world's ids and the document's examples.
fn requests(api: &Api, document: &Value, owned: &[(&str, String)]) -> Vec<String> {
    let mut requests = Vec::new();
    for (path, operation) in document["paths"].as_object().unwrap() {
        let Some(get) = operation.get("get") else { continue };
        let ids = [
            ("/v1/people/{id}", api.person(0).to_string()),
            ("/v1/profiles/{id}", api.world.profiles[0].to_string()),
            ("/v1/communities/{id}", api.world.rust.to_string()),
            ("/v1/runs/{id}", api.world.run.to_string()),
            ("/v1/keys/{id}", api.key_id.to_string()),
        ];
        let known = ids.iter().chain(owned).find(|(prefix, _)| path.starts_with(prefix));
        let request = match (path.split_once('{'), known) {
            (Some((before, rest)), Some((_, id))) => {
                format!("{before}{id}{}", rest.split_once('}').unwrap().1)
            }
            (Some(_), None) => continue,
            (None, _) => path.clone(),
        };
        let query = match path.as_str() {
            "/v1/people:resolve" => "?account=fediverse:ada@example.org",
            "/v1/people/{id}/evidence" => &format!("?community={}", api.world.rust),
            "/v1/prices/history" => "?class=graph",
            "/v1/search" => "?q=ada",
            _ => "",
        };
        let required = get["parameters"].as_array().into_iter().flatten();
        let mut required = required.filter(|one| one["in"] == "query" && one["required"] == true);
        if query.is_empty() && required.next().is_some() {
            continue;
        }
        requests.push(format!("{request}{query}"));
    }
    requests
}

/// The status, headers and size of the answer to a GET by who has an answer with this tag.
async fn get(api: &Api, path: &str, tag: &str) -> (u16, HeaderMap, usize) {
    let request = api.request("GET", path).header("if-none-match", tag);
    let request = request.body(Body::empty()).unwrap();
    let (parts, body) = api.router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = to_bytes(body, 1 << 26).await.unwrap();
    (parts.status.as_u16(), parts.headers, bytes.len())
}

#[tokio::test]
async fn every_answer_to_a_get_is_a_free_304_to_who_has_it() {
    let api = Api::new().await;
    let quote = crate::quotes::give(&api).await;
    let read = api.get(&format!("/v1/people/{}", api.person(1))).await;
    let charge = read.header("borg-charge-id").to_owned();
    api.post_charges().await;
    let owned = [("/v1/quotes/{id}", quote), ("/v1/charges/{id}", charge)];
    let document = api.get("/openapi.json").await.json();
    let mut requests = requests(&api, &document, &owned);
    requests.extend(["/openapi.json", "/docs", "/docs/style.css"].map(str::to_owned));
    let mut tried = 0;
    // The change log grows while transactions of other tests end, so that two answers may differ.
    for path in requests.iter().filter(|path| *path != "/v1/changes") {
        let (status, headers, _) = get(&api, path, "").await;
        let Some(tag) = headers.get("etag").map(|tag| tag.to_str().unwrap()) else {
            assert_ne!(status, 200, "{path} has no tag");
            continue;
        };
        let (again, unchanged, bytes) = get(&api, path, tag).await;
        assert_eq!((again, bytes), (304, 0), "{path}");
        assert_eq!(unchanged["borg-cost"], "0", "{path}");
        for name in ["etag", "cache-control", "vary"] {
            assert_eq!(unchanged.get(name), headers.get(name), "{path}: {name}");
        }
        tried += 1;
    }
    println!("{tried} of {} GET routes answer 304", requests.len());
    assert!(tried >= 30, "only {tried} of {} were answered", requests.len());
}
