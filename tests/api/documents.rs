//! The OpenAPI document and the page that shows it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::Api;

const GOLDEN: &str = include_str!("../../functions/api-gateway/openapi.json");

#[tokio::test]
async fn the_document_is_the_one_checked_in() {
    let api = Api::new().await;
    let served = api.get("/openapi.json").await;
    let fresh = std::env::temp_dir().join("borg-openapi.json");
    if served.text != GOLDEN {
        std::fs::write(&fresh, &served.text).expect("the temporary folder can be written");
    }
    assert!(
        served.text == GOLDEN,
        "the API changed: if that is meant, copy {} to functions/api-gateway/openapi.json",
        fresh.display()
    );
}

#[test]
fn the_document_names_every_route_and_its_errors() {
    let document: Value = serde_json::from_str(GOLDEN).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    let routes: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
    for route in
        ["/v1/people/{id}", "/v1/people:batch", "/v1/communities/{id}/people", "/v1/search"]
    {
        assert!(routes.contains(route), "{route}");
    }
    for (path, operations) in paths.iter().filter(|(path, _)| path.starts_with("/v1/")) {
        for (method, operation) in operations.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap();
            let (own, others): (Vec<_>, Vec<_>) = answers
                .iter()
                .partition(|(status, _)| ["200", "202", "206"].contains(&status.as_str()));
            let is_said = |(_, answer): &(&String, &Value)| {
                let forms = answer["content"].as_object();
                forms.is_some_and(|forms| forms.values().all(|one| one["schema"].is_object()))
            };
            let is_complete = !own.is_empty() && own.iter().all(is_said);
            assert!(is_complete, "{method} {path} says what it answers");
            assert!(!answers.contains_key("default"), "{method} {path}");
            for (status, answer) in others {
                let shared = answer["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
                let shared = shared.and_then(|place| document.pointer(place));
                assert!(shared.is_some(), "{method} {path} {status}");
            }
            let asks = path.contains('{') && path != "/v1/statements/{month}/lines";
            assert!(!asks || answers.contains_key("404"), "{method} {path}");
        }
    }
}

#[test]
fn operations_have_names_of_their_own_and_codes_are_explained() {
    let document: Value = serde_json::from_str(GOLDEN).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations: Vec<&Value> =
        paths.flat_map(|methods| methods.as_object().unwrap().values()).collect();
    let names: BTreeSet<&str> =
        operations.iter().filter_map(|one| one["operationId"].as_str()).collect();
    assert_eq!(names.len(), operations.len());
    let code = &document["components"]["schemas"]["Code"];
    for name in code["enum"].as_array().unwrap() {
        let explained = format!("`{}` (", name.as_str().unwrap());
        assert!(code["description"].as_str().unwrap().contains(&explained), "{explained}");
    }
}

#[tokio::test]
async fn the_docs_load_nothing_from_elsewhere() {
    let api = Api::new().await;
    for path in ["/docs", "/docs/style.css", "/docs/script.js", "/docs/markdown.js"] {
        let reply = api.get(path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(!reply.text.contains("://"), "{path} names a foreign address");
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
    }
    let page = api.get("/docs").await.text;
    assert!(!page.contains("<style>") && !page.contains("style=") && !page.contains("onclick"));
    assert!(page.contains("src=\"/docs/script.js\"") && page.contains("/openapi.json"));
}

#[tokio::test]
async fn the_older_form_has_the_same_operations() {
    let api = Api::new().await;
    let [newer, older] = ["/openapi.json", "/openapi-3.0.json"].map(|path| api.get(path));
    let (newer, older) = (newer.await.json(), older.await.json());
    assert_eq!((&newer["openapi"], &older["openapi"]), (&"3.1.0".into(), &"3.0.3".into()));
    let operations = |document: &Value| -> BTreeSet<String> {
        let paths = document["paths"].as_object().unwrap().iter();
        let methods = paths.flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
        });
        methods.collect()
    };
    assert_eq!(operations(&newer), operations(&older));
    let schemas = |document: &Value| document["components"]["schemas"].as_object().unwrap().len();
    assert_eq!(schemas(&newer), schemas(&older));
}
