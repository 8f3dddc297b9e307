//! The document as OpenAPI 3.0.3, for generators of clients that read no 3.1: the same routes and the same values,
//! with what JSON Schema says since then said in the older words.

use serde_json::{Map, Value, json};

/// Entries whose values are data or text, and not part of the description.
const DATA: [&str; 5] = ["example", "examples", "default", "enum", "x-codeSamples"];

/// The document in the form of 3.0.3.
pub(crate) fn in_3_0(document: &Value) -> Value {
    let mut document = document.clone();
    document["openapi"] = json!("3.0.3");
    // A licence is named by its URL there, or by its name alone.
    if let Some(license) = document.pointer_mut("/info/license").and_then(Value::as_object_mut) {
        license.remove("identifier");
    }
    if let Some(schemas) = document.pointer_mut("/components/schemas") {
        each(schemas, schema_in_3_0);
    }
    describe(&mut document);
    document
}

/// Rewrites every schema outside of `components/schemas`: those of parameters, headers and bodies.
fn describe(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            for (name, entry) in entries {
                match name.as_str() {
                    "schema" => schema_in_3_0(entry),
                    "schemas" => {}
                    name if DATA.contains(&name) => {}
                    _ => describe(entry),
                }
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(describe),
        _ => {}
    }
}

fn each(schemas: &mut Value, rewrite: fn(&mut Value)) {
    match schemas {
        Value::Object(schemas) => schemas.values_mut().for_each(rewrite),
        Value::Array(schemas) => schemas.iter_mut().for_each(rewrite),
        _ => {}
    }
}

/// Rewrites a schema, and those in it.
fn schema_in_3_0(value: &mut Value) {
    let Value::Object(schema) = value else { return };
    take_null_from_choices(schema);
    for (name, inner) in schema.iter_mut() {
        match name.as_str() {
            "properties" | "oneOf" | "anyOf" | "allOf" => each(inner, schema_in_3_0),
            "items" | "not" | "additionalProperties" => schema_in_3_0(inner),
            _ => {}
        }
    }
    take_null_from_types(schema);
    if let Some(only) = schema.remove("const") {
        schema.insert("enum".to_owned(), json!([only]));
    }
    if let Some(Value::Array(examples)) = schema.remove("examples") {
        for first in examples.into_iter().take(1) {
            schema.entry("example").or_insert(first);
        }
    }
    exclude_bound(schema, "exclusiveMinimum", "minimum");
    exclude_bound(schema, "exclusiveMaximum", "maximum");
    allow_null_in_enum(schema);
    part_reference(schema);
}

/// `null` among several schemas becomes `nullable`. A schema that is then the only one takes the place of the choice.
fn take_null_from_choices(schema: &mut Map<String, Value>) {
    for name in ["oneOf", "anyOf"] {
        let Some(Value::Array(choices)) = schema.get_mut(name) else { continue };
        let before = choices.len();
        choices.retain(|choice| choice["type"] != "null");
        if choices.len() == before {
            continue;
        }
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.remove(name);
            for (name, value) in only {
                schema.entry(name).or_insert(value);
            }
        }
        schema.insert("nullable".to_owned(), true.into());
    }
}

/// `null` among several types becomes `nullable`; more than one other type, a choice.
fn take_null_from_types(schema: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = schema.get("type") else { return };
    let others: Vec<Value> = types.iter().filter(|kind| **kind != "null").cloned().collect();
    if others.len() < types.len() {
        schema.insert("nullable".to_owned(), true.into());
    }
    match others.as_slice() {
        [only] => drop(schema.insert("type".to_owned(), only.clone())),
        several => {
            let choices: Vec<Value> = several.iter().map(|kind| json!({"type": kind})).collect();
            schema.remove("type");
            schema.insert("anyOf".to_owned(), choices.into());
        }
    }
}

/// A bound that is excluded is a bound, and a mark.
fn exclude_bound(schema: &mut Map<String, Value>, exclusive: &str, bound: &str) {
    let Some(number) = schema.get(exclusive).filter(|value| value.is_number()).cloned() else {
        return;
    };
    schema.insert(bound.to_owned(), number);
    schema.insert(exclusive.to_owned(), true.into());
}

/// `nullable` adds `null` to the type, and not to the values that are listed.
fn allow_null_in_enum(schema: &mut Map<String, Value>) {
    let is_nullable = schema.get("nullable") == Some(&json!(true));
    if let Some(Value::Array(values)) = schema.get_mut("enum").filter(|_| is_nullable)
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}

/// What stands beside a reference is not read there: the reference becomes a part.
fn part_reference(schema: &mut Map<String, Value>) {
    if schema.len() < 2 {
        return;
    }
    if let Some(place) = schema.remove("$ref") {
        schema.insert("allOf".to_owned(), json!([{"$ref": place}]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(schema: Value) -> Value {
        let mut schema = schema;
        schema_in_3_0(&mut schema);
        schema
    }

    #[test]
    fn null_is_a_mark() {
        assert_eq!(
            rewritten(json!({"type": ["string", "null"], "maxLength": 3})),
            json!({"type": "string", "nullable": true, "maxLength": 3})
        );
        assert_eq!(
            rewritten(json!({"oneOf": [
                {"$ref": "#/components/schemas/A", "description": "Which."},
                {"type": "null"},
            ]})),
            json!({"allOf": [{"$ref": "#/components/schemas/A"}], "description": "Which.", "nullable": true})
        );
        assert_eq!(
            rewritten(json!({"oneOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]})),
            json!({"type": "string", "enum": ["a", null], "nullable": true})
        );
        assert_eq!(
            rewritten(
                json!({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]})
            ),
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": true})
        );
        assert_eq!(
            rewritten(json!({"type": ["string", "integer"]})),
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]})
        );
    }

    #[test]
    fn newer_words_are_said_in_older_ones() {
        assert_eq!(rewritten(json!({"const": 1})), json!({"enum": [1]}));
        assert_eq!(rewritten(json!({"examples": ["a", "b"]})), json!({"example": "a"}));
        assert_eq!(
            rewritten(json!({"exclusiveMinimum": 0, "type": "number"})),
            json!({"minimum": 0, "exclusiveMinimum": true, "type": "number"})
        );
        assert_eq!(rewritten(json!({"$ref": "#/a"})), json!({"$ref": "#/a"}));
    }

    #[test]
    fn names_and_data_are_left_alone() {
        let names = json!({"properties": {
            "const": {"type": ["string", "null"]}, "examples": {"type": "array", "items": {"const": 1}},
        }});
        assert_eq!(
            rewritten(names),
            json!({"properties": {
                "const": {"type": "string", "nullable": true},
                "examples": {"type": "array", "items": {"enum": [1]}},
            }})
        );
        let document = json!({"openapi": "3.1.0", "paths": {"/a": {"get": {"parameters": [
            {"name": "a", "example": {"schema": {"const": 1}}, "schema": {"const": 1}},
        ]}}}});
        let parameter = &in_3_0(&document)["paths"]["/a"]["get"]["parameters"][0];
        assert_eq!(parameter["example"], json!({"schema": {"const": 1}}));
        assert_eq!(parameter["schema"], json!({"enum": [1]}));
    }

    #[test]
    fn nothing_of_the_newer_form_is_left() {
        let document = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
        let text = in_3_0(&document).to_string();
        for word in ["\"null\"", "\"const\":", "\"type\":[", "\"identifier\":", "\"examples\":["] {
            assert!(!text.contains(word), "{word}");
        }
        assert!(text.contains("\"openapi\":\"3.0.3\"") && text.contains("\"nullable\":true"));
    }
}
