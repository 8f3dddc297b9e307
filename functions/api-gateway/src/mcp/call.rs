//! A call of a tool as the request that it is.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rmcp::model::JsonObject;
use serde_json::Value;

use super::schema::LIMIT_DEFAULT;
use super::tools::{BookedTool, ESTIMATE, ToolBook, ToolRoute};
use crate::charging::{DRY_RUN, MAX_COST, QUOTE};
use crate::query;

/// What of a request to `/mcp` holds for the call: who calls, and what it may cost.
const PASSED_ON: [HeaderName; 4] = [AUTHORIZATION, MAX_COST, QUOTE, DRY_RUN];

/// All that is written in another way in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A call: which route, with which values, and whether only its cost is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ToolCall {
    /// The tool's name.
    pub(super) tool: String,
    /// Path and query.
    pub(super) target: Uri,
    /// Whether only the cost is asked for.
    pub(super) is_estimate: bool,
}

impl ToolCall {
    /// The call of a tool with these arguments.
    ///
    /// # Errors
    /// Which argument cannot be used, and what to do. What the route itself refuses is not refused here.
    pub(super) fn of(
        book: &ToolBook,
        tool: &BookedTool,
        arguments: JsonObject,
    ) -> Result<ToolCall, String> {
        if let Some(route) = &tool.route {
            let target = target(route, arguments)?;
            return Ok(ToolCall { tool: tool.shown.name.to_string(), target, is_estimate: false });
        }
        let (tool, route, arguments) = estimated(book, arguments)?;
        Ok(ToolCall { tool, target: target(route, arguments)?, is_estimate: true })
    }

    /// As a request to the API, on the terms of the request to `/mcp`.
    pub(super) fn request(&self, asked: &Parts) -> Request {
        let mut headers = HeaderMap::new();
        for name in PASSED_ON {
            for value in asked.headers.get_all(&name) {
                headers.append(&name, value.clone());
            }
        }
        if self.is_estimate {
            headers.insert(DRY_RUN, HeaderValue::from_static("1"));
        }
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = self.target.clone();
        *request.headers_mut() = headers;
        request
    }
}

/// What is to be estimated.
fn estimated(
    book: &ToolBook,
    mut arguments: JsonObject,
) -> Result<(String, &ToolRoute, JsonObject), String> {
    let name = arguments.remove("tool").unwrap_or_default();
    let name = name.as_str().unwrap_or_default().to_owned();
    let tool = book.get(&name).and_then(|tool| tool.route.as_ref());
    let route = tool.filter(|route| route.has_key).ok_or_else(|| {
        format!(
            "tool: `{name}` is none whose cost is estimated: take one of the enum of `{ESTIMATE}`"
        )
    })?;
    let inner = match arguments.remove("arguments") {
        None | Some(Value::Null) => JsonObject::new(),
        Some(Value::Object(inner)) => inner,
        Some(_) => return Err("arguments: must be an object, as that tool takes it".to_owned()),
    };
    match arguments.keys().next() {
        None => Ok((name, route, inner)),
        Some(other) => {
            Err(format!("{other}: unknown; what the tool takes belongs into `arguments`"))
        }
    }
}

/// The path and query of a route with these values.
fn target(route: &ToolRoute, arguments: JsonObject) -> Result<Uri, String> {
    let mut pairs = route.fixed.clone();
    for (name, value) in arguments {
        pairs.extend(text(&name, value)?.map(|text| (name, text)));
    }
    let given = |name: &str| pairs.iter().any(|(other, text)| other == name && !text.is_empty());
    if let Some(missing) = route.required.iter().find(|name| !given(name)) {
        return Err(format!("{missing}: is missing: the tool's input schema says what it is"));
    }
    if let Some(most) = route.limit_max {
        check_limit(&mut pairs, most)?;
    }
    let mut path = route.path.clone();
    pairs.retain(|(name, text)| {
        let place = format!("{{{name}}}");
        let is_segment = path.contains(&place);
        if is_segment {
            path = path.replace(&place, &utf8_percent_encode(text, SEGMENT).to_string());
        }
        !is_segment
    });
    if !pairs.is_empty() {
        path = format!("{path}?{}", query::canonical(pairs, &[]));
    }
    path.parse().map_err(|_| "the arguments are too long for a request".to_owned())
}

