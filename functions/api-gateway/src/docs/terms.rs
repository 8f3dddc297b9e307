//! The headers that clients may send and get, once for all operations.

use serde_json::{Map, Value, json};

use super::answers::{OperationFacts, reference};

/// The media type of what a dry run answers.
pub(crate) const ESTIMATE: &str = "application/vnd.borg.estimate+json";

/// An amount of credits that is not below zero: what is read as one.
const AMOUNT: &str = "^[0-9]{1,12}(\\.[0-9]{1,6})?$";

/// The headers that an operation takes.
pub(super) fn parameters(facts: &OperationFacts<'_>) -> Vec<Value> {
    let mut names = Vec::new();
    if facts.is_read() {
        names.push("If-None-Match");
    }
    if facts.has_key {
        names.push("Borg-Dry-Run");
    }
    if facts.is_priced() {
        names.extend(["Borg-Max-Cost", "Borg-Quote", "Idempotency-Key"]);
    }
    if facts.is_held() {
        names.extend(["Borg-Max-Cost", "Idempotency-Key"]);
    }
    names.into_iter().map(|name| reference("parameters", name)).collect()
}

/// The headers that clients may send, by name.
pub(super) fn shared_parameters() -> Map<String, Value> {
    let idempotency_key = "^(\"[ !#-~]{1,255}\"|[!#-~]([ !#-~]{0,253}[!#-~])?)$";
    let headers = [
        (
            "If-None-Match",
            "The `ETag` of the answer that you have: if it is the current one, a free 304.",
            json!({"type": "string"}),
        ),
        (
            "Borg-Dry-Run",
            "`1`: the request is checked, and answered with what it would cost.",
            json!({"type": "string", "enum": ["1", "0", "true", "false", "?1", "?0"]}),
        ),
        (
            "Borg-Max-Cost",
            "The most that you pay for the answer, in credits.",
            json!({"type": "string", "pattern": AMOUNT}),
        ),
        ("Borg-Quote", "The quote that pays: its id.", json!({"type": "string"})),
        (
            "Idempotency-Key",
            "Your own name of the request: by it, it is charged once.",
            json!({"type": "string", "pattern": idempotency_key}),
        ),
    ];
    let parameter = |(name, description, schema): (&str, &str, Value)| {
        let parameter =
            json!({"name": name, "in": "header", "description": description, "schema": schema});
        (name.to_owned(), parameter)
    };
    headers.into_iter().map(parameter).collect()
}

/// The headers of answers, by name.
pub(super) fn shared_headers() -> Map<String, Value> {
    let text = || json!({"type": "string"});
    let id = |example| json!({"type": "string", "pattern": super::forms::pattern_of(example)});
    let headers = [
        ("Borg-Request-Id", "Names this request in our logs.", text()),
        (
            "Borg-Cost",
            "What the answer cost, in credits.",
            json!({"type": "string", "pattern": AMOUNT}),
        ),
        ("Borg-Units", "What the answer consists of, as a dictionary (RFC 8941).", text()),
        ("Borg-Charge-Id", "The charge.", id("chg_1")),
        ("Borg-Price-Version", "By which prices.", text()),
        ("Borg-Quote", "The quote that paid.", id("qt_1")),
        (
            "Borg-Replayed",
            "Whether the answer was charged before.",
            json!({"type": "string", "enum": ["true"]}),
        ),
        (
            "Borg-Notice",
            "What the account should know, as a list (RFC 8941): `webhook-disabled` with `name` and `why`.",
            text(),
        ),
        ("ETag", "Names this answer: send it as `If-None-Match`.", text()),
        ("RateLimit", "How many requests and free answers are left.", text()),
        ("RateLimit-Policy", "How many there are in which time.", text()),
        (
            "Retry-After",
            "After how many seconds it is worth trying again.",
            json!({"type": "integer", "minimum": 0}),
        ),
        ("WWW-Authenticate", "How to authenticate.", text()),
        ("Allow", "The methods that the route takes.", text()),
        ("Accept-Ranges", "That parts can be asked for by `Range`.", text()),
        ("Content-Range", "Which bytes there are, and how many the whole has.", text()),
    ];
    let header = |(name, description, schema): (&str, &str, Value)| {
        (name.to_owned(), json!({"description": description, "schema": schema}))
    };
    headers.into_iter().map(header).collect()
}

/// Adds what a dry run answers.
pub(super) fn add_estimate(responses: &mut Map<String, Value>) {
    let Some(content) = responses.get_mut("200").and_then(|ok| ok.get_mut("content")) else {
        return;
    };
    let schema = reference("schemas", "Envelope_Estimate");
    if let Some(content) = content.as_object_mut() {
        content.insert(ESTIMATE.to_owned(), json!({"schema": schema}));
    }
}
