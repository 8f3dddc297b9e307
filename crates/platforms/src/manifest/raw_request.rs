//! Requests and error rules as manifests write them, and values that may be lists.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// One value, or several to be tried or to hold together.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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

/// What an answer means that is no page.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawErrorRule {
    /// The status codes that it is for.
    pub(super) status: OneOrMany<u16>,
    /// A condition on the body.
    #[serde(rename = "where")]
    pub(super) condition: Option<String>,
    /// A part of the body.
    pub(super) text: Option<String>,
    /// What it means.
    pub(super) then: ErrorMeaning,
}

/// What an answer that is no page means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
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

/// A request; its texts are templates.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRequest {
    /// The kind of server that it goes to.
    pub(super) role: String,
    /// The host, where the role's URL has `{host}`.
    pub(super) host: Option<String>,
    /// The path, from `/` on.
    pub(super) path: String,
    /// The fields of the query.
    #[serde(default)]
    pub(super) query: BTreeMap<String, String>,
    /// Headers.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// A body: the request is a POST then.
    pub(super) body: Option<String>,
}
