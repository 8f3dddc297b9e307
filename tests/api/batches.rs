//! Batches of people and profiles.

use serde_json::json;

use crate::world::Api;

#[tokio::test]
async fn a_batch_answers_in_the_order_asked_and_leaves_the_unknown_out() {
    let api = Api::new().await;
    let (grace, ada) = (api.person(1).to_string(), api.person(0).to_string());
    let body = json!({"ids": [grace, "per_zzzzzz", ada, grace]}).to_string();
    let people = api.post("/v1/people:batch", &body).await;
    let ids: Vec<String> = people
        .data()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, [grace, ada]);
    assert!(people.header("borg-units").contains("row.person=2"));
    let body = json!({"ids": [api.world.profiles[2].to_string()]}).to_string();
    let profiles = api.post("/v1/profiles:batch", &body).await.data();
    assert_eq!(profiles[0]["handle"], "acme.example.com");
}

#[tokio::test]
async fn communities_and_accounts_are_asked_for_together() {
    let api = Api::new().await;
    let (rust, art) = (api.world.rust.to_string(), api.world.art.to_string());
    let body = json!({"ids": [art, "com_zzz", rust, art]}).to_string();
    let reply = api.post("/v1/communities:batch", &body).await;
    let found = reply.data();
    assert_eq!((&found[0]["id"], &found[1]["id"]), (&json!(art), &json!(rust)));
    assert_eq!(found.as_array().unwrap().len(), 2);
    assert_eq!(reply.json()["run"], api.world.run.to_string());
    assert!(reply.header("borg-units").contains("row.person=2"));
    let names = [
        "bluesky:Ada.Example.org",
        "bluesky:missing.example",
        "mastodon:@ada@example.org",
        "bluesky:hermit.example.org",
    ];
    let reply = api.post("/v1/people:resolve", &json!({"accounts": names}).to_string()).await;
    let rows = reply.data();
    let ada = api.person(0).to_string();
    assert_eq!((&rows[0]["person"]["id"], &rows[2]["person"]["id"]), (&json!(ada), &json!(ada)));
    assert_eq!(rows[0]["person"]["score"]["rank"], 1);
    assert!(rows[1]["person"].is_null() && rows[3]["person"].is_null(), "{rows}");
    assert_eq!(rows[3]["account"], names[3]);
    assert!(reply.header("borg-units").contains("row.person=2"));
    let one = api.post("/v1/people:resolve", &json!({"accounts": [names[1]]}).to_string()).await;
    assert_eq!((one.status, one.header("borg-cost")), (200, "0"));
}

#[tokio::test]
async fn accounts_that_cannot_be_read_say_where() {
    let api = Api::new().await;
    let many = vec!["bluesky:a.example"; 1_001];
    for (accounts, pointer) in [
        (json!(["bluesky:a.example", "myspace:tom"]), "/accounts/1"),
        (json!([]), "/accounts"),
        (json!(many), "/accounts"),
        (json!([7]), "/accounts/0"),
    ] {
        let body = json!({"accounts": accounts}).to_string();
        let reply = api.post("/v1/people:resolve", &body).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "bad_body"), "{}", reply.text);
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{}", reply.text);
    }
    let bad = api.post("/v1/communities:batch", &json!({"ids": ["per_1"]}).to_string()).await;
    assert_eq!((bad.status, bad.code().as_str()), (400, "bad_body"));
}

#[tokio::test]
async fn a_batch_that_cannot_be_read_says_where() {
    let api = Api::new().await;
    let many: Vec<String> = (0..1001).map(|n| format!("per_{n}")).collect();
    for (body, pointer) in [
        (json!({"ids": ["per_1", "prf_1"]}).to_string(), "/ids/1"),
        (json!({"ids": []}).to_string(), "/ids"),
        (json!({"ids": many}).to_string(), "/ids"),
        ("{\"ids\": [".to_owned(), ""),
    ] {
        let reply = api.post("/v1/people:batch", &body).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "bad_body"), "{body}");
        let named = reply.json()["errors"][0]["pointer"].as_str().unwrap().to_owned();
        assert!(named.starts_with(pointer), "{named}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_unread() {
    let api = Api::new().await;
    let reply = api.post("/v1/people:batch", &" ".repeat(100_000)).await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "body_too_large"));
}
