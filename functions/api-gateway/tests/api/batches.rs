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
