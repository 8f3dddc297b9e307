//! A manifest as it is written. Its shape is checked here, its sense in [`compile`](super::compile).
//! `docs/manifests.md` says what each field means.

use std::collections::BTreeMap;

use model::layer::{Direction, Layer};
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

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    pub(super) bearer: Option<String>,
    pub(super) header: Option<String>,
    pub(super) secret: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pager {
    pub(super) cursor: Option<Texts>,
    pub(super) link: Option<String>,
    #[serde(default)]
    pub(super) offset: bool,
    #[serde(default)]
    pub(super) page: bool,
    pub(super) until: Option<Texts>,
    pub(super) param: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stream {
    pub(super) about: String,
    pub(super) tested_by: String,
    #[serde(default)]
    pub(super) auth: Auth,
    pub(super) request: OneOrMany<Request>,
    #[serde(default)]
    pub(super) pager: Pager,
    pub(super) page_size: Option<u32>,
    pub(super) pages_per_visit: Option<u32>,
    pub(super) pages_max: Option<u32>,
    pub(super) records: Option<String>,
    #[serde(default)]
    pub(super) errors: Vec<ErrorRule>,
    pub(super) batch: Option<u32>,
    pub(super) missing: Option<String>,
    pub(super) for_each: Option<ForEach>,
    pub(super) profile: Option<Profile>,
    pub(super) list: Option<List>,
    pub(super) interactions: Option<Interactions>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForEach {
    pub(super) request: Request,
    #[serde(default)]
    pub(super) pager: Pager,
    pub(super) records: String,
    pub(super) item: Texts,
    pub(super) items_max: u32,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    pub(super) native_id: Option<Texts>,
    pub(super) handle: Option<Texts>,
    pub(super) local_id: Option<Texts>,
    pub(super) display_name: Option<Texts>,
    pub(super) bio: Option<Texts>,
    pub(super) avatar_url: Option<Texts>,
    pub(super) url: Option<Texts>,
    pub(super) followers: Option<Texts>,
    pub(super) following: Option<Texts>,
    pub(super) posts: Option<Texts>,
    pub(super) created_at: Option<Texts>,
    #[serde(default)]
    pub(super) kind: Vec<Rule<KindWord>>,
    #[serde(default)]
    pub(super) consent: Vec<Rule<ConsentWord>>,
    #[serde(default)]
    pub(super) gone: Vec<Rule<GoneWord>>,
    #[serde(default)]
    pub(super) websites: Vec<String>,
    #[serde(default)]
    pub(super) accounts: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule<T> {
    pub(super) when: String,
    pub(super) is: T,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum KindWord {
    Person,
    Organisation,
    Bot,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ConsentWord {
    Refused,
    Unlisted,
    WordsPrivate,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum GoneWord {
    Deleted,
    Suspended,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Who {
    pub(super) native_id: Option<Texts>,
    pub(super) handle: Option<Texts>,
    pub(super) local_id: Option<Texts>,
    #[serde(default)]
    pub(super) find: Vec<Find>,
}

/// By what a name that a record lacks is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Find {
    LocalId,
    Handle,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    pub(super) layer: Layer,
    pub(super) direction: Direction,
    pub(super) hidden_if: Option<Counted>,
    pub(super) weight: Option<Texts>,
    pub(super) other: Who,
}

/// The count on a profile's page that says how long a list should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Counted {
    Followers,
    Following,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Interactions {
    pub(super) at: Texts,
    pub(super) order: Order,
    pub(super) day: Option<Texts>,
    pub(super) arcs: Vec<ArcRule>,
}

/// How watermarks compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    Time,
    Number,
    Text,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArcRule {
    pub(super) layer: Layer,
    #[serde(default)]
    pub(super) when: Vec<String>,
    pub(super) each: Option<String>,
    pub(super) other: Who,
}
