//! Keys that make keys: scopes, rotation, revocation.

use axum::body::Body;
use model::Scope;
use store::pg::audit;

use crate::world::{Api, Reply};

async fn delete(api: &Api, path: &str) -> Reply {
    api.send(api.request("DELETE", path), Body::empty()).await
}

#[tokio::test]
async fn a_key_makes_keys_that_may_do_less() {
    let mut api = Api::new().await;
    let order = r#"{"name":"feed","scopes":["profiles:read"],"daily_cap":"5"}"#;
    let made = api.post("/v1/keys", order).await.data();
    let id = made["id"].as_str().unwrap().to_owned();
    let shown = api.get(&format!("/v1/keys/{id}")).await.data();
    assert_eq!((shown["name"].as_str(), shown["daily_cap"].as_str()), (Some("feed"), Some("5")));
    assert!(shown.get("secret").is_none());
    let keys = api.get("/v1/keys").await.data();
    assert_eq!(keys.as_array().unwrap().len(), 2);
    let whole = std::mem::replace(&mut api.key, made["secret"].as_str().unwrap().to_owned());
    assert_eq!(api.get(&format!("/v1/people/{}", api.person(0))).await.status, 200);
    assert_eq!(api.get("/v1/balance").await.code(), "scope_missing");
    assert_eq!(api.post("/v1/keys", order).await.code(), "scope_missing");
    api.key = api.new_key("tester", &[Scope::KeysWrite], 5).await.0;
    assert_eq!(api.post("/v1/keys", order).await.code(), "scope_not_held");
    api.key = whole;
    for (body, code) in [
        (r#"{"scopes":[]}"#, "bad_body"),
        (r#"{"scopes":["everything"]}"#, "bad_body"),
        (r#"{"scopes":["profiles:read"],"daily_cap":"-1"}"#, "bad_body"),
        (r#"{"scopes":["profiles:read"],"account":"other"}"#, "bad_body"),
    ] {
        assert_eq!(api.post("/v1/keys", body).await.code(), code, "{body}");
    }
    assert_eq!(delete(&api, &format!("/v1/keys/{id}")).await.status, 200);
    assert_eq!(delete(&api, &format!("/v1/keys/{id}")).await.code(), "no_such_key");
    let actions: Vec<String> = audit::newest(api.database.pg(), 9)
        .await
        .unwrap()
        .into_iter()
        .filter(|line| line.actor.starts_with("api:key_"))
        .map(|line| line.action)
        .collect();
    assert_eq!(actions, ["revoke-key", "create-key"]);
}

#[tokio::test]
async fn two_secrets_open_while_one_replaces_the_other() {
    let mut api = Api::new().await;
    let path = format!("/v1/keys/{}/rotate", api.key_id);
    let new = api.post(&path, r#"{"overlap_seconds":60}"#).await.data();
    assert_eq!(new["id"], api.key_id.to_string());
    let secrets = [api.key.clone(), new["secret"].as_str().unwrap().to_owned()];
    for secret in &secrets {
        api.key.clone_from(secret);
        assert_eq!(api.get("/v1/balance").await.status, 200);
    }
    api.clock.advance_seconds(91);
    assert_eq!(api.get("/v1/balance").await.status, 200, "the new one");
    api.key.clone_from(&secrets[0]);
    assert_eq!(api.get("/v1/balance").await.code(), "key_unknown");
    api.key.clone_from(&secrets[1]);
    let too_long = api.post(&path, r#"{"overlap_seconds":99999999}"#).await;
    assert_eq!(too_long.code(), "bad_body");
    assert_eq!(api.post("/v1/keys/key_zzz/rotate", "{}").await.code(), "no_such_key");
}

#[tokio::test]
async fn a_key_gives_no_more_than_it_has() {
    let mut api = Api::new().await;
    let whole = api.key_id;
    let weak = api.post("/v1/keys", r#"{"scopes":["keys:write"],"daily_cap":"5"}"#).await.data();
    let weak_id = weak["id"].as_str().unwrap().to_owned();
    api.key = weak["secret"].as_str().unwrap().to_owned();
    let refused = [
        api.post(&format!("/v1/keys/{whole}/rotate"), "{}").await,
        api.post("/v1/keys", r#"{"scopes":["keys:write"],"daily_cap":"6"}"#).await,
        put(&api, &format!("/v1/budgets/{weak_id}"), r#"{"daily_cap":"6"}"#).await,
    ];
    for reply in refused {
        assert_eq!((reply.status, reply.code().as_str()), (403, "scope_not_held"));
    }
    assert_eq!(
        put(&api, &format!("/v1/budgets/{weak_id}"), r#"{"daily_cap":"4"}"#).await.status,
        200
    );
    assert_eq!(api.post(&format!("/v1/keys/{weak_id}/rotate"), "{}").await.status, 200);
}

async fn put(api: &Api, path: &str, body: &str) -> Reply {
    api.send(api.request("PUT", path), Body::from(body.to_owned())).await
}

#[tokio::test]
async fn keys_are_listed_page_by_page_and_revoked_ones_where_asked_for() {
    let mut api = Api::new().await;
    let order = r#"{"scopes":["profiles:read"]}"#;
    let mut made = vec![api.key_id.to_string()];
    for _ in 0..4 {
        made.push(api.post("/v1/keys", order).await.data()["id"].as_str().unwrap().to_owned());
    }
    made.reverse();
    for gone in [0, 2] {
        assert_eq!(delete(&api, &format!("/v1/keys/{}", made[gone])).await.status, 200);
    }
    let ids = async |api: &Api, path: &str| -> Vec<String> {
        let rows = api.walk(path).await;
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let picked = |places: &[usize]| places.iter().map(|&at| made[at].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&api, "/v1/keys?limit=2").await, picked(&[1, 3, 4]));
    assert_eq!(ids(&api, "/v1/keys?limit=1&state=active").await, picked(&[1, 3, 4]));
    assert_eq!(ids(&api, "/v1/keys?limit=1&state=revoked").await, picked(&[0, 2]));
    assert_eq!(ids(&api, "/v1/keys?limit=2&state=all").await, made);
    let revoked = api.get("/v1/keys?state=revoked").await.data();
    assert!(revoked.as_array().unwrap().iter().all(|key| key["revoked_at"].is_string()));
    let page = api.get("/v1/keys?limit=2").await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    for path in
        [format!("/v1/keys?limit=2&state=all&cursor={cursor}"), "/v1/keys?cursor=borg".to_owned()]
    {
        assert_eq!(api.get(&path).await.code(), "bad_cursor", "{path}");
    }
    for path in ["/v1/keys?state=lost", "/v1/keys?limit=0", "/v1/keys?cursor="] {
        assert_eq!(api.get(path).await.status, 400, "{path}");
    }
    api.key = api.new_key("stranger", &Scope::ALL, 9).await.0;
    assert_eq!(api.get(&format!("/v1/keys?limit=2&cursor={cursor}")).await.code(), "bad_cursor");
    assert_eq!(api.get("/v1/keys?state=all").await.data().as_array().unwrap().len(), 1);
}
