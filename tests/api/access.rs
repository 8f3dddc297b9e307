//! Keys: who may call, and where a key must never be.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use model::Scope;
use model::port::Clock as _;
use store::pg::key;

use crate::world::{ACT, Api, Reply, secret};

async fn with_header(api: &Api, header: Option<&str>) -> Reply {
    let request = Request::builder().uri("/v1/runs");
    let request = match header {
        Some(value) => request.header("authorization", value),
        None => request,
    };
    api.send(request, Body::empty()).await
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_told_apart() {
    let api = Api::new().await;
    let typo = format!("Bearer {}x", &api.key[..api.key.len() - 1]);
    let unknown = format!("Bearer {}", secret(99).reveal());
    for (header, code) in [
        (None, "key_missing"),
        (Some("Basic dXNlcjpwYXNz"), "key_malformed"),
        (Some("Bearer sk_live_123"), "key_malformed"),
        (Some(typo.as_str()), "key_malformed"),
        (Some(unknown.as_str()), "key_unknown"),
    ] {
        let reply = with_header(&api, header).await;
        assert_eq!((reply.status, reply.code().as_str()), (401, code), "{header:?}");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn a_key_opens_only_its_scopes() {
    let mut api = Api::new().await;
    api.key = api.new_key("searcher", &[Scope::SearchRead], 3).await.0;
    api.fund("searcher", "100").await;
    assert_eq!(api.get("/v1/search?q=ada").await.status, 200);
    let refused = api.get("/v1/runs").await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "scope_missing"));
    assert!(refused.json()["detail"].as_str().unwrap().contains("ranks:read"));
}

#[tokio::test]
async fn a_revocation_is_seen_within_thirty_seconds() {
    let api = Api::new().await;
    assert_eq!(api.get("/v1/runs").await.status, 200);
    assert!(key::revoke(api.database.pg(), api.key_id, ACT, api.clock.now()).await.unwrap());
    api.clock.advance_seconds(30);
    let reply = api.get("/v1/runs").await;
    assert_eq!((reply.status, reply.code().as_str()), (401, "key_revoked"));
}

#[tokio::test]
async fn a_key_in_a_url_is_refused_and_not_repeated() {
    let api = Api::new().await;
    for path in [
        format!("/v1/runs?key={}", api.key),
        "/v1/runs?token=1".to_owned(),
        format!("/v1/search?q={}", api.key),
        format!("/v1/people/{}", api.key),
    ] {
        let reply = api.get(&path).await;
        assert_eq!(reply.status, 400, "{path}");
        assert!(!reply.text.contains(&api.key), "{}", reply.text);
    }
    assert_eq!(api.get("/v1/runs?token=1").await.code(), "key_in_url");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no test panics while it logs").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_key_is_never_in_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // For all tests of this process, since what one of them logs concerns the others' keys too.
    tracing::subscriber::set_global_default(subscriber).expect("no other test sets one");
    let api = Api::new().await;
    for path in [
        "/v1/runs".to_owned(),
        format!("/v1/runs?key={}", api.key),
        format!("/v1/people/{}", api.key),
    ] {
        api.get(&path).await;
    }
    let unknown = format!("Bearer {}", secret(98).reveal());
    with_header(&api, Some(&unknown)).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.matches("answered").count() >= 4, "{text}");
    assert!(text.contains(&api.key_id.to_string()), "the key's id is");
    let of_runs = text.lines().find(|line| line.contains("answered") && line.contains("/v1/runs"));
    let of_runs = of_runs.expect("it was asked for");
    for field in ["request_id=", "method=", "status=", " us=", " bytes=", "outcome=", "cost="] {
        assert!(of_runs.contains(field), "{field} is missing: {of_runs}");
    }
    let digits = &api.key["borg_live_".len()..];
    assert!(!text.contains(digits) && !text.contains(&secret(98).reveal()[10..]), "{text}");
}
