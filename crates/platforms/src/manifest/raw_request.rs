//! Requests and error rules as manifests write them, and values that may be lists.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One value, or several to be tried or to hold together.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    pub(super) fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::One(value) => std::slice::from_ref(value),
            OneOrMany::Many(values) => values,
        }
    }
}

pub(super) type SelectorTexts = OneOrMany<String>;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawErrorRule {
    pub(super) status: OneOrMany<u16>,
    #[serde(rename = "where")]
    pub(super) condition: Option<String>,
    pub(super) text: Option<String>,
    pub(super) then: ErrorMeaning,
}

/// What an answer that is no page means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorMeaning {
    Retry,
    RateLimited,
    Deleted,
    Suspended,
    Refused,
    Hidden,
    GiveUp,
    Empty,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRequest {
    pub(super) role: String,
    pub(super) host: Option<String>,
    pub(super) path: String,
    #[serde(default)]
    pub(super) query: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<String>,
}
