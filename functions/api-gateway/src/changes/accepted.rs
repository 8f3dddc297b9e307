//! In which form a client takes events.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;

use crate::error::{Problem, ProblemCode};
use crate::state::Gateway;

/// The media type of lines of JSON.
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// The media type of server-sent events.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";

/// The form of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AcceptedForm {
    /// One JSON object.
    Json,
    /// A line for each event, and one for the page.
    Lines,
}

/// Whether a client prefers a stream of events to a page.
pub(super) fn wants_stream(headers: &HeaderMap) -> bool {
    preferred(headers) == Some(EVENT_STREAM)
}

impl FromRequestParts<Gateway> for AcceptedForm {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Gateway) -> Result<AcceptedForm, Problem> {
        match preferred(&parts.headers) {
            Some(NDJSON) => Ok(AcceptedForm::Lines),
            Some(EVENT_STREAM) => {
                let why = "no stream of events is sent here, where answers are sent whole: take \
                    `Accept: application/x-ndjson` with `wait=20`, which answers as soon as there is an event";
                Err(Problem::new(ProblemCode::NotAcceptable, why))
            }
            _ => Ok(AcceptedForm::Json),
        }
    }
}

/// The type that a client prefers among those that are named and known; `None` where it names none.
fn preferred(headers: &HeaderMap) -> Option<&'static str> {
    let said = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges = said.flat_map(|value| value.split(','));
    let known = ranges.filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next()?.to_ascii_lowercase();
        let kinds = ["application/json", NDJSON, EVENT_STREAM];
        let kind = kinds.into_iter().find(|&kind| kind == name)?;
        let quality = parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1");
        let quality: f32 = quality.parse().unwrap_or(0.0);
        (quality > 0.0).then_some((quality, kind))
    });
    // Of several that are liked the same, the first.
    let best = known.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferred_of(accept: &'static str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, axum::http::HeaderValue::from_static(accept));
        preferred(&headers)
    }

    #[test]
    fn the_form_is_the_one_that_is_named_and_liked_best() {
        assert_eq!(preferred(&HeaderMap::new()), None);
        assert_eq!(preferred_of("*/*"), None);
        assert_eq!(preferred_of("text/html, application/x-ndjson;q=0.5, */*;q=0.1"), Some(NDJSON));
        assert_eq!(
            preferred_of("application/x-ndjson;q=0.2, text/event-stream"),
            Some(EVENT_STREAM)
        );
        assert_eq!(preferred_of("application/json, text/event-stream"), Some("application/json"));
        assert_eq!(preferred_of("Text/Event-Stream;q=0"), None);
    }
}
