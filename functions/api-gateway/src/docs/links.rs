//! Links between operations: what of an answer is asked for next, and with what.

use serde_json::{Map, Value, json};

/// One link: an operation's answer has, at this place, what another operation takes as this parameter.
struct AnswerLink {
    from: &'static str,
    pointer: &'static str,
    to: &'static str,
    parameter: &'static str,
}

const fn link(
    from: &'static str,
    pointer: &'static str,
    to: &'static str,
    parameter: &'static str,
) -> AnswerLink {
    AnswerLink { from, pointer, to, parameter }
}

const LINKS: &[AnswerLink] = &[
    link("search_people", "/data/0/person/id", "get_person", "id"),
    link("search_people", "/data/0/person/id", "list_ranks", "id"),
    link("resolve_account", "/data/id", "get_person", "id"),
    link("resolve_account", "/data/profiles/0/id", "get_profile", "id"),
    link("get_person", "/data/profiles/0/id", "list_neighbors", "id"),
    link("get_person", "/data/id", "list_links", "id"),
    link("list_communities", "/data/0/id", "get_community", "id"),
    link("list_communities", "/data/0/id", "list_community_people", "id"),
    link("list_community_people", "/data/0/person/id", "get_evidence", "id"),
    link("list_ranks", "/data/0/community/id", "get_community", "id"),
    link("list_neighbors", "/data/0/profile/id", "get_profile", "id"),
    link("list_runs", "/data/0/id", "get_run", "id"),
    link("create_quote", "/data/id", "get_quote", "id"),
    link("create_quote", "/data/id", "end_quote", "id"),
    link("list_charges", "/data/0/id", "get_charge", "id"),
    link("list_statements", "/data/0/month", "get_statement", "month"),
    link("create_key", "/data/id", "get_key", "id"),
    link("create_key", "/data/id", "rotate_key", "id"),
    link("create_key", "/data/id", "set_budget", "key"),
    link("create_key", "/data/id", "revoke_key", "id"),
    link("create_export", "/data/id", "get_export", "id"),
    link("create_export", "/data/id", "cancel_export", "id"),
    link("list_exports", "/data/0/id", "link_export", "id"),
    link("create_alert", "/data/id", "delete_alert", "id"),
];

/// Adds the links to the answers that have them, and the next page to each page.
pub(super) fn add(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let links = links_of(operation);
        // What is carried out later is answered with 202, and only its dry run with 200.
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        let answer = responses.and_then(|all| {
            let status = if all.contains_key("202") { "202" } else { "200" };
            all.get_mut(status).and_then(Value::as_object_mut)
        });
        if let Some(answer) = answer.filter(|_| !links.is_empty()) {
            answer.insert("links".to_owned(), links.into());
        }
    }
}

fn links_of(operation: &Value) -> Map<String, Value> {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let own = LINKS.iter().filter(|link| link.from == id).map(|link| {
        let place = format!("$response.body#{}", link.pointer);
        let next = json!({"operationId": link.to, "parameters": {link.parameter: place}});
        (link.to.to_owned(), next)
    });
    own.chain(next_page(id, operation)).collect()
}

/// The same operation with the cursor of the next page, and what it was asked with.
fn next_page(id: &str, operation: &Value) -> Option<(String, Value)> {
    let parameters = operation["parameters"].as_array()?;
    let named = |name: &str| parameters.iter().any(|one| one["name"] == name);
    let mut taken = Map::new();
    taken.insert("cursor".to_owned(), json!("$response.body#/next_cursor"));
    // The cursor belongs to the same path and parameters.
    for one in parameters.iter().filter(|one| one["in"] == "path") {
        let name = one["name"].as_str()?;
        taken.insert(name.to_owned(), json!(format!("$request.path.{name}")));
    }
    let next = json!({"operationId": id, "parameters": taken});
    named("cursor").then(|| ("next_page".to_owned(), next))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn links_join_operations_that_are_there() {
        let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
        let methods = document["paths"].as_object().unwrap().values();
        let operations = methods.flat_map(|methods| methods.as_object().unwrap().values());
        let names: BTreeSet<&str> =
            operations.filter_map(|one| one["operationId"].as_str()).collect();
        for AnswerLink { from, to, .. } in LINKS {
            assert!(names.contains(from) && names.contains(to), "{from} → {to}");
        }
    }
}
