//! What a tool takes, from what the OpenAPI document says of its operation.

use serde_json::{Map, Value, json};

/// How many rows a page has, unless the caller says it.
pub(super) const LIMIT_DEFAULT: u64 = 10;

/// The most rows of a page: more do not fit into what a model reads.
pub(super) const LIMIT_MAX: u64 = 50;

/// What a tool takes.
pub(super) struct ToolInputs {
    /// As JSON Schema.
    pub(super) schema: Value,
    /// The parameters that have one value only, with it.
    pub(super) fixed: Vec<(String, String)>,
    /// The names of those that are needed.
    pub(super) required: Vec<String>,
    /// The most rows of a page; `None` where there are no pages.
    pub(super) limit_max: Option<u64>,
}

/// The inputs of an operation: its parameters in path and query.
pub(super) fn inputs(operation: &Value, document: &Value) -> ToolInputs {
    let mut properties = Map::new();
    let (mut fixed, mut required, mut limit_max) = (Vec::new(), Vec::new(), None);
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let is_input = ["path", "query"].iter().any(|place| parameter["in"] == *place);
        let Some(name) = parameter["name"].as_str().filter(|_| is_input) else { continue };
        let mut schema = described(parameter, document);
        if parameter["required"] == true {
            if let Some(only) = only_value(&schema) {
                fixed.push((name.to_owned(), only.to_owned()));
                continue;
            }
            required.push(name.to_owned());
        }
        if name == "limit" {
            limit_max = Some(bound(&mut schema));
        }
        properties.insert(name.to_owned(), schema.into());
    }
    let schema = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    ToolInputs { schema, fixed, required, limit_max }
}

/// The schema of a parameter, with what the document says beside it.
fn described(parameter: &Value, document: &Value) -> Map<String, Value> {
    let schema = &parameter["schema"];
    let shared = schema["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
    let schema = shared.and_then(|place| document.pointer(place)).unwrap_or(schema);
    let mut schema = schema.as_object().cloned().unwrap_or_default();
    if let Some(text) = parameter.get("description") {
        schema.insert("description".to_owned(), text.clone());
    }
    let own = schema.remove("example");
    if let Some(example) = parameter.get("example").cloned().or(own) {
        schema.insert("examples".to_owned(), json!([example]));
    }
    schema
}

/// The value of a text that has no other.
fn only_value(schema: &Map<String, Value>) -> Option<&str> {
    let choice = schema.get("enum")?.as_array()?;
    if choice.len() == 1 { choice[0].as_str() } else { None }
}

/// Makes pages smaller than those of the API; the most rows that are left.
fn bound(schema: &mut Map<String, Value>) -> u64 {
    let own = schema.get("maximum").and_then(Value::as_u64).unwrap_or(LIMIT_MAX);
    let most = own.min(LIMIT_MAX);
    schema.insert("maximum".to_owned(), most.into());
    schema.insert("default".to_owned(), LIMIT_DEFAULT.into());
    let about = format!("How many rows: 1 to {most}; {LIMIT_DEFAULT} unless given.");
    schema.insert("description".to_owned(), about.into());
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_takes_what_its_operation_takes() {
        let document =
            json!({"components": {"schemas": {"Sort": {"type": "string", "enum": ["a", "b"]}}}});
        let operation = json!({"parameters": [
            {"name": "id", "in": "path", "required": true, "example": "per_2001",
             "schema": {"type": "string", "pattern": "^per_"}},
            {"name": "view", "in": "query", "required": true,
             "schema": {"type": "string", "enum": ["personal"]}},
            {"name": "sort", "in": "query", "description": "By what.",
             "schema": {"$ref": "#/components/schemas/Sort"}},
            {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 20}},
            {"$ref": "#/components/parameters/Borg-Dry-Run"},
        ]});
        let inputs = inputs(&operation, &document);
        let properties = &inputs.schema["properties"];
        assert_eq!(
            properties["id"],
            json!({"type": "string", "pattern": "^per_", "examples": ["per_2001"]})
        );
        assert_eq!(
            properties["sort"],
            json!({"type": "string", "enum": ["a", "b"], "description": "By what."})
        );
        assert_eq!(
            (&properties["limit"]["maximum"], &properties["limit"]["default"]),
            (&json!(20), &json!(10))
        );
        assert_eq!(inputs.fixed, [("view".to_owned(), "personal".to_owned())]);
        assert_eq!((inputs.required, inputs.limit_max), (vec!["id".to_owned()], Some(20)));
        assert_eq!(properties.as_object().unwrap().len(), 3);
    }
}
