//! No body, however wrong, breaks the engine: every stream meets arbitrary JSON.

use model::observation::NamedProfile;
use model::port::{Web, WebError, WebRequest, WebResponse};
use model::{Layer, Platform};
use platforms::engine::{FetchContext, FetchMemory, FetchSubject, Unlimited};
use platforms::{CrawlEngine, EngineSettings};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::script::Still;

/// Answers everything with one body.
struct Parrot {
    body: Vec<u8>,
}

impl Web for Parrot {
    async fn fetch(&self, _: WebRequest) -> Result<WebResponse, WebError> {
        let link = "<https://h/x?max_id=1>; rel=\"next\"".to_owned();
        Ok(WebResponse {
            status: 200,
            headers: vec![("link".to_owned(), link)],
            body: self.body.clone(),
        })
    }
}

/// The keys that the manifests look for, so that arbitrary values get far.
const KEYS: [&str; 40] = [
    "follows",
    "followers",
    "feed",
    "records",
    "lists",
    "items",
    "profiles",
    "cursor",
    "did",
    "handle",
    "post",
    "record",
    "reason",
    "reply",
    "parent",
    "author",
    "uri",
    "embed",
    "facets",
    "features",
    "$type",
    "indexedAt",
    "labels",
    "val",
    "description",
    "subject",
    "value",
    "id",
    "acct",
    "username",
    "reblog",
    "account",
    "mentions",
    "in_reply_to_account_id",
    "fields",
    "verified_at",
    "note",
    "created_at",
    "suspended",
    "links",
];

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        proptest::sample::select(vec![
            "did:plc:a",
            "https://h.test/users/a",
            "at://did:plc:b/app.bsky.feed.post/1",
            "1",
            "2026-01-01T00:00:00Z",
            "app.bsky.richtext.facet#mention",
            "<a href='https://x.y'>",
        ])
        .prop_map(Value::from),
    ]
}

fn object(entries: Vec<(&'static str, Value)>) -> Value {
    let entries = entries.into_iter().map(|(key, value)| (key.to_owned(), value));
    Value::Object(Map::from_iter(entries))
}

fn body() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(7, 80, 8, |inner| {
        let key = proptest::sample::select(KEYS.to_vec());
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..8).prop_map(object),
        ]
    })
}

fn subjects() -> [FetchSubject; 2] {
    let name = |native_id: &str| NamedProfile {
        native_id: native_id.to_owned(),
        ..NamedProfile::default()
    };
    let mut fediverse = FetchSubject::new(Platform::FEDIVERSE, name("https://h.test/users/me"));
    fediverse.local_id = Some("7".to_owned());
    fediverse.following = Some(3);
    let mut bluesky = FetchSubject::new(Platform::BLUESKY, name("did:plc:me"));
    bluesky.watermarks = vec![(Layer::Mention, "2025-01-01T00:00:00Z".to_owned())];
    [fediverse, bluesky]
}

async fn visit_all(body: Vec<u8>) {
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let (web, memory) = (Parrot { body }, FetchMemory::of_recordings());
    for subject in subjects() {
        let mut limiter = Unlimited::default();
        let mut fetch = FetchContext::new(&web, &Still, &mut limiter, &memory);
        let profiles = engine.profiles(&mut fetch, std::slice::from_ref(&subject)).await;
        assert_eq!(profiles.len(), 1);
        engine.round(&mut fetch, &subject).await;
        assert!(fetch.requests() < 5_000, "it never ends");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_json_breaks_the_engine(body in body(), wrap in 0usize..6) {
        let body = match wrap {
            0 => json!([body]),
            1 => json!({"follows": body, "followers": body, "feed": body, "profiles": body}),
            2 => json!({"records": [body.clone()], "lists": [body.clone()], "items": [body]}),
            _ => body,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(visit_all(body.to_string().into_bytes()));
    }

    #[test]
    fn no_bytes_break_the_engine(body in proptest::collection::vec(any::<u8>(), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(visit_all(body));
    }
}
