//! Runs, and answers from other runs than the one that is served.

use model::port::Clock as _;
use store::pg::run;

use crate::world::Api;

#[tokio::test]
async fn answers_come_from_the_run_that_is_asked_for() {
    let api = Api::new().await;
    let first = api.world.run;
    api.clock.advance_seconds(3600);
    let second = api.world.publish_again(api.database.pg(), api.clock.now()).await;
    let path = format!("/v1/communities/{}/people?limit=1", api.world.rust);
    for (query, wanted) in [
        (String::new(), second),
        (format!("&run={first}"), first),
        ("&as_of=2026-11-22T10:30:00Z".to_owned(), first),
        ("&as_of=2026-11-23T00:00:00Z".to_owned(), second),
    ] {
        let reply = api.get(&format!("{path}{query}")).await;
        assert_eq!(reply.json()["run"], wanted.to_string(), "{query}");
    }
}

#[tokio::test]
async fn a_run_that_cannot_answer_says_why() {
    let api = Api::new().await;
    let (pg, first) = (api.database.pg(), api.world.run);
    api.world.publish_again(pg, api.clock.now()).await;
    run::retire(pg, first).await.unwrap();
    let unfinished = run::create(pg, None, api.clock.now()).await.unwrap();
    for (query, status, code) in [
        (format!("run={first}"), 410, "run_retired"),
        (format!("run={unfinished}"), 404, "run_unknown"),
        ("run=run_zzz".to_owned(), 404, "run_unknown"),
        ("as_of=2020-01-01T00:00:00Z".to_owned(), 404, "run_unknown"),
        ("as_of=yesterday".to_owned(), 400, "bad_parameter"),
        // The newest run of that time is another one.
        (format!("run={first}&as_of=2026-11-22T10:30:00Z"), 404, "run_unknown"),
    ] {
        let reply = api.get(&format!("/v1/communities?{query}")).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{query}");
    }
}

#[tokio::test]
async fn runs_are_listed_from_the_newest_on() {
    let api = Api::new().await;
    let second = api.world.publish_again(api.database.pg(), api.clock.now()).await;
    let all = api.walk("/v1/runs?limit=1").await;
    assert_eq!((all[0]["id"].as_str(), all.len()), (Some(second.to_string().as_str()), 2));
    assert_eq!((all[0]["served"].as_bool(), all[1]["served"].as_bool()), (Some(true), Some(false)));
    let one = api.get(&format!("/v1/runs/{}", api.world.run)).await.data();
    assert_eq!(
        (one["state"].as_str(), one["stage"].as_str()),
        (Some("published"), Some("publish"))
    );
}

#[tokio::test]
async fn status_and_health_need_no_key() {
    let api = Api::new().await;
    for path in ["/v1/status", "/health", "/"] {
        let request = axum::http::Request::builder().uri(path);
        let reply = api.send(request, axum::body::Body::empty()).await;
        assert_eq!(reply.status, 200, "{path}");
    }
    assert_eq!(api.get("/v1/status").await.json()["run"], api.world.run.to_string());
}
