//! Search.

use serde_json::Value;

use crate::world::{ALANS, Api};

async fn handles(api: &Api, query: &str) -> Vec<String> {
    let hits = api.get(&format!("/v1/search?q={query}&limit=1000")).await.data();
    let handle = |hit: &Value| hit["person"]["handle"].as_str().map(str::to_owned);
    hits.as_array().expect("a list").iter().filter_map(handle).collect()
}

#[tokio::test]
async fn words_find_people_by_trust() {
    let api = Api::new().await;
    assert_eq!(handles(&api, "engines").await, ["ada.example.org", "grace.example.org"]);
    assert_eq!(handles(&api, "comp+engines").await, [] as [&str; 0]);
    assert_eq!(handles(&api, "engines+comp").await, ["grace.example.org"]);
    assert_eq!(handles(&api, "LOVE").await, ["ada.example.org"]);
    assert_eq!(handles(&api, "compilers").await, ["grace.example.org", "acme.example.com"]);
    assert_eq!(handles(&api, "ala").await.len(), ALANS as usize);
}

#[tokio::test]
async fn an_exact_handle_comes_first_and_only_once() {
    let api = Api::new().await;
    let exact = handles(&api, "alan7.example.org").await;
    assert_eq!(exact, ["alan7.example.org"]);
    let hits = api.get("/v1/search?q=fediverse:ada@example.org").await.data();
    assert_eq!((hits[0]["exact"].as_bool(), hits[0]["rank"].as_u64()), (Some(true), Some(1)));
    assert_eq!(handles(&api, "@ala").await.len(), ALANS as usize);
}

#[tokio::test]
async fn the_unlisted_are_found_by_nothing() {
    let api = Api::new().await;
    assert_eq!(handles(&api, "hermit").await, [] as [&str; 0]);
    assert_eq!(handles(&api, "secret").await, [] as [&str; 0]);
    for query in ["hermit.example.org", "@hermit.example.org", "bluesky:hermit.example.org"] {
        assert_eq!(handles(&api, query).await, [] as [&str; 0], "{query}");
    }
    for query in ["phantom@hidden.example", "phantom", "ectoplasm", "wraith@hidden.example"] {
        assert_eq!(handles(&api, query).await, [] as [&str; 0], "{query}");
    }
}

#[tokio::test]
async fn a_walk_through_results_with_an_exact_hit_finds_each_once() {
    let api = Api::new().await;
    let whole = handles(&api, "alan1.example.org").await;
    let hits = api.walk("/v1/search?q=alan1.example.org&limit=1").await;
    let walked: Vec<&str> =
        hits.iter().filter_map(|hit| hit["person"]["handle"].as_str()).collect();
    assert_eq!(walked, whole);
    assert_eq!(api.walk("/v1/search?q=alan&limit=4").await.len(), ALANS as usize);
}

#[tokio::test]
async fn what_is_no_query_says_why() {
    let api = Api::new().await;
    for query in ["", "q=", "q=%20!", "q=bluesky:a%20b", "q=a+b+c+d+e+f+g+h+i"] {
        let reply = api.get(&format!("/v1/search?{query}")).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "bad_parameter"), "{query}");
    }
}
