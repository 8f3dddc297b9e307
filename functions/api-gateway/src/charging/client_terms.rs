//! What a client says about money, in headers.

use axum::http::{HeaderMap, HeaderName};
use model::{MicroCredits, QuoteId};

use crate::error::{Problem, ProblemCode};

/// The most that the client pays, in credits.
pub(crate) const MAX_COST: HeaderName = HeaderName::from_static("borg-max-cost");
/// Whether only the cost is asked for.
pub(crate) const DRY_RUN: HeaderName = HeaderName::from_static("borg-dry-run");
/// The quote that is to pay.
pub(crate) const QUOTE: HeaderName = HeaderName::from_static("borg-quote");
/// The client's own name for the request, by which it is charged once.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest `Idempotency-Key`.
const KEY_LENGTH_MAX: usize = 255;

/// The terms of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ClientTerms {
    /// The most that it may cost.
    pub(crate) cost_max: Option<MicroCredits>,
    /// Whether it is a dry run.
    pub(crate) is_dry_run: bool,
    /// The quote by which it is paid.
    pub(crate) quote: Option<QuoteId>,
    /// The client's own name of it.
    pub(crate) idempotency_key: Option<String>,
}

impl ClientTerms {
    /// Reads the headers.
    ///
    /// # Errors
    /// The first header that cannot be read, or is given twice.
    pub(crate) fn of(headers: &HeaderMap) -> Result<ClientTerms, Problem> {
        let cost_max = parsed(headers, &MAX_COST, "credits, such as 0.5", |text| {
            text.parse().ok().filter(|&amount| amount >= MicroCredits::ZERO)
        })?;
        let is_dry_run = parsed(headers, &DRY_RUN, "1 or 0", |text| match text {
            "1" | "true" | "?1" => Some(true),
            "0" | "false" | "?0" => Some(false),
            _ => None,
        })?;
        let quote = quote(headers)?;
        let idempotency_key = parsed(
            headers,
            &IDEMPOTENCY_KEY,
            "1 to 255 characters of ASCII without quotation marks",
            key,
        )?;
        Ok(ClientTerms { cost_max, is_dry_run: is_dry_run == Some(true), quote, idempotency_key })
    }
}

/// The quote; what is no id of one names none.
fn quote(headers: &HeaderMap) -> Result<Option<QuoteId>, Problem> {
    let text = parsed(headers, &QUOTE, "the id of a quote", |text| Some(text.to_owned()))?;
    let unknown = |text: &str| {
        let why = format!("`{text}` is no quote: they have ids such as qt_7, see /v1/quotes");
        Problem::new(ProblemCode::QuoteUnknown, why)
    };
    text.map(|text| text.parse().map_err(|_| unknown(&text))).transpose()
}

/// A key as clients send it: bare, or quoted as the draft of the standard has it.
fn key(text: &str) -> Option<String> {
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let is_shown = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"';
    let is_key = (1..=KEY_LENGTH_MAX).contains(&bare.len()) && bare.bytes().all(is_shown);
    is_key.then(|| bare.to_owned())
}

fn parsed<T>(
    headers: &HeaderMap,
    name: &HeaderName,
    expected: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let value = text.and_then(|text| parse(text.trim()));
    let bad = || {
        let why = format!("the header {name} should be given once, and be {expected}");
        Problem::new(ProblemCode::BadHeader, why)
    };
    value.map(Some).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn terms(lines: &[(HeaderName, &'static str)]) -> Result<ClientTerms, Problem> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_static(value));
        }
        ClientTerms::of(&headers)
    }

    #[test]
    fn terms_are_read_from_headers() {
        let said = terms(&[
            (MAX_COST, "0.5"),
            (DRY_RUN, "1"),
            (QUOTE, "qt_7"),
            (IDEMPOTENCY_KEY, "\"order 7\""),
        ]);
        let said = said.unwrap();
        assert_eq!(said.cost_max, Some(MicroCredits::new(500_000)));
        assert_eq!((said.is_dry_run, said.quote), (true, Some(QuoteId::new(7))));
        assert_eq!(said.idempotency_key.as_deref(), Some("order 7"));
        assert_eq!(terms(&[]).unwrap(), ClientTerms::default());
        assert!(!terms(&[(DRY_RUN, "0")]).unwrap().is_dry_run);
    }

    #[test]
    fn what_is_no_term_is_refused() {
        for (name, value) in [
            (MAX_COST, "-1"),
            (MAX_COST, "cheap"),
            (MAX_COST, "0.0000001"),
            (MAX_COST, "99999999999999999999"),
            (DRY_RUN, "perhaps"),
            (IDEMPOTENCY_KEY, ""),
            (IDEMPOTENCY_KEY, "\"\""),
        ] {
            assert!(terms(&[(name.clone(), value)]).is_err(), "{name}: {value}");
        }
        assert!(terms(&[(MAX_COST, "1"), (MAX_COST, "2")]).is_err());
        for none in ["per_1", ""] {
            assert_eq!(terms(&[(QUOTE, none)]).unwrap_err().code(), ProblemCode::QuoteUnknown);
        }
    }
}
