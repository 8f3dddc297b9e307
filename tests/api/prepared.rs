//! Answers come from prepared statements, whatever becomes of the tables that they read.

use std::collections::BTreeMap;

use model::port::Clock as _;
use store::pg::measure;

use crate::changes::soon;
use crate::world::Api;

/// Requests of all the routes that read a run.
fn paths(api: &Api) -> Vec<String> {
    let (ada, rust) = (api.person(0), api.world.rust);
    vec![
        format!("/v1/people/{ada}"),
        format!("/v1/people/{ada}/ranks"),
        format!("/v1/people/{ada}/evidence?community={rust}"),
        format!("/v1/people/{ada}/links"),
        format!("/v1/people/{ada}/history"),
        format!("/v1/communities/{rust}/lineage"),
        "/v1/suggest?q=ada".to_owned(),
        format!("/v1/communities/{rust}/people"),
        format!("/v1/communities/{rust}/map"),
        "/v1/communities".to_owned(),
        "/v1/search?q=analytical+eng".to_owned(),
        "/v1/changes".to_owned(),
    ]
}

#[tokio::test]
async fn a_request_uses_generic_plans_of_prepared_statements() {
    let api = Api::new().await;
    for path in paths(&api) {
        assert_eq!(api.get(&path).await.status, 200, "{path}");
        let before = measure::plans(&api.answering).await.unwrap();
        assert_eq!(api.get(&path).await.status, 200, "{path}");
        let after = measure::plans(&api.answering).await.unwrap();
        let used: BTreeMap<_, _> =
            after.iter().filter(|(sql, plans)| before.get(*sql) != Some(plans)).collect();
        assert!(!used.is_empty(), "{path} runs prepared statements");
        for (sql, plans) in used {
            assert_eq!(plans.custom, 0, "{path} plans again: {sql}");
            assert!(plans.generic > 1, "{path}: {sql}");
        }
    }
}

#[tokio::test]
async fn a_request_that_meets_a_changed_table_is_answered() {
    let api = Api::new().await;
    let paths = paths(&api);
    // An event comes when all earlier transactions of the server are over.
    soon(&api, "/v1/changes").await;
    let mut answers = Vec::new();
    for path in &paths {
        answers.push(api.get(path).await.text);
    }
    api.database.change_columns().await;
    api.clock.advance_seconds(1);
    for (path, answer) in paths.iter().zip(&answers) {
        let reply = api.get(path).await;
        assert_eq!((reply.status, &reply.text), (200, answer), "{path}");
    }
}

#[tokio::test]
async fn a_published_run_is_answered_from_within_a_second() {
    let api = Api::new().await;
    let path = format!("/v1/people/{}", api.person(0));
    let first = api.get(&path).await.json()["run"].clone();
    let newer = api.world.publish_again(api.database.pg(), api.clock.now()).await;
    assert_eq!(api.get(&path).await.json()["run"], first);
    api.clock.advance_seconds(1);
    assert_eq!(api.get(&path).await.json()["run"], newer.to_string());
}
