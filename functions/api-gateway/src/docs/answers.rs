//! Which answers an operation has beside its own: the problems that it can end with, the 304, and the headers of
//! every answer. They follow from what the document says of the operation.

use serde_json::{Map, Value, json};

use crate::charging::route_price;
use crate::error::{NOT_MODIFIED, ProblemCode, statuses};

/// The problem of a path that names nothing, by what the path begins with; the longest that fits counts.
const UNKNOWN_NOUNS: &[(&str, ProblemCode)] = &[
    ("/v1/people/{id}", ProblemCode::PersonUnknown),
    ("/v1/people/{id}/evidence", ProblemCode::EvidenceUnknown),
    ("/v1/profiles/{id}", ProblemCode::ProfileUnknown),
    ("/v1/communities/{id}", ProblemCode::CommunityUnknown),
    ("/v1/communities/{id}/map", ProblemCode::MapUnknown),
    ("/v1/map/tiles/{z}/{x}/{y}", ProblemCode::MapUnknown),
    ("/v1/runs/{id}", ProblemCode::RunUnknown),
    ("/v1/quotes/{id}", ProblemCode::QuoteUnknown),
    ("/v1/charges/{id}", ProblemCode::ChargeUnknown),
    ("/v1/statements/{month}", ProblemCode::StatementUnknown),
    ("/v1/alerts/{id}", ProblemCode::AlertUnknown),
    ("/v1/keys/{id}", ProblemCode::NoSuchKey),
    ("/v1/budgets/{key}", ProblemCode::NoSuchKey),
    ("/v1/consumers/{name}", ProblemCode::ConsumerUnknown),
    ("/v1/webhooks/{name}", ProblemCode::WebhookUnknown),
    ("/v1/webhooks/{name}/deliveries/{id}", ProblemCode::DeliveryUnknown),
    ("/v1/privacy-requests/{id}", ProblemCode::PrivacyRequestUnknown),
    ("/v1/exports/{id}", ProblemCode::ExportUnknown),
    ("/v1/files/{token}", ProblemCode::FileLinkOver),
];

/// Where privacy requests are made.
const PRIVACY: &str = "/v1/privacy-requests";

/// The status of an answer with a part of a file.
const PARTIAL: &str = "206";

/// What an operation is, as far as its answers depend on it.
pub(super) struct OperationFacts<'a> {
    /// Its path, as in the document.
    pub(super) path: &'a str,
    /// Its method, in small letters.
    pub(super) method: &'a str,
    /// Its parameters' names.
    pub(super) parameters: Vec<&'a str>,
    /// Whether it takes a body.
    pub(super) has_body: bool,
    /// Whether it needs a key.
    pub(super) has_key: bool,
}

impl<'a> OperationFacts<'a> {
    pub(super) fn of(path: &'a str, method: &'a str, operation: &'a Map<String, Value>) -> Self {
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let names = parameters.into_iter().flatten().filter_map(|one| one["name"].as_str());
        OperationFacts {
            path,
            method,
            parameters: names.collect(),
            has_body: operation.contains_key("requestBody"),
            has_key: !operation.contains_key("security"),
        }
    }

    /// Whether its answers cost something.
    pub(super) fn is_priced(&self) -> bool {
        route_price(self.path).is_some()
    }

    /// Whether it begins work whose most is held.
    pub(super) fn is_held(&self) -> bool {
        self.path == "/v1/exports" && self.has_body
    }

    /// Whether it reads.
    pub(super) fn is_read(&self) -> bool {
        self.method == "get"
    }

    fn takes(&self, parameter: &str) -> bool {
        self.parameters.contains(&parameter)
    }