/// Adds the `limit` where none is given, and refuses one that is too large for an answer to a model.
fn check_limit(pairs: &mut Vec<(String, String)>, most: u64) -> Result<(), String> {
    match pairs.iter().find(|(name, _)| name == "limit") {
        None => pairs.push(("limit".to_owned(), LIMIT_DEFAULT.to_string())),
        Some((_, text)) => {
            let limit = text.parse().ok().filter(|limit: &u64| (1..=most).contains(limit));
            limit.ok_or_else(|| format!("limit: must be a whole number from 1 to {most}"))?;
        }
    }
    Ok(())
}

/// An argument as a parameter: several values have commas between them.
fn text(name: &str, value: Value) -> Result<Option<String>, String> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(values) => {
            let texts: Result<Vec<_>, _> =
                values.into_iter().map(|value| text(name, value)).collect();
            texts?.into_iter().flatten().collect::<Vec<_>>().join(",")
        }
        Value::Object(_) => return Err(format!("{name}: must be a single value, not an object")),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(tool: &str, arguments: Value) -> Result<ToolCall, String> {
        let document = include_str!("../../openapi.json");
        let book = ToolBook::of(&serde_json::from_str(document).unwrap());
        ToolCall::of(&book, book.get(tool).unwrap(), arguments.as_object().unwrap().clone())
    }

    fn target(tool: &str, arguments: Value) -> String {
        call(tool, arguments).unwrap().target.to_string()
    }

    #[test]
    fn a_call_is_a_request_with_a_small_page() {
        assert_eq!(target("search", json!({"q": "ada love"})), "/v1/search?limit=10&q=ada+love");
        assert_eq!(
            target("list_person_ranks", json!({"id": "per_1", "limit": 3, "run": null})),
            "/v1/people/per_1/ranks?limit=3"
        );
        assert_eq!(
            target("personal_rank", json!({"seeds": ["per_1", "per_2"], "include_seeds": true})),
            "/v1/people?include_seeds=true&limit=10&seeds=per_1%2Cper_2&view=personal"
        );
        assert_eq!(target("get_balance", json!({})), "/v1/balance");
    }

    #[test]
    fn a_value_stays_in_its_place() {
        assert_eq!(
            target("get_person", json!({"id": "../keys?a=b#c"})),
            "/v1/people/..%2Fkeys%3Fa%3Db%23c"
        );
        assert_eq!(
            target("search", json!({"q": "a&limit=50"})),
            "/v1/search?limit=10&q=a%26limit%3D50"
        );
        assert_eq!(target("get_person", json!({"id": "{id}"})), "/v1/people/%7Bid%7D");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let why = |tool, arguments| call(tool, arguments).unwrap_err();
        assert!(why("search", json!({})).starts_with("q: is missing"));
        assert!(why("get_person", json!({"id": ""})).starts_with("id: is missing"));
        assert!(why("search", json!({"q": "a", "limit": 51})).contains("from 1 to 50"));
        assert!(why("search", json!({"q": "a", "limit": "many"})).starts_with("limit:"));
        assert!(why("search", json!({"q": {"a": 1}})).starts_with("q:"));
        assert!(why("search", json!({"q": "a".repeat(70_000)})).contains("too long"));
        assert!(why("estimate", json!({"tool": "get_prices"})).starts_with("tool:"));
        assert!(why("estimate", json!({"tool": "search", "q": "a"})).starts_with("q: unknown"));
        assert!(
            why("estimate", json!({"tool": "search", "arguments": 1})).starts_with("arguments:")
        );
    }

    #[test]
    fn an_estimate_is_a_dry_run_of_another_tool() {
        let call = call("estimate", json!({"tool": "search", "arguments": {"q": "a"}})).unwrap();
        assert!(call.is_estimate);
        let asked = Request::builder()
            .header("authorization", "Bearer x")
            .header("cookie", "y")
            .body(Body::empty());
        let request = call.request(&asked.unwrap().into_parts().0);
        assert_eq!(request.uri(), "/v1/search?limit=10&q=a");
        let headers = request.headers();
        assert_eq!((headers.len(), &headers["borg-dry-run"]), (2, &HeaderValue::from_static("1")));
    }
}
