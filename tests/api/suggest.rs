//! Suggestions as one types.

use model::port::Clock as _;
use model::profile::GoneReason;
use serde_json::Value;
use store::pg::erase;

use crate::world::{Api, bluesky};

async fn suggested(api: &Api, query: &str) -> Vec<String> {
    let rows = api.get(&format!("/v1/suggest?q={query}")).await.data();
    let name = |row: &Value| match row["type"].as_str() {
        Some("person") => row["person"]["handle"].as_str().map(str::to_owned),
        _ => row["community"]["labels"][0].as_str().map(str::to_owned),
    };
    rows.as_array().expect("a list").iter().filter_map(name).collect()
}

#[tokio::test]
async fn each_letter_finds_names_handles_and_labels_that_begin_so() {
    let api = Api::new().await;
    for typed in ["a", "ad", "ada", "lov", "Ada+Lo", "lovelace+ad", "@ada.ex", "bluesky:ada"] {
        assert_eq!(suggested(&api, typed).await.first().unwrap(), "ada.example.org", "{typed}");
    }
    assert_eq!(suggested(&api, "hopp").await, ["grace.example.org"]);
    assert_eq!(suggested(&api, "ru").await, ["Rust"]);
    assert_eq!(suggested(&api, "peo&limit=20").await, ["Rust", "art"]);
    assert_eq!(suggested(&api, "zzz").await, [] as [&str; 0]);
}

#[tokio::test]
async fn the_best_trusted_come_first_and_bios_do_not_count() {
    let api = Api::new().await;
    // `compilers` and `engines` are words of bios only.
    assert_eq!(suggested(&api, "compilers").await, [] as [&str; 0]);
    assert_eq!(suggested(&api, "engi").await, [] as [&str; 0]);
    let alans = suggested(&api, "al").await;
    assert_eq!((alans.len(), alans[0].as_str()), (8, "alan0.example.org"));
    assert_eq!(suggested(&api, "al&limit=20").await.len(), 20);
    let mixed = suggested(&api, "a&limit=4").await;
    assert_eq!((mixed.len(), mixed[0].as_str(), mixed[3].as_str()), (4, "ada.example.org", "art"));
}

#[tokio::test]
async fn the_unlisted_are_never_suggested() {
    let api = Api::new().await;
    for typed in ["her", "hermit", "@hermit", "phan", "phantom", "wraith", "@phantom"] {
        assert_eq!(suggested(&api, typed).await, [] as [&str; 0], "{typed}");
    }
    let (pg, now) = (api.database.pg(), api.clock.now());
    erase::profile(pg, api.world.profiles[1], GoneReason::Refused, now).await.unwrap();
    assert_eq!(suggested(&api, "grac").await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_suggestion_has_a_price_of_its_own_and_a_miss_none() {
    let api = Api::new().await;
    let reply = api.get("/v1/suggest?q=ad").await;
    assert_eq!(reply.header("borg-units"), "class=search, call.suggest=1");
    assert_eq!(reply.header("borg-cost"), "0.01");
    assert_eq!(api.get("/v1/suggest?q=zzz").await.header("borg-cost"), "0");
}

#[tokio::test]
async fn what_cannot_be_completed_says_why() {
    let api = Api::new().await;
    for query in ["", "q=", "q=a&limit=0", "q=a&limit=21", "q=a&cursor=x"] {
        let reply = api.get(&format!("/v1/suggest?{query}")).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "bad_parameter"), "{query}");
    }
    for query in ["q=@", "q=%20!", "q=a+b+c+d+e+f+g+h+i"] {
        let reply = api.get(&format!("/v1/suggest?{query}")).await;
        assert_eq!(
            (reply.data(), reply.header("borg-cost")),
            (serde_json::json!([]), "0"),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_run_without_an_index_of_names_suggests_handles() {
    let api = Api::new().await;
    let mut builder = search::IndexBuilder::new(search::Folding::NEWEST);
    for (number, page) in (0..).zip(bluesky()) {
        let handle = page.named.handle.as_deref();
        let words = search::PublicWords { handle, ..search::PublicWords::default() };
        builder.add(number, &[words]).unwrap();
    }
    let rows = builder.finish().into_iter().filter(|row| !row.key.contains('~'));
    let term = |row: search::index::IndexRow| store::pg::term::Term {
        term: row.key,
        count: row.count,
        body: row.body,
    };
    let terms: Vec<_> = rows.map(term).collect();
    let (pg, now) = (api.database.pg(), api.clock.now());
    let folding = search::Folding::NEWEST.number();
    let run = api.world.load_terms(pg, (&terms, folding), now).await;
    store::pg::run::activate(pg, run, now).await.unwrap();
    api.clock.advance_seconds(1);
    assert_eq!(suggested(&api, "grace").await, ["grace.example.org"]);
}
