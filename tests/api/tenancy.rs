//! Whatever one account has, another one cannot find.

use axum::body::Body;
use model::Scope;
use serde_json::Value;

use crate::world::Api;

/// What the first account has, by the name of its parameter in the routes.
struct Owned {
    charge: String,
    quote: String,
    alert: String,
    key: String,
    consumer: String,
    webhook: String,
    delivery: String,
    export: String,
    cursors: Vec<String>,
    tag: String,
}

async fn owned(api: &Api) -> Owned {
    let mut cursors = Vec::new();
    for person in [0, 1, 2] {
        api.get(&format!("/v1/people/{}", api.person(person))).await;
        api.clock.advance_seconds(1);
        api.post_charges().await;
    }
    let charges = api.get("/v1/charges?limit=1").await;
    let charge = charges.data()[0]["id"].as_str().unwrap().to_owned();
    cursors.push(charges.json()["next_cursor"].as_str().unwrap().to_owned());
    let people = api.get("/v1/communities?limit=1").await;
    cursors.push(people.json()["next_cursor"].as_str().unwrap().to_owned());
    let alert = api.post("/v1/alerts", r#"{"kind":"spent_above","threshold":"1"}"#).await;
    let alert = alert.data()["id"].as_str().unwrap().to_owned();
    let balance = api.get("/v1/balance").await;
    let put = api.request("PUT", "/v1/consumers/my-mirror");
    assert_eq!(api.send(put, Body::from("{}")).await.status, 200);
    let consumer = "my-mirror".to_owned();
    let put = api.request("PUT", "/v1/webhooks/my-news");
    let order = r#"{"url":"https://hooks.example.org/"}"#;
    assert_eq!(api.send(put, Body::from(order)).await.status, 200);
    let webhook = "my-news".to_owned();
    let delivery = api.post("/v1/webhooks/my-news/ping", "").await.data();
    let delivery = delivery["id"].as_str().unwrap().to_owned();
    let log = api.get("/v1/webhooks/my-news/deliveries?limit=1").await;
    cursors.push(log.json()["next_cursor"].as_str().unwrap().to_owned());
    let order = r#"{"what":"people","format":"ndjson"}"#;
    let export = api.post("/v1/exports", order).await.json()["data"]["id"].clone();
    let export = export.as_str().unwrap().to_owned();
    let (quote, key) = (crate::quotes::give(api).await, api.key_id.to_string());
    let tag = balance.header("etag").to_owned();
    Owned { charge, quote, alert, key, consumer, webhook, delivery, export, cursors, tag }
}

/// Every operation of the document that needs a key: its method and its path.
async fn operations(api: &Api) -> Vec<(String, String)> {
    let document = api.get("/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    let mut found = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            if operation.get("security") != Some(&Value::Array(vec![serde_json::json!({})])) {
                found.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    found
}

#[tokio::test]
async fn no_route_gives_another_account_s_anything() {
    let mut api = Api::new().await;
    let mine = owned(&api).await;
    let before = api.available("tester").await;
    api.key = api.new_key("stranger", &Scope::ALL, 8).await.0;
    api.fund("stranger", "100").await;
    let mut tried = 0;
    for (method, path) in operations(&api).await {
        let own = [
            ("/v1/charges/{id}", &mine.charge),
            ("/v1/quotes/{id}", &mine.quote),
            ("/v1/alerts/{id}", &mine.alert),
            ("/v1/keys/{id}", &mine.key),
            ("/v1/keys/{id}/rotate", &mine.key),
            ("/v1/budgets/{key}", &mine.key),
            ("/v1/exports/{id}", &mine.export),
            ("/v1/exports/{id}/links", &mine.export),
            ("/v1/consumers/{name}", &mine.consumer),
            ("/v1/consumers/{name}/changes", &mine.consumer),
            ("/v1/webhooks/{name}", &mine.webhook),
            ("/v1/webhooks/{name}/rotate", &mine.webhook),
            ("/v1/webhooks/{name}/ping", &mine.webhook),
            ("/v1/webhooks/{name}/deliveries", &mine.webhook),
        ];
        if let Some((_, id)) = own.iter().find(|(known, _)| *known == path) {
            let path = path.replace("{id}", id).replace("{key}", id).replace("{name}", id);
            let body = if path.contains("budgets") { r#"{"daily_cap":"1"}"# } else { "{}" };
            if method == "PUT" && (path.contains("consumers") || path.contains("webhooks")) {
                // Its own one of the same name.
                continue;
            }
            let reply = api.send(api.request(&method, &path), Body::from(body)).await;
            assert_eq!(reply.status, 404, "{method} {path}: {}", reply.text);
            tried += 1;
        }
        if method == "GET" && !path.contains('{') {
            for cursor in &mine.cursors {
                let reply = api.get(&format!("{path}?cursor={cursor}")).await;
                let is_refused = matches!(reply.status, 400 | 404);
                assert!(is_refused, "{path}: {}", reply.text);
                tried += 1;
            }
            let request = api.request("GET", &path).header("if-none-match", &mine.tag);
            let reply = api.send(request, Body::empty()).await;
            assert_ne!(reply.status, 304, "{path}");
            let ids = [&mine.charge, &mine.quote, &mine.alert, &mine.key, &mine.consumer];
            for id in ids.into_iter().chain([&mine.webhook, &mine.delivery, &mine.export]) {
                assert!(!reply.text.contains(&format!("\"{id}\"")), "{path}: {}", reply.text);
            }
        }
    }
    // Its own webhook of the same name has not the delivery of the other one.
    let put = api.request("PUT", "/v1/webhooks/my-news");
    api.send(put, Body::from(r#"{"url":"https://other.example.org/"}"#)).await.data();
    let again = format!("/v1/webhooks/my-news/deliveries/{}/redeliver", mine.delivery);
    assert_eq!(api.post(&again, "").await.code(), "delivery_unknown");
    println!("{tried} foreign ids and cursors, 0 leaks");
    assert!(tried > 30, "{tried}");
    let foreign = api.request("GET", &format!("/v1/people/{}", api.person(0)));
    let foreign = foreign.header("borg-quote", &mine.quote);
    assert_eq!(api.send(foreign, Body::empty()).await.status, 404);
    assert_eq!(api.available("tester").await, before);
}
