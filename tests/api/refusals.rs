//! Bad input: each gets a problem that says what to do.

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use crate::world::Api;

#[tokio::test]
async fn bad_input_gets_a_telling_problem() {
    let api = Api::new().await;
    let long = format!("/v1/search?q={}", "x".repeat(300));
    let table: [(&str, u16, &str); 25] = [
        ("/v1/runs?limit=0", 400, "bad_parameter"),
        ("/v1/runs?limit=1000000000", 400, "bad_parameter"),
        ("/v1/runs?limit=abc", 400, "bad_parameter"),
        ("/v1/runs?limit=-1", 400, "bad_parameter"),
        ("/v1/runs?limit=1&limit=2", 400, "bad_parameter"),
        ("/v1/runs?colour=red", 400, "bad_parameter"),
        ("/v1/balance?colour=red", 400, "bad_parameter"),
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
        assert_eq!((reply.header("borg-units"), reply.header("borg-cost")), ("", "0"));
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

/// The routes of the document, with the methods that each takes.
fn routes() -> Vec<(String, Vec<String>)> {
    let document: Value =
        serde_json::from_str(include_str!("../../functions/api-gateway/openapi.json")).unwrap();
    let routes = document["paths"].as_object().unwrap().iter();
    let methods = |of: &Value| of.as_object().unwrap().keys().map(|m| m.to_uppercase()).collect();
    routes.map(|(path, of)| (path.replace("{id}", "per_1"), methods(of))).collect()
}

#[tokio::test]
async fn browsers_may_ask_every_route_for_all_that_it_takes() {
    let api = Api::new().await;
    for (path, methods) in routes() {
        for method in methods {
            let request = Request::builder()
                .method("OPTIONS")
                .uri(&path)
                .header("origin", "https://a.example")
                .header("access-control-request-method", &method)
                .header("access-control-request-headers", "authorization,content-type");
            let reply = api.send(request, Body::empty()).await;
            assert_eq!(reply.status, 200, "{method} {path}");
            let has = |header: &str, word: &str| {
                let words = reply.header(header).to_ascii_lowercase();
                words.split(',').any(|one| one.trim() == word.to_ascii_lowercase())
            };
            for name in ["authorization", "content-type", "if-none-match"] {
                assert!(has("access-control-allow-headers", name), "{name} of {method} {path}");
            }
            assert!(has("access-control-allow-methods", &method), "{method} {path}");
            assert_eq!(reply.header("access-control-allow-origin"), "*");
        }
    }
}

#[tokio::test]
async fn browsers_may_read_from_anywhere_all_that_an_answer_says() {
    let api = Api::new().await;
    for (path, status) in [("/v1/runs", 200), ("/v2/everything", 404), ("/v1/runs?limit=0", 400)] {
        let request = api.request("GET", path).header("origin", "https://example.org");
        let reply = api.send(request, Body::empty()).await;
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (status, "*"));
        let exposed = reply.header("access-control-expose-headers").to_ascii_lowercase();
        for name in ["etag", "borg-cost", "borg-request-id", "retry-after", "allow"] {
            assert!(exposed.contains(name), "{name}: {exposed}");
        }
        let mut vary = reply.headers.get_all("vary").iter();
        assert!(vary.any(|value| value == "authorization"), "{:?}", reply.headers);
    }
}

#[tokio::test]
async fn a_plain_options_says_what_a_route_takes() {
    let api = Api::new().await;
    let ask = async |path: &str| {
        let request = Request::builder().method("OPTIONS").uri(path);
        api.send(request, Body::empty()).await
    };
    for (path, methods) in routes() {
        let reply = ask(&path).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{path}");
        for method in methods {
            assert!(reply.header("allow").contains(&method), "{method} {path}");
        }
    }
    assert_eq!(ask("/v2/everything").await.code(), "unknown_route");
}

#[tokio::test]
async fn a_body_says_what_it_is_and_is_whole() {
    let api = Api::new().await;
    let send = async |kind: Option<&str>, body: &'static str| {
        let request = api.request("POST", "/v1/people:batch");
        let request = match kind {
            Some(kind) => request.header("content-type", kind),
            None => request,
        };
        api.send(request, Body::from(body)).await
    };
    let ids = "{\"ids\": [\"per_zzzz\"]}";
    for kind in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.a+json"] {
        assert_eq!(send(Some(kind), ids).await.status, 200, "{kind}");
    }
    assert_eq!(send(None, ids).await.status, 200);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "json", "multipart/form-data"] {
        let reply = send(Some(kind), ids).await;
        assert_eq!((reply.status, reply.code().as_str()), (415, "bad_content_type"), "{kind}");
    }
    for body in [
        "",
        "{",
        "{\"ids\": [\"per_1\"]} {}",
        "{\"ids\": [\"per_1\"]}x",
        "{\"ids\": [\"per_1\"], \"ids\": []}",
        "{\"ids\": [\"per_1\u{0}\"]}",
        "{\"ids\": [\"per_1\\u0000\"]}",
        "{\"ids\": [\"per_1\\ud83d\"]}",
        "{\"ids\": [\"per_zzzzzzzzzzzz\"]}",
        "{\"ids\": [1]}",
        "\u{feff}{\"ids\": [\"per_1\"]}",
    ] {
        let reply = send(Some("application/json"), body).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "bad_body"), "{body:?}");
    }
    let deep = "[".repeat(10_000);
    let reply = api.post("/v1/profiles:batch", &format!("{{\"ids\": {deep}")).await;
    assert_eq!(reply.code(), "bad_body");
}

#[tokio::test]
async fn odd_bytes_in_a_path_or_a_parameter_are_the_callers_fault() {
    let api = Api::new().await;
    let odd =
        ["%00", "a%00b", "%FF", "%C3%28", "%ED%A0%BD", "%", "%zz", "%F0%9F%92%A9", "%E2%80%8B"];
    let ids = ["per_%00", "per_1%00", "prf_%FF", "com_1%0A", "run_%", "per_zzzzzzzzzzzz", "%2e%2e"];
    for id in odd.iter().chain(&ids) {
        for path in [
            format!("/v1/people/{id}"),
            format!("/v1/people/{id}/ranks"),
            format!("/v1/people/{id}/evidence"),
            format!("/v1/people/{id}/links"),
            format!("/v1/profiles/{id}"),
            format!("/v1/profiles/{id}/neighbors"),
            format!("/v1/communities/{id}"),
            format!("/v1/communities/{id}/people"),
            format!("/v1/runs/{id}"),
        ] {
            let reply = api.get(&path).await;
            assert_eq!((reply.status, reply.code().as_str()), (400, "bad_id"), "{path}");
        }
        for path in [
            format!("/v1/communities?run={id}"),
            format!("/v1/communities?parent={id}"),
            format!("/v1/communities?{id}=1"),
            format!("/v1/changes?limit={id}"),
            format!("/v1/people:resolve?account={id}"),
            format!("/v1/people/per_1/evidence?community={id}"),
        ] {
            let reply = api.get(&path).await;
            assert_eq!(reply.status, 400, "{path}: {}", reply.text);
        }
    }
    // What no account can have is refused; what none has is not found.
    let (bad, unknown) = ((400, "bad_parameter"), (404, "account_unknown"));
    for (account, answer) in [
        ("bluesky:a%00b", bad),
        ("fediverse:%00", bad),
        ("bluesky:%0A", unknown),
        ("file:a%20b", unknown),
    ] {
        let reply = api.get(&format!("/v1/people:resolve?account={account}")).await;
        assert_eq!((reply.status, reply.code().as_str()), answer, "{account}");
    }
}
