//! Examples of every operation in the languages that clients are written in, as `x-codeSamples` of the document. They
//! read where the API is, and the key, from `BORG_URL` and `BORG_KEY`, and a test runs each of them.

use serde_json::{Map, Value, json};

/// How deep the example of a body goes.
const DEPTH_MAX: usize = 6;

/// A request that works as it stands.
struct SampleRequest {
    method: String,
    /// With its query.
    path: String,
    body: Option<Value>,
    /// The variable of the environment with what opens the route.
    secret: Option<&'static str>,
}

/// What opens a route: the key, unless it says otherwise.
fn secret(operation: &Map<String, Value>) -> Option<&'static str> {
    let Some(security) = operation.get("security") else { return Some("BORG_KEY") };
    security[0].get("privacy_secret").map(|_| "BORG_PRIVACY_SECRET")
}

/// The samples of an operation; `schemas` are the shared ones.
pub(super) fn of(
    path: &str,
    method: &str,
    operation: &Map<String, Value>,
    schemas: &Value,
) -> Value {
    let request = SampleRequest {
        method: method.to_uppercase(),
        path: filled(path, operation),
        body: body(operation, schemas),
        secret: secret(operation),
    };
    json!([
        {"lang": "Shell", "label": "curl", "source": request.curl()},
        {"lang": "Python", "label": "Python", "source": request.python()},
        {"lang": "TypeScript", "label": "TypeScript", "source": request.typescript()},
    ])
}

impl SampleRequest {
    fn curl(&self) -> String {
        let mut lines = vec![match self.method.as_str() {
            "GET" => format!("curl -sS \"$BORG_URL{}\"", self.path),
            method => format!("curl -sS -X {method} \"$BORG_URL{}\"", self.path),
        }];
        if let Some(name) = self.secret {
            lines.push(format!("-H \"Authorization: Bearer ${name}\""));
        }
        if let Some(body) = &self.body {
            lines.push("-H 'Content-Type: application/json'".to_owned());
            lines.push(format!("-d '{body}'"));
        }
        lines.join(" \\\n  ")
    }

    fn python(&self) -> String {
        let mut arguments =
            format!("\"{}\", os.environ[\"BORG_URL\"] + \"{}\"", self.method, self.path);
        if let Some(name) = self.secret {
            arguments += &format!(
                ",\n    headers={{\"Authorization\": \"Bearer \" + os.environ[\"{name}\"]}}"
            );
        }
        if let Some(body) = &self.body {
            arguments += &format!(",\n    json={}", python_literal(body));
        }
        format!(
            "import os\nimport requests\n\nanswer = requests.request({arguments})\n\
             answer.raise_for_status()\nprint(answer.text)"
        )
    }

    fn typescript(&self) -> String {
        let mut options = Vec::new();
        if self.method != "GET" {
            options.push(format!("method: \"{}\"", self.method));
        }
        let mut headers = Vec::new();
        if let Some(name) = self.secret {
            headers.push(format!("Authorization: `Bearer ${{process.env.{name}}}`"));
        }
        if self.body.is_some() {
            headers.push("\"Content-Type\": \"application/json\"".to_owned());
        }
        if !headers.is_empty() {
            options.push(format!("headers: {{ {} }}", headers.join(", ")));
        }
        if let Some(body) = &self.body {
            options.push(format!("body: JSON.stringify({body})"));
        }
        let options = match options.is_empty() {
            true => String::new(),
            false => format!(", {{\n  {},\n}}", options.join(",\n  ")),
        };
        format!(
            "const answer = await fetch(`${{process.env.BORG_URL}}{}`{options});\n\
             if (!answer.ok) throw new Error(await answer.text());\nconsole.log(await answer.text());",
            self.path
        )
    }
}