    /// The problems that it can end with.
    pub(super) fn problems(&self) -> Vec<ProblemCode> {
        use ProblemCode as Code;
        let mut codes = vec![
            Code::BadParameter,
            Code::KeyInUrl,
            Code::HeadersTooLarge,
            Code::RateLimited,
            Code::Internal,
            Code::Unavailable,
            Code::Timeout,
        ];
        let mut add = |is_possible: bool, more: &[ProblemCode]| {
            if is_possible {
                codes.extend(more);
            }
        };
        add(self.has_key, Code::OF_KEYS);
        add(self.is_priced(), Code::OF_PRICED);
        add(self.has_body, &[Code::BadBody, Code::BadContentType, Code::BodyTooLarge]);
        add(self.path.contains('{'), &[Code::BadId]);
        let is_stream = self.path == "/v1/changes" || self.path.starts_with("/v1/consumers/");
        add(is_stream, &[Code::BadCursor, Code::CursorTooOld]);
        add(self.takes("cursor"), &[Code::BadCursor]);
        add(self.takes("account"), &[Code::AccountUnknown]);
        add(self.takes("run"), &[Code::NoRun, Code::RunUnknown, Code::RunRetired]);
        add(self.path == "/v1/quotes" && self.has_body, Code::OF_NEW_QUOTES);
        add(self.is_held(), Code::OF_NEW_EXPORTS);
        let is_of_files = self.path == "/v1/exports/{id}/links";
        add(is_of_files, &[Code::ExportNotDone, Code::ExportExpired]);
        add(self.takes("Range"), &[Code::RangeBeyond]);
        add(self.path == "/v1/payments:callback", &[Code::PaymentRefused]);
        add(self.path == PRIVACY, &[Code::PrivacyRequestsExhausted]);
        let is_of_request = self.path.starts_with(PRIVACY) && self.path.contains('{');
        add(is_of_request, &[Code::SecretMissing]);
        let is_check = is_of_request && self.path.ends_with("/check");
        add(is_check, &[Code::ChecksExhausted, Code::NothingToCheck]);
        let is_data = is_of_request && self.path.ends_with("/data");
        add(is_data, &[Code::NoDataGiven, Code::DataExpired]);
        let makes =
            self.method == "post" && self.has_body && !self.is_priced() && self.path != PRIVACY;
        add(makes, &[Code::TooMany, Code::ScopeNotHeld]);
        add(self.method == "put", &[Code::ScopeNotHeld]);
        let keeps = self.method == "put" && self.path.ends_with("/{name}");
        add(keeps, &[Code::BadCursor, Code::CursorTooOld, Code::TooMany]);
        let sends = self.path.ends_with("/ping") || self.path.ends_with("/redeliver");
        add(sends, &[Code::WebhookDisabled, Code::RequestInProgress]);
        add(self.path.ends_with("/redeliver"), &[Code::TooMany]);
        let unknown = UNKNOWN_NOUNS.iter().filter(|(path, _)| self.path.starts_with(path));
        codes.extend(unknown.map(|(_, code)| *code));
        codes
    }
}

/// Puts what an operation can answer in the place of `default`, and headers on what it answers itself.
pub(super) fn complete(facts: &OperationFacts<'_>, responses: &mut Map<String, Value>) {
    for (status, own) in responses.iter_mut() {
        let Some(own) = own.as_object_mut() else { continue };
        let headers = own.entry("headers").or_insert_with(|| json!({}));
        if let Some(headers) = headers.as_object_mut() {
            headers.extend(header_refs(answer_headers(facts)));
            let of_part = (status == PARTIAL).then_some("Content-Range");
            headers.extend(header_refs(of_part.into_iter().collect()));
        }
    }
    if facts.is_read() {
        let name = NOT_MODIFIED.name;
        responses.insert(NOT_MODIFIED.number.to_string(), reference("responses", name));
    }
    if responses.remove("default").is_none() {
        return;
    }
    for status in statuses(&facts.problems()) {
        responses.insert(status.number.to_string(), reference("responses", status.name));
    }
}

/// The headers of an operation's own answers.
fn answer_headers(facts: &OperationFacts<'_>) -> Vec<&'static str> {
    let mut names = vec!["Borg-Request-Id", "Borg-Cost"];
    if facts.is_read() {
        names.push("ETag");
    }
    if facts.takes("Range") {
        names.push("Accept-Ranges");
    }
    if facts.has_key {
        names.extend(["RateLimit", "RateLimit-Policy", "Borg-Notice"]);
    }
    if facts.is_priced() {
        names.extend(["Borg-Units", "Borg-Charge-Id", "Borg-Price-Version"]);
        names.extend(["Borg-Quote", "Borg-Replayed"]);
    }
    names
}

fn header_refs(names: Vec<&'static str>) -> impl Iterator<Item = (String, Value)> {
    names.into_iter().map(|name| (name.to_owned(), reference("headers", name)))
}

/// A reference to a shared part of the document.
pub(super) fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// The shared answers, by name: one for each status, with the codes that it can have.
pub(super) fn shared_answers() -> Map<String, Value> {
    let problem =
        json!({"application/problem+json": {"schema": reference("schemas", "ProblemBody")}});
    let mut answers = Map::new();
    for status in statuses(ProblemCode::ALL) {
        let mut headers = Map::new();
        headers.extend(header_refs(vec!["Borg-Request-Id", "Borg-Cost"]));
        headers.extend(header_refs(status.headers.to_vec()));
        let answer = json!({
            "description": format!("{}\n\n{}", status.meaning, status.explained),
            "headers": headers,
            "content": problem,
        });
        answers.insert(status.name.to_owned(), answer);
    }
    let headers: Map<String, Value> =
        header_refs(vec!["Borg-Request-Id", "Borg-Cost", "ETag"]).collect();
    let unchanged = json!({"description": NOT_MODIFIED.meaning, "headers": headers});
    answers.insert(NOT_MODIFIED.name.to_owned(), unchanged);
    answers
}
