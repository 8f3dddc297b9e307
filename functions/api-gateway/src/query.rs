//! The query of a URL: its strict decoding, its canonical form, and the parameters that many
//! routes share.

use std::collections::HashSet;
use std::hash::Hash;

use model::privacy_request::PrivacySecret;
use model::time::Timestamp;
use model::{Direction, Layer, RunId};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::error::{Problem, ProblemCode};

/// Decodes a query into its pairs; refuses bytes that are not UTF-8 instead of replacing them,
/// and NUL, which the database cannot hold.
pub(crate) fn pairs(query: &str) -> Result<Vec<(String, String)>, Problem> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((decoded(name)?, decoded(value)?))
        })
        .collect()
}

fn decoded(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| {
        let why = "the query is not UTF-8: percent-encode it as UTF-8";
        Problem::new(ProblemCode::BadParameter, why)
    })?;
    if decoded.contains('\0') {
        return Err(Problem::new(ProblemCode::BadParameter, "the query has a NUL (%00) in it"));
    }
    Ok(decoded.into_owned())
}

/// Refuses secrets in a URL, which stays in logs and histories.
pub(crate) fn refuse_keys(pairs: &[(String, String)]) -> Result<(), Problem> {
    const NAMES: [&str; 5] = ["key", "token", "api_key", "apikey", "access_token"];
    let secret = |(name, value): &(String, String)| {
        NAMES.contains(&name.to_ascii_lowercase().as_str()) || has_key(value)
    };
    if !pairs.iter().any(secret) {
        return Ok(());
    }
    let advice = "send the key as `Authorization: Bearer …`; \
        one that stood in a URL may have been logged on its way: revoke it";
    Err(Problem::new(ProblemCode::KeyInUrl, advice))
}

/// Whether a text has something like an API key in it, or the secret of a privacy request.
pub(crate) fn has_key(text: &str) -> bool {
    ["borg_live_", "borg_test_", PrivacySecret::PREFIX].iter().any(|secret| text.contains(secret))
}

/// The same text for the same request: pairs sorted, those named in `without` left out.
pub(crate) fn canonical(mut pairs: Vec<(String, String)>, without: &[&str]) -> String {
    pairs.retain(|(name, _)| !without.contains(&name.as_str()));
    pairs.sort();
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}

/// How many rows a page has: `MAX` at most.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct PageLimit<const MAX: u32 = LIMIT_MAX>(u32);

/// The most rows in a page, and the most ids in a batch.
pub(crate) const LIMIT_MAX: u32 = 1000;

impl<const MAX: u32> PageLimit<MAX> {
    pub(crate) const fn rows(self) -> u32 {
        self.0
    }
}

impl<const MAX: u32> Default for PageLimit<MAX> {
    fn default() -> PageLimit<MAX> {
        PageLimit(50.min(MAX))
    }
}

impl<const MAX: u32> TryFrom<String> for PageLimit<MAX> {
    type Error = String;

    fn try_from(text: String) -> Result<PageLimit<MAX>, String> {
        let number = text.parse().ok().filter(|number| (1..=MAX).contains(number));
        number.map(PageLimit).ok_or_else(|| format!("must be a whole number from 1 to {MAX}"))
    }
}

/// A level of the hierarchy as a parameter.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct LevelParam(pub(crate) u8);

impl TryFrom<String> for LevelParam {
    type Error = String;

    fn try_from(text: String) -> Result<LevelParam, String> {
        text.parse().map(LevelParam).map_err(|_| "must be a whole number from 0 to 255".to_owned())
    }
}

/// A time as a parameter.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct TimeParam(pub(crate) Timestamp);

impl TryFrom<String> for TimeParam {
    type Error = String;

    fn try_from(text: String) -> Result<TimeParam, String> {
        text.parse()
            .map(TimeParam)
            .map_err(|_| "must be a time like 2026-01-31T12:00:00Z".to_owned())
    }
}

/// The run of an answer; the served run, if neither is given.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RunChoice {
    pub(crate) run: Option<RunId>,
    pub(crate) as_of: Option<TimeParam>,
}

/// A layer of attention as a parameter, one of those that are served.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct LayerParam(pub(crate) Layer);

impl TryFrom<String> for LayerParam {
    type Error = String;

    fn try_from(text: String) -> Result<LayerParam, String> {
        let layer = text.parse::<Layer>().ok().filter(|layer| layer.is_served());
        let refused = || format!("must be {}", Layer::choice(Layer::is_served));
        layer.map(LayerParam).ok_or_else(refused)
    }
}

/// A direction as a parameter.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DirectionParam {
    Out,
    In,
}

impl From<DirectionParam> for Direction {
    fn from(side: DirectionParam) -> Direction {
        match side {
            DirectionParam::Out => Direction::Out,
            DirectionParam::In => Direction::In,
        }
    }
}

/// Refuses a list of nothing, and of more than 1,000.
pub(crate) fn check_count(field: &str, count: usize) -> Result<(), Problem> {
    if (1..=LIMIT_MAX as usize).contains(&count) {
        return Ok(());
    }
    let why = format!("must be 1 to {LIMIT_MAX} {field}, not {count}");
    Err(Problem::body(&format!("/{field}"), why))
}

/// Ids in the order of their first appearance.
#[derive(Debug)]
pub(crate) struct UniqueIds<T>(Vec<T>);

impl<T: Copy + Eq + Hash> UniqueIds<T> {
    pub(crate) fn of(mut ids: Vec<T>) -> UniqueIds<T> {
        let mut seen = HashSet::with_capacity(ids.len());
        ids.retain(|&id| seen.insert(id));
        UniqueIds(ids)
    }

    pub(crate) fn each_once(&self) -> &[T] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_strictly() {
        let decoded = pairs("q=Z%C3%BCrich+x&limit=5&flag").unwrap();
        assert_eq!(decoded[0], ("q".into(), "Zürich x".into()));
        assert_eq!(decoded[2], ("flag".into(), String::new()));
        assert!(pairs("q=%FF").is_err());
        assert!(pairs("q=a%00b").is_err() && pairs("q=a\0").is_err() && pairs("a%00").is_err());
        assert_eq!(pairs("q=100%").unwrap()[0].1, "100%");
    }

    #[test]
    fn one_request_has_one_canonical_form() {
        let form = |query: &str| canonical(pairs(query).unwrap(), &["cursor"]);
        assert_eq!(form("b=2&a=%31&cursor=x"), form("a=1&b=2"));
        assert_ne!(form("a=1"), form("a=2"));
    }

    #[test]
    fn a_limit_names_its_bounds() {
        for text in ["0", "1001", "1000000000", "abc", "-1", ""] {
            let refused = <PageLimit>::try_from(text.to_owned()).unwrap_err();
            assert!(refused.contains("1 to 1000"), "{text}");
        }
        assert_eq!(<PageLimit>::try_from("1000".to_owned()).unwrap().rows(), 1000);
    }

    #[test]
    fn a_key_in_a_url_is_refused_under_any_name() {
        assert!(refuse_keys(&pairs("api_key=1").unwrap()).is_err());
        assert!(refuse_keys(&pairs("q=borg_live_abc").unwrap()).is_err());
        assert!(refuse_keys(&pairs("q=keys").unwrap()).is_ok());
    }

    #[test]
    fn a_batch_is_bounded_and_has_each_id_once() {
        assert_eq!(UniqueIds::of(vec![3, 1, 3]).each_once(), [3, 1]);
        assert!(check_count("ids", 1).is_ok() && check_count("ids", 1000).is_ok());
        assert!(check_count("ids", 0).is_err() && check_count("ids", 1001).is_err());
    }
}
