//! Bad input: each gets a problem that says what to do.

use axum::body::Body;

use crate::world::Api;

#[tokio::test]
async fn bad_input_gets_a_telling_problem() {
    let api = Api::new().await;
    let long = format!("/v1/search?q={}", "x".repeat(300));
    let table: [(&str, u16, &str); 24] = [
        ("/v1/runs?limit=0", 400, "bad_parameter"),
        ("/v1/runs?limit=1000000000", 400, "bad_parameter"),
        ("/v1/runs?limit=abc", 400, "bad_parameter"),
        ("/v1/runs?limit=-1", 400, "bad_parameter"),
        ("/v1/runs?limit=1&limit=2", 400, "bad_parameter"),
        ("/v1/runs?colour=red", 400, "bad_parameter"),
        ("/v1/communities?level=256", 400, "bad_parameter"),
        ("/v1/communities/com_0/people?sort=best", 400, "bad_parameter"),
        ("/v1/search?q=%FF", 400, "bad_parameter"),
        (&long, 400, "bad_parameter"),
        ("/v1/search?q=a%00b", 400, "bad_parameter"),
        ("/v1/search?q=%00", 400, "bad_parameter"),
        ("/v1/search?q=bluesky:a%00b", 400, "bad_parameter"),
        ("/v1/communities?q=a%00b", 400, "bad_parameter"),
        ("/v1/people:resolve?account=bluesky:a%00b", 400, "bad_parameter"),
        ("/v1/runs?cursor=%00", 400, "bad_parameter"),
        ("/v1/people/per_1%00", 400, "bad_id"),
        ("/v1/people/%FF", 400, "bad_id"),
        ("/v1/people/ada", 400, "bad_id"),
        ("/v1/people/prf_1", 400, "bad_id"),
        ("/v1/people/per_zzzzzz", 404, "person_unknown"),
        ("/v1/profiles/prf_zzzzzz", 404, "profile_unknown"),
        ("/v1/communities/com_zzzzzz", 404, "community_unknown"),
        ("/v2/everything", 404, "unknown_route"),
    ];
    for (path, status, code) in table {
        let reply = api.get(path).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{path}");
        let problem = reply.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("/docs#{code}"));
        assert_eq!(problem["instance"], path.split('?').next().unwrap());
        assert_eq!(problem["request_id"], reply.header("borg-request-id"));
        assert!(problem["detail"].as_str().unwrap().len() > 15, "{path}: {}", reply.text);
        assert_eq!(reply.header("borg-units"), "class=free, calls=0, rows=0, bytes=0");
    }
}

#[tokio::test]
async fn a_bad_limit_names_its_bounds_and_itself() {
    let api = Api::new().await;
    let problem = api.get("/v1/runs?limit=0").await.json();
    assert_eq!(problem["errors"][0]["parameter"], "limit");
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("1 to 1000"));
}

#[tokio::test]
async fn another_method_is_refused_with_those_allowed() {
    let api = Api::new().await;
    let reply = api.send(api.request("DELETE", "/v1/runs"), Body::empty()).await;
    assert_eq!((reply.status, reply.code().as_str()), (405, "method_not_allowed"));
    assert!(reply.header("allow").contains("GET"));
}

#[tokio::test]
async fn browsers_may_read_from_anywhere() {
    let api = Api::new().await;
    let request = api.request("GET", "/v1/runs").header("origin", "https://example.org");
    let reply = api.send(request, Body::empty()).await;
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert!(reply.header("access-control-expose-headers").contains("borg-units"));
}
