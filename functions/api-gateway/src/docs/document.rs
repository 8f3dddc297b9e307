//! The document as it is served: what the handlers declare, and all that follows from it.

use serde_json::{Map, Value};
use utoipa::openapi::schema::{ArrayItems, Object};
use utoipa::openapi::{OpenApi, RefOr, Schema};

use super::answers::{self, OperationFacts};
use super::{forms, links, samples, terms};
use crate::error::ProblemCode;

/// The document with the codes explained, objects in one piece, patterns, every answer of every route, the headers
/// that clients may send and get, examples, and links between operations.
pub(crate) fn completed(mut document: OpenApi) -> Value {
    let schemas = &mut document.components.get_or_insert_default().schemas;
    if let Some(RefOr::T(Schema::Object(code))) = schemas.get_mut("Code") {
        code.description = Some(format!("What went wrong.\n\n{}", ProblemCode::explained()));
    }
    schemas.values_mut().for_each(join_parts);
    let mut document = serde_json::to_value(document).unwrap_or_default();
    complete(&mut document);
    document
}

fn complete(document: &mut Value) {
    forms::give_patterns(document);
    let schemas = document["components"]["schemas"].clone();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, methods) in paths {
            for (method, operation) in methods.as_object_mut().into_iter().flatten() {
                if let Some(operation) = operation.as_object_mut() {
                    let own = samples::of(path, method, operation, &schemas);
                    operation.insert("x-codeSamples".to_owned(), own);
                    complete_operation(path, method, operation);
                }
            }
        }
    }
    links::add(document);
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("responses".to_owned(), answers::shared_answers().into());
        components.insert("parameters".to_owned(), terms::shared_parameters().into());
        components.insert("headers".to_owned(), terms::shared_headers().into());
    }
}

fn complete_operation(path: &str, method: &str, operation: &mut Map<String, Value>) {
    let given = operation.clone();
    let facts = OperationFacts::of(path, method, &given);
    if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        answers::complete(&facts, responses);
        if facts.has_key {
            terms::add_estimate(responses);
        }
    }
    let parameters = operation.entry("parameters").or_insert_with(|| Value::Array(Vec::new()));
    forms::give_names_forms(parameters);
    if let Some(parameters) = parameters.as_array_mut() {
        parameters.extend(terms::parameters(&facts));
    }
}

/// Makes one object of an object and of what is flattened into it, at any depth. Parts that have schemas
/// of their own stay apart.
fn join_parts(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => object.properties.values_mut().for_each(join_parts),
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                join_parts(items);
            }
        }
        RefOr::T(Schema::AllOf(all)) => {
            let parts = all.items.iter().map(|part| match part {
                RefOr::T(Schema::Object(part)) => Some(part.clone()),
                _ => None,
            });
            let Some(parts) = parts.collect::<Option<Vec<Object>>>() else { return };
            let mut whole = Object::new();
            whole.description = all.description.take();
            for part in parts {
                whole.required.extend(part.required);
                whole.properties.extend(part.properties);
            }
            *schema = whole.into();
        }
        _ => {}
    }
}
