//! The answer to a call as the result of a tool: the answer itself, a text that says it shortly, and its cost.

use axum::Router;
use axum::body::to_bytes;
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::ChargeHeaders;
use super::call::ToolCall;
use crate::finish;

/// No result is larger, in bytes.
const RESULT_BYTES_MAX: usize = 64 << 10;

/// No answer of the API is larger.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// What the API answered.
struct ApiReply {
    is_success: bool,
    headers: HeaderMap,
    body: Value,
}

/// Asks the API, on the terms of the request to `/mcp`.
pub(super) async fn to(call: ToolCall, api: Router, asked: &Parts) -> CallToolResult {
    let Ok(response) = api.oneshot(call.request(asked)).await;
    let is_success = response.status().is_success();
    let (parts, body) = response.into_parts();
    if let Some(charged) = asked.extensions.get::<ChargeHeaders>() {
        charged.keep(&parts.headers);
    }
    let body = to_bytes(body, ANSWER_BYTES_MAX).await.unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let reply = ApiReply { is_success, headers: parts.headers, body };
    if reply.is_success { answered(&call, reply) } else { problem(reply) }
}

/// An argument that no request can be made of.
pub(super) fn refused(why: &str) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(why)])
}

impl ApiReply {
    fn header(&self, name: &HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body with its cost.
    fn with_cost(&self) -> Value {
        let mut body = self.body.clone();
        body["cost"] = json!(self.header(&finish::COST));
        body
    }
}

/// Why there is no answer, and what to do.
fn problem(reply: ApiReply) -> CallToolResult {
    let said = |name: &str| reply.body[name].as_str().unwrap_or_default();
    let mut text = format!("{} ({}): {}", said("title"), said("code"), said("detail"));
    let seconds = reply.header(&RETRY_AFTER);
    if !seconds.is_empty() {
        text += &format!(". Try again after {seconds} s");
    }
    let mut result = result(text, reply.with_cost());
    result.is_error = Some(true);
    result
}

/// The answer, cut to what fits.
fn answered(call: &ToolCall, reply: ApiReply) -> CallToolResult {
    let mut body = reply.with_cost();
    let mut text = summary(call, &body);
    loop {
        let result = result(text, body.clone());
        let bytes = serde_json::to_vec(&result).map_or(usize::MAX, |bytes| bytes.len());
        if bytes <= RESULT_BYTES_MAX {
            return result;
        }
        if !cut(&mut body) {
            return refused(&format!("the answer is too large: GET {} has it", call.target));
        }
        text = format!(
            "{} It was cut to what fits into {RESULT_BYTES_MAX} bytes: ask with a smaller `limit`, or GET {}, which \
             costs nothing again while the run is the same.",
            summary(call, &body),
            call.target
        );
    }
}

/// A text and the structured content. Clients that know no structured content get it as a text, too.
fn result(text: String, body: Value) -> CallToolResult {
    let mut result = CallToolResult::structured(body);
    result.content.insert(0, ContentBlock::text(text));
    result
}

/// What the answer is, in a sentence or two.
fn summary(call: &ToolCall, body: &Value) -> String {
    let (tool, data) = (&call.tool, &body["data"]);
    if call.is_estimate {
        let [least, expected, most] =
            ["min", "expected", "max"].map(|name| data[name].as_str().unwrap_or("0"));
        return format!("`{tool}` would cost {least} to {most} credits, probably {expected}.");
    }
    let what = match data.as_array().map(Vec::len) {
        Some(1) => "1 row".to_owned(),
        Some(rows) => format!("{rows} rows"),
        None => "The answer".to_owned(),
    };
    let cost = body["cost"].as_str().unwrap_or("0");
    let more = body["next_cursor"].as_str().map_or("", |_| " `next_cursor` leads on.");
    format!("{what} of `{tool}` for {cost} credits.{more}")
}

/// Halves the longest list of an answer, and takes away the cursor, which would lead past what is cut; whether there
/// was something to cut.
fn cut(body: &mut Value) -> bool {
    let halved = match &mut body["data"] {
        Value::Array(rows) => halve(rows),
        Value::Object(fields) => {
            let lists = fields.values_mut().filter_map(Value::as_array_mut);
            lists.max_by_key(|list| list.len()).is_some_and(halve)
        }
        _ => false,
    };
    if let Some(body) = body.as_object_mut() {
        body.remove("next_cursor");
        body.insert("truncated".to_owned(), true.into());
    }
    halved
}

fn halve(list: &mut Vec<Value>) -> bool {
    let is_there = !list.is_empty();
    list.truncate(list.len() / 2);
    is_there
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: Value) -> CallToolResult {
        let call = ToolCall {
            tool: "search".into(),
            target: "/v1/search?q=a".parse().unwrap(),
            is_estimate: false,
        };
        let mut headers = HeaderMap::new();
        headers.insert(finish::COST, "0.45".parse().unwrap());
        answered(&call, ApiReply { is_success: true, headers, body })
    }

    fn first_text(result: &CallToolResult) -> String {
        result.content[0].as_text().unwrap().text.clone()
    }

    #[test]
    fn a_result_has_the_answer_and_its_cost() {
        let result = shown(json!({"data": [1, 2], "next_cursor": "c"}));
        let body = result.structured_content.clone().unwrap();
        assert_eq!(body, json!({"data": [1, 2], "next_cursor": "c", "cost": "0.45"}));
        assert_eq!(
            first_text(&result),
            "2 rows of `search` for 0.45 credits. `next_cursor` leads on."
        );
        let copy = &result.content[1].as_text().unwrap().text;
        assert_eq!(serde_json::from_str::<Value>(copy).unwrap(), body);
    }

    #[test]
    fn what_does_not_fit_is_cut_and_says_so() {
        let row = "x".repeat(1_000);
        for data in [json!(vec![row.clone(); 500]), json!({"a": [1], "b": vec![row.clone(); 500]})]
        {
            let result = shown(json!({"data": data, "next_cursor": "c"}));
            assert!(serde_json::to_vec(&result).unwrap().len() <= RESULT_BYTES_MAX);
            let body = result.structured_content.clone().unwrap();
            assert_eq!((&body["truncated"], body.get("next_cursor")), (&json!(true), None));
            let left = body["data"].as_array().or(body["data"]["b"].as_array()).unwrap().len();
            assert!(left > 10, "{left}");
            assert!(first_text(&result).contains("GET /v1/search?q=a, which costs nothing again"));
        }
        let whole = shown(json!({"data": "x".repeat(100_000)}));
        assert_eq!(whole.is_error, Some(true));
    }
}
