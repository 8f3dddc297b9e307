//! The document only grows: what the release before said, this one says too.
//!
//! `tests/compat/api/openapi.json` is the document of the release before. With a release, the new one takes its place.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

const BEFORE: &str = include_str!("../compat/api/openapi.json");
const NOW: &str = include_str!("../../functions/api-gateway/openapi.json");

/// What may be missing, since no client can have relied on it.
const NEVER_GIVEN: [&str; 4] = [
    // A page of the stream never had a run.
    "GET /v1/changes 200 application/json: the field as_of",
    "GET /v1/changes 200 application/json: the field run",
    // Events of communities are of no profile. They are of a kind that was not there.
    "GET /v1/changes 200 application/json.data[]: whether profile is needed",
    "GET /v1/changes 200 application/json.data[].profile: the type {\"string\"} is {\"null\", \"string\"}",
];

/// The two documents, and what the one before has that is not in the other.
struct Growth {
    before: Value,
    now: Value,
    lost: Vec<String>,
    /// Pairs of shared schemas that were compared.
    seen: BTreeSet<(String, String)>,
}

/// A part of a document, with the references followed.
fn resolved<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    let place = part["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
    place.map_or(part, |place| document.pointer(place).expect("a reference leads somewhere"))
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn texts(value: &Value) -> BTreeSet<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The types of a schema; one that may be null has two.
fn types(schema: &Value) -> BTreeSet<String> {
    match &schema["type"] {
        Value::String(one) => BTreeSet::from([one.clone()]),
        several => texts(several),
    }
}

impl Growth {
    fn of(before: &str, now: &str) -> Growth {
        let read = |text| serde_json::from_str(text).expect("a document is JSON");
        Growth { before: read(before), now: read(now), lost: Vec::new(), seen: BTreeSet::new() }
    }

    fn check(mut self) -> Vec<String> {
        for (path, methods) in object(&self.before["paths"].clone()) {
            for (method, before) in object(&methods) {
                let now = self.now["paths"][&path][&method].clone();
                let place = format!("{} {path}", method.to_uppercase());
                if now.is_null() {
                    self.lost.push(format!("{place}: the operation"));
                    continue;
                }
                self.operation(&place, &before, &now);
            }
        }
        self.lost
    }

    fn operation(&mut self, place: &str, before: &Value, now: &Value) {
        if before["operationId"] != now["operationId"] {
            self.lost.push(format!("{place}: its name"));
        }
        self.parameters(place, before, now);
        let bodies = [(&self.before, before), (&self.now, now)]
            .map(|(document, one)| resolved(document, &one["requestBody"])["content"].clone());
        self.contents(&format!("{place} body"), &bodies[0], &bodies[1], Role::Sent);
        for (status, answer) in object(&before["responses"]) {
            // What went wrong was one answer for all statuses; now each is listed.
            if status == "default" {
                continue;
            }
            let answers = [
                resolved(&self.before, &answer)["content"].clone(),
                resolved(&self.now, &now["responses"][&status])["content"].clone(),
            ];
            if now["responses"][&status].is_null() {
                self.lost.push(format!("{place}: the status {status}"));
            }
            let place = format!("{place} {status}");
            self.contents(&place, &answers[0], &answers[1], Role::Answered);
        }
    }

    fn parameters(&mut self, place: &str, before: &Value, now: &Value) {
        let listed = |document: &Value, operation: &Value| -> Vec<Value> {
            let list = operation["parameters"].as_array().cloned().unwrap_or_default();
            list.iter().map(|one| resolved(document, one).clone()).collect()
        };
        let (before, now) = (listed(&self.before, before), listed(&self.now, now));
        let same =
            |one: &Value, other: &Value| one["name"] == other["name"] && one["in"] == other["in"];
        for one in &before {
            if !now.iter().any(|other| same(one, other)) {
                self.lost.push(format!("{place}: the parameter {}", one["name"]));
            }
        }
        for one in now.iter().filter(|one| one["required"] == true) {
            let was_needed = |other: &Value| same(one, other) && other["required"] == true;
            if !before.iter().any(was_needed) {
                self.lost.push(format!("{place}: {} was not needed", one["name"]));
            }
        }
    }

    fn contents(&mut self, place: &str, before: &Value, now: &Value, role: Role) {
        for (media, one) in object(before) {
            if now[&media].is_null() {
                self.lost.push(format!("{place}: {media}"));
                continue;
            }
            self.schema(&format!("{place} {media}"), &one["schema"], &now[&media]["schema"], role);
        }
    }

    fn schema(&mut self, place: &str, before: &Value, now: &Value, role: Role) {
        let pair = [before, now].map(|one| one["$ref"].as_str().unwrap_or_default().to_owned());
        let [first, second] = &pair;
        if !first.is_empty() && !self.seen.insert((first.clone(), second.clone())) {
            return;
        }
        let (before, now) =
            (resolved(&self.before, before).clone(), resolved(&self.now, now).clone());
        // Where several forms may come now, the first is that of requests that ask for no other.
        if let (true, Some(first)) = (before["oneOf"].is_null(), now["oneOf"].get(0)) {
            return self.schema(place, &before, &first.clone(), role);
        }
        // An untyped object may be described in more detail.
        let (old, new) = (types(&before), types(&now));
        let fits = match role {
            Role::Answered => new.is_subset(&old) || old.is_empty() || old.contains("object"),
            Role::Sent => old.is_subset(&new) || new.is_empty(),
        };
        if !fits {
            self.lost.push(format!("{place}: the type {old:?} is {new:?}"));
        }
        let (had, has) = (texts(&before["required"]), texts(&now["required"]));
        let gone = match role {
            Role::Answered => had.difference(&has).cloned().collect::<Vec<_>>(),
            Role::Sent => has.difference(&had).cloned().collect(),
        };
        self.lost.extend(gone.iter().map(|name| format!("{place}: whether {name} is needed")));
        for (name, property) in object(&before["properties"]) {
            if now["properties"][&name].is_null() {
                self.lost.push(format!("{place}: the field {name}"));
            } else {
                let place = format!("{place}.{name}");
                self.schema(&place, &property, &now["properties"][&name], role);
            }
        }
        if before["items"].is_object() && now["items"].is_object() {
            self.schema(&format!("{place}[]"), &before["items"], &now["items"], role);
        }
    }
}

/// Whether clients send it or get it: one may take more, the other may give more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Sent,
    Answered,
}

#[test]
fn nothing_that_the_release_before_said_is_missing() {
    let mut lost = Growth::of(BEFORE, NOW).check();
    lost.retain(|one| !NEVER_GIVEN.contains(&one.as_str()));
    assert!(lost.is_empty(), "clients of the release before lose:\n{}", lost.join("\n"));
}

#[test]
fn what_is_taken_away_is_noticed() {
    let mut now: Value = serde_json::from_str(NOW).unwrap();
    let answer = &mut now["components"]["schemas"]["Envelope_PersonView"]["properties"];
    answer["data"]["properties"].as_object_mut().unwrap().remove("profiles").unwrap();
    let paths = now["paths"].as_object_mut().unwrap();
    paths.remove("/v1/balance").unwrap();
    let search = paths["/v1/search"]["get"]["parameters"].as_array_mut().unwrap();
    search.retain(|one| one["name"] != "limit");
    let lost = Growth::of(NOW, &now.to_string()).check().join("\n");
    for what in ["GET /v1/balance: the operation", "the parameter \"limit\"", "the field profiles"]
    {
        assert!(lost.contains(what), "{what} in {lost}");
    }
}
