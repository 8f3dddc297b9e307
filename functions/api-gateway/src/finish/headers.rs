//! The headers of every answer.

use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, VARY};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use model::Usage;
use model::time::{Day, Timestamp};
use pricing::AnswerOutcome;
use pricing::outcome::FREE_ANSWERS_MIN;

use crate::charging::Receipt;
use crate::rate_limit::RateState;
use crate::request_facts::RequestFacts;

/// What an answer consists of, as a dictionary of RFC 8941.
const UNITS: HeaderName = HeaderName::from_static("borg-units");
/// What it cost, in credits.
pub(crate) const COST: HeaderName = HeaderName::from_static("borg-cost");
/// Its charge.
const CHARGE_ID: HeaderName = HeaderName::from_static("borg-charge-id");
/// By which prices.
const PRICE_VERSION: HeaderName = HeaderName::from_static("borg-price-version");
/// The quote that paid.
const QUOTE: HeaderName = HeaderName::from_static("borg-quote");
/// Whether it was given before, and charged then.
const REPLAYED: HeaderName = HeaderName::from_static("borg-replayed");
/// The header that names the request in our logs.
const REQUEST_ID: HeaderName = HeaderName::from_static("borg-request-id");
/// What the account should know, as a list of RFC 8941.
const NOTICE: HeaderName = HeaderName::from_static("borg-notice");
/// How many requests may be sent in which time (draft-ietf-httpapi-ratelimit-headers-11).
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// How many are left.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The headers that scripts of other origins may read.
pub(crate) const EXPOSED: [HeaderName; 10] = [
    UNITS,
    COST,
    CHARGE_ID,
    PRICE_VERSION,
    QUOTE,
    REPLAYED,
    REQUEST_ID,
    NOTICE,
    RATE_LIMIT_POLICY,
    RATE_LIMIT,
];

/// The headers that say what an answer cost.
pub(crate) const CHARGED: [HeaderName; 6] =
    [UNITS, COST, CHARGE_ID, PRICE_VERSION, QUOTE, REPLAYED];

/// Adds the headers to the answer to a request with this id, at this time.
pub(super) fn add(
    mut response: Response,
    request: (&str, Timestamp),
    facts: &RequestFacts,
    receipt: &Receipt,
) -> Response {
    let (request_id, now) = request;
    let headers = response.headers_mut();
    // One that carries another answer costs what that one costs.
    let is_carrier = headers.contains_key(COST);
    let mut set = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    set(REQUEST_ID, request_id.to_owned());
    if !is_carrier {
        set(COST, receipt.cost.to_string());
    }
    if let Some(usage) = &receipt.usage {
        set(UNITS, units(usage));
    }
    if let Some(charge) = receipt.charge {
        set(CHARGE_ID, charge.to_string());
    }
    if let Some(quote) = receipt.quote {
        set(QUOTE, quote.to_string());
    }
    if receipt.outcome == AnswerOutcome::Replayed {
        set(REPLAYED, "true".to_owned());
    }
    if let Some(priced) = facts.admitted.get().and_then(|admitted| admitted.priced.as_ref()) {
        set(PRICE_VERSION, priced.prices.version().to_string());
    }
    if let Some(notice) = facts.notice.get() {
        set(NOTICE, notice.clone());
    }
    let limits = limits(facts, now);
    if !limits.is_empty() {
        set(RATE_LIMIT_POLICY, joined(&limits, |limit| &limit.policy));
        set(RATE_LIMIT, joined(&limits, |limit| &limit.state));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    headers.append(VARY, AUTHORIZATION.into());
    response
}

fn units(usage: &Usage) -> String {
    let items = usage.items().map(|(item, count)| format!(", {item}={count}"));
    format!("class={}{}", usage.class(), items.collect::<String>())
}

/// A limit in both headers.
struct LimitFields {
    policy: String,
    state: String,
}

/// That of requests of the key, of the client's address, and that of free answers.
fn limits(facts: &RequestFacts, now: Timestamp) -> Vec<LimitFields> {
    let of_requests = |name: &str, rate: &RateState| {
        let RateState { burst, window_seconds, left, wait_seconds, .. } = rate;
        LimitFields {
            policy: format!("\"{name}\";q={burst};w={window_seconds}"),
            state: format!("\"{name}\";r={left};t={wait_seconds}"),
        }
    };
    let rate = facts.rate.get().map(|rate| of_requests("requests", rate));
    let address = facts.address_rate.get().map(|rate| of_requests("address", rate));
    let free = facts.free_left.get().map(|left| LimitFields {
        policy: format!("\"free-answers\";q={FREE_ANSWERS_MIN};w=86400"),
        state: format!("\"free-answers\";r={};t={}", left.least(), seconds_left(now)),
    });
    rate.into_iter().chain(address).chain(free).collect()
}

fn joined(limits: &[LimitFields], field: impl Fn(&LimitFields) -> &String) -> String {
    limits.iter().map(|limit| field(limit).as_str()).collect::<Vec<_>>().join(", ")
}

/// How many seconds of the UTC day are left.
fn seconds_left(now: Timestamp) -> i64 {
    const DAY_SECONDS: i64 = 86_400;
    (i64::from(Day::of(now).0) + 1) * DAY_SECONDS - now.as_second()
}