/// A value as Python writes it.
fn python_literal(value: &Value) -> String {
    let entry = |(name, value): (&String, &Value)| {
        format!("{}: {}", Value::from(name.as_str()), python_literal(value))
    };
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(all) => {
            format!("[{}]", all.iter().map(python_literal).collect::<Vec<_>>().join(", "))
        }
        Value::Object(all) => {
            format!("{{{}}}", all.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        // A text of JSON is one of Python.
        Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

/// The path with the examples of its parameters, and of those of the query that are needed.
fn filled(path: &str, operation: &Map<String, Value>) -> String {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let (mut path, mut query) = (path.to_owned(), Vec::new());
    for parameter in parameters.into_iter().flatten() {
        let Some(name) = parameter["name"].as_str() else { continue };
        let example = text(parameter.get("example").unwrap_or(&parameter["schema"]["example"]));
        match parameter["in"].as_str() {
            Some("path") => path = path.replace(&format!("{{{name}}}"), &example),
            Some("query") if parameter["required"] == true => {
                let pair = serde_urlencoded::to_string([(name, example)]);
                query.push(pair.unwrap_or_default());
            }
            _ => {}
        }
    }
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn body(operation: &Map<String, Value>, schemas: &Value) -> Option<Value> {
    let content = operation.get("requestBody")?.pointer("/content/application~1json")?;
    let example = content.get("example").cloned();
    example.or_else(|| Some(example_of(content.get("schema")?, schemas, 0)))
}

/// A value that a schema allows: its examples, as far as it has some.
fn example_of(schema: &Value, schemas: &Value, depth: usize) -> Value {
    let own = schema.get("example").or_else(|| schema["examples"].get(0));
    if let Some(example) = own {
        return example.clone();
    }
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    let inner = |schema: &Value| example_of(schema, schemas, depth + 1);
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return inner(&schemas[name]);
    }
    if let Some(first) =
        schema["enum"].get(0).or_else(|| schema["const"].as_str().map(|_| &schema["const"]))
    {
        return first.clone();
    }
    if let Some(properties) = schema["properties"].as_object() {
        let all = properties.iter().map(|(name, schema)| (name.clone(), inner(schema)));
        let is_needed = |name: &String| {
            schema["required"].as_array().is_some_and(|needed| needed.contains(&json!(name)))
        };
        return all.filter(|(name, value)| !value.is_null() || is_needed(name)).collect();
    }
    if let Some(items) = schema.get("items") {
        return json!([inner(items)]);
    }
    let choice = ["oneOf", "anyOf"].iter().find_map(|one| schema[*one].as_array());
    let choice = choice.and_then(|all| all.iter().find(|one| one["type"] != "null"));
    choice.map_or(Value::Null, inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_all_that_the_request_needs() {
        let operation = json!({
            "parameters": [
                {"name": "id", "in": "path", "example": "per_2000000001"},
                {"name": "q", "in": "query", "required": true, "example": "ada love"},
                {"name": "limit", "in": "query"},
            ],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ids"}}}},
        });
        let schemas =
            json!({"Ids": {"properties": {"ids": {"type": "array", "example": ["per_1"]}}}});
        let samples = of("/v1/people/{id}", "post", operation.as_object().unwrap(), &schemas);
        let source = |at: usize| samples[at]["source"].as_str().unwrap().to_owned();
        for at in 0..3 {
            let source = source(at);
            assert!(source.contains("/v1/people/per_2000000001?q=ada+love"), "{source}");
            let body = if at == 1 { "{\"ids\": [\"per_1\"]}" } else { "{\"ids\":[\"per_1\"]}" };
            assert!(source.contains(body) && source.contains("Bearer"), "{source}");
        }
        assert!(source(0).starts_with("curl -sS -X POST"));
    }

    #[test]
    fn a_body_in_python_is_python() {
        let body = json!({"a": [null, true, 1.5], "b": {"c": false, "d": "e\"f"}});
        let literal = python_literal(&body);
        assert_eq!(literal, r#"{"a": [None, True, 1.5], "b": {"c": False, "d": "e\"f"}}"#);
    }

    #[test]
    fn a_body_has_no_null_that_is_not_needed() {
        let schema =
            json!({"properties": {"a": {}, "b": {}, "c": {"example": 1}}, "required": ["a"]});
        assert_eq!(example_of(&schema, &json!({}), 0), json!({"a": null, "c": 1}));
    }
}
