//! A group of people that is the same on several levels.

use model::port::Clock as _;
use serde_json::{Value, json};

use crate::world::Api;

/// A world in which art is the same group as Rust.
async fn same() -> (Api, Value, Value) {
    let api = Api::new().await;
    api.world.publish_same_groups(api.database.pg(), api.clock.now()).await;
    api.clock.advance_seconds(1);
    let ids = (json!(api.world.rust.to_string()), json!(api.world.art.to_string()));
    (api, ids.0, ids.1)
}

fn ids(rows: &Value) -> Vec<&Value> {
    rows.as_array().expect("a list").iter().map(|row| &row["id"]).collect()
}

#[tokio::test]
async fn it_is_one_community_in_every_list_with_its_levels() {
    let (api, rust, _) = same().await;
    for query in ["", "?level=0", "?level=1", "?q=rust"] {
        let listed = api.get(&format!("/v1/communities{query}")).await.data();
        assert_eq!(ids(&listed), [&rust], "{query}");
        assert_eq!(listed[0]["levels"], json!([0, 1]));
    }
    assert_eq!(ids(&api.get("/v1/communities?level=2").await.data()), [] as [&Value; 0]);
    let found = api.get("/v1/search?q=people&type=community").await.data();
    assert_eq!(found.as_array().unwrap().len(), 1);
    let ranks = api.get(&format!("/v1/people/{}/ranks", api.person(2))).await.data();
    let communities: Vec<&Value> =
        ranks.as_array().unwrap().iter().map(|rank| &rank["community"]["id"]).collect();
    assert_eq!(communities, [&json!("com_0"), &rust]);
}

#[tokio::test]
async fn its_other_ids_answer_with_the_first() {
    let (api, rust, art) = same().await;
    let (first, other) = (rust.as_str().unwrap(), art.as_str().unwrap());
    assert_eq!(api.get(&format!("/v1/communities/{other}")).await.data()["id"], rust);
    let body = json!({"ids": [other, first]}).to_string();
    assert_eq!(ids(&api.post("/v1/communities:batch", &body).await.data()), [&rust]);
    let ada = api.person(0);
    for path in [
        "/v1/communities/{}/people?limit=9".to_owned(),
        format!("/v1/people/{ada}/evidence?community={{}}"),
        format!("/v1/people/{ada}/history?community={{}}"),
        "/v1/communities/{}/lineage".to_owned(),
        "/v1/search?q=engines&community={}".to_owned(),
    ] {
        let of = async |id: &str| api.get(&path.replace("{}", id)).await;
        let (one, same) = (of(first).await.data(), of(other).await.data());
        assert_eq!(one, same, "{path}");
    }
    let walked = api.walk(&format!("/v1/communities/{other}/people?limit=3")).await;
    let whole = api.get(&format!("/v1/communities/{first}/people?limit=1000")).await.data();
    assert_eq!(Value::from(walked), whole);
}
