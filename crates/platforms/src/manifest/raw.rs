//! A manifest as it is written. Its shape is checked here, its sense in [`compile`](mod@super::compile).
//! `docs/manifests.md` says what each field means.

use std::collections::BTreeMap;

use serde::Deserialize;

pub(super) use super::raw_stream::*;

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

pub(super) type Texts = OneOrMany<String>;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) platform: String,
    pub(super) dialects: Vec<String>,
    pub(super) handle: Handle,
    pub(super) home: String,
    pub(super) origins: BTreeMap<String, Origin>,
    pub(super) rate_limit: RateLimit,
    #[serde(default)]
    pub(super) errors: Vec<ErrorRule>,
    #[serde(default)]
    pub(super) claims: Claims,
    #[serde(default)]
    pub(super) resolve: Vec<Lookup>,
    #[serde(default)]
    pub(super) names: Names,
    pub(super) plan: Vec<String>,
    pub(super) streams: BTreeMap<String, Stream>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Handle {
    pub(super) pattern: String,
    pub(super) example: String,
    #[serde(default)]
    pub(super) fold: Fold,
    pub(super) native: String,
    pub(super) native_host: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fold {
    #[default]
    None,
    Lower,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Origin {
    pub(super) url: Option<String>,
    pub(super) limit: Limit,
    #[serde(default)]
    pub(super) discover: Vec<Discover>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limit {
    pub(super) requests: u32,
    pub(super) window_seconds: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Discover {
    #[serde(rename = "for")]
    pub(super) applies_to: String,
    pub(super) request: Request,
    pub(super) origin: Texts,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateLimit {
    pub(super) limit: Option<String>,
    pub(super) remaining: Option<String>,
    pub(super) reset: Option<String>,
    #[serde(default)]
    pub(super) form: Form,
    pub(super) policy: Option<String>,
    pub(super) window_seconds: u32,
    pub(super) body_wait: Option<BodyWait>,
}

/// How a reset is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    #[default]
    UnixSeconds,
    Iso8601,
    SecondsLeft,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BodyWait {
    pub(super) field: String,
    pub(super) unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unit {
    S,
    Ms,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorRule {
    pub(super) status: OneOrMany<u16>,
    #[serde(rename = "where")]
    pub(super) condition: Option<String>,
    pub(super) text: Option<String>,
    pub(super) then: Then,
}

/// What an answer that is no page means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Then {
    Retry,
    RateLimited,
    Deleted,
    Suspended,
    Refused,
    Hidden,
    GiveUp,
    Empty,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    #[serde(default)]
    pub(super) pages: Vec<ClaimPattern>,
    #[serde(default)]
    pub(super) words: Vec<ClaimPattern>,
    #[serde(default)]
    pub(super) except: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimPattern {
    pub(super) pattern: String,
    pub(super) name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    pub(super) local_id: Option<Lookup>,
    pub(super) handle: Option<Lookup>,
    pub(super) own: Option<Lookup>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lookup {
    pub(super) request: Request,
    pub(super) native_id: Option<Texts>,
    pub(super) handle: Option<Texts>,
    pub(super) local_id: Option<Texts>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) role: String,
    pub(super) host: Option<String>,
    pub(super) path: String,
    #[serde(default)]
    pub(super) query: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<String>,
}
